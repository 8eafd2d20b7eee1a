"""Devices as people see and change them: one unit for each thing that may be asked.

The rules of each field are in ``device_fields``; here is what follows from them: what is queued for
the device, what is written, and what the audit is told. Nobody sees a device of another
organization: to him it does not exist.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from inventory import audit, configuration, credentials, departures, intervals, triggers, upgrades
from inventory.access import Caller
from inventory.credentials import Pair
from inventory.device_fields import DEFAULTS, LEARNED, Background, Draft, Fields
from inventory.errors import Ambiguous, DeviceInactive, NotFound
from inventory.operations import Kind, Origin
from inventory.query import Expected, Page, Scope, Window
from inventory.query import tag as tag_of
from inventory.records import devices as records
from inventory.records import operations as operation_records
from inventory.records import types as type_records
from inventory.records.devices import Device, Filter, Order
from inventory.secrets import Vault
from inventory.store import Transaction

DELETED_AT_ONCE = 500
NAMED_IF_AMBIGUOUS = 20


class Family(Enum):
    """The three keys under which the same devices are served."""

    NAME = "name"
    SERIAL = "serial_number"
    ID = "id"

    @property
    def field(self) -> str:
        """What the key is called beside other things, where ``id`` is theirs."""
        return "device_id" if self is Family.ID else self.value


@dataclass(frozen=True, slots=True)
class Key:
    family: Family
    value: str | int

    def is_of(self, device: Device) -> bool:
        return bool(getattr(device, self.family.value) == self.value)


@dataclass(frozen=True, slots=True)
class Setup:
    """What the operator of the server has decided for all devices."""

    vault: Vault
    interval_s: int = 300
    """Periodic inform interval of devices that have none of their own or of their type."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The device after a change, and whether it has work to be woken for."""

    device: Device
    has_work: bool


def tag(device: Device) -> str:
    """Changes with the record, not with each Inform."""
    return tag_of("device", device.id, device.version)


# --- Seeing ----------------------------------------------------------------------------------


def get(tx: Transaction, caller: Caller, key: Key) -> Device:
    """Raises NotFound, or Ambiguous for a serial number that several devices have."""
    return _found(tx, caller.scope, key)


def _found(tx: Transaction, scope: Scope, key: Key) -> Device:
    if key.family is Family.SERIAL:
        return _by_serial(tx, scope, str(key.value))
    if key.family is Family.NAME:
        device = records.by_name(tx, scope, str(key.value))
    else:
        device = records.by_id(tx, scope, int(key.value))
    if device is None:
        raise NotFound("device", key.value)
    return device


def _by_serial(tx: Transaction, scope: Scope, serial_number: str) -> Device:
    found = records.by_serial(tx, scope, serial_number, NAMED_IF_AMBIGUOUS)
    if not found:
        raise NotFound("device", serial_number)
    if len(found) > 1:
        raise Ambiguous("Serial number", serial_number, [device.name for device in found])
    return found[0]


def page(
    tx: Transaction, caller: Caller, wanted: Filter, order: Order, window: Window
) -> Page[Device]:
    """Raises Forbidden when the filter names a foreign organization."""
    if wanted.organization_id is not None:
        caller.may_name(wanted.organization_id)
    return records.page(tx, caller.scope, wanted, order, window)


def behind(tx: Transaction, caller: Caller, after: int, limit: int) -> Sequence[Device]:
    """The next devices behind an id, by id: for going through all of them."""
    return records.behind(tx, caller.scope, after, limit)


# --- Creating and changing -------------------------------------------------------------------


def create(tx: Transaction, caller: Caller, fields: Fields, setup: Setup, now: float) -> Changed:
    """Pre-registers a device; raises Invalid, Forbidden or DeviceInactive."""
    return state_of(tx, add(tx, caller, fields, setup, now))


