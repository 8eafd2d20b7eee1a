"""Each storage adapter under one suite: how to open it, and how to look at it from outside."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from inventory.sqlite.store import SqliteStore


class Sqlite:
    """The SQLite adapter on one file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "inventory.db"

    async def open(self) -> SqliteStore:
        return await SqliteStore.open(self.path)

    def committed(self, sql: str) -> list[Any]:
        """The first column as a stranger sees it, who sees only what is committed."""
        with closing(sqlite3.connect(self.path)) as stranger:
            return [row[0] for row in stranger.execute(sql)]


ADAPTERS = {"sqlite": Sqlite}

SCRATCH = (
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT NOT NULL UNIQUE)",
    "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
    """CREATE TABLE children (
           id INTEGER PRIMARY KEY,
           parent INTEGER NOT NULL REFERENCES parents DEFERRABLE INITIALLY DEFERRED)""",
)


@pytest.fixture(params=sorted(ADAPTERS))
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Sqlite:
    return ADAPTERS[request.param](tmp_path)


@pytest.fixture
async def store(adapter: Sqlite) -> AsyncIterator[SqliteStore]:
    async with await adapter.open() as opened:
        for statement in SCRATCH:
            await opened.write(lambda tx, sql=statement: tx.run(sql))
        yield opened
