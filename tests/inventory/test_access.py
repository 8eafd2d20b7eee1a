"""Callers and their tokens: what a role includes, what a scope shows, who proves to be whom."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import access, organizations, tokens
from inventory.access import Caller, Role
from inventory.errors import Forbidden, NotFound, PreconditionFailed
from inventory.query import EVERYTHING, Expected, Scope, Window, tag
from inventory.records.where import Where
from inventory.sqlite.store import SqliteStore

NOW = 1_700_000_000.0
HOUSE = access.of_the_house("tests")


@pytest.fixture
async def store(tmp_path):
    async with await SqliteStore.open(tmp_path / "inventory.db") as opened:
        yield opened


def bound(*organization_ids, role=Role.ADMIN):
    return Caller(1, "bound", role, frozenset(organization_ids))


def test_a_role_includes_those_before_it():
    for (low, lower), (high, higher) in itertools.product(enumerate(Role), repeat=2):
        assert higher.includes(lower) == (high >= low)


def test_a_caller_whose_role_is_too_low_is_refused():
    bound(1, role=Role.OPERATOR).require(Role.VIEWER)
    bound(1, role=Role.OPERATOR).require(Role.OPERATOR)
    with pytest.raises(Forbidden):
        bound(1, role=Role.OPERATOR).require(Role.ADMIN)


def test_a_bound_caller_sees_and_names_only_his_organizations():
    assert bound(1, 2).sees(2)
    assert not bound(1, 2).sees(3)
    assert not bound(1, 2).sees(None)
    bound(1, 2).may_name(1)
    with pytest.raises(Forbidden):
        bound(1, 2).may_name(3)
    with pytest.raises(Forbidden):
        bound(1).require_unbound()


def test_the_house_sees_and_may_everything():
    assert HOUSE.sees(7)
    assert HOUSE.sees(None)
    HOUSE.require(Role.ADMIN)
    HOUSE.require_unbound()


def test_a_caller_bound_to_nothing_at_all_sees_nothing():
    assert not Scope(frozenset()).covers(1)
    assert Where(Scope(frozenset())).sql == "WHERE 1 = 0"


def test_a_where_begins_with_the_scope_and_leaves_out_what_is_none():
    where = Where(Scope(frozenset({2, 1}))).equal("name", "a").equal("type_id", None)
    where.at_least("time", 1.0).at_most("time", None)
    assert where.sql == (
        "WHERE organization_id IN (:where_0, :where_1) AND name = :where_2 AND time >= :where_3"
    )
    assert where.parameters == {"where_0": 1, "where_1": 2, "where_2": "a", "where_3": 1.0}
    assert Where(EVERYTHING).sql == ""


def test_a_tag_changes_with_each_fact_and_not_with_how_a_number_is_written():
    assert tag("device", 1, 2.0) == tag("device", 1, 2)
    assert len({tag("a", 1), tag("a", 2), tag("b", 1), tag("a", None), tag("a", "1")}) == 5


def test_an_expected_version_is_one_of_the_tags_or_any():
    Expected(None).check("a")
    Expected(frozenset({"*"})).check("a")
    Expected(frozenset({"b", "a"})).check("a")
    with pytest.raises(PreconditionFailed):
        Expected(frozenset({"b"})).check("a")


@given(st.text(st.characters(), max_size=100))
def test_any_text_has_a_digest(secret):
    assert len(access.digest(secret)) == 64


def test_secrets_are_of_256_bits_and_differ():
    made = {access.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(secret) == 43 for secret in made)


async def test_a_secret_is_known_until_its_token_expires_or_is_revoked(store):
    token, secret = await store.write(
        access.create_token, "a", Role.VIEWER, None, NOW + 10, NOW, "console"
    )
    assert await store.read(access.authenticate, secret, NOW) == token
    assert (token.organizations, token.created_by) == (None, "console")
    assert await store.read(access.authenticate, secret + "x", NOW) is None
    assert await store.read(access.authenticate, secret, NOW + 10) is None

    _, other = await store.write(access.create_token, "b", Role.VIEWER, None, None, NOW, None)
    await store.write(access.revoke_token, EVERYTHING, 2, NOW)
    assert await store.read(access.authenticate, other, NOW) is None


async def test_a_given_secret_is_taken(store):
    _, secret = await store.write(
        access.create_token, "first", Role.ADMIN, None, None, NOW, None, "chosen elsewhere"
    )
    assert secret == "chosen elsewhere"
    assert await store.read(access.authenticate, "chosen elsewhere", NOW) is not None


async def test_the_first_start_has_no_tokens(store):
    assert not await store.read(access.has_tokens)
    await store.write(access.create_token, "a", Role.ADMIN, None, None, NOW, None)
    assert await store.read(access.has_tokens)


async def test_tokens_are_listed_and_revoked_within_a_scope(store):
    north = (await store.write(organizations.create, HOUSE, "North", None, NOW)).id
    for name, owners in (("all", None), ("default", {1}), ("both", {1, north}), ("north", {north})):
        await store.write(access.create_token, name, Role.VIEWER, owners, None, NOW, None)

    async def names(scope):
        caller = Caller(None, "somebody", Role.ADMIN, scope.organizations)
        page = await store.read(tokens.list_tokens, caller, Window())
        assert page.count == len(page.items)
        return [token.name for token in page.items]

    assert await names(EVERYTHING) == ["all", "default", "both", "north"]
    assert await names(Scope(frozenset({north}))) == ["north"]
    assert await names(Scope(frozenset({1, north}))) == ["default", "both", "north"]
    assert await names(Scope(frozenset())) == []

    with pytest.raises(NotFound):
        await store.write(access.revoke_token, Scope(frozenset({north})), 3, NOW)
    assert (await store.write(access.revoke_token, EVERYTHING, 3, NOW)).name == "both"