def add(tx: Transaction, caller: Caller, fields: Fields, setup: Setup, now: float) -> int:
    """The same for somebody who needs no more of it than its id."""
    draft = Draft(tx, caller, Background(None, setup.interval_s, now), {**DEFAULTS, **fields})
    pair = Pair(fields.get("username"), fields.get("password"))
    columns = {
        **draft.columns,
        **credentials.columns(pair, setup.vault),
        "uuid": str(uuid.uuid4()),
    }
    device_id = records.insert(tx, draft.interval_s, now, columns)
    if draft.wish.is_pending:
        device = _by_id(tx, device_id)
        _must_be_active(device.name, device.is_active)
        upgrades.queue(tx, device, draft.wish, now, caller.name)
        records.update(tx, device_id, now, {"firmware_image_is_pending": True})
    if columns["type_id"] is not None:  # nothing else is wanted of a device yet
        configuration.review(tx, device_id, setup.vault, now)
    name, organization_id = columns["name"], columns["organization_id"]
    told = _told(fields)
    audit.record(tx, caller, "create", "device", name, organization_id, "done", told, now)
    return device_id


def replace(
    tx: Transaction,
    caller: Caller,
    key: Key,
    fields: Fields,
    setup: Setup,
    expected: Expected,
    now: float,
) -> Changed:
    """A change that sets what is left out back to its default.

    Except user name, password, organization, type and what the device has told of itself.
    """
    device = get(tx, caller, key)
    kept = LEARNED if device.unique_identifier is not None else ()
    whole = {name: value for name, value in DEFAULTS.items() if name not in kept}
    if "location_name" not in fields:
        whole["location"] = None
    whole["firmware_image"] = _image_of_type(tx, fields.get("type", device.type_id))
    whole |= fields
    if _is_pending_as_before(device, whole):
        del whole["firmware_image_is_pending"]  # put back as it was shown: nothing is asked anew
    return change(tx, caller, key, whole, setup, expected, now)


def _is_pending_as_before(device: Device, fields: Fields) -> bool:
    same_image = fields["firmware_image"] == device.firmware_image_id
    is_pending = device.firmware_image_is_pending and fields["firmware_image_is_pending"]
    return bool(same_image and is_pending)


def _image_of_type(tx: Transaction, type_id: int | None) -> int | None:
    found = None if type_id is None else type_records.inherited(tx, type_id)
    return None if found is None else found.firmware_image_id


def change(
    tx: Transaction,
    caller: Caller,
    key: Key,
    fields: Fields,
    setup: Setup,
    expected: Expected,
    now: float,
) -> Changed:
    """Changes what ``fields`` names, and queues what the device must be told of it.

    Raises Invalid, Forbidden, PreconditionFailed, and a Conflict when an operation that is asked
    for, or was to be taken back, stands against it; nothing is changed then.
    """
    device = get(tx, caller, key)
    expected.check(tag(device))
    edit = _Edit(tx, caller, device, fields, setup, now)
    edit.carry_out()
    return state_of(tx, device.id)


