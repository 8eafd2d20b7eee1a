"""Echo requests go out and their own replies come back, whoever else speaks meanwhile."""

import asyncio
import socket
import struct

import pytest

from acs.reach.pinging import HEADER, Pinger, checksum
from inventory.errors import Unavailable

REPLY = 0


class Peer:
    """The other end: answers each request with what ``answers`` makes of it."""

    def __init__(self, answers):
        self.answers, self.heard = answers, []
        self._here, self.there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._here.setblocking(False)

    def open(self, address):
        self.address = address
        return self.there

    async def run(self):
        loop = asyncio.get_running_loop()
        while True:
            request = await loop.sock_recv(self._here, 2048)
            if not request:
                return
            self.heard.append(request)
            for answer in self.answers(request):
                await loop.sock_sendall(self._here, answer)

    def close(self):
        self._here.close()


@pytest.fixture
async def ping():
    peers = []

    async def ping(answers, address="192.0.2.7", count=1, timeout_s=0.05):
        peer = Peer(answers)
        talk = asyncio.create_task(peer.run())
        peers.append((peer, talk))
        return await Pinger(peer.open).ping(address, count, timeout_s), peer

    yield ping
    for peer, talk in peers:
        talk.cancel()
        peer.close()


def reply(request, kind=REPLY, **changes):
    _, code, _, identifier, sequence = HEADER.unpack_from(request)
    sequence = changes.get("sequence", sequence)
    payload = changes.get("payload", request[HEADER.size :])
    return HEADER.pack(kind, code, 0, identifier, sequence) + payload


async def test_each_reply_has_its_time(ping):
    times, peer = await ping(lambda request: [reply(request)], count=2, timeout_s=5)
    assert [time is not None and 0 <= time < 5 for time in times] == [True, True]
    assert [HEADER.unpack_from(request)[4] for request in peer.heard] == [0, 1]
    assert str(peer.address) == "192.0.2.7"


async def test_a_request_is_an_echo_request_with_its_checksum(ping):
    _, peer = await ping(lambda request: [reply(request)])
    (request,) = peer.heard
    assert request[0] == 8
    assert checksum(request) == 0  # of a message with its checksum in it (RFC 1071)


async def test_an_ip_header_before_the_reply_is_skipped(ping):
    header = bytes([0x46]) + bytes(23)  # with options
    times, _ = await ping(lambda request: [header + reply(request)], timeout_s=5)
    assert times[0] is not None


async def test_ipv6_has_its_own_messages(ping):
    times, peer = await ping(lambda request: [reply(request, 129)], "2001:db8::7", timeout_s=5)
    assert times[0] is not None
    assert peer.heard[0][0] == 128


@pytest.mark.parametrize(
    "wrong",
    [
        lambda request: [],
        lambda request: [request],  # itself, as on the loopback
        lambda request: [reply(request, sequence=7)],
        lambda request: [reply(request, payload=bytes(16))],
        lambda request: [b"", b"x", bytes([0x4F])],
        lambda request: [reply(request, 3)],
    ],
)
async def test_what_is_no_reply_of_ours_is_none(ping, wrong):
    times, _ = await ping(wrong)
    assert times == [None]


async def test_a_reply_among_strangers_is_found(ping):
    times, _ = await ping(lambda r: [r, reply(r, payload=b"other"), reply(r)], timeout_s=5)
    assert times[0] is not None


@pytest.mark.parametrize("address", ["host.example", "127.1", "", "192.0.2.7; id", "192.0.2.0/24"])
async def test_only_addresses_are_pinged(ping, address):
    with pytest.raises(ValueError, match="does not appear"):
        await ping(lambda request: [], address)


async def test_no_route_is_no_reply():
    def no_route(address):
        raise OSError

    assert await Pinger(no_route).ping("192.0.2.7", 3, 1) == [None] * 3


def test_a_checksum_carries_over():
    assert checksum(struct.pack("!HHH", 0xFFFF, 0xFFFF, 1)) == 0xFFFE


async def test_the_loopback_answers():
    try:
        (time,) = await Pinger().ping("127.0.0.1", 1, 5)
    except Unavailable as refused:
        pytest.skip(str(refused))
    assert time is not None


async def test_a_system_that_allows_no_such_socket_is_told_of(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(Unavailable, match="ping_group_range"):
        await Pinger().ping("127.0.0.1", 1, 5)
