"""What storage costs: ``python -m benchmarks storage``.

First the hand-over of units: batches on the event loop's thread against batches on the writer's, in
turns within one run, because machines drift. Then the parameter cache, in the terms of a fleet of
100,000 devices with 500 parameters each.
"""

import asyncio
import csv
import random
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from importlib import resources
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from inventory import values
from inventory.secrets import Vault
from inventory.sections import decode
from inventory.sqlite.connection import connect
from inventory.sqlite.schema import prepare
from inventory.sqlite.store import SqliteStore
from inventory.sqlite.transaction import SqliteTransaction
from inventory.sqlite.writer import Waiting, Writer
from inventory.store import Transaction
from inventory.values import Model, Reported, Source

CONCURRENT = 50
ROUND_S = 0.4
ROUNDS = 7
OTHER_WORK = 20  # times some 10 µs on the loop: what a session does between two units

DEVICES = 1_000
FLEET = 100_000
PARAMETERS = 500
REPEATS = 200
MODEL = Model("Example", "001122", "GW", "1.0")


# --- Units -------------------------------------------------------------------------------------


def quiet_unit(tx: Transaction, device_id: int, now: float) -> int:
    """What a periodic Inform of a known device costs: one look, one narrow update."""
    row = tx.one(
        """SELECT devices.id, version, told FROM devices JOIN presence ON device_id = devices.id
           WHERE name = :name""",
        name=f"device-{device_id}",
    )
    assert row is not None
    tx.run(
        "UPDATE presence SET last_inform = :now, session_id = :session WHERE device_id = :id",
        now=now,
        session=f"session-{now}",
        id=row["id"],
    )
    return int(row["version"])


class OnItsThread(Writer):
    """The other way: the whole batch with its COMMIT runs on the writer's thread."""

    async def _serve_a_lane(self) -> list[Waiting]:
        batch: list[Waiting] = []
        await self._connection.hop(self._run_batch, batch)
        return batch

    def _run_batch(self, batch: list[Waiting]) -> None:
        self._raw.execute("BEGIN IMMEDIATE")
        self._perform_first(batch)
        self._raw.execute("COMMIT")


def add_devices(tx: Transaction, ids: range) -> None:
    tx.run_many(
        """INSERT INTO devices (id, uuid, name, organization_id, last_change, created)
           VALUES (:id, :name, :name, 1, 0, 0)""",
        [{"id": number, "name": f"device-{number}"} for number in ids],
    )
    tx.run_many(
        """INSERT INTO presence (device_id, is_up, status_change, interval_s)
           VALUES (:id, TRUE, 0, 300)""",
        [{"id": number} for number in ids],
    )


async def units_per_s(writer: Writer, other_work: int) -> tuple[float, float]:
    """CPU microseconds per unit and units per second, with :data:`CONCURRENT` callers."""
    end, done = perf_counter() + ROUND_S, 0

    async def session(number: int) -> None:
        nonlocal done
        while perf_counter() < end:
            await writer.first(quiet_unit, (number + 1, perf_counter()), {})
            for _ in range(other_work):
                sum(range(500))
                await asyncio.sleep(0)
            done += 1

    start, cpu = perf_counter(), process_time()
    await asyncio.gather(*map(session, range(CONCURRENT)))
    return (process_time() - cpu) / done * 1e6, done / (perf_counter() - start)


