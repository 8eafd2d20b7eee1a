"""``…_ipping/``: the device's own address and nothing else is pinged."""

from dataclasses import replace

import pytest

from api.house import HOUSE
from inventory.errors import Unavailable

PATH = "/inventory_device_name_ipping/router/"


@pytest.fixture
async def pings(api):
    """A device with an address, and what is pinged: every second request is answered."""
    assert (await api.told("POST", "/inventory_device_name/", json={"name": "router"}))[0] == 201
    await put(api, "192.0.2.7")
    asked = []

    async def ping(*request):
        asked.append(request)
        return [0.0123456 if number % 2 == 0 else None for number in range(request[1])]

    set_ping(api, ping)
    return asked


async def put(api, address):
    await api.store.write(lambda tx: tx.run("UPDATE devices SET address = :a", a=address))


def set_ping(api, ping):
    app = api.client.app
    app._state[HOUSE] = replace(app[HOUSE], ping=ping)


async def test_the_devices_address_is_pinged(api, pings):
    status, told = await api.told("GET", PATH + "?count=3&timeout=2")
    assert pings == [("192.0.2.7", 3, 2.0)]
    assert (status, told) == (
        200,
        {
            "name": "router",
            "address": "192.0.2.7",
            "status": "reachable",
            "packets_sent": 3,
            "packets_received": 2,
            "packet_loss_percent": 33.3,
            "minimum_ms": 12.346,
            "average_ms": 12.346,
            "maximum_ms": 12.346,
            "times_ms": [12.346, None, 12.346],
        },
    )


@pytest.mark.parametrize("address", [None, "host.example", "224.0.0.1", "0.0.0.0", "$(id)"])
async def test_what_is_not_the_address_of_a_host_is_not_pinged(api, pings, address):
    await put(api, address)
    status, told = await api.told("GET", PATH)
    assert (status, told["status"], told["packets_sent"]) == (200, "no_address", 0)
    assert pings == []


@pytest.mark.parametrize("query", ["count=0", "count=11", "timeout=0", "timeout=6", "address=::1"])
async def test_pings_are_bounded(api, pings, query):
    status, told = await api.told("GET", f"{PATH}?{query}")
    assert (status, [*told]) == (400, [query.partition("=")[0]])
    assert pings == []


async def test_where_the_system_does_not_allow_it_the_answer_says_so(api, pings):
    async def refuse(*_):
        raise Unavailable("Pings are not available: no socket.")

    set_ping(api, refuse)
    status, told = await api.told("GET", PATH)
    assert (status, told["detail"]) == (503, "Pings are not available: no socket.")
