"""Devices from a file: each row becomes a new device, a change of one, or a list of complaints.

A row has the fields of the API, and is held to its rules, in its words. It is matched by name: what
differs is changed, so a file may be taken in again at any time. Organization, type, firmware image
and location may be given by name; where a row has both name and id, as an export has, they must
agree, so that a file cannot be taken for another server's by mistake.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, get_args

from pydantic import Field

from acs.tables import Row
from api.fields import Text
from api.models import body_of
from api.resources.device_models import DeviceBody
from api.words import NON_FIELD
from inventory import devices
from inventory.access import Caller
from inventory.devices import Family, Key, Setup
from inventory.errors import Conflict, Invalid
from inventory.query import ANY_VERSION, EVERYTHING
from inventory.records import devices as device_records
from inventory.records import firmware, organizations, savepoints, types
from inventory.records.devices import Device
from inventory.records.firmware import Image
from inventory.records.organizations import Organization
from inventory.records.types import DeviceType
from inventory.store import Transaction

Fields = dict[str, Any]
IdOrName = Annotated[Text, Field(max_length=255)]


class DeviceRow(DeviceBody):
    """A device in a file: ids may be names, and names of what an id means are read too."""

    organization_id: IdOrName | None = None  # type: ignore[assignment]
    organization: IdOrName | None = None  # type: ignore[assignment]
    organization_name: IdOrName | None = None
    type: IdOrName | None = None  # type: ignore[assignment]
    type_short_name: IdOrName | None = None
    firmware_image: IdOrName | None = None  # type: ignore[assignment]
    location: IdOrName | None = None  # type: ignore[assignment]


# What has no value in CSV is null where the field may be null, else it is not given.
_NEVER_NULL = frozenset(
    name
    for name, declared in DeviceRow.model_fields.items()
    if type(None) not in get_args(declared.annotation)
)


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a row; ``errors`` by field, in the words of the API."""

    line: int
    outcome: Outcome
    errors: Mapping[str, Any] = field(default_factory=dict)


class Rehearsed(Exception):
    """Undoes a unit whose outcome was to be seen and not kept."""

    def __init__(self, verdicts: list[Verdict]) -> None:
        super().__init__(f"{len(verdicts)} rows")
        self.verdicts = verdicts


@dataclass(frozen=True, slots=True)
class Entry:
    """A row whose fields have been read, or could not be."""

    line: int
    fields: Fields
    errors: Mapping[str, Any] | None = None


def read(row: Row) -> Entry:
    """Reads the row's fields by the rules of the API."""
    if row.fault is not None:
        return Entry(row.line, {}, {NON_FIELD: [row.fault]})
    given = {
        name: value
        for name, value in row.fields.items()
        if value is not None or name not in _NEVER_NULL
    }
    try:
        return Entry(row.line, body_of(DeviceRow, given).given())
    except Invalid as error:
        return Entry(row.line, {}, error.fields)


def rehearse(
    tx: Transaction, caller: Caller, entries: Sequence[Entry], setup: Setup, now: float
) -> None:
    """Raises Rehearsed with the verdicts of :func:`take`, so that nothing is kept."""
    raise Rehearsed(take(tx, caller, entries, setup, now))


def take(
    tx: Transaction, caller: Caller, entries: Sequence[Entry], setup: Setup, now: float
) -> list[Verdict]:
    """Takes the entries in, each whole or not at all."""
    return [_take(tx, caller, entry, setup, now) for entry in entries]


def _take(tx: Transaction, caller: Caller, entry: Entry, setup: Setup, now: float) -> Verdict:
    if entry.errors is not None:
        return Verdict(entry.line, Outcome.REFUSED, entry.errors)
    try:
        with savepoints.part(tx):
            return Verdict(entry.line, _keep(tx, caller, entry.fields, setup, now))
    except Invalid as error:
        return Verdict(entry.line, Outcome.REFUSED, error.fields)
    except Conflict as error:
        return Verdict(entry.line, Outcome.REFUSED, {NON_FIELD: [str(error)]})


def _keep(tx: Transaction, caller: Caller, fields: Fields, setup: Setup, now: float) -> Outcome:
    fields = _resolved(tx, fields)
    held = device_records.by_name(tx, EVERYTHING, fields["name"])
    if held is None:
        devices.add(tx, caller, fields, setup, now)
        return Outcome.CREATED
    key = Key(Family.ID, held.id)
    news = {name: value for name, value in fields.items() if not _is_blank(held, name, value)}
    after = devices.change(tx, caller, key, news, setup, ANY_VERSION, now).device
    return Outcome.UNCHANGED if after.version == held.version else Outcome.CHANGED


def _is_blank(held: Device, name: str, value: Any) -> bool:
    """CSV cannot tell an empty text from none, so none does not replace it."""
    return value is None and getattr(held, name, None) == ""


# --- What the row refers to ------------------------------------------------------------------

Thing = Organization | DeviceType | Image


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that holds an id, and may hold a name; in ``beside`` the name stands by itself."""

    field: str
    beside: str
    what: str
    by_id: Callable[[Transaction, int], Thing | None]
    by_name: Callable[[Transaction, str], Thing | None]
    name_of: str = "name"

    def resolve(self, tx: Transaction, fields: Fields) -> None:
        """Puts the id in place of the name; raises Invalid."""
        given = fields.get(self.field)
        name = fields.pop(self.beside, None)
        if given is None and name is None:
            return
        if given is None:
            fields[self.field] = self._named(tx, self.beside, str(name)).id
        elif not given.isdecimal():
            fields[self.field] = self._named(tx, self.field, given).id
        else:
            fields[self.field] = int(given[:18])
        if name is not None:
            self._must_agree(tx, fields[self.field], name)

    def _named(self, tx: Transaction, field: str, name: str) -> Thing:
        found = self.by_name(tx, name)
        if found is None:
            raise Invalid({field: [f"Object with {self.name_of}={name} does not exist."]})
        return found

    def _must_agree(self, tx: Transaction, number: int, name: str) -> None:
        found = self.by_id(tx, number)
        if found is not None and getattr(found, self.name_of) != name:
            raise Invalid({self.beside: [f"{self.what} {number} has another name."]})


def _organization(tx: Transaction, number: int) -> Organization | None:
    return organizations.by_id(tx, EVERYTHING, number)


REFERENCES = (
    Reference(
        "organization",
        "",
        "Organization",
        _organization,
        organizations.by_name,
    ),
    Reference(
        "organization_id",
        "organization_name",
        "Organization",
        _organization,
        organizations.by_name,
    ),
    Reference("type", "type_short_name", "Type", types.by_id, types.by_short_name, "short_name"),
    Reference("firmware_image", "", "Image", firmware.by_id, firmware.by_name),
)


def _resolved(tx: Transaction, fields: Fields) -> Fields:
    """The fields with ids for names; raises Invalid with all complaints."""
    left = dict(fields)
    errors: dict[str, Any] = {}
    for reference in REFERENCES:
        try:
            reference.resolve(tx, left)
        except Invalid as error:
            errors |= error.fields
    if errors:
        raise Invalid(errors)
    _resolve_location(left)
    return left


def _resolve_location(fields: Fields) -> None:
    """A name is another field's business, which finds or makes the location."""
    given = fields.get("location")
    if given is not None and given.isdecimal():
        fields["location"] = int(given[:18])
    elif given is not None:
        del fields["location"]
        if fields.setdefault("location_name", given) != given:
            raise Invalid({"location_name": [f"The location is {given}."]})
