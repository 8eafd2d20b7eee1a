"""Group commit: all units that wait are run together, each in its savepoint, and committed once.

- Units of the first lane run on the event loop's thread, COMMIT on the connection's own: the units
  are short, and handing each of their statements to another thread costs more than the SQL.
  What arrives while a COMMIT runs is the next batch.
- Units of the second lane run alone on the connection's thread, when the first lane is empty or
  when they have waited too long.
- Nothing is told before COMMIT, errors included: an error may rest on what a neighbour did.
- When SQLite gives up a whole batch (disk full, I/O error, failed COMMIT), its units are run again
  one by one, so that only the guilty one fails.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic, perf_counter, sleep
from typing import Any

from inventory.errors import Unavailable
from inventory.sqlite.connection import Connection
from inventory.sqlite.transaction import SqliteTransaction

BATCH_S = 0.010  # a batch takes no further unit after this long on the loop's thread
PATIENCE_S = 0.100  # the second lane gets a turn after this long, however busy the first is
BUSY_S = 5.0  # how long another process may hold the database before units fail
LOOK_S = 0.001  # between two attempts to get it meanwhile


class StoreClosed(Unavailable):
    def __init__(self) -> None:
        super().__init__("The store is closed.")


@dataclass(slots=True, eq=False)
class Waiting:
    """A unit in its lane; ``result`` or ``error`` is told when its COMMIT has returned."""

    unit: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    told: asyncio.Future[Any]
    since: float  # by the loop's clock
    result: Any = None
    error: BaseException | None = None

    def perform(self, tx: SqliteTransaction) -> None:
        self.result, self.error = self.unit(tx, *self.args, **self.kwargs), None

    def tell(self) -> None:
        if self.told.done():  # the caller was cancelled
            return
        if self.error is None:
            self.told.set_result(self.result)
        elif isinstance(self.error, StopIteration):  # a future cannot carry it
            self.told.set_exception(RuntimeError("a unit raised StopIteration"))
        else:
            self.told.set_exception(self.error)


class Writer:
    """The one connection that writes, and the lanes before it.

    A caller may be cancelled: its unit is run whole, or, when it had not begun yet, not at all.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._raw = connection.raw
        self._tx = SqliteTransaction(self._raw)
        self._first: deque[Waiting] = deque()
        self._later: deque[Waiting] = deque()
        self._loop = asyncio.get_running_loop()
        self._work = asyncio.Event()
        self._turn = asyncio.Lock()
        self._is_closing = False
        self._on_commit: Callable[[], None] = lambda: None
        self._serving = self._loop.create_task(self._serve(), name="storage writer")

    def first(
        self, unit: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> asyncio.Future[Any]:
        """Queues a unit in the lane of sessions and people."""
        return self._enter(self._first, unit, args, kwargs)

    def later(
        self, unit: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> asyncio.Future[Any]:
        """Queues a unit behind the first lane."""
        return self._enter(self._later, unit, args, kwargs)

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Calls ``listener`` after each batch."""
        self._on_commit = listener

    @property
    def changes(self) -> int:
        """Rows changed since the connection was opened."""
        return self._raw.total_changes

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """No transaction is open on the connection meanwhile, and none begins."""
        async with self._turn:
            yield

    async def close(self) -> None:
        """Takes no further unit and finishes those that wait."""
        self._is_closing = True
        self._work.set()
        await self._serving

    def _enter(
        self,
        lane: deque[Waiting],
        unit: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> asyncio.Future[Any]:
        if self._is_closing:
            raise StoreClosed
        told = self._loop.create_future()
        lane.append(Waiting(unit, args, kwargs, told, self._loop.time()))
        self._work.set()
        return told

    async def _serve(self) -> None:
        while True:
            if self._first or self._later:
                async with self._turn:
                    for waiting in await self._serve_a_lane():
                        waiting.tell()
                self._on_commit()
            elif self._is_closing:
                return
            else:
                self._work.clear()
                await self._work.wait()

    async def _serve_a_lane(self) -> list[Waiting]:
        if self._later and (not self._first or self._is_overdue(self._later[0])):
            alone = [self._later.popleft()]
            await self._connection.hop(self._run_alone, alone)
            return alone
        try:
            await self._begin()
        except sqlite3.Error as error:
            return self._refuse_first(error)
        batch: list[Waiting] = []
        try:
            self._perform_first(batch)
            await self._connection.hop(self._raw.execute, "COMMIT")
        except sqlite3.Error:
            await self._connection.hop(self._run_alone, batch)
        return batch

    def _refuse_first(self, error: sqlite3.Error) -> list[Waiting]:
        """All of the first lane gets the error: they have waited long enough together."""
        refused = list(self._first)
        self._first.clear()
        for waiting in refused:
            waiting.error = error
        return refused

    def _is_overdue(self, waiting: Waiting) -> bool:
        return self._loop.time() - waiting.since > PATIENCE_S

    async def _begin(self) -> None:
        self._abandon()  # what could not be rolled back before
        try:
            self._raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            await self._connection.hop(self._begin_patiently)

    def _begin_patiently(self) -> None:
        """Waits for another process; never on the loop's thread.

        SQLite's own waiting looks ever more seldom, and misses the moments in which one that takes
        the lock again and again, as an import does, lets go of it.
        """
        end = monotonic() + BUSY_S
        while True:
            try:
                self._raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not is_busy(error) or monotonic() > end:
                    raise
            else:
                return
            sleep(LOOK_S)

    def _perform_first(self, batch: list[Waiting]) -> None:
        """Moves units from the first lane into ``batch`` and runs them; an error loses them all."""
        end = perf_counter() + BATCH_S
        while self._first and perf_counter() < end:
            waiting = self._first.popleft()
            if not waiting.told.cancelled():
                batch.append(waiting)
                self._perform_in_savepoint(waiting)

    def _perform_in_savepoint(self, waiting: Waiting) -> None:
        execute = self._raw.execute
        execute("SAVEPOINT unit")
        try:
            waiting.perform(self._tx)
        except BaseException as error:
            waiting.error = error
            execute("ROLLBACK TO unit")  # fails when SQLite has given up the whole transaction
        execute("RELEASE unit")

    def _run_alone(self, units: Iterable[Waiting]) -> None:
        """Runs each unit in a transaction of its own. On the connection's thread."""
        for waiting in units:
            try:
                self._abandon()
                self._begin_patiently()
                waiting.perform(self._tx)
                self._raw.execute("COMMIT")
            except BaseException as error:
                waiting.error = error
                with suppress(sqlite3.Error):  # it is tried again before the next unit
                    self._abandon()

    def _abandon(self) -> None:
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")


def is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
