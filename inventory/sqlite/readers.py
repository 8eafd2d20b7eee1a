"""Queries run beside the writer, each on a snapshot, on a few connections of their own."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, TypeVar

from inventory.sqlite.connection import Connection
from inventory.sqlite.transaction import SqliteTransaction

T = TypeVar("T")

READ_S = 5.0  # a longer query holds old pages in the WAL file for everybody
CHECK_STEPS = 100_000  # virtual machine steps between two looks at the clock, about 2 ms


class Readers:
    """A pool; the connection used last is taken first, its page cache is warm."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in connections:
            self._free.put_nowait(connection)

    async def read(
        self, query: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> T:
        connection = await self._free.get()
        try:
            return await connection.hop(run_on_snapshot, connection.raw, query, args, kwargs)
        except asyncio.CancelledError:
            connection.raw.interrupt()
            raise
        finally:
            self._free.put_nowait(connection)


def run_on_snapshot(
    raw: sqlite3.Connection,
    query: Callable[..., T],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> T:
    """Runs one query on the state of the last COMMIT; ``TimeoutError`` after :data:`READ_S`."""
    deadline = monotonic() + READ_S
    raw.set_progress_handler(lambda: monotonic() > deadline, CHECK_STEPS)
    raw.execute("BEGIN")
    try:
        return query(SqliteTransaction(raw), *args, **kwargs)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise TimeoutError(f"the query took longer than {READ_S:g} s") from error
        raise
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
