"""What inventory.store promises of every store."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from inventory.store import Store, Transaction

NOTES = "SELECT note FROM notes ORDER BY id"


def add(tx: Transaction, note: str) -> int:
    row = tx.one("INSERT INTO notes (note) VALUES (:note) RETURNING id", note=note)
    assert row is not None
    return int(row["id"])


def add_and_fail(tx: Transaction, note: str) -> None:
    add(tx, note)
    raise LookupError(note)


def notes(tx: Transaction) -> list[str]:
    return [row["note"] for row in tx.all(NOTES)]


# --- Atomic, in order, visible -----------------------------------------------------------------


async def test_a_unit_gives_back_its_result_and_takes_arguments_by_name(store: Store) -> None:
    assert await store.write(add, note="a") == 1


async def test_what_is_written_is_seen_by_every_later_read(store: Store) -> None:
    for number in range(20):
        await store.write(add, str(number))
        assert len(await store.read(notes)) == number + 1


async def test_a_failing_unit_leaves_nothing_and_tells_its_error(store: Store) -> None:
    with pytest.raises(LookupError, match="lost"):
        await store.write(add_and_fail, "lost")
    assert await store.read(notes) == []


async def test_units_that_wait_together_run_in_their_order(store: Store) -> None:
    ids = await asyncio.gather(*(store.write(add, str(number)) for number in range(50)))
    assert ids == sorted(ids)
    assert await store.read(notes) == [str(number) for number in range(50)]


async def test_an_error_undoes_its_unit_and_no_neighbour(store: Store) -> None:
    results = await asyncio.gather(
        store.write(add, "one"),
        store.write(add_and_fail, "two"),
        store.write(add, "one"),  # against the unique index
        store.write(add, "three"),
        return_exceptions=True,
    )
    assert [type(result).__name__ for result in results] == [
        "int",
        "LookupError",
        "IntegrityError",
        "int",
    ]
    assert await store.read(notes) == ["one", "three"]


@pytest.mark.parametrize("error", [StopIteration(), asyncio.CancelledError(), SystemError("x")])
async def test_any_kind_of_error_reaches_the_caller_and_the_store_goes_on(
    store: Store, error: BaseException
) -> None:
    def fail(tx: Transaction) -> None:
        raise error

    with pytest.raises((RuntimeError, asyncio.CancelledError, SystemError)):
        await store.write(fail)
    await store.write(add, "still there")
    assert await store.read(notes) == ["still there"]


async def test_a_read_stands_on_one_snapshot_beside_the_writers(store: Store) -> None:
    loop = asyncio.get_running_loop()
    has_looked, has_written = asyncio.Event(), threading.Event()

    def look_twice(tx: Transaction) -> tuple[list[str], list[str]]:
        before = notes(tx)
        loop.call_soon_threadsafe(has_looked.set)
        has_written.wait(5)
        return before, notes(tx)

    reading = asyncio.create_task(store.read(look_twice))
    await has_looked.wait()
    await store.write(add, "meanwhile")
    has_written.set()
    assert await reading == ([], [])


async def test_a_glance_sees_what_is_committed_and_nothing_that_is_under_way(
    store: Store,
) -> None:
    has_written, has_looked = threading.Event(), threading.Event()

    def write_slowly(tx: Transaction) -> None:
        add(tx, "later")
        has_written.set()
        has_looked.wait(5)

    await store.write(add, "before")
    writing = asyncio.create_task(store.write_later(write_slowly))
    await asyncio.to_thread(has_written.wait, 5)
    assert await store.glance(notes) == ["before"]
    has_looked.set()
    await writing
    assert await store.glance(notes) == ["before", "later"]


@pytest.mark.parametrize("way", ["read", "glance"])
async def test_a_read_cannot_write(store: Store, way: str) -> None:
    look = getattr(store, way)
    with pytest.raises(Exception, match="readonly"):
        await look(add, "forbidden")
    assert await look(notes) == []


@pytest.mark.parametrize("way", ["read", "glance"])
async def test_an_error_in_a_read_reaches_the_caller_and_the_reader_goes_on(
    store: Store, way: str
) -> None:
    look = getattr(store, way)

    def fail(tx: Transaction) -> None:
        notes(tx)
        raise LookupError

    for _ in range(5):  # more than there are readers
        with pytest.raises(LookupError):
            await look(fail)
    assert await look(notes) == []


async def test_text_that_cannot_be_stored_is_replaced_on_entry(store: Store) -> None:
    await store.write(add, "a\0b\ud800c ☃")
    assert await store.read(notes) == ["a�b�c ☃"]
    await store.write(
        lambda tx: tx.run_many("INSERT INTO notes (note) VALUES (:note)", [{"note": "\udfff"}])
    )
    assert await store.read(notes) == ["a�b�c ☃", "�"]


async def test_the_rest_of_a_returning_statement_does_not_stand_in_the_way(store: Store) -> None:
    def add_three(tx: Transaction) -> None:
        tx.one("INSERT INTO notes (note) VALUES ('a'), ('b'), ('c') RETURNING id")

    await store.write(add_three)
    assert await store.read(notes) == ["a", "b", "c"]


# --- Told only after COMMIT --------------------------------------------------------------------


async def test_no_result_and_no_error_is_told_before_the_commit(store: Store, adapter: Any) -> None:
    seen: list[tuple[str, bool]] = []

    async def watch(unit: Any, note: str, expected: str) -> None:
        try:
            await store.write(unit, note)
        except LookupError:
            pass
        finally:
            seen.append((note, expected in adapter.committed(NOTES)))

    for turn in range(10):
        # The failing unit's neighbour must be committed when the error is told.
        await asyncio.gather(
            watch(add, f"kept {turn}", f"kept {turn}"),
            watch(add_and_fail, f"failed {turn}", f"kept {turn}"),
        )
    assert len(seen) == 20
    assert all(is_committed for _, is_committed in seen)


async def test_a_commit_that_fails_costs_only_the_guilty_unit(store: Store, adapter: Any) -> None:
    def orphan(tx: Transaction) -> None:
        tx.run("INSERT INTO children (parent) VALUES (99)")  # judged at COMMIT

    results = await asyncio.gather(
        store.write(add, "before"),
        store.write(orphan),
        store.write(add_and_fail, "failed"),
        store.write(add, "after"),
        return_exceptions=True,
    )
    assert [type(result).__name__ for result in results] == [
        "int",
        "IntegrityError",
        "LookupError",
        "int",
    ]
    assert adapter.committed(NOTES) == ["before", "after"]
    assert adapter.committed("SELECT id FROM children") == []


async def test_the_store_serves_on_after_a_failed_commit(store: Store) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"):
        await store.write(lambda tx: tx.run("INSERT INTO children (parent) VALUES (99)"))
    await store.write(add, "next")
    assert await store.read(notes) == ["next"]


# --- Cancelled callers -------------------------------------------------------------------------


async def test_a_cancelled_caller_costs_nobody_else_anything(store: Store) -> None:
    tasks = [asyncio.create_task(store.write(add, str(number))) for number in range(20)]
    await asyncio.sleep(0)  # now they wait
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
    assert await store.read(notes) == [str(number) for number in range(1, 20, 2)]


async def test_a_unit_whose_caller_went_during_the_commit_is_kept_once(store: Store) -> None:
    ran = asyncio.Event()

    def add_and_say(tx: Transaction) -> int:
        ran.set()
        return add(tx, "kept")

    task = asyncio.create_task(store.write(add_and_say))
    await ran.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.write(add, "next")
    assert await store.read(notes) == ["kept", "next"]


async def test_a_cancelled_read_frees_its_reader(store: Store) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    loop = asyncio.get_running_loop()
    for _ in range(4):  # more than there are readers
        has_begun = asyncio.Event()

        def read_on(tx: Transaction, begun: asyncio.Event = has_begun) -> Any:
            tx.all("SELECT 1")
            loop.call_soon_threadsafe(begun.set)
            return tx.one(endless)

        task = asyncio.create_task(store.read(read_on))
        await has_begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(4):
        assert await store.read(notes) == []


# --- The second lane ---------------------------------------------------------------------------


async def test_the_second_lane_delays_the_first_by_one_unit_at_most(store: Store) -> None:
    order: list[str] = []
    loop = asyncio.get_running_loop()
    has_begun, may_end = asyncio.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        loop.call_soon_threadsafe(has_begun.set)
        may_end.wait(5)
        order.append("later")

    background = [asyncio.create_task(store.write_later(slow)) for _ in range(3)]
    await has_begun.wait()
    urgent = asyncio.create_task(store.write(lambda tx: order.append("first")))
    await asyncio.sleep(0)
    may_end.set()
    await asyncio.gather(urgent, *background)
    assert order == ["later", "first", "later", "later"]


async def test_the_second_lane_is_served_however_busy_the_first_is(store: Store) -> None:
    later = asyncio.create_task(store.write_later(add, "patient"))
    async with asyncio.timeout(5):
        while not later.done():
            await asyncio.gather(*(store.write(lambda tx: None) for _ in range(5)))
    assert await store.read(notes) == ["patient"]


async def test_units_of_the_second_lane_fail_alone_too(store: Store) -> None:
    results = await asyncio.gather(
        store.write_later(add_and_fail, "failed"),
        store.write_later(add, "kept"),
        return_exceptions=True,
    )
    assert isinstance(results[0], LookupError)
    assert await store.read(notes) == ["kept"]


# --- The end -----------------------------------------------------------------------------------


async def test_closing_finishes_what_waits_and_takes_nothing_more(adapter: Any) -> None:
    store = await adapter.open()
    await store.write(lambda tx: tx.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)"))
    tasks = [asyncio.create_task(store.write(add, str(number))) for number in range(50)]
    tasks += [asyncio.create_task(store.write_later(add, "later")) for _ in range(5)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*tasks)
    assert len(adapter.committed(NOTES)) == 55
    with pytest.raises(Exception, match="closed"):
        await store.write(add, "too late")


KILLED = """
import asyncio, sys
from inventory.sqlite.store import SqliteStore

def add(tx, number):
    tx.run("INSERT INTO notes (id) VALUES (:id)", id=number)
    return number

async def main():
    store = await SqliteStore.open(sys.argv[1])
    await store.write(lambda tx: tx.run("CREATE TABLE notes (id INTEGER PRIMARY KEY)"))
    async def write_on(start):
        for number in range(start, 10**9, 8):
            print(await store.write(add, number), flush=True)
    await asyncio.gather(*(write_on(start) for start in range(8)))

asyncio.run(main())
"""


def told_until_killed(path: Any) -> list[int]:
    """What a process under load was told before it was killed in the middle of its work."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(200)]
        os.kill(process.pid, signal.SIGKILL)
        return told + [int(line) for line in process.stdout.read().splitlines()]


async def test_what_write_has_returned_survives_a_kill(adapter: Any) -> None:
    told = told_until_killed(adapter.path)
    async with await adapter.open() as store:
        kept = await store.read(lambda tx: {row["id"] for row in tx.all("SELECT id FROM notes")})
        assert await store.integrity_check() == []
    assert kept.issuperset(told)
