"""Annex G from the CPE's side, against a STUN server of a few lines."""

import asyncio

import pytest

from acs.cwmp import stun
from simulator.nat import wanted_binding
from simulator.tree import Tree, load

SERVER = "Device.ManagementServer."
NAT_ADDRESS = ("198.51.100.7", 40001)


class StunServer(asyncio.DatagramProtocol):
    """Tells everybody the same address, and calls through the same socket."""

    def __init__(self, password):
        self.password = password
        self.heard = asyncio.Queue()
        self.mapped = NAT_ADDRESS

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        request = stun.decode(data)
        self.heard.put_nowait((request, addr))
        if self.password and not request.verify(self.password):
            answer = stun.binding_error(request, 401, "Unauthorized")
        else:
            answer = stun.binding_response(request, self.mapped)
        self.transport.sendto(stun.encode(answer), addr)

    def call(self, addr, request, password):
        self.transport.sendto(request.encode("198.51.100.7:40001", password), addr)


@pytest.fixture
async def stun_server():
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: StunServer(""), local_addr=("127.0.0.1", 0)
    )
    server.port = transport.get_extra_info("sockname")[1]
    yield server
    transport.close()


@pytest.fixture
def cpe(make_cpe, stun_server):
    return make_cpe(
        factory={
            "ManagementServer.STUNEnable": "true",
            "ManagementServer.STUNServerAddress": "127.0.0.1",
            "ManagementServer.STUNServerPort": str(stun_server.port),
            "ManagementServer.STUNUsername": "stun-user",
            "ManagementServer.STUNPassword": "stun-secret",
            "ManagementServer.ConnectionRequestUsername": "cr-user",
            "ManagementServer.ConnectionRequestPassword": "cr-secret",
        }
    )


async def test_the_binding_is_asked_for_and_its_address_is_reported(cpe, stun_server):
    cpe.tree.set_notification(f"{SERVER}UDPConnectionRequestAddress", 2)
    await cpe.start()
    request, _ = await stun_server.heard.get()
    assert request.is_for_connection_requests
    assert request.username == "stun-user"
    await cpe.told("4 VALUE CHANGE")
    assert cpe.tree.value(f"{SERVER}UDPConnectionRequestAddress") == "198.51.100.7:40001"
    assert cpe.tree.value(f"{SERVER}NATDetected") == "true"


async def test_a_server_that_demands_it_gets_signed_requests(cpe, stun_server):
    stun_server.password = "stun-secret"
    await cpe.start()
    first, _ = await stun_server.heard.get()
    second, _ = await stun_server.heard.get()
    assert not first.verify("stun-secret")
    assert second.verify("stun-secret")


async def test_a_binding_is_kept_alive_and_a_changed_one_is_told(cpe, stun_server):
    await cpe.start()
    await stun_server.heard.get()
    stun_server.mapped = ("198.51.100.8", 40002)
    for _ in range(20):
        request, _ = await stun_server.heard.get()
        if request.binding_has_changed:
            break
    assert request.binding_has_changed
    assert cpe.tree.value(f"{SERVER}UDPConnectionRequestAddress") == "198.51.100.8:40002"


async def test_a_signed_call_brings_a_session_and_its_repetition_none(cpe, stun_server):
    await cpe.start()
    _, address = await stun_server.heard.get()
    call = stun.UdpRequest(1_700_000_000, 1, "cr-user", "abc")
    stun_server.call(address, call, "cr-secret")
    await cpe.told("6 CONNECTION REQUEST")
    count = cpe.session_count
    stun_server.call(address, call, "cr-secret")
    stun_server.call(address, stun.UdpRequest(1_600_000_000, 2, "cr-user", "abc"), "cr-secret")
    stun_server.call(address, stun.UdpRequest(1_700_000_001, 3, "cr-user", "abc"), "wrong")
    stun_server.call(address, stun.UdpRequest(1_700_000_001, 4, "nobody", "abc"), "cr-secret")
    stun_server.transport.sendto(b"GET nonsense", address)
    stun_server.call(address, stun.UdpRequest(1_700_000_002, 5, "cr-user", "abc"), "cr-secret")
    await cpe.session_where(lambda _: cpe.session_count == count + 1)


async def test_switching_stun_off_ends_the_binding(cpe, stun_server):
    await cpe.start()
    await stun_server.heard.get()
    cpe.tree.set(f"{SERVER}STUNEnable", "false")
    await cpe.session()
    while not stun_server.heard.empty():
        stun_server.heard.get_nowait()
    periods = 4 * 30 / 2000
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stun_server.heard.get(), periods)


def test_without_an_address_the_binding_goes_to_the_acs():
    tree = Tree(load("tr181-gateway"), {f"{SERVER}URL": "http://acs.example.net:7547/acs"})
    assert wanted_binding(tree) is None
    tree.set(f"{SERVER}STUNEnable", "1")
    assert wanted_binding(tree).server == ("acs.example.net", 3478)
