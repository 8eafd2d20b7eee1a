"""Operations over the whole road: REST API, server and CPE, each a process or a task of its own.

First a get on a device that answers with 10,000 parameters in one response: the server's CPU from
the device's Inform to the end of its session, all values in the cache. Then the time from the POST
of a get on an idle simulated CPE, which is called and comes at once, to the result being there.

Run: ``python -m benchmarks operations``
"""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import aiohttp

from acs.cwmp.codec import decode, encode
from acs.cwmp.messages import (
    Envelope,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValueStruct,
)
from benchmarks import servers
from benchmarks.fleet import ROOT, inform, prepare, serial
from benchmarks.load import Line
from benchmarks.processes import Served
from simulator.cpe import Cpe
from simulator.listener import Listener
from simulator.timing import Pace

PARAMETERS = 10_000
READS = 3  # devices that are read, each for the first time
GETS, WARM_UP = 60, 5
OPERATIONS = "inventory_device_name_headless_operation/"
PATIENCE_S = 20


class Api:
    """The REST API as a script sees it."""

    def __init__(self, port: str, http: aiohttp.ClientSession) -> None:
        self._base, self._http = f"http://127.0.0.1:{port}/api/v1/", http

    async def get_values(self, device: str, path: str) -> str:
        """Queues a get; returns the operation's id."""
        body = {"name": device, "operation": "get", "variables": [{"variable_name": path}]}
        async with self._http.post(self._base + OPERATIONS, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return str((await answer.json())["id"])

    async def result(self, operation_id: str) -> Any:
        """The operation, once it has ended."""
        wanted: dict[str, str | int] = {"id": operation_id, "wait": PATIENCE_S}
        async with self._http.get(self._base + OPERATIONS, params=wanted) as answer:
            found = await answer.json()
        operation = found[0] if isinstance(found, list) else found
        assert operation["status"] == "completed", operation
        return operation


async def measure() -> None:
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        await prepare(folder / "acs.db", READS + 1)
        served = await servers.start(folder / "acs.db")
        opened.push_async_callback(served.stop)
        print(f"idle memory {(await served.cpu_and_memory())[1]:.0f} MB")
        headers = {"Authorization": f"Bearer {servers.TOKEN}"}
        http = await opened.enter_async_context(aiohttp.ClientSession(headers=headers))
        api = Api(served.words[1], http)
        seconds = [await read_everything(served, api, number) for number in range(1, READS + 1)]
        told = ", ".join(f"{each:.3f}" for each in seconds)
        print(f"{PARAMETERS:,} parameters in one response: {told} s CPU (the names are new once)")
        times = await time_gets(served, api)
        print(
            f"get on an idle CPE, POST to result: {median(times) * 1e3:.0f} ms median,"
            f" {sorted(times)[len(times) * 95 // 100] * 1e3:.0f} ms for 95 of 100"
        )


async def read_everything(served: Served, api: Api, number: int) -> float:
    """CPU seconds of the session in which a device tells all its parameters."""
    hosts = f"{ROOT}LANDevice.1.Hosts.Host."
    operation = await api.get_values(f"001122-Gateway-{serial(number)}", hosts)
    told = tuple(
        ParameterValueStruct(f"{hosts}{at // 20}.Parameter{at % 20}", f"value {at} of {number}")
        for at in range(PARAMETERS)
    )
    before, _ = await served.cpu_and_memory()
    line = await Line.dial(int(served.words[0]))
    await line.post(inform(serial(number)))
    _, said = await line.post(b"")
    asked = decode(said)
    assert asked.body == GetParameterValues((hosts,)), asked.body
    answer = Envelope(GetParameterValuesResponse(told), asked.id, asked.namespace)
    status, _ = await line.post(encode(answer))
    assert status == 204, status
    line.close()
    spent = (await served.cpu_and_memory())[0] - before
    assert len((await api.result(operation))["variables"]) == PARAMETERS
    return spent


async def time_gets(served: Served, api: Api) -> list[float]:
    """Seconds from the POST of a get until its result is there, each on an idle CPE."""
    async with AsyncExitStack() as opened:
        listener = await opened.enter_async_context(Listener())
        cpe = Cpe(
            model="tr181-gateway",
            serial_number="BENCH0001",
            acs_url=f"http://127.0.0.1:{served.words[0]}/acs",
            oui="00D09E",
            product_class="SimGateway",
            manufacturer="Example Networks",
            random=Random(1),
            connection_requests=listener,
            pace=Pace(),
        )
        opened.push_async_callback(cpe.stop)
        await cpe.start()
        times = []
        for _ in range(WARM_UP + GETS):
            began = perf_counter()
            operation = await api.get_values(
                "00D09E-SimGateway-BENCH0001", "Device.DeviceInfo.UpTime"
            )
            await api.result(operation)
            times.append(perf_counter() - began)
            await asyncio.sleep(0.02)  # the CPE ends its session and is idle again
        return times[WARM_UP:]


def main() -> None:
    asyncio.run(measure())
