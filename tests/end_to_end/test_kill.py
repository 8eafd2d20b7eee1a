"""A server that is killed at any moment loses nothing and does nothing twice.

The server runs as a process of its own and is killed with SIGKILL at random points while CPEs and
an API client load it; then it runs in peace until everything that it ever accepted has ended.
"""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from simulator.cpe import Cpe, Pace
from simulator.mischief import parse

TOKEN = "kill-test-token-of-the-tests"
DEVICES = 6
KILLS = 5
FINAL = {"completed", "failed", "cancelled", "expired"}
HEADLESS = "inventory_device_name_headless_operation/"
JOBS = "inventory_device_serial_headless_operation/"
ROOT = "Device."


class Process:
    """``acs serve`` on ports that stay the same over its lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.acs_url = self.api_url = ""

    async def start(self) -> None:
        cwmp = self.acs_url.split("/")[2] if self.acs_url else "127.0.0.1:0"
        api = self.api_url.split("/")[2] if self.api_url else "127.0.0.1:0"
        places = ("--db", str(self._folder / "acs.db"), "--cwmp", cwmp, "--api", api)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "acs",
            "serve",
            *places,
            env={
                "ACS_BOOTSTRAP_TOKEN": TOKEN,
                "ACS_CWMP_RETRY_S": "0.5",
                "ACS_LOG_LEVEL": "error",
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
            stdout=asyncio.subprocess.PIPE,
        )
        while line := (await self._process.stdout.readline()).decode():
            if line.startswith("ready:"):
                words = line.split()
                self.acs_url, self.api_url = words[2], words[4]
                return
        raise AssertionError("the server did not start")

    async def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


@pytest.fixture
async def process(tmp_path):
    process = Process(tmp_path)
    await process.start()
    yield process
    await process.stop()


class Client:
    """Queues work as fast as it is taken; what was answered with 201 counts as accepted."""

    def __init__(self, url: str, names: list[str], chance: Random) -> None:
        self.accepted: dict[str, tuple[str, str]] = {}
        self.asked: dict[tuple[str, str], int] = {}
        self._url, self._names, self._chance = url, names, chance
        self._wishes = list(WISHES)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        self.http = aiohttp.ClientSession(headers=headers)

    async def load(self) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                await self._queue_one()
            await asyncio.sleep(0.01)

    async def bring_image(self) -> None:
        """From now on firmware is wished for too."""
        form = aiohttp.FormData({"name": "gateway", "version": "9.9.9"})
        form.add_field("file", b"version=9.9.9\n" + bytes(50_000), filename="gateway.bin")
        async with self.http.post(f"{self._url}firmware_image/", data=form) as answer:
            image = (await answer.json())["id"]
        wish = {"operation": "download", "parameters": {"firmware_image": image}}
        self._wishes.append(wish)

    async def _queue_one(self) -> None:
        name = self._chance.choice(self._names)
        body = self._chance.choice(self._wishes)
        kind = body["operation"]
        self.asked[name, kind] = self.asked.get((name, kind), 0) + 1
        async with self.http.post(self._url + HEADLESS, json={"name": name, **body}) as answer:
            if answer.status == 201:
                self.accepted[(await answer.json())["id"]] = (name, kind)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, self._url + path, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def states(self) -> dict[str, str]:
        """Of everything that this server holds."""
        found: dict[str, str] = {}
        offset = 0
        while True:
            params = {"limit": 1000, "offset": offset}
            async with self.http.get(self._url + HEADLESS, params=params) as answer:
                page = await answer.json()
            found |= {each["id"]: each["status"] for each in page["results"]}
            offset += 1000
            if page["next"] is None:
                return found


def _variable(name, **more):
    return {"variable_name": ROOT + name, **more}


WISHES = [
    {"operation": "get", "variables": [_variable("DeviceInfo.")]},
    {
        "operation": "set",
        "variables": [_variable("DeviceInfo.ProvisioningCode", value="a", value_type="string")],
    },
    {"operation": "add.obj", "variables": [_variable("NAT.PortMapping.")]},
    {"operation": "reboot"},
    {"operation": "factory"},
]
JOB = {"operation_type": "bulk_get", "variables": [_variable("DeviceInfo.")]}
JOB["options"] = {"max_concurrency": 2}  # so that kills meet it half done


@pytest.mark.parametrize("seed", [1])
async def test_every_accepted_operation_ends_once_and_nothing_is_done_twice(
    process, listener, seed
):
    chance = Random(seed)
    cpes = [
        Cpe(
            acs_url=process.acs_url,
            model="tr181-gateway",
            serial_number=f"KILL{number}",
            oui="00D09E",
            product_class="SimGateway",
            manufacturer="Example Networks",
            random=Random(number),
            connection_requests=listener,
            pace=Pace(speed=200),
            mischief=parse("slow:0.05") if number % 2 else (),  # so that kills meet open questions
        )
        for number in range(DEVICES)
    ]
    names = [f"00D09E-SimGateway-{cpe.serial_number}" for cpe in cpes]
    client = Client(process.api_url, names, chance)
    async with client.http, contextlib.AsyncExitStack() as running:
        for cpe in cpes:
            running.push_async_callback(cpe.stop)
            await cpe.start()
        await client.bring_image()
        job = await client.ask("POST", JOBS, JOB)
        again = {"name": names[0], "schedule": {"cron": "* * * * *"}, **WISHES[0]}
        recurring = await client.ask("POST", HEADLESS, again)
        loading = asyncio.create_task(client.load())
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.3, 1.0))
            await process.kill()
            await process.start()
        await asyncio.sleep(0.5)
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        told = await client.ask("GET", f"{HEADLESS}{recurring['id']}/")
        assert told["status"] == "scheduled"
        async with client.http.delete(f"{process.api_url}{HEADLESS}{recurring['id']}/") as answer:
            assert answer.status == 204
        states = await _settled(client)
        job = await _ended(client, job["id"])
        results = await client.ask("GET", f"{JOBS}{job['id']}/results/")
    assert (job["total_devices"], job["processed_devices"]) == (DEVICES, DEVICES)
    assert {each["status"] for each in results["results"]} <= {"completed", "failed"}
    assert client.accepted
    missing = client.accepted.keys() - states.keys()
    assert not missing, "an accepted operation is lost"
    done: dict[tuple[str, str], int] = {}
    for cpe, name in zip(cpes, names, strict=True):
        for method, kind in (
            ("Reboot", "reboot"),
            ("AddObject", "add.obj"),
            ("FactoryReset", "factory"),
            ("Download", "download"),
        ):
            done[name, kind] = cpe.counts[method]
            assert cpe.counts[method] <= client.asked.get((name, kind), 0), (name, kind)
    assert any(done.values())


async def _ended(client: Client, job_id: str) -> Any:
    """The bulk job, when it has ended."""
    async with asyncio.timeout(30):
        while True:
            told = await client.ask("GET", f"{JOBS}{job_id}/")
            if told["status"] in FINAL:
                return told
            await asyncio.sleep(0.3)


async def _settled(client: Client) -> dict[str, str]:
    """The states when all are final; bounded, as every operation has its time."""
    async with asyncio.timeout(90):
        while True:
            states = await client.states()
            if FINAL.issuperset(states.values()):
                return states
            await asyncio.sleep(0.3)
