"""Queries run beside the writer, each on a snapshot, on a few connections of their own."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from inventory.sqlite.connection import Connection
from inventory.sqlite.transaction import SqliteTransaction

T = TypeVar("T")

READ_S = 5.0  # a longer query holds old pages in the WAL file for everybody
CHECK_STEPS = 100_000  # virtual machine steps between two looks at the clock, about 2 ms


class Readers:
    """A pool; the connection used last is taken first, its page cache is warm."""

    def __init__(self, connections: Sequence[Connection], longest_s: float = READ_S) -> None:
        self._longest_s = longest_s
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in connections:
            self._free.put_nowait(connection)

    async def read(
        self, query: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> T:
        connection = await self._free.get()
        patience = Patience(monotonic() + self._longest_s)
        try:
            return await connection.hop(run, connection.raw, patience, query, args, kwargs)
        except asyncio.CancelledError:
            patience.end = 0.0
            raise
        finally:
            self._free.put_nowait(connection)


@dataclass(slots=True)
class Patience:
    """Until when a query may run, by the monotonic clock."""

    end: float

    def is_over(self) -> bool:
        return monotonic() > self.end


def run(
    raw: sqlite3.Connection,
    patience: Patience,
    query: Callable[..., T],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> T:
    """Runs the query on the state of the last COMMIT. On the connection's thread."""
    raw.set_progress_handler(patience.is_over, CHECK_STEPS)
    raw.execute("BEGIN")
    try:
        return query(SqliteTransaction(raw), *args, **kwargs)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        raise TimeoutError("The query took too long.") from error
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
