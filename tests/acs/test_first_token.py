"""The admin token of the first start: made once, told once, and nowhere in the clear but there."""

import stat
import sys
import time

import pytest

from acs import first_token
from inventory import access
from inventory.access import Role
from inventory.sqlite.store import SqliteStore


@pytest.fixture
def database(tmp_path):
    return tmp_path / "acs.db"


@pytest.fixture
async def store(database):
    async with await SqliteStore.open(database) as opened:
        yield opened


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


async def is_admin(store, secret):
    token = await store.read(access.authenticate, secret, time.time())
    return token is not None and token.role is Role.ADMIN and token.organizations is None


async def test_on_a_terminal_it_is_shown_there_and_nowhere_else(store, database, terminal):
    news = await first_token.ensure(store, None, database, time.time())
    assert await is_admin(store, news.rpartition(" ")[2])
    assert not database.with_name("acs.db.token").exists()


async def test_without_terminal_only_its_owner_can_read_it_in_a_file(store, database):
    file = database.with_name("acs.db.token")
    news = await first_token.ensure(store, None, database, time.time())
    secret = file.read_text().strip()
    assert await is_admin(store, secret)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert str(file) in news
    assert secret not in news


async def test_a_file_that_others_could_read_is_closed_to_them(store, database):
    file = database.with_name("acs.db.token")
    file.touch(mode=0o644)
    await first_token.ensure(store, None, database, time.time())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_link_laid_in_its_place_is_not_followed(store, database, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    database.with_name("acs.db.token").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic links"):
        await first_token.ensure(store, None, database, time.time())
    assert not elsewhere.exists()


async def test_a_chosen_one_works_and_is_not_told_again(store, database):
    assert await first_token.ensure(store, "chosen by me", database, time.time()) is None
    assert await is_admin(store, "chosen by me")
    assert not database.with_name("acs.db.token").exists()


async def test_later_starts_make_none(store, database, terminal):
    assert await first_token.ensure(store, None, database, time.time())
    assert await first_token.ensure(store, None, database, time.time()) is None
    assert await first_token.ensure(store, "chosen later", database, time.time()) is None
    assert not await is_admin(store, "chosen later")
