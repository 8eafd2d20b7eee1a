"""What only the SQLite adapter must bear: full disks, foreign locks, its file's care."""

import asyncio
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from inventory.sqlite.connection import connect
from inventory.sqlite.readers import Readers
from inventory.sqlite.store import SqliteStore
from inventory.sqlite.transaction import TransactionLost
from inventory.store import Transaction

NOTES = "SELECT note FROM notes ORDER BY id"


def add(tx: Transaction, note: str) -> None:
    tx.run("INSERT INTO notes (note) VALUES (:note)", note=note)


def count(tx: Transaction) -> int:
    row = tx.one("SELECT count(*) FROM notes")
    assert row is not None
    return int(row[0])


# --- A full disk -------------------------------------------------------------------------------


class Filler:
    """Units, and how often each was run."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    def small(self, tx: Transaction, note: str) -> None:
        self.runs.append(note)
        add(tx, note)

    def huge(self, tx: Transaction) -> None:
        self.runs.append("huge")
        for number in range(200):
            add(tx, f"{number} " + "x" * 4000)

    def stubborn(self, tx: Transaction) -> None:
        """Does not notice that there is no room, and goes on."""
        try:
            self.huge(tx)
        except sqlite3.OperationalError:
            add(tx, "stubborn")


@pytest.fixture
async def small_store(store: SqliteStore) -> SqliteStore:
    """A store whose disk has room for some 30 pages more."""

    def limit(tx: Transaction) -> None:
        pages = tx.one("PRAGMA page_count")
        assert pages is not None
        tx.all(f"PRAGMA max_page_count = {pages[0] + 30}")

    await store.write(limit)
    return store


async def test_a_full_disk_costs_only_the_unit_that_filled_it(
    small_store: SqliteStore, adapter: Any
) -> None:
    filler = Filler()
    seen: dict[str, bool] = {}

    async def write(note: str) -> None:
        await small_store.write(filler.small, note)
        seen[note] = note in adapter.committed(NOTES)

    results = await asyncio.gather(
        write("before"),
        small_store.write(filler.huge),
        write("after"),
        return_exceptions=True,
    )
    assert "full" in str(results[1])
    assert seen == {"before": True, "after": True}
    assert adapter.committed(NOTES) == ["before", "after"]
    # SQLite gave up the whole batch: what had run in it was run again.
    assert filler.runs.count("before") == 2


async def test_a_unit_that_swallows_the_error_writes_nothing_outside_a_transaction(
    small_store: SqliteStore, adapter: Any
) -> None:
    filler = Filler()
    results = await asyncio.gather(
        small_store.write(filler.small, "before"),
        small_store.write(filler.stubborn),
        small_store.write(filler.small, "after"),
        return_exceptions=True,
    )
    assert isinstance(results[1], TransactionLost)
    assert adapter.committed(NOTES) == ["before", "after"]


async def test_the_store_serves_on_when_there_is_room_again(small_store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await small_store.write(Filler().huge)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await small_store.write_later(Filler().huge)
    await small_store.write(lambda tx: tx.all("PRAGMA max_page_count = 100000") and None)
    await small_store.write(Filler().huge)
    assert await small_store.read(count) == 200


# --- Another process holds the database --------------------------------------------------------


@contextmanager
def lock(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        yield stranger


async def test_a_foreign_lock_is_waited_for_without_holding_up_the_event_loop(
    store: SqliteStore, adapter: Any
) -> None:
    with lock(adapter.path) as stranger:
        writing = [asyncio.create_task(store.write(add, str(number))) for number in range(3)]
        for _ in range(100):  # the loop turns, and reads go on
            assert await store.read(count) == 0
        assert not any(task.done() for task in writing)
        stranger.execute("ROLLBACK")
        await asyncio.gather(*writing)
    assert adapter.committed(NOTES) == ["0", "1", "2"]


async def test_when_a_foreign_lock_is_never_released_all_who_wait_are_told(
    store: SqliteStore, adapter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.sqlite.writer.BUSY_S", 0.02)
    with lock(adapter.path):
        refused = await asyncio.gather(
            *(store.write(add, str(number)) for number in range(3)),
            store.write_later(add, "later"),
            return_exceptions=True,
        )
    assert ["locked" in str(error) for error in refused] == [True] * 4
    await store.write(add, "next")
    assert adapter.committed(NOTES) == ["next"]


# --- Reads -------------------------------------------------------------------------------------


async def test_a_read_that_takes_too_long_is_ended(adapter: Any, store: SqliteStore) -> None:
    connection = await connect(adapter.path, reads_only=True)
    readers = Readers([connection], at_hand=connection, longest_s=0.05)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    try:
        with pytest.raises(TimeoutError):
            await readers.read(lambda tx: tx.one(endless), (), {})
        assert await readers.read(count, (), {}) == 0
    finally:
        await connection.close()


# --- The file ----------------------------------------------------------------------------------


async def test_the_file_is_durable_shrinkable_and_its_owners_alone(
    store: SqliteStore, adapter: Any
) -> None:
    def settings(tx: Transaction) -> dict[str, Any]:
        names = ("journal_mode", "synchronous", "auto_vacuum", "foreign_keys")
        rows = {name: tx.one(f"PRAGMA {name}") for name in names}
        return {name: row[0] for name, row in rows.items() if row is not None}

    assert await store.write(settings) == {
        "journal_mode": "wal",
        "synchronous": 2,
        "auto_vacuum": 2,
        "foreign_keys": 1,
    }
    assert stat.S_IMODE(adapter.path.stat().st_mode) == 0o600


async def test_a_checkpoint_brings_everything_into_the_database_file(
    store: SqliteStore, adapter: Any, tmp_path: Path
) -> None:
    await store.write(add, "kept")
    await store.checkpoint()
    alone = tmp_path / "alone.db"
    shutil.copy(adapter.path, alone)  # without its WAL
    with closing(sqlite3.connect(alone)) as copy:
        assert copy.execute(NOTES).fetchall() == [("kept",)]


async def test_the_wal_does_not_grow_without_end_under_load(store: SqliteStore) -> None:
    def rewrite(tx: Transaction, turn: int) -> None:
        tx.run("UPDATE notes SET note = substr(note, 1, 300) || :turn", turn=turn)

    many = [{"note": f"{number:0300}"} for number in range(4000)]
    await store.write(
        lambda tx: tx.run_many("INSERT INTO notes (note) VALUES (:note)", many),
    )
    for turn in range(24):  # 3 MB each, 70 MB in all
        await store.write(rewrite, turn)
    assert (await store.size()).wal_bytes < 40 << 20


async def test_freed_pages_are_given_back_step_by_step(store: SqliteStore) -> None:
    await store.write(
        lambda tx: tx.run_many(
            "INSERT INTO notes (note) VALUES (:note)",
            [{"note": f"{n} " + "x" * 2000} for n in range(400)],
        )
    )
    await store.write(lambda tx: tx.run("DELETE FROM notes"))
    before = await store.size()
    left = await store.vacuum_step(100)
    assert 0 < left * 4096 < before.free_bytes
    while await store.vacuum_step(100):
        pass
    after = await store.size()
    assert after.free_bytes == 0
    assert after.database_bytes < before.database_bytes


def part_files(folder: Path) -> list[Path]:
    return list(folder.glob("*.part"))


async def test_a_backup_is_one_moment_of_a_store_in_use(store: SqliteStore, tmp_path: Path) -> None:
    def add_pair(tx: Transaction, number: int) -> None:
        add(tx, f"{number} one")
        add(tx, f"{number} two")

    async def write_on() -> None:
        for number in range(300):
            await store.write(add_pair, number)

    writing = asyncio.create_task(write_on())
    for turn in range(3):
        await store.write(lambda tx: None)
        target = tmp_path / f"{turn}.backup"
        await store.backup(target)
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        async with await SqliteStore.open(target) as copy:
            assert await copy.integrity_check() == []
            assert await copy.read(count) % 2 == 0
    await writing
    assert part_files(tmp_path) == []


async def test_a_backup_that_fails_leaves_the_older_one(store: SqliteStore, tmp_path: Path) -> None:
    target = tmp_path / "is a folder"
    (target / "content").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        await store.backup(target)
    assert part_files(tmp_path) == []


async def test_a_reference_that_leads_nowhere_is_found(store: SqliteStore, adapter: Any) -> None:
    assert await store.integrity_check() == []
    with closing(sqlite3.connect(adapter.path)) as stranger, stranger:
        stranger.execute("INSERT INTO children (parent) VALUES (99)")
    assert await store.integrity_check() == ["row 1 of children refers to nothing in parents"]


async def test_an_open_store_costs_no_import_of_sqlite_utils_when_nothing_is_due(
    adapter: Any,
) -> None:
    async with await adapter.open():
        pass
    program = (
        "import asyncio, sys; from inventory.sqlite.store import SqliteStore\n"
        "async def main():\n"
        "    async with await SqliteStore.open(sys.argv[1]): pass\n"
        "asyncio.run(main()); assert 'sqlite_utils' not in sys.modules"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, str(adapter.path)], check=False
    )
    assert done.returncode == 0
