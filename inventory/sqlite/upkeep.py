"""Care of the database file while it is in use: checkpoints, backup, size, integrity.

All of it runs on a connection of its own, so that neither writers nor readers stand behind it.
"""

import asyncio
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from inventory.sqlite.connection import Connection, connect
from inventory.sqlite.writer import Writer

CHECKPOINT_CHANGES = 4_000  # changed rows between two checkpoints, some MB of WAL
CATCH_UP_PAGES = 4_000  # a WAL longer than this (16 MB) is written back while the writer pauses
BACKUP_PAGES = 4_096  # per step; between two steps other threads get the interpreter


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes on disk; ``free_bytes`` of ``database_bytes`` wait to be used again."""

    database_bytes: int
    wal_bytes: int
    free_bytes: int


class Upkeep:
    """Checkpoints on its own account as the writer goes on; the rest when asked."""

    def __init__(self, path: Path, connection: Connection, writer: Writer) -> None:
        self._path = path
        self._connection = connection
        self._writer = writer
        self._changes_written_back = 0
        self._checkpointing: asyncio.Task[None] | None = None
        writer.on_commit(self._checkpoint_when_due)

    async def checkpoint(self) -> None:
        """Writes the WAL back beside the writers; pauses them for the rest if it has grown long.

        Under steady load a checkpoint beside the writers never sees the end of the WAL, and only a
        WAL that was written back to its end is begun anew.
        """
        self._changes_written_back = self._writer.changes
        pages = await self._connection.hop(write_back, self._connection.raw)
        if pages > CATCH_UP_PAGES:
            async with self._writer.paused():
                await self._connection.hop(write_back, self._connection.raw)

    async def backup(self, target: Path) -> None:
        """Writes the present state to ``target``, whole or not at all, for its owner's eyes."""
        part = target.with_name(target.name + ".part")
        source = await connect(self._path, reads_only=True)
        try:
            await source.hop(copy_snapshot, source.raw, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
            await source.close()

    async def integrity_check(self) -> list[str]:
        """What is wrong with the file; nothing is the hoped-for answer."""
        return await self._connection.hop(find_damage, self._connection.raw)

    async def size(self) -> Size:
        return await self._connection.hop(measure, self._connection.raw, self._path)

    async def close(self) -> None:
        """Writes back what the writer, now closed, has left in the WAL."""
        if self._checkpointing is not None:
            await self._checkpointing
        await self.checkpoint()

    def _checkpoint_when_due(self) -> None:
        if self._writer.changes - self._changes_written_back < CHECKPOINT_CHANGES:
            return
        if self._checkpointing is None or self._checkpointing.done():
            self._checkpointing = asyncio.create_task(self.checkpoint(), name="checkpoint")


def write_back(raw: sqlite3.Connection) -> int:
    """One checkpoint; returns how many pages the WAL holds, written back or not."""
    return int(raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])


def copy_snapshot(source: sqlite3.Connection, part: Path) -> None:
    """Copies what the database is at this moment, however much is written meanwhile."""
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with closing(sqlite3.connect(part)) as copy:
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master").fetchone()  # the snapshot begins here
        source.backup(copy, pages=BACKUP_PAGES, sleep=0)
        source.execute("ROLLBACK")
    with part.open("rb") as file:
        os.fsync(file.fileno())


def find_damage(raw: sqlite3.Connection) -> list[str]:
    rows = raw.execute("PRAGMA integrity_check").fetchall()
    broken = raw.execute("PRAGMA foreign_key_check").fetchall()
    return [row[0] for row in rows if row[0] != "ok"] + [
        f"row {row[1]} of {row[0]} refers to nothing in {row[2]}" for row in broken
    ]


def measure(raw: sqlite3.Connection, path: Path) -> Size:
    page = int(raw.execute("PRAGMA page_size").fetchone()[0])
    wal = path.with_name(path.name + "-wal")
    return Size(
        database_bytes=int(raw.execute("PRAGMA page_count").fetchone()[0]) * page,
        wal_bytes=wal.stat().st_size if wal.exists() else 0,
        free_bytes=int(raw.execute("PRAGMA freelist_count").fetchone()[0]) * page,
    )
