"""What each device is to be like, what of it still waits, and what is queued to change that.

Wanted are the settings of the device's type, as far as they are of the device's data model, and
above them its own. Current is what the parameter cache holds. What differs is sent in one
SetParameterValues; the cache then holds what was taken, and :func:`review` finds nothing left.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory import operations, sealed_variables, settings
from inventory.operations import Kind, Origin, Priority, State
from inventory.parameters import HeldValue
from inventory.paths import select
from inventory.query import EVERYTHING
from inventory.recalling import recall_in
from inventory.records import devices as device_records
from inventory.records import operations as operation_records
from inventory.records import settings as records
from inventory.records import types as type_records
from inventory.records.devices import Device
from inventory.records.settings import Own
from inventory.records.values import Model
from inventory.secrets import Vault
from inventory.settings import Setting
from inventory.store import Transaction

PURPOSE = "settings"
APPLYING = frozenset({Kind.SYNC, Kind.RECONF, Kind.FACTORY, Kind.DEVICE_FACTORY})
ROLLED_OUT_AT_ONCE = 25  # devices in one unit: each one's cache is read
SPREAD_S = 600  # over which a changed template reaches its devices


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wanted setting beside what the device has."""

    setting: Setting
    is_own: bool
    changed: float
    held: HeldValue | None

    @property
    def is_pending(self) -> bool:
        """Whether the device is not known to have the wanted value."""
        wanted = self.setting.value
        if wanted is None:
            return False
        if self.held is None:
            return True
        value_type = self.held.value_type or self.setting.value_type
        return not settings.is_same(wanted, self.held.value, value_type)


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that a device is to be like, and what of it is no longer sent."""

    wanted: tuple[Wanted, ...]
    set_aside: frozenset[str] = frozenset()


def of_device(tx: Transaction, device_id: int, vault: Vault) -> Configuration:
    """For an operation that applies it."""
    device = device_records.by_id(tx, EVERYTHING, device_id)
    if device is None:
        return Configuration(())
    aside = frozenset(records.set_aside(tx, device_id))
    return Configuration(tuple(wanted(tx, device, vault)), aside)


def apply_anew(tx: Transaction, device_id: int, now: float) -> None:
    """A device that has lost its configuration gets it again, unless that is on its way already."""
    if not records.has_wanted(tx, device_id):
        return
    if operation_records.open_kinds(tx, device_id, APPLYING - {Kind.SYNC}):
        return
    operations.queue(
        tx,
        device_id,
        Kind.RECONF,
        {},
        now,
        origin=Origin.SYSTEM,
        priority=Priority.ENROLMENT,
    )


def drop_own(tx: Transaction, device_id: int) -> None:
    """Only the type's template counts from now on; the device's own choices are gone."""
    records.drop_own(tx, device_id)
    device_records.drop_choices(tx, device_id)


def model_of(device: Device) -> Model:
    return Model(
        device.manufacturer or "",
        device.oui or "",
        device.product_class or "",
        device.software_version or "",
    )


def wanted(tx: Transaction, device: Device, vault: Vault) -> list[Wanted]:
    """All that is wanted of the device, by path, beside what it has."""
    template = _template(tx, device, vault)
    own = {each.path: each for each in records.own(tx, device.id)}
    merged = settings.overlaid(list(template), [revealed(each, vault) for each in own.values()])
    held = _held(tx, device, list(merged), vault)
    changed = _template_changed(tx, device) if template else 0.0
    return [
        Wanted(
            setting,
            is_own=path in own,
            changed=own[path].last_change if path in own else changed,
            held=held.get(path),
        )
        for path, setting in merged.items()
    ]


def _template(tx: Transaction, device: Device, vault: Vault) -> Sequence[Setting]:
    if device.type_id is None:
        return ()
    lines = type_records.template(tx, device.type_id)
    return [
        settings.reveal(line, vault) for line in lines if line.path.startswith(device.root or "")
    ]


def _template_changed(tx: Transaction, device: Device) -> float:
    found = type_records.by_id(tx, device.type_id or 0)
    return found.last_change if found is not None else 0.0


def revealed(own: Own, vault: Vault) -> Setting:
    """A device's own setting, in clear."""
    value = own.value if own.sealed is None else vault.open(own.sealed)
    return Setting(own.path, value, own.value_type)


