"""Work that waits over a restart is done when the server is there again, not at the next Inform."""

import asyncio
from random import Random
from time import time

import aiohttp
from yarl import URL

from acs import app
from inventory import operations
from inventory.operations import Kind
from inventory.sqlite.store import SqliteStore
from simulator.cpe import Cpe, Pace

TOKEN = "end-to-end-token-of-the-tests"
NAME = "00D09E-SimGateway-SIM000001"
HISTORY = f"inventory_device_name/{NAME}/operations/?operation=get&status=completed"


async def test_a_device_is_called_for_what_waited_while_the_server_was_away(settings, listener):
    rarely = {"inform_interval_s": 86_400}
    async with app.running(settings(cwmp=rarely)) as server:
        cpe = Cpe(
            model="tr181-gateway",
            acs_url=server.acs_url,
            oui="00D09E",
            product_class="SimGateway",
            manufacturer="Example Networks",
            serial_number="SIM000001",
            random=Random(1),
            connection_requests=listener,
            pace=Pace(speed=1000),
        )
        await cpe.start()
        port = URL(server.acs_url).port
    async with await SqliteStore.open(settings().storage.path) as store:
        request = {"variables": [{"variable_name": "Device.DeviceInfo.UpTime"}]}
        await store.write(operations.queue, 1, Kind.GET, request, time())
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        app.running(settings(cwmp={**rarely, "port": port})) as server,
        aiohttp.ClientSession(headers=headers) as http,
        asyncio.timeout(20),
    ):
        while True:
            async with http.get(server.api_url + HISTORY) as answer:
                if (await answer.json())["count"]:
                    break
            await asyncio.sleep(0.05)
    await cpe.stop()
