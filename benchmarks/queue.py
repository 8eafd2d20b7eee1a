"""What it costs to take the next operation from a device's queue, with a long history behind it.

``claim`` is the unit with its COMMIT left out: the statements that find and mark the operation;
``nothing to do`` is the same question of a device whose queue is empty.

Run: ``python -m benchmarks queue [rows of history] [devices]``
"""

import asyncio
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

from inventory import access, devices, operations
from inventory.devices import Setup
from inventory.operations import Kind
from inventory.secrets import Vault
from inventory.sqlite.store import SqliteStore
from inventory.store import Transaction

CLAIMS = 2000
AT_ONCE = 5000

_HISTORY = """
INSERT INTO operations (key, device_id, kind, origin, priority, state, is_exclusive, request,
    created, due, expires, started, completed, attempts, progress)
VALUES (:key, :device_id, 'set', 'person', 10, 'completed', 0, '{"variables":[]}',
    :at, :at, :at + 604800, :at, :at + 5, 1, 100)"""


def grow(tx: Transaction, numbers: range, fleet: int) -> None:
    tx.run_many(
        _HISTORY,
        [{"key": f"op_h{n}", "device_id": n % fleet + 1, "at": n / 10} for n in numbers],
    )


def register(tx: Transaction, numbers: range, setup: Setup) -> None:
    caller = access.of_the_house("benchmark")
    for number in numbers:
        devices.create(tx, caller, {"name": f"d{number}"}, setup, 1.0)


def claims(tx: Transaction, device_ids: range, now: float) -> list[float]:
    """Seconds of each claim."""
    took = []
    for device_id in device_ids:
        begin = perf_counter()
        operations.claim_next(tx, device_id, now)
        took.append(perf_counter() - begin)
    return took


def queue_one_each(tx: Transaction, device_ids: range, now: float) -> None:
    for device_id in device_ids:
        operations.queue(tx, device_id, Kind.SET, {"variables": []}, now)


async def measure(rows: int = 1_000_000, fleet: int = 10_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(Vault.load(Path(folder, "key")))
        async with await SqliteStore.open(Path(folder, "acs.db")) as store:
            for at in range(0, fleet, 500):
                await store.write(register, range(at, min(at + 500, fleet)), setup)
            for at in range(0, rows, AT_ONCE):
                await store.write(grow, range(at, min(at + AT_ONCE, rows)), fleet)
            now, device_ids = rows / 10 + 1000, range(1, min(fleet, CLAIMS) + 1)
            empty = await store.write(claims, device_ids, now)
            await store.write(queue_one_each, device_ids, now)
            claimed = await store.write(claims, device_ids, now)
    for name, took in (("claim", claimed), ("nothing to do", empty)):
        middle, worst = statistics.median(took) * 1e3, sorted(took)[len(took) * 99 // 100] * 1e3
        print(f"{name:14} {middle:.3f} ms, 99 of 100 within {worst:.3f} ms, {rows:,} rows behind")


def main(*arguments: str) -> None:
    asyncio.run(measure(*map(int, arguments)))