class _Edit:
    """One change of one device."""

    def __init__(
        self,
        tx: Transaction,
        caller: Caller,
        device: Device,
        fields: Fields,
        setup: Setup,
        now: float,
    ) -> None:
        self._tx, self._caller, self._device = tx, caller, device
        self._fields, self._setup, self._now = fields, setup, now
        self._draft = Draft(tx, caller, Background(device, setup.interval_s, now), fields)

    def carry_out(self) -> None:
        self._pull_triggers()
        self._queue_download()
        columns = self._draft.columns | self._firmware() | self._credentials()
        changed = {name: value for name, value in columns.items() if value != self._held(name)}
        self._tell_interval()
        if not changed:
            return
        records.update(self._tx, self._device.id, self._now, changed)
        if self._draft.wish.takes_back():
            # Behind the record, which a Download that is taken back would else be seen in.
            upgrades.take_back(self._tx, self._device, self._draft.wish, self._now)
        if "type_id" in changed:
            self._pull({Kind.RECONF}, Origin.SYSTEM)
            configuration.review(self._tx, self._device.id, self._setup.vault, self._now)
        told = {
            name: value for name, value in self._fields.items() if name not in triggers.TRIGGERS
        }
        _record(self._tx, self._caller, "change", self._device, _told(told), self._now)

    def _held(self, column: str) -> Any:
        # Sealed columns are never read into the device; they are here only when they change.
        return getattr(self._device, column, ...)

    def _is_active(self) -> bool:
        return bool(self._draft.columns.get("is_active", self._device.is_active))

    def _pull_triggers(self) -> None:
        kinds = {kind for kind in triggers.TRIGGERS if self._fields.get(kind)}
        if kinds:
            _must_be_active(self._device.name, self._is_active())
            self._pull(kinds, Origin.PERSON)
            told = {"operations": sorted(kinds)}
            _record(self._tx, self._caller, "operate", self._device, told, self._now)

    def _pull(self, kinds: set[Kind], origin: Origin) -> None:
        triggers.pull(
            self._tx,
            self._device.id,
            kinds,
            self._now,
            created_by=self._caller.name,
            origin=origin,
        )

    def _queue_download(self) -> None:
        if not upgrades.needs_download(self._tx, self._device, self._draft.wish, self._now):
            return
        _must_be_active(self._device.name, self._is_active())
        upgrades.queue(self._tx, self._device, self._draft.wish, self._now, self._caller.name)
        told = {"operations": [Kind.DOWNLOAD]}
        _record(self._tx, self._caller, "operate", self._device, told, self._now)

    def _firmware(self) -> dict[str, Any]:
        wish = self._draft.wish
        is_pending = upgrades.is_pending(self._tx, self._device, wish, self._now)
        return {"firmware_image_is_pending": is_pending}

    def _credentials(self) -> dict[str, Any]:
        if not {"username", "password"} & self._fields.keys():
            return {}
        held = credentials.read(self._tx, self._device.id, self._setup.vault)
        username = self._fields.get("username", held.username)
        is_cleared = username is None and held.username is not None
        password = self._fields.get("password", None if is_cleared else held.password)
        new = Pair(username, password)
        if new == held:
            return {}
        if self._device.unique_identifier is None:
            return credentials.columns(new, self._setup.vault)
        return credentials.change(
            self._tx, self._device, new, self._setup.vault, self._now, self._caller.name
        )

    def _tell_interval(self) -> None:
        device = self._device
        held = device.update_frequency or device.type_update_frequency or self._setup.interval_s
        wanted = self._draft.interval_s
        if wanted != held:
            intervals.tell(self._tx, device, wanted, self._now, created_by=self._caller.name)


def touch(
    tx: Transaction, caller: Caller, device: Device, details: Mapping[str, Any], now: float
) -> Changed:
    """A change of what belongs to the device and stands in tables of its own."""
    records.update(tx, device.id, now, {})
    _record(tx, caller, "change", device, details, now)
    return state_of(tx, device.id)


def state_of(tx: Transaction, device_id: int) -> Changed:
    """The device as it is now."""
    device = _by_id(tx, device_id)
    return Changed(device, operation_records.has_open(tx, device_id))


def _by_id(tx: Transaction, device_id: int) -> Device:
    device = records.by_id(tx, Scope(None), device_id)
    assert device is not None
    return device


def _must_be_active(name: str, is_active: bool) -> None:
    if not is_active:
        raise DeviceInactive(name)


# --- Deleting --------------------------------------------------------------------------------


def delete_some_history(
    tx: Transaction, caller: Caller, key: Key, expected: Expected, now: float
) -> bool:
    """A bounded part of a deletion, to be repeated while it returns True.

    First its operations end, so that whoever waits for them is told; then they go.
    """
    device = get(tx, caller, key)
    expected.check(tag(device))
    if departures.depart(tx, device.id, now):
        return True
    return records.delete_history(tx, device.id, DELETED_AT_ONCE)


def delete(tx: Transaction, caller: Caller, key: Key, expected: Expected, now: float) -> int:
    """Deletes the device and what is left of it; its session finds itself superseded.

    Returns its id. The audit stays.
    """
    device = get(tx, caller, key)
    expected.check(tag(device))
    while departures.depart(tx, device.id, now):  # what was ordered since the last part
        pass
    records.delete(tx, device.id)
    _record(tx, caller, "delete", device, {"id": device.id}, now)
    return device.id


def _told(fields: Fields) -> dict[str, Any]:
    """The fields as the audit may hold them."""
    return {**fields, "password": "changed"} if "password" in fields else dict(fields)


def _record(
    tx: Transaction,
    caller: Caller,
    action: str,
    device: Device,
    details: Mapping[str, Any],
    now: float,
) -> None:
    audit.record(
        tx, caller, action, "device", device.name, device.organization_id, "done", details, now
    )