def bare_sql(path: Path) -> float:
    """CPU microseconds of the same statements in one long transaction, without any store."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.row_factory = sqlite3.Row
        raw.execute("BEGIN IMMEDIATE")
        tx, count = SqliteTransaction(raw), 5_000
        cpu = process_time()
        for number in range(count):
            quiet_unit(tx, number % CONCURRENT + 1, float(number))
        spent = process_time() - cpu
        raw.execute("ROLLBACK")
    return spent / count * 1e6


async def compare_writers(folder: Path) -> None:
    path = folder / "units.db"
    async with await SqliteStore.open(path) as store:
        await store.write(add_devices, range(1, CONCURRENT + 1))
    sql = median(bare_sql(path) for _ in range(3))
    print(f"a quiet unit's SQL alone                        {sql:6.1f} µs CPU")
    for title, work in (("", 0), (", with other work on the loop", OTHER_WORK)):
        figures: dict[type[Writer], list[tuple[float, float]]] = {Writer: [], OnItsThread: []}
        for _ in range(ROUNDS):
            for kind, rounds in figures.items():
                async with running(kind, path) as writer:
                    rounds.append(await units_per_s(writer, work))
        inline, threaded = (
            tuple(median(column) for column in zip(*rounds, strict=True))
            for rounds in figures.values()
        )
        for name, (cpu, rate) in (("loop's thread", inline), ("writer's thread", threaded)):
            print(f"batch on the {name:16}{title:30} {cpu:6.1f} µs CPU  {rate:8,.0f} units/s")
        print(f"  ratio {threaded[0] / inline[0]:.2f}")


@asynccontextmanager
async def running(kind: type[Writer], path: Path) -> AsyncIterator[Writer]:
    prepare(path)
    connection = await connect(path)
    writer = kind(connection)
    try:
        yield writer
    finally:
        await writer.close()
        await connection.close()


# --- The parameter cache -----------------------------------------------------------------------


def sample() -> list[Reported]:
    """500 parameters spread over the shipped TR-181 gateway."""
    with resources.files("simulator").joinpath("models/tr181-gateway.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["type"] != "object"]
    step = len(rows) / PARAMETERS
    chosen = [rows[int(number * step)] for number in range(PARAMETERS)]
    return [Reported(row["name"], row["value"], row["type"]) for row in chosen]


def of_a_device(parameters: Sequence[Reported], chance: random.Random) -> list[Reported]:
    """The same with values of its own in a third of them: counters, addresses, names."""
    return [
        Reported(each.path, f"{chance.getrandbits(32)}", each.value_type)
        if chance.random() < 1 / 3
        else each
        for each in parameters
    ]


async def cpu_us(repeats: int, action: Callable[[int], Coroutine[Any, Any, Any]]) -> float:
    cpu = process_time()
    for number in range(repeats):
        await action(number)
    return (process_time() - cpu) / repeats * 1e6


async def measure_cache(folder: Path) -> None:
    chance, parameters = random.Random(1), sample()
    vault = Vault.load(folder / "key")
    async with await SqliteStore.open(folder / "values.db") as store:
        for start in range(1, DEVICES + 1, 100):
            await store.write(add_devices, range(start, start + 100))
        before = (await store.size()).database_bytes

        async def keep(device: int, told: Sequence[Reported]) -> None:
            now = 1e9 + chance.random() * 1e6
            await values.remember(store, vault, device, MODEL, told, Source.GET, now)

        def one_of(_: int) -> int:
            return chance.randrange(DEVICES) + 1

        async def change(count: int, _: int) -> None:
            start = chance.randrange(PARAMETERS - count)
            told = of_a_device(parameters[start : start + count], chance)
            await keep(one_of(0), told)

        full = await cpu_us(
            DEVICES, lambda number: keep(number + 1, of_a_device(parameters, chance))
        )
        await store.checkpoint()
        size = (await store.size()).database_bytes - before
        await store.checkpoint()
        few = {count: await cpu_us(REPEATS, partial(change, count)) for count in (1, 10)}
        await store.checkpoint()
        await cpu_us(REPEATS, lambda n: change(10, n))
        wal_kib = wal_pages(folder / "values.db") * 4 / REPEATS

        def recall(*paths: str) -> Callable[[int], Coroutine[Any, Any, Any]]:
            return lambda n: values.recall(store, vault, one_of(n), MODEL, paths)

        one = await cpu_us(REPEATS, recall(parameters[250].path))
        ten = await cpu_us(REPEATS, recall(*(each.path for each in parameters[::50])))
        prefix = await cpu_us(REPEATS, recall("Device.WiFi."))
        whole = await cpu_us(REPEATS, recall())
        cpu = process_time()
        await store.read(scan)
        scanned = process_time() - cpu

    print(f"{PARAMETERS} parameters a device, {DEVICES:,} devices; CPU in µs")
    print(f"size of a fleet of {FLEET:,}           {size / DEVICES * FLEET / 1e9:8.2f} GB")
    print(f"all values stored                     {full:8.0f}")
    print(
        f"1 / 10 values stored                  {few[1]:8.0f} / {few[10]:.0f},"
        f" {wal_kib:.0f} KiB of WAL"
    )
    print(f"1 / 10 names recalled                 {one:8.0f} / {ten:.0f}")
    print(f"a prefix recalled                     {prefix:8.0f}")
    print(f"everything recalled                   {whole:8.0f}")
    print(f"every value of the fleet looked at    {scanned * FLEET / DEVICES:8.1f} s")


def wal_pages(path: Path) -> int:
    """Pages in the WAL since the last checkpoint but this one."""
    with closing(sqlite3.connect(path)) as raw:
        return int(raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])


def scan(tx: Transaction) -> int:
    return sum(
        value == "sought"
        for row in tx.all("SELECT body FROM device_values")
        for value in decode(row["body"]).values
    )


async def measure_a_large_answer(folder: Path) -> None:
    """10,000 parameters in one response: first and repeated."""
    vault = Vault.load(folder / "key")
    told = [
        Reported(f"Device.Hosts.Host.{host}.Parameter{number}", f"value {number}", "string")
        for host in range(500)
        for number in range(20)
    ]
    async with await SqliteStore.open(folder / "large.db") as store:
        await store.write(add_devices, range(1, 3))
        for title, device in (("new names", 1), ("known names", 2), ("known values", 2)):
            cpu = process_time()
            await values.remember(store, vault, device, MODEL, told, Source.GET, 1e9)
            print(f"10,000 values stored, {title:14} {(process_time() - cpu) * 1e3:8.1f} ms CPU")


async def measure() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await compare_writers(folder)
        print()
        await measure_cache(folder)
        print()
        await measure_a_large_answer(folder)


def main() -> None:
    asyncio.run(measure())
