"""`acs token`: the operator's way to make, see and end API tokens."""

import asyncio
import time

import pytest
from click.testing import CliRunner

from acs.cli import main
from inventory import access
from inventory.access import Role
from inventory.sqlite.store import SqliteStore


@pytest.fixture
def database(tmp_path):
    return tmp_path / "below" / "acs.db"


@pytest.fixture
def token(database):
    def run(*arguments):
        return CliRunner().invoke(main, ["token", *arguments, "--db", str(database)])

    return run


def authenticated(database, secret, now):
    async def ask():
        async with await SqliteStore.open(database) as store:
            return await store.read(access.authenticate, secret, now)

    return asyncio.run(ask())


def test_create_prints_a_secret_that_lets_its_holder_in(token, database):
    result = token("create", "--name", "ci", "--role", "operator")
    assert result.exit_code == 0
    found = authenticated(database, result.output.strip(), time.time())
    assert (found.name, found.role, found.organizations) == ("ci", Role.OPERATOR, None)


def test_a_token_ends_after_the_time_it_was_given(token, database):
    secret = token("create", "--name", "ci", "--expires", "2h").output.strip()
    assert authenticated(database, secret, time.time() + 7100)
    assert authenticated(database, secret, time.time() + 7300) is None


@pytest.mark.parametrize("text", ["90", "d", "-1d", "0d", "1.5h", "90 d", "٣d"])
def test_an_expiry_that_is_no_duration_is_refused(token, text):
    result = token("create", "--name", "ci", "--expires", text)
    assert result.exit_code == 2
    assert "90d" in result.output


def test_a_token_for_an_organization_that_is_not_there_is_refused(token):
    result = token("create", "--name", "ci", "--organization", "77")
    assert result.exit_code == 1
    assert '"77"' in result.output


def test_two_tokens_cannot_have_one_name(token):
    token("create", "--name", "ci")
    again = token("create", "--name", "ci")
    assert again.exit_code == 1
    assert "name" in again.output


def test_list_shows_each_token_and_no_secret(token):
    secret = token("create", "--name", "ci", "--role", "viewer", "--expires", "90d").output.strip()
    listed = token("list").output
    assert "viewer" in listed
    assert "valid until" in listed
    assert secret not in listed


@pytest.mark.parametrize("key", ["ci", "1"])
def test_a_token_is_revoked_by_name_or_id(token, database, key):
    secret = token("create", "--name", "ci").output.strip()
    assert token("revoke", key).exit_code == 0
    assert authenticated(database, secret, time.time()) is None
    assert "revoked" in token("list").output


def test_a_name_of_digits_is_not_taken_for_an_id(token, database):
    kept = token("create", "--name", "first").output.strip()
    ended = token("create", "--name", "1").output.strip()
    token("revoke", "1")
    assert authenticated(database, kept, time.time())
    assert authenticated(database, ended, time.time()) is None


def test_revoking_what_is_not_there_is_an_error(token):
    result = token("revoke", "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.output
