"""Who asks, and what he may: callers, and the tokens that they prove themselves with.

Every unit that works for a person takes a :class:`Caller`, and every query over things that belong
to an organization takes his ``scope``. A token's secret is 256 bits of chance; only its SHA-256 is
kept, so that the database gives nobody a way in.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from inventory.errors import Forbidden, NotFound
from inventory.query import EVERYTHING, Scope
from inventory.records import tokens as records
from inventory.records.tokens import Role, Token
from inventory.store import Transaction

__all__ = [
    "Caller",
    "Role",
    "Token",
    "authenticate",
    "create_token",
    "digest",
    "has_tokens",
    "new_secret",
    "of_the_house",
    "only",
    "revoke_token",
]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a token's holder, the operator at the console, or the server itself."""

    token_id: int | None
    name: str
    role: Role
    organizations: frozenset[int] | None
    """None: not bound, sees all."""
    source: str | None = None
    """The address that he speaks from."""
    request_id: str | None = None
    expires: float | None = None

    @property
    def scope(self) -> Scope:
        return Scope(self.organizations)

    def require(self, role: Role) -> None:
        """Raises Forbidden unless the caller has this role or a higher one."""
        if not self.role.includes(role):
            raise Forbidden

    def sees(self, organization_id: int | None) -> bool:
        return self.scope.covers(organization_id)

    def may_name(self, organization_id: int) -> None:
        """Raises Forbidden when a body or a filter names an organization outside the scope."""
        if not self.sees(organization_id):
            raise Forbidden

    def require_unbound(self) -> None:
        """Raises Forbidden for callers bound to organizations: what is global they only read."""
        if self.organizations is not None:
            raise Forbidden


def only(organizations: Collection[int] | None) -> int | None:
    """The organization of what belongs to just one."""
    return next(iter(organizations)) if organizations and len(organizations) == 1 else None


def of_the_house(name: str) -> Caller:
    """The caller for work that no token asks for: the console, the scheduler, the server."""
    return Caller(None, name, Role.ADMIN, None)


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_token(
    tx: Transaction,
    name: str,
    role: Role,
    organizations: Collection[int] | None,
    expires_at: float | None,
    now: float,
    created_by: str | None,
    secret: str | None = None,
) -> tuple[Token, str]:
    """Makes a token, asking nobody; returns it with its secret, which is told this once."""
    secret = secret or new_secret()
    token_id = records.insert(
        tx, name, digest(secret), role, organizations or (), expires_at, now, created_by
    )
    token = records.by_id(tx, EVERYTHING, token_id)
    assert token is not None
    return token, secret


def authenticate(tx: Transaction, secret: str, now: float) -> Token | None:
    """The token of this secret, unless it is unknown, expired or revoked."""
    token = records.by_digest(tx, digest(secret))
    return token if token and token.is_valid(now) else None


def revoke_token(tx: Transaction, scope: Scope, token_id: int, now: float) -> Token:
    """Ends a token for good; raises NotFound outside the scope."""
    token = records.by_id(tx, scope, token_id)
    if token is None:
        raise NotFound("API token", token_id)
    records.revoke(tx, token_id, now)
    return token


def has_tokens(tx: Transaction) -> bool:
    """False on the first start, when somebody must be given a way in."""
    return records.any_exists(tx)
