"""What is queued to make devices what they are to be.

A set of settings names the parameters that it is for; what they are to hold is read when its turn
comes, so one that has waited long never sends what is not wanted any more.
"""

import zlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from inventory import configuration, intervals, operations, sealed_variables
from inventory.configuration import Wanted
from inventory.operations import Kind, Operation, Origin, Priority, State
from inventory.query import EVERYTHING
from inventory.records import devices as device_records
from inventory.records import operations as operation_records
from inventory.records import settings as records
from inventory.records.devices import Device
from inventory.secrets import Vault
from inventory.store import Transaction

PURPOSE = "settings"
APPLYING = frozenset({Kind.SYNC, Kind.RECONF, Kind.FACTORY, Kind.DEVICE_FACTORY})
ROLLED_OUT_AT_ONCE = 25  # devices in one unit: each one's cache is read
SPREAD_S = 600  # over which a changed template reaches its devices


def needs_configuration(operation: Operation) -> bool:
    """Whether its script must know what is wanted of the device."""
    return operation.kind in APPLYING or operation.purpose == PURPOSE


def apply_anew(tx: Transaction, device_id: int, vault: Vault, now: float) -> None:
    """A device that has lost its configuration gets it again, unless that is on its way already."""
    if not records.has_wanted(tx, device_id):
        return
    configuration.review(tx, device_id, vault, now)
    coming = operation_records.open_kinds(tx, device_id, APPLYING - {Kind.SYNC})
    if any(_is_on_its_way(operations.read(row), now) for row in coming):
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


def _is_on_its_way(operation: Operation, now: float) -> bool:
    """What is planned for later makes nothing good today."""
    is_due = operation.due <= now and not operation.is_recurring
    return operation.state is State.RUNNING or is_due


# --- Settings --------------------------------------------------------------------------------


def send_changes(
    tx: Transaction, device: Device, vault: Vault, now: float, created_by: str | None
) -> None:
    """A person has changed what is wanted: all that differs is sent now, in the place of what was
    queued before and has not started."""
    waiting = configuration.review(tx, device.id, vault, now)
    notified = _take_back(tx, _unstarted(tx, device.id), now)
    _queue(tx, device, _sendable(waiting, device), notified, vault, now, created_by=created_by)


def send_missing(
    tx: Transaction, device: Device, vault: Vault, now: float, created_by: str | None
) -> None:
    """A person repeats what is wanted: what differs and is not on its way is sent."""
    waiting = configuration.review(tx, device.id, vault, now)
    named = _named(operations.open_sets(tx, device.id, PURPOSE))
    missing = [each for each in _sendable(waiting, device) if each.setting.path not in named]
    _queue(tx, device, missing, (), vault, now, created_by=created_by)


def _roll_out_to(
    tx: Transaction, device: Device, vault: Vault, now: float, *, notifies: bool
) -> None:
    """Behind what persons want: their sets stay, and keep what they are for."""
    waiting = configuration.review(tx, device.id, vault, now)
    unstarted = _unstarted(tx, device.id)
    persons = [each for each in unstarted if each.origin is not Origin.SYSTEM]
    notified = _take_back(tx, [each for each in unstarted if each.origin is Origin.SYSTEM], now)
    if notifies:
        of_model = _of_model(waiting, device)
        notified |= {x.setting.path for x in of_model if x.setting.notification is not None}
    named = _named(persons)
    _queue(
        tx,
        device,
        [each for each in _sendable(waiting, device) if each.setting.path not in named],
        notified,
        vault,
        now,
        origin=Origin.SYSTEM,
        priority=Priority.LOW,
        due=_moment(device, now),
    )


def _sendable(waiting: Iterable[Wanted], device: Device) -> list[Wanted]:
    return [each for each in _of_model(waiting, device) if each.is_pending]


def _of_model(waiting: Iterable[Wanted], device: Device) -> list[Wanted]:
    """Nothing is sent to a device whose data model is not known yet: it is told everything when it
    is first seen."""
    return [each for each in waiting if each.setting.path.startswith(device.root or "-")]


def _queue(
    tx: Transaction,
    device: Device,
    sent: Sequence[Wanted],
    notified: Collection[str],
    vault: Vault,
    now: float,
    **terms: Any,
) -> None:
    if not sent and not notified:
        return
    variables = [
        {
            "variable_name": each.setting.path,
            "value": each.setting.value,
            "value_type": each.setting.value_type,
        }
        for each in sent
    ]
    request = {
        "variables": sealed_variables.seal(variables, vault),
        "purpose": PURPOSE,
        "notified": sorted(notified),
    }
    operations.queue(tx, device.id, Kind.SET, request, now, **terms)


def _take_back(tx: Transaction, unstarted: Iterable[Operation], now: float) -> set[str]:
    """Returns of which parameters the notification was to be set, too: what takes their place looks
    only for values."""
    notified: set[str] = set()
    for operation in unstarted:
        operations.cancel(tx, operation.id, now)
        notified.update(operation.request.get("notified", ()))
    return notified


def _unstarted(tx: Transaction, device_id: int) -> list[Operation]:
    found = operations.open_sets(tx, device_id, PURPOSE)
    return [each for each in found if each.state is not State.RUNNING]


def _named(found: Iterable[Operation]) -> set[str]:
    return {line["variable_name"] for each in found for line in each.request["variables"]}


# --- A changed type --------------------------------------------------------------------------


def roll_out(tx: Transaction, vault: Vault, default_interval_s: int, now: float) -> bool:
    """Tells a changed type to some of its devices; whether there is more to do.

    The devices are reached over :data:`SPREAD_S`, each at its own time, and people's operations go
    first. How far it is stands in the type's row, so a crash loses nothing.
    """
    rollout = records.rolling_out(tx)
    if rollout is None:
        return False
    ids = records.next_of_type(tx, rollout.type_id, rollout.after, ROLLED_OUT_AT_ONCE)
    for device_id in ids:
        device = device_records.by_id(tx, EVERYTHING, device_id)
        assert device is not None
        _roll_out_to(tx, device, vault, now, notifies=rollout.notifies)
        if rollout.tells_interval and device.update_frequency is None:
            interval_s = device.type_update_frequency or default_interval_s
            intervals.tell(tx, device, interval_s, now, due=_moment(device, now))
    records.rolled_out(tx, rollout.type_id, ids[-1] if ids else None)
    return True


def _moment(device: Device, now: float) -> float:
    return now + zlib.crc32(device.uuid.encode()) % SPREAD_S
