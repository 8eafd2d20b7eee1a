"""Queries run beside the writer, each on a snapshot, on a few connections of their own.

A thread that waits for the interpreter lock makes the loop's thread give it away at each statement
of its own; with one look-up of every session in such a thread the server did half as much. So what
looks up a few rows by their keys runs on the loop's thread, on a connection that is always free.
"""

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

    def __init__(
        self, connections: Sequence[Connection], at_hand: Connection, longest_s: float = READ_S
    ) -> None:
        self._longest_s = longest_s
        self._at_hand = at_hand.raw
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

    def glance(self, query: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Runs a query of a few keyed rows on the caller's thread, the loop's."""
        return on_snapshot(self._at_hand, query, args, kwargs)


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
    """Runs the query within its time. On the connection's thread."""
    raw.set_progress_handler(patience.is_over, CHECK_STEPS)
    try:
        return on_snapshot(raw, query, args, kwargs)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        raise TimeoutError("The query took too long.") from error


def on_snapshot(
    raw: sqlite3.Connection,
    query: Callable[..., T],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> T:
    """Runs the query on the state of the last COMMIT."""
    raw.execute("BEGIN")
    try:
        return query(SqliteTransaction(raw), *args, **kwargs)
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
