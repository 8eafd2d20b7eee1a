"""What became of connection requests, as the device's log tells it."""

from pathlib import Path
from typing import Any

import pytest

from inventory import access, devices, reachability
from inventory.devices import Setup
from inventory.secrets import Vault
from inventory.sqlite.store import SqliteStore


class Log:
    """The log of one device, to which outcomes are reported."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store

    async def report(self, *outcomes: str, device_id: int = 1) -> None:
        for outcome in outcomes:
            await self.store.write(reachability.report, device_id, outcome, "Why.", 5.0)

    async def lines(self) -> list[tuple[str, str]]:
        sql = "SELECT kind, text FROM device_log ORDER BY id"
        return await self.store.read(lambda tx: [tuple(row) for row in tx.all(sql)])


@pytest.fixture
async def log(tmp_path: Path) -> Any:
    setup = Setup(Vault.load(tmp_path / "keys"))
    async with await SqliteStore.open(tmp_path / "inventory.db") as store:
        await store.write(
            devices.create, access.of_the_house("tests"), {"name": "router"}, setup, 1.0
        )
        yield Log(store)


REFUSED = ("alert", "connection request: refused with 401")
UNREACHABLE = ("alert", "connection request: unreachable")
ACCEPTED = ("event", "connection request: accepted")


async def test_a_refused_connection_request_is_one_line_however_often_it_is_refused(log):
    await log.report("refused", "refused", "refused")
    assert await log.lines() == [REFUSED]


async def test_each_change_of_the_outcome_is_a_line(log):
    await log.report("accepted", "refused", "unreachable", "unreachable", "accepted", "accepted")
    assert await log.lines() == [REFUSED, UNREACHABLE, ACCEPTED]


async def test_a_device_that_answers_and_is_busy_now_and_then_is_no_news(log):
    await log.report("accepted", "busy", "accepted", "busy")
    assert await log.lines() == []


async def test_what_became_of_calling_a_device_that_is_gone_is_dropped(log):
    await log.report("refused", device_id=9)
    assert await log.lines() == []
