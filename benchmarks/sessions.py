"""What a session costs the server: CPU of the real process, against a bare aiohttp handler.

A session is a fresh TCP connection with an Inform of 8 parameters and an empty POST; 50 run at
once, from another process. ``known`` is the periodic session of an enrolled device, recorded
durably before InformResponse, with 1,000 and with 100,000 devices in the inventory; ``new`` is the
first session of a device, with its enrolment; the servers take turns, as these machines drift.

Run: ``python -m benchmarks.sessions [sessions per round] [rounds]``
"""

import asyncio
import re
import statistics
import sys
import tempfile
from itertools import count
from pathlib import Path

from aiohttp import web

from acs import app, process
from acs.config import load
from acs.cwmp.codec import decode, encode
from acs.cwmp.messages import (
    DeviceIdStruct,
    Envelope,
    EventStruct,
    Inform,
    ParameterValueStruct,
    SetParameterValues,
    SetParameterValuesResponse,
)
from benchmarks.processes import Served, report_until_closed
from inventory.recording import Policy, record_sighting
from inventory.secrets import Vault
from inventory.sqlite.store import SqliteStore
from inventory.store import Transaction

AT_ONCE = 50
ROOT = "InternetGatewayDevice."


def inform(serial: str, event: str = "2 PERIODIC") -> bytes:
    names = (
        "DeviceSummary",
        "DeviceInfo.SpecVersion",
        "DeviceInfo.HardwareVersion",
        "DeviceInfo.SoftwareVersion",
        "DeviceInfo.ProvisioningCode",
        "ManagementServer.ConnectionRequestURL",
        "ManagementServer.ParameterKey",
        "WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress",
    )
    values = tuple(ParameterValueStruct(ROOT + name, "") for name in names)
    body = Inform(
        DeviceIdStruct("Example", "001122", "Gateway", serial),
        (EventStruct(event),),
        current_time="2026-01-01T00:00:00Z",
        parameter_list=values,
    )
    return encode(Envelope(body, id="1"))


# --- The servers -----------------------------------------------------------------------------


async def bare(request: web.Request) -> web.Response:
    if request.content_length:
        return web.Response(body=b"x" * 500, content_type="text/xml")
    return web.Response(status=204)


async def serve(kind: str) -> None:
    if kind == "bare":
        application = web.Application()
        application.router.add_post("/acs", bare)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        await report_until_closed(site.port)
        await runner.cleanup()
        return
    settings = {
        "cwmp": {"host": "127.0.0.1", "port": 0},
        "api": {"host": "127.0.0.1", "port": 0},
        "storage": {"path": Path(kind)},
        "bootstrap_token": "benchmark",
    }
    async with app.running(load(settings)) as server:
        process.settle()
        await report_until_closed(server.acs_url.rsplit(":", 1)[1].partition("/")[0])


async def prepare(path: Path, devices: int) -> None:
    """An inventory of enrolled devices, made by the unit that registers them."""
    vault = Vault.load(path.with_name(path.name + ".key"))
    async with await SqliteStore.open(path) as store:
        numbers = range(devices)
        for at in range(0, devices, 200):
            await store.write(register, numbers[at : at + 200], Policy(vault))


def register(tx: Transaction, numbers: range, policy: Policy) -> None:
    for number in numbers:
        record_sighting(tx, seen(number), f"s{number}", policy, 1.0)
    tx.run("UPDATE operations SET state = 'completed', completed = 1")


def seen(number: int):
    from acs.translate import sighting

    return sighting(decode(inform(f"SN{number:06d}", "0 BOOTSTRAP")), "127.0.0.1", None)


# --- The load --------------------------------------------------------------------------------


class Line:
    """One TCP connection to a server, for one session."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.cookie = reader, writer, ""

    async def post(self, body: bytes) -> tuple[bytes, bytes]:
        head = f"POST /acs HTTP/1.1\r\nHost: acs\r\nContent-Length: {len(body)}\r\n"
        if body:
            head += "Content-Type: text/xml\r\n"
        if self.cookie:
            head += f"Cookie: {self.cookie}\r\n"
        self.writer.write(f"{head}\r\n".encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        cookie = re.search(rb"(?i)set-cookie: ([^;\r]+)", answer)
        if cookie:
            self.cookie = cookie[1].decode()
        return answer[9:12], await self.reader.readexactly(int(length or 0))


async def dial(port: int) -> Line:
    return Line(*await asyncio.open_connection("127.0.0.1", port))


async def quiet_session(port: int, body: bytes) -> None:
    line = await dial(port)
    status, _ = await line.post(body)
    assert status == b"200", status
    status, _ = await line.post(b"")
    assert status == b"204", status
    line.writer.close()


async def first_session(port: int, body: bytes) -> None:
    """As a new device: whatever is set is set."""
    line = await dial(port)
    await line.post(body)
    status, said = await line.post(b"")
    while status == b"200":
        asked = decode(said)
        assert isinstance(asked.body, SetParameterValues), asked.body
        answer = Envelope(SetParameterValuesResponse(), asked.id, asked.namespace)
        status, said = await line.post(encode(answer))
    line.writer.close()


async def cost(served: Served, sessions: int, session, bodies) -> float:
    """Microseconds of the server's CPU for one session."""
    port, left = int(served.words[0]), iter(range(sessions))

    async def one_of_many() -> None:
        for _ in left:
            await session(port, next(bodies))

    before, _ = await served.cpu_and_memory()
    await asyncio.gather(*(one_of_many() for _ in range(AT_ONCE)))
    return ((await served.cpu_and_memory())[0] - before) / sessions * 1e6


def known(devices: int):
    made = [inform(f"SN{number:06d}") for number in range(0, devices, max(devices // 1000, 1))]
    return (made[number % len(made)] for number in count())


def new():
    return (inform(f"NEW{number:07d}", "0 BOOTSTRAP") for number in count())


async def compare(sessions: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder, "few.db"), Path(folder, "many.db")
        await prepare(few, 1_000)
        await prepare(many, 100_000)
        servers = {
            kind: await Served.start(__spec__.name, kind) for kind in ("bare", str(few), str(many))
        }
        idle_mb = (await servers[str(few)].cpu_and_memory())[1]
        plan = {
            "bare": (servers["bare"], quiet_session, known(1_000)),
            "known, 1,000 devices": (servers[str(few)], quiet_session, known(1_000)),
            "known, 100,000 devices": (servers[str(many)], quiet_session, known(100_000)),
            "new": (servers[str(few)], first_session, new()),
        }
        measured: dict[str, list[float]] = {name: [] for name in plan}
        try:
            for round_ in range(rounds + 1):
                for name, (served, session, bodies) in plan.items():
                    amount = sessions if name != "new" else sessions // 4
                    found = await cost(served, amount, session, bodies)
                    if round_:
                        measured[name].append(found)
        finally:
            for served in servers.values():
                await served.stop()
    reference = statistics.median(measured["bare"])
    for name, costs in measured.items():
        middle = statistics.median(costs)
        print(f"{name:24} {middle:6.0f} µs CPU a session, {middle / reference:.2f} x bare")
    print(f"idle memory {idle_mb:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(sys.argv[2]))
    else:
        given = [int(argument) for argument in sys.argv[1:]]
        asyncio.run(compare(*(given + [2000, 5][len(given) :])))
