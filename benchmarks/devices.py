"""What lists and single devices cost among 100,000 of them: ``python -m benchmarks devices``.

CPU time of the server's process for whole requests, from the socket to the socket; the client is a
process of its own. Each list has 50 devices and an exact count.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

from aiohttp import web

from api.app import ApiOptions, make_app
from api.house import House
from api.listener import ApiRunner
from inventory import access
from inventory.access import Role
from inventory.devices import Setup
from inventory.operations import Kind, queue
from inventory.records import devices as records
from inventory.secrets import Vault
from inventory.signals import Signals
from inventory.sqlite.store import SqliteStore
from inventory.store import Transaction
from inventory.values import Model, Reported, Source, remember

DEVICES = 100_000
AT_ONCE = 500
ROUNDS = 20
NOW = 1_700_000_000.0
BASE = "/api/v1/inventory_device_name/"
LISTS = {
    "no filter": "",
    "offset 99,000": "offset=99000",
    "type": "type=3",
    "status Up": "status=Up",
    "status Down": "status=Down",
    "last_status_change_from": "last_status_change_from=2023-11-14T12:00:00Z",
    "organization": "organization=4",
    "pending": "pending=true",
    "not pending": "pending=false",
    "search (serial)": "search=SN0004",
    "search (3 characters)": "search=123",
    "search (2 characters)": "search=12",
    "serial_number": "serial_number=SN00000123",
    "customer_id": "customer_id=C12345",
    "product_class": "product_class=HG3",
    "manufacturer": "manufacturer=Acme",
    "software_version": "software_version=1.3",
    "address": "address=10.0.1.1",
    "is_active": "is_active=true",
    "location": "location=5",
    "ordering name": "ordering=-name",
    "ordering last_connection": "ordering=-last_connection",
}
CLIENT = """
import http.client, sys
host, port, token, path, rounds = sys.argv[1:]
connection = http.client.HTTPConnection(host, int(port))
for _ in range(int(rounds)):
    connection.request("GET", path, headers={"Authorization": "Bearer " + token})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
"""


def fill(tx: Transaction, first: int) -> None:
    for number in range(first, first + AT_ONCE):
        records.insert(tx, 300, NOW - number, columns(number))
        if number % 100 == 0:
            queue(tx, number, (Kind.REBOOT, Kind.GET)[number // 100 % 2], {}, NOW)
    tx.run(
        """UPDATE presence SET is_up = device_id % 10 <> 0, last_inform = :now - device_id % 997,
               status_change = :now - device_id WHERE device_id >= :first""",
        now=NOW,
        first=first,
    )


def columns(number: int) -> dict[str, Any]:
    serial = f"SN{number:08d}"
    return {
        "uuid": f"{number:032x}",
        "name": f"00AABB-HG{number % 7}-{serial}",
        "organization_id": number % 20 + 1,
        "type_id": number % 30 + 1,
        "location_id": number % 500 + 1 if number % 3 else None,
        "customer_id": f"C{number}",
        "unique_identifier": f"00AABB-HG{number % 7}-{serial}",
        "manufacturer": ("Acme", "Example", "Third")[number % 3],
        "oui": "00AABB",
        "product_class": f"HG{number % 7}",
        "serial_number": serial,
        "root": "Device.",
        "software_version": f"1.{number % 9}",
        "address": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        "connection_request_url": f"http://10.0.0.1:7547/{number}",
    }


def surroundings(tx: Transaction) -> None:
    """Organizations, types and locations."""
    rows = [{"id": number, "name": f"name {number}"} for number in range(1, 501)]
    tx.run_many(
        """INSERT INTO organizations (id, name, created, last_change)
           VALUES (:id, :name, 0, 0)""",
        rows[1:20],
    )
    tx.run_many(
        """INSERT INTO device_types (id, short_name, name, created, last_change)
           VALUES (:id, :name, :name, 0, 0)""",
        rows[:30],
    )
    tx.run_many(
        """INSERT INTO locations (id, organization_id, name, created, last_change)
           VALUES (:id, 1, :name, 0, 0)""",
        rows,
    )


def told() -> list[Reported]:
    """What a device of 500 parameters has told."""
    objects = {
        "DeviceInfo.Parameter{}": 40,
        "Ethernet.Interface.{}.MaxBitRate": 8,
        "Ethernet.Interface.{}.Status": 8,
        "Ethernet.Interface.1.Stats.Parameter{}": 60,
        "WiFi.Radio.{}.Status": 2,
        "WiFi.AccessPoint.1.Parameter{}": 280,
        "IP.Interface.1.Parameter{}": 101,
    }
    names = [name.format(n) for name, most in objects.items() for n in range(1, most + 1)]
    return [Reported(f"Device.{name}", "100", "string") for name in (*names, "DeviceInfo.UpTime")]


async def nobody_answers(*_: Any) -> Any:
    """No device can be reached."""


def nothing_is_sent(*_: Any) -> Any:
    """No operation is rehearsed here."""


async def measured(port: int, token: str, path: str) -> float:
    """Milliseconds of the server's CPU time for one request."""
    best = float("inf")
    for rounds in (2, ROUNDS, ROUNDS):
        began = process_time()
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, "127.0.0.1", str(port), token, path, str(rounds)
        )
        assert await client.wait() == 0
        best = min(best, (process_time() - began) / rounds)
    return best * 1000


def paths() -> Iterator[tuple[str, str]]:
    for name, query in LISTS.items():
        yield f"list, {name}", f"{BASE}?limit=50&{query}"
    yield "one, by name", f"{BASE}00AABB-HG6-SN00050000/"
    yield "one, by id", "/api/v1/inventory_device/50000/"
    yield "one, by serial", "/api/v1/inventory_device_serial/SN00050000/"
    yield "one that has told nothing", f"{BASE}00AABB-HG0-SN00050001/"
    yield "values of one, 10 of 500", "/api/v1/inventory_device_variables/50000/?limit=10"


async def measure() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with await SqliteStore.open(folder / "inventory.db") as store:
            await store.write(surroundings)
            for first in range(1, DEVICES, AT_ONCE):
                await store.write(fill, first)
            vault = Vault.load(folder / "keys")
            model = Model("Acme", "00AABB", "HG6", "1.5")
            await remember(store, vault, DEVICES // 2, model, told(), Source.GET, NOW)
            made = await store.write(access.create_token, "b", Role.ADMIN, None, None, NOW, None)
            house = House(
                setup=Setup(vault),
                image_folder=folder,
                upload_folder=folder,
                ask_to_inform=nobody_answers,
                read_values=nobody_answers,
                rehearse=nothing_is_sent,
                ping=nobody_answers,
                judge_webhook=nobody_answers,
                carries_out=frozenset(),
            )
            runner = ApiRunner(make_app(store, Signals(), ApiOptions(), house), access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
            for label, path in paths():
                print(f"{label:36} {await measured(port, made[1], path):7.2f} ms", flush=True)
            await runner.cleanup()


def main() -> None:
    asyncio.run(measure())
