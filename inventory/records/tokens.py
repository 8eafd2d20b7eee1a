"""Rows of the API tokens and of the organizations that they are bound to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inventory.query import EVERYTHING, Page, Scope, Window
from inventory.query import tag as tag_of
from inventory.records.where import Where
from inventory.store import Row, Transaction


class Role(StrEnum):
    """Each one may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        return _RANK[self] >= _RANK[other]


_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as it is kept: without its secret."""

    id: int
    name: str
    role: Role
    organizations: frozenset[int] | None
    """None: bound to no organization, and sees all."""
    created: float
    created_by: str | None
    expires: float | None
    last_used: float | None
    revoked: float | None

    def is_valid(self, now: float) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)

    @property
    def tag(self) -> str:
        return tag_of("token", self.id, self.revoked)


COUNT = "SELECT count(*) FROM tokens"
INSERT = """
INSERT INTO tokens (name, digest, role, created, created_by, expires)
VALUES (:name, :digest, :role, :created, :created_by, :expires) RETURNING id
"""
BIND = """
INSERT INTO token_organizations (token_id, organization_id) VALUES (:token_id, :organization_id)
"""
BOUND = """
SELECT organization_id FROM token_organizations WHERE token_id = :token_id
"""
SELECT = """
SELECT id, name, role, created, created_by, expires, last_used, revoked FROM tokens
"""
# A bound caller sees the tokens that are bound, and to nothing outside his own organizations.
WITHIN = """
id IN (SELECT token_id FROM token_organizations)
AND id NOT IN (SELECT token_id FROM token_organizations WHERE organization_id NOT IN ({own}))
"""
NO_ROW = "-1"
TAKEN_BY = """
SELECT name FROM tokens JOIN token_organizations ON token_id = id
WHERE organization_id = :organization_id AND revoked IS NULL ORDER BY name
"""


def insert(
    tx: Transaction,
    name: str,
    digest: str,
    role: Role,
    organizations: Iterable[int],
    expires: float | None,
    created: float,
    created_by: str | None,
) -> int:
    row = tx.one(
        INSERT,
        name=name,
        digest=digest,
        role=role.value,
        created=created,
        created_by=created_by,
        expires=expires,
    )
    assert row is not None
    token_id: int = row[0]
    tx.run_many(
        BIND, [{"token_id": token_id, "organization_id": number} for number in organizations]
    )
    return token_id


def by_digest(tx: Transaction, digest: str) -> Token | None:
    row = tx.one(SELECT + "WHERE digest = :digest", digest=digest)
    return _token(tx, row) if row else None


def by_name(tx: Transaction, name: str) -> Token | None:
    row = tx.one(SELECT + "WHERE name = :name", name=name)
    return _token(tx, row) if row else None


def by_id(tx: Transaction, scope: Scope, token_id: int) -> Token | None:
    where = _within(scope).equal("id", token_id)
    row = tx.one(SELECT + where.sql, **where.parameters)
    return _token(tx, row) if row else None


def page(tx: Transaction, scope: Scope, window: Window) -> Page[Token]:
    where = _within(scope)
    rows = tx.all(
        f"{SELECT} {where.sql} ORDER BY id LIMIT :limit OFFSET :offset",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    count = tx.one(f"{COUNT} {where.sql}", **where.parameters)
    assert count is not None
    return Page([_token(tx, row) for row in rows], count[0])


def revoke(tx: Transaction, token_id: int, now: float) -> None:
    tx.run(
        "UPDATE tokens SET revoked = :now WHERE id = :id AND revoked IS NULL", id=token_id, now=now
    )


def touch(tx: Transaction, token_id: int, now: float) -> None:
    tx.run("UPDATE tokens SET last_used = :now WHERE id = :id", id=token_id, now=now)


def bound_to(tx: Transaction, organization_id: int) -> list[str]:
    """Names of the unrevoked tokens that are bound to the organization."""
    return [row[0] for row in tx.all(TAKEN_BY, organization_id=organization_id)]


def any_exists(tx: Transaction) -> bool:
    return tx.one("SELECT 1 FROM tokens LIMIT 1") is not None


def _within(scope: Scope) -> Where:
    where = Where(EVERYTHING)
    if scope.organizations is None:
        return where
    own = ", ".join(str(int(number)) for number in sorted(scope.organizations)) or NO_ROW
    return where.holds(WITHIN.format(own=own))


def _token(tx: Transaction, row: Row) -> Token:
    number, name, role, *times = row
    bound = frozenset(row[0] for row in tx.all(BOUND, token_id=number)) or None
    return Token(number, name, Role(role), bound, *times)
