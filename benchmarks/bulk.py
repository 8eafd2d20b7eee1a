"""A bulk set of one parameter on a whole fleet: completed operations a second, from end to end.

The server is one process, the simulated fleet another; each device is called by a connection
request, informs over a fresh connection, is set and closes. The clock runs from the POST of the job
to the last device's end. ``cpu`` is the server's alone: with fleet and server on the same cores
the wall clock shows what both together can do.

Run: ``python -m benchmarks bulk [devices] [max_concurrency]``
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import aiohttp

from acs import app, process
from acs.config import load
from benchmarks.processes import Served, report_until_closed
from simulator.arrivals import KINDS
from simulator.fleet import Fleet, Plan
from simulator.listener import Listener
from simulator.timing import Pace

TOKEN = "token-of-the-benchmark"
JOBS = "inventory_device_serial_headless_operation/"
ARRIVALS_A_SECOND = 200  # of new devices, each with its enrolment


async def serve_acs(folder: str) -> None:
    settings = {
        "cwmp": {"host": "127.0.0.1", "port": 0},
        "api": {"host": "127.0.0.1", "port": 0},
        "storage": {"path": Path(folder, "acs.db")},
        "bootstrap_token": TOKEN,
        "log": {"level": "error"},
    }
    async with app.running(load(settings)) as server:
        process.settle()
        await report_until_closed(server.acs_url, server.api_url)


async def serve_fleet(acs_url: str, count: int) -> None:
    async with Listener() as listener:
        plan = Plan(acs_url, count, pace=Pace(speed=1000), interval_s=86_400)
        fleet = Fleet(plan, Random(1), listener)
        await fleet.start(KINDS["steady"](count, count / ARRIVALS_A_SECOND, Random(1)))
        await report_until_closed("ready")
        await fleet.stop()
    await asyncio.sleep(0.1)  # the listener's connections hear that it is gone


async def ask(http: aiohttp.ClientSession, method: str, url: str, body: Any = None) -> Any:
    async with http.request(method, url, json=body) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json()


async def enrolled(http: aiohttp.ClientSession, api_url: str) -> None:
    """Returns when nothing of the enrolments is left in the queues."""
    url = f"{api_url}inventory_device_name_headless_operation/?operation=enrol&limit=1&status="
    while True:
        told = [await ask(http, "GET", url + state) for state in ("pending", "running")]
        if not any(each["count"] for each in told):
            return
        await asyncio.sleep(1)


async def measure(count: int = 10_000, concurrency: int = 1000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = await Served.start(__name__, "acs", folder)
        acs_url, api_url = server.words
        fleet = await Served.start(__name__, "fleet", acs_url, str(count))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            await enrolled(http, api_url)
            await one_job(http, api_url, server, count, concurrency)
        await fleet.stop()
        await server.stop()


async def one_job(
    http: aiohttp.ClientSession, api_url: str, server: Served, count: int, concurrency: int
) -> None:
    name = "Device.ManagementServer.PeriodicInformInterval"
    variable = {"variable_name": name, "value": "43200", "value_type": "unsignedInt"}
    body = {
        "operation_type": "bulk_set",
        "variables": [variable],
        "options": {"max_concurrency": concurrency},
    }
    cpu, begin = (await server.cpu_and_memory())[0], perf_counter()
    job = await ask(http, "POST", api_url + JOBS, body)
    while True:
        told = await ask(http, "GET", f"{api_url}{JOBS}{job['id']}/")
        if told["status"] in {"completed", "failed"}:
            break
        await asyncio.sleep(0.2)
    took_s = perf_counter() - begin
    spent_s = (await server.cpu_and_memory())[0] - cpu
    good = told["processed_devices"] - told["failed_devices"]
    print(f"{good} of {count} devices set in {took_s:.1f} s: {good / took_s:.0f} operations/s")
    print(
        f"server: {spent_s / max(good, 1) * 1e3:.2f} ms CPU each, {spent_s / took_s:.0%} of a core"
    )
    if told["failed_devices"]:
        print(f"failed: {told['operation_details']['error_summary']}")


def main(*arguments: str) -> None:
    asyncio.run(measure(*map(int, arguments)))


if __name__ == "__main__":
    _, serve, kind, *told = sys.argv
    assert serve == "serve"
    asyncio.run(serve_acs(told[0]) if kind == "acs" else serve_fleet(told[0], int(told[1])))