def _held(
    tx: Transaction, device: Device, paths: Sequence[str], vault: Vault
) -> Mapping[str, HeldValue]:
    if not paths or device.unique_identifier is None:
        return {}
    return {
        each.path: each for each in recall_in(tx, vault, device.id, model_of(device), select(paths))
    }


# --- What waits ------------------------------------------------------------------------------


def review(tx: Transaction, device_id: int, vault: Vault, now: float) -> None:
    """Finds out anew whether settings of the device wait; after whatever may have changed that."""
    device = device_records.by_id(tx, EVERYTHING, device_id)
    if device is not None:
        is_pending = any(each.is_pending for each in wanted(tx, device, vault))
        records.set_pending(tx, device_id, is_pending, now)


def confirm(tx: Transaction, device_id: int, vault: Vault, now: float) -> None:
    """Looks whether the settings that wait still do, after the device has told or taken values."""
    if records.is_pending(tx, device_id):
        review(tx, device_id, vault, now)


def send_differences(
    tx: Transaction,
    device: Device,
    vault: Vault,
    now: float,
    *,
    created_by: str | None,
    origin: Origin = Origin.PERSON,
    priority: Priority = Priority.PERSON,
    due: float | None = None,
) -> bool:
    """Queues setting what differs, in the place of what was queued so before and has not started.

    Whether there was anything to queue. Nothing is sent to a device whose data model is not known
    yet: it is told everything when it is first seen.
    """
    _withdraw(tx, device.id, now)
    differing = [each.setting for each in wanted(tx, device, vault) if each.is_pending]
    sent = [setting for setting in differing if setting.path.startswith(device.root or "-")]
    records.set_pending(tx, device.id, bool(differing), now)
    if not sent:
        return False
    variables = [
        {
            "variable_name": setting.path,
            "value": setting.value,
            "value_type": setting.value_type,
        }
        for setting in sent
    ]
    request = {"variables": sealed_variables.seal(variables, vault), "purpose": PURPOSE}
    operations.queue(
        tx,
        device.id,
        Kind.SET,
        request,
        now,
        origin=origin,
        priority=priority,
        due=due,
        created_by=created_by,
    )
    return True


def _withdraw(tx: Transaction, device_id: int, now: float) -> None:
    for row in operation_records.open_kinds(tx, device_id, {Kind.SET}):
        operation = operations.read(row)
        if operation.request.get("purpose") == PURPOSE and operation.state is not State.RUNNING:
            operations.cancel(tx, operation.id, now)


# --- A changed template ----------------------------------------------------------------------


def roll_out(tx: Transaction, vault: Vault, now: float) -> bool:
    """Tells a changed template to some devices of its type; whether there is more to do.

    The devices are reached over :data:`SPREAD_S`, each at its own time, and people's operations go
    first. How far it is stands in the type's row, so a crash loses nothing.
    """
    found = records.rolling_out(tx)
    if found is None:
        return False
    type_id, after = found
    ids = records.next_of_type(tx, type_id, after, ROLLED_OUT_AT_ONCE)
    for device_id in ids:
        device = device_records.by_id(tx, EVERYTHING, device_id)
        assert device is not None
        send_differences(
            tx,
            device,
            vault,
            now,
            created_by=None,
            origin=Origin.SYSTEM,
            priority=Priority.LOW,
            due=now + zlib.crc32(device.uuid.encode()) % SPREAD_S,
        )
    records.rolled_out(tx, type_id, ids[-1] if ids else None)
    return True
