"""A part of a unit that fails leaves the rest of it alone."""

import contextlib

import pytest

from inventory.records import savepoints
from inventory.sqlite.store import SqliteStore


@pytest.fixture
async def store(tmp_path):
    async with await SqliteStore.open(tmp_path / "inventory.db") as store:
        yield store


async def test_a_failed_part_is_undone_and_the_rest_is_kept(store):
    def add(tx, name):
        tx.run("INSERT INTO organizations (name, created, last_change) VALUES (:n, 0, 0)", n=name)

    def unit(tx):
        add(tx, "before")
        with contextlib.suppress(KeyError), savepoints.part(tx):
            add(tx, "inside")
            raise KeyError
        with savepoints.part(tx):
            add(tx, "after")

    await store.write(unit)
    rows = await store.read(lambda tx: tx.all("SELECT name FROM organizations ORDER BY id"))
    assert [row["name"] for row in rows] == ["Default", "before", "after"]
