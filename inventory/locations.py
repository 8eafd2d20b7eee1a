"""Locations: places of an organization, whose coordinates its devices inherit."""

from collections.abc import Mapping
from typing import Any

from inventory import audit, coordinates, organizations
from inventory.access import Caller
from inventory.complaints import REQUIRED, Complaints, no_such, taken
from inventory.coordinates import BadCoordinate
from inventory.errors import Invalid, NotFound
from inventory.query import EVERYTHING, Expected, Page, Window
from inventory.records import locations as records
from inventory.records import organizations as organization_records
from inventory.records.locations import Location
from inventory.store import Transaction

__all__ = ["Location", "change", "create", "delete", "detach_some", "find_or_create", "get", "page"]

DEFAULTS: Mapping[str, Any] = {
    "short_name": None,
    "description": None,
    "address": None,
    "latitude": None,
    "longitude": None,
}
"""What a field is that a POST or PUT leaves out."""

DETACHED_AT_ONCE = 500


def page(
    tx: Transaction,
    caller: Caller,
    organization_id: int | None,
    name: str | None,
    window: Window,
) -> Page[Location]:
    if organization_id is not None:
        caller.may_name(organization_id)
    return records.page(tx, caller.scope, organization_id, name, window)


def get(tx: Transaction, caller: Caller, location_id: int) -> Location:
    location = records.by_id(tx, caller.scope, location_id)
    if location is None:
        raise NotFound("location", location_id)
    return location


def find_or_create(
    tx: Transaction, caller: Caller, organization_id: int, name: str, now: float
) -> Location:
    """The organization's location of this name."""
    found = records.by_name(tx, organization_id, name)
    if found is not None:
        return found
    columns = {**DEFAULTS, "organization_id": organization_id, "name": name}
    location = records.insert(tx, now, **columns)
    _record(tx, caller, "create", location, {"name": name}, now)
    return location


def create(tx: Transaction, caller: Caller, fields: Mapping[str, Any], now: float) -> Location:
    """``fields`` has a ``name``; what else it leaves out is the default."""
    organization_id = fields.get("organization_id", organizations.default_for(tx, caller))
    if organization_id is None:
        raise Invalid({"organization_id": [REQUIRED]})
    whole = {**DEFAULTS, **fields, "organization_id": organization_id}
    columns = _columns(tx, caller, None, whole)
    location = records.insert(tx, now, **columns)
    _record(tx, caller, "create", location, fields, now)
    return location


def change(
    tx: Transaction,
    caller: Caller,
    location_id: int,
    fields: Mapping[str, Any],
    expected: Expected,
    now: float,
) -> Location:
    """Changes what ``fields`` names."""
    before = get(tx, caller, location_id)
    expected.check(before.tag)
    held = {name: getattr(before, name) for name in ("organization_id", "name", *DEFAULTS)}
    columns = _columns(tx, caller, before, {**held, **fields})
    if columns == held:
        return before
    after = records.update(tx, location_id, now, **columns)
    _record(tx, caller, "change", after, fields, now)
    return after


def detach_some(tx: Transaction, caller: Caller, location_id: int, expected: Expected) -> bool:
    """Takes the location from some of its devices, before it is deleted; whether more may be."""
    expected.check(get(tx, caller, location_id).tag)
    return records.detach(tx, location_id, DETACHED_AT_ONCE)


def delete(
    tx: Transaction, caller: Caller, location_id: int, expected: Expected, now: float
) -> None:
    location = get(tx, caller, location_id)
    expected.check(location.tag)
    records.delete(tx, location_id)
    _record(tx, caller, "delete", location, {"name": location.name}, now)


def _columns(
    tx: Transaction, caller: Caller, before: Location | None, fields: Mapping[str, Any]
) -> dict[str, Any]:
    complaints = Complaints()
    columns = dict(fields)
    organization_id = columns["organization_id"]
    caller.may_name(organization_id)
    if organization_records.by_id(tx, EVERYTHING, organization_id) is None:
        complaints.about("organization_id", no_such(organization_id))
    if before is not None and organization_id != before.organization_id:
        complaints.about("organization_id", "A location cannot be given to another organization.")
    other = records.by_name(tx, organization_id, columns["name"])
    if other is not None and (before is None or other.id != before.id):
        complaints.about("name", taken("location", "name"))
    for axis in coordinates.LIMITS:
        try:
            given = columns[axis]
            columns[axis] = None if given is None else coordinates.parse(axis, given)
        except BadCoordinate as error:
            complaints.about(axis, str(error))
    complaints.raise_any()
    return columns


def _record(
    tx: Transaction,
    caller: Caller,
    action: str,
    location: Location,
    details: Mapping[str, Any],
    now: float,
) -> None:
    organization_id = location.organization_id
    audit.record(tx, caller, action, "location", location.id, organization_id, "done", details, now)
