"""One SQLite connection with a thread of its own, and the settings that all of ours share.

aiosqlite gives the connection and the thread; the subclass runs a whole plain function there in
one hop, because each hand-over between threads costs more than the SQL of a short unit.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import aiosqlite

T = TypeVar("T")

OLDEST_SQLITE = (3, 35)  # RETURNING
STATEMENTS_KEPT = 512  # prepared ones per connection; all SQL of the house fits
JOURNAL_LIMIT_BYTES = 16 << 20  # what stays of the WAL file after a burst


class SqliteTooOld(Exception):
    def __init__(self) -> None:
        super().__init__(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 is needed.")


class Connection(aiosqlite.Connection):
    """A connection whose functions run on its own thread, one after another."""

    async def hop(self, function: Callable[..., T], /, *args: object) -> T:
        """Runs ``function(*args)`` on the connection's thread, to its end even when cancelled."""
        return cast("T", await self._execute(function, *args))  # type: ignore[no-untyped-call]

    @property
    def raw(self) -> sqlite3.Connection:
        """The connection itself: inside a hop, or while no hop is running."""
        return self._conn


async def connect(path: Path, *, reads_only: bool = False) -> Connection:
    """Opens one connection; it does not wait for locks unless told to."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise SqliteTooOld

    def connector() -> sqlite3.Connection:
        raw = sqlite3.connect(
            path,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_KEPT,
        )
        configure(raw, reads_only)
        return raw

    connection = Connection(connector, iter_chunk_size=64)
    await connection
    return connection


def configure(raw: sqlite3.Connection, reads_only: bool) -> None:
    raw.row_factory = sqlite3.Row
    raw.execute("PRAGMA synchronous = FULL")  # a WAL commit is durable only so
    raw.execute("PRAGMA foreign_keys = ON")
    raw.execute("PRAGMA wal_autocheckpoint = 0")  # a connection of its own does that
    raw.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES}")
    raw.execute("PRAGMA temp_store = MEMORY")
    if reads_only:
        raw.execute("PRAGMA query_only = ON")
