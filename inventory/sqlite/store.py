"""The store on SQLite: one writer with group commit, readers beside it, and care for the file.

The promises are in :mod:`inventory.store`, their keeping in the modules that this one joins.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from inventory.sqlite.connection import Connection, connect
from inventory.sqlite.holding import shared
from inventory.sqlite.readers import Readers
from inventory.sqlite.schema import prepare
from inventory.sqlite.upkeep import Size, Upkeep
from inventory.sqlite.writer import Writer
from inventory.store import Transaction

T = TypeVar("T")

VACUUM_PAGES = 256  # given back in one step, about 1 ms


class SqliteStore:
    """Fulfils :class:`inventory.store.Store`; made by :meth:`open`."""

    def __init__(
        self, writer: Writer, readers: Readers, upkeep: Upkeep, opened: AsyncExitStack
    ) -> None:
        self._writer, self._readers, self._upkeep = writer, readers, upkeep
        self._opened = opened

    @classmethod
    async def open(cls, path: Path | str, *, readers: int = 2) -> Self:
        """Creates or migrates the file and opens it; see :mod:`inventory.sqlite.schema`."""
        path = Path(path)
        async with AsyncExitStack() as opened:
            opened.enter_context(shared(path))
            await asyncio.to_thread(prepare, path)

            async def connected(*, reads_only: bool = False) -> Connection:
                connection = await connect(path, reads_only=reads_only)
                opened.push_async_callback(connection.close)
                return connection

            for_upkeep = await connected()
            pool = Readers(
                [await connected(reads_only=True) for _ in range(readers)],
                at_hand=await connected(reads_only=True),
            )
            writer = Writer(await connected())
            upkeep = Upkeep(path, for_upkeep, writer)
            opened.push_async_callback(upkeep.close)
            opened.push_async_callback(writer.close)
            return cls(writer, pool, upkeep, opened.pop_all())

    async def close(self) -> None:
        """Finishes the units that wait, writes everything into the database file, closes it."""
        await self._opened.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def write(self, unit: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Runs ``unit(tx, *args, **kwargs)`` in the lane of sessions and people."""
        return cast("T", await self._writer.first(unit, args, kwargs))

    async def write_later(self, unit: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """The same behind the first lane: imports, bulk planning, deletion, trimming."""
        return cast("T", await self._writer.later(unit, args, kwargs))

    async def read(self, query: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Runs ``query(tx, *args, **kwargs)`` on a snapshot, beside the writers.

        ``TimeoutError`` when it takes longer than 5 s.
        """
        return await self._readers.read(query, args, kwargs)

    async def glance(self, query: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """The same on this thread: a session's look-ups cost less than two hand-overs would."""
        return self._readers.glance(query, args, kwargs)

    async def checkpoint(self) -> None:
        """Writes the WAL back into the database file; also done as need arises."""
        await self._upkeep.checkpoint()

    async def backup(self, target: Path | str) -> None:
        """Writes the state of this moment to ``target`` while everything goes on."""
        await self._upkeep.backup(Path(target))

    async def vacuum_step(self, pages: int = VACUUM_PAGES) -> int:
        """Gives up to ``pages`` free pages back to the file system; returns how many are left."""
        return await self.write_later(shrink, pages)

    async def integrity_check(self) -> list[str]:
        """What is wrong with the file; an empty list when it is sound."""
        return await self._upkeep.integrity_check()

    async def size(self) -> Size:
        """What the database takes on disk."""
        return await self._upkeep.size()


def shrink(tx: Transaction, pages: int) -> int:
    tx.all(f"PRAGMA incremental_vacuum({int(pages)})")
    free = tx.one("PRAGMA freelist_count")
    return int(free[0]) if free else 0
