"""API tokens as their holders manage them: nobody makes one that may do more than his own."""

from collections.abc import Sequence

from inventory import access, audit
from inventory.access import Caller, Role, Token
from inventory.errors import Forbidden, Invalid, NotFound
from inventory.query import Expected, Page, Window
from inventory.records import organizations
from inventory.records import tokens as records
from inventory.store import Transaction


def list_tokens(tx: Transaction, caller: Caller, window: Window) -> Page[Token]:
    return records.page(tx, caller.scope, window)


def get(tx: Transaction, caller: Caller, token_id: int) -> Token:
    token = records.by_id(tx, caller.scope, token_id)
    if token is None:
        raise NotFound("API token", token_id)
    return token


def issue(
    tx: Transaction,
    caller: Caller,
    name: str,
    role: Role,
    organization_ids: Sequence[int],
    expires: float | None,
    secret: str,
    now: float,
) -> Token:
    """Makes a token for somebody; without organizations it is bound like the caller himself."""
    bound = frozenset(organization_ids) or caller.organizations
    _must_not_be_broader(caller, role, bound, expires)
    _must_make_sense(tx, name, organization_ids, expires, now)
    token, _ = access.create_token(tx, name, role, bound, expires, now, caller.name, secret)
    details = {"name": name, "role": role.value, "organizations": sorted(bound or ())}
    audit.record(
        tx,
        caller,
        "create",
        "api_token",
        token.id,
        access.only(token.organizations),
        "done",
        details,
        now,
    )
    return token


def revoke(tx: Transaction, caller: Caller, token_id: int, expected: Expected, now: float) -> None:
    """Ends a token for good; its row stays, so that the audit can be read."""
    token = get(tx, caller, token_id)
    expected.check(token.tag)
    if token.revoked is not None:
        return
    access.revoke_token(tx, caller.scope, token_id, now)
    details = {"name": token.name}
    audit.record(
        tx,
        caller,
        "revoke",
        "api_token",
        token_id,
        access.only(token.organizations),
        "done",
        details,
        now,
    )


def _must_not_be_broader(
    caller: Caller, role: Role, bound: frozenset[int] | None, expires: float | None
) -> None:
    caller.require(role)
    if caller.organizations is not None and not (bound and bound <= caller.organizations):
        raise Forbidden
    if caller.expires is not None and (expires is None or expires > caller.expires):
        raise Forbidden


def _must_make_sense(
    tx: Transaction, name: str, organization_ids: Sequence[int], expires: float | None, now: float
) -> None:
    errors: dict[str, list[str]] = {}
    if records.by_name(tx, name):
        errors["name"] = ["API token with this name already exists."]
    if missing := organizations.missing(tx, organization_ids):
        errors["organizations"] = [
            f'Invalid pk "{number}" - object does not exist.' for number in missing
        ]
    if expires is not None and expires <= now:
        errors["expires"] = ["This time is in the past."]
    if errors:
        raise Invalid(errors)
