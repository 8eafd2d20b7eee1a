"""Organizations: whose devices they are. Global things: callers bound to some see only those."""

from collections.abc import Mapping
from typing import Any

from inventory import audit
from inventory.access import Caller, only
from inventory.errors import Conflict, Invalid, NotFound
from inventory.query import Expected, Page, Window
from inventory.records import organizations as records
from inventory.records import tokens
from inventory.records.organizations import Organization
from inventory.store import Transaction

__all__ = [
    "Organization",
    "change",
    "create",
    "default_for",
    "delete",
    "get",
    "list_organizations",
]


def list_organizations(
    tx: Transaction, caller: Caller, name: str | None, window: Window
) -> Page[Organization]:
    return records.page(tx, caller.scope, name, window)


def get(tx: Transaction, caller: Caller, organization_id: int) -> Organization:
    organization = records.by_id(tx, caller.scope, organization_id)
    if organization is None:
        raise NotFound("organization", organization_id)
    return organization


def default_for(tx: Transaction, caller: Caller) -> int | None:
    """Whose a thing is that names no organization: the caller's only one, else the default one.

    None when he does not see that one: then he has to name one.
    """
    if own := only(caller.organizations):
        return own
    default = records.default(tx).id
    return default if caller.sees(default) else None


def create(
    tx: Transaction, caller: Caller, name: str, description: str | None, now: float
) -> Organization:
    _must_be_free(tx, name)
    organization = records.insert(tx, name, description, now)
    _record(tx, caller, "create", organization, {"name": name}, now)
    return organization


def change(
    tx: Transaction,
    caller: Caller,
    organization_id: int,
    changes: Mapping[str, Any],
    expected: Expected,
    now: float,
) -> Organization:
    """Changes ``name`` and ``description`` where they are given."""
    before = get(tx, caller, organization_id)
    expected.check(before.tag)
    name = changes.get("name", before.name)
    description = changes.get("description", before.description)
    if (name, description) == (before.name, before.description):
        return before
    if name != before.name:
        _must_be_free(tx, name)
    after = records.update(tx, organization_id, name, description, now)
    _record(tx, caller, "change", after, changes, now)
    return after


def delete(
    tx: Transaction, caller: Caller, organization_id: int, expected: Expected, now: float
) -> None:
    organization = get(tx, caller, organization_id)
    expected.check(organization.tag)
    _must_be_unused(tx, organization)
    records.delete(tx, organization_id)
    _record(tx, caller, "delete", organization, {"name": organization.name}, now)


def _must_be_free(tx: Transaction, name: str) -> None:
    if records.by_name(tx, name):
        raise Invalid({"name": ["organization with this name already exists."]})


def _must_be_unused(tx: Transaction, organization: Organization) -> None:
    if organization.is_default:
        raise Conflict("The default organization cannot be deleted.")
    if records.has_devices(tx, organization.id):
        raise Conflict(f"Organization {organization.name} still has devices.")
    if records.has_locations(tx, organization.id):
        raise Conflict(f"Organization {organization.name} still has locations.")
    # A token that loses its only organization would be bound to none, and see everything.
    if names := tokens.bound_to(tx, organization.id):
        raise Conflict(f"Organization {organization.name} has API tokens: {', '.join(names)}.")


def _record(
    tx: Transaction,
    caller: Caller,
    action: str,
    organization: Organization,
    details: Mapping[str, Any],
    now: float,
) -> None:
    number = organization.id
    audit.record(tx, caller, action, "organization", number, number, "done", details, now)
