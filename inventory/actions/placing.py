"""Placing orders and taking them back: one unit for each thing that may be asked.

An order that must start at once is judged by what the store knows now; one that may wait is refused
only where nothing will ever come of it.
"""

from collections.abc import Sequence

from inventory import audit, devices, operations
from inventory.access import Caller
from inventory.actions import files, viewing
from inventory.actions.orders import Order
from inventory.actions.viewing import Reference, Report
from inventory.devices import Key
from inventory.errors import (
    DeviceInactive,
    DeviceUnreachable,
    Invalid,
    NotCancellable,
    OperationInProgress,
)
from inventory.operations import AGAIN, EXCLUSIVE, Operation, State
from inventory.query import Expected
from inventory.records import groups, history, log
from inventory.records.devices import Device
from inventory.store import Transaction

NAMES_IN_AUDIT = 100
NEVER = "This never happens."


def start(
    tx: Transaction, caller: Caller, key: Key, order: Order, expected: Expected, now: float
) -> Report:
    """Queues what is to start at once.

    Raises NotFound, Ambiguous, DeviceInactive, DeviceUnreachable unless the order is forced, and
    OperationInProgress while another one of the exclusive group is due or running.
    """
    device = devices.get(tx, caller, key)
    order.must_mean(key.family, device)
    expected.check(devices.tag(device))
    _must_be_active(device)
    if not order.is_forced:
        _must_be_up(device)
    if order.kind in EXCLUSIVE:
        _must_be_free(tx, device, now)
    return _queue(tx, caller, device, order, "start", now)


def queue(tx: Transaction, caller: Caller, key: Key, order: Order, now: float) -> Report:
    """Queues what may wait for the device.

    Raises NotFound, Ambiguous, Invalid or DeviceInactive.
    """
    device = devices.get(tx, caller, key)
    order.must_mean(key.family, device)
    _must_be_active(device)
    return _queue(tx, caller, device, order, "queue", now)


def queue_for_all(
    tx: Transaction, caller: Caller, keys: Sequence[Key], order: Order, now: float
) -> Report:
    """The same order for several devices, as one transaction: for all of them or for none.

    Returns the first one's report, with all of them as its ``members``.
    """
    targets = [devices.get(tx, caller, key) for key in keys]
    order.must_mean(keys[0].family, *targets)
    for device in targets:
        _must_be_active(device)
    reports = [_queue(tx, caller, device, order, "queue", now) for device in targets]
    ids = [report.operation.id for report in reports]
    groups.join(tx, ids, ids[0])
    return viewing.get(tx, caller, Reference(ids[0]))


def cancel(
    tx: Transaction, caller: Caller, reference: Reference, expected: Expected, now: float
) -> list[int]:
    """Takes back what has not started, of a transaction what of it has not; returns the numbers.

    Raises NotFound, or NotCancellable when there is nothing to take back.
    """
    report = viewing.get(tx, caller, reference)
    expected.check(viewing.tag(report))
    members = report.members or [report]
    ended = [each.operation.id for each in members if _take_back(tx, caller, each, now)]
    if not ended:
        raise NotCancellable(report.operation.key, report.state)
    return ended


def _take_back(tx: Transaction, caller: Caller, report: Report, now: float) -> bool:
    operation, device = report.operation, report.target
    try:
        operations.cancel(tx, operation.id, now)
    except NotCancellable:
        return False
    log.operation_ended(tx, device.id, operation.kind, operation.key, State.CANCELLED, now)
    details = {"device": device.name, "operation": operation.kind}
    audit.record(
        tx,
        caller,
        "cancel",
        "operation",
        operation.key,
        device.organization_id,
        "done",
        details,
        now,
    )
    return True


def _must_be_active(device: Device) -> None:
    if not device.is_active:
        raise DeviceInactive(device.name)


def _must_be_up(device: Device) -> None:
    if device.last_inform is None:
        raise DeviceUnreachable(device.name, "it has never been seen")
    if not device.is_up:
        raise DeviceUnreachable(device.name, "it is Down")


def _must_be_free(tx: Transaction, device: Device, now: float) -> None:
    other = history.excluding(tx, device.id, now)
    if other is not None:
        raise OperationInProgress(device.name, *other)


def _queue(
    tx: Transaction, caller: Caller, device: Device, order: Order, action: str, now: float
) -> Report:
    operation = _put_down(tx, caller, device, order, now)
    details = {"device": device.name, "operation": order.kind, "variables": _names(order)}
    audit.record(
        tx,
        caller,
        action,
        "operation",
        operation.key,
        device.organization_id,
        "done",
        {name: detail for name, detail in details.items() if detail},
        now,
    )
    return viewing.report_of(tx, operation, viewing.target_of(device))


def _put_down(
    tx: Transaction, caller: Caller, device: Device, order: Order, now: float
) -> Operation:
    due, recurrence = order.due, order.recurrence
    if recurrence is not None:
        due = recurrence.next_after(max(order.due or now, now))
        if due is None:
            raise Invalid({"schedule": {"cron": [NEVER]}})
    return operations.queue(
        tx,
        device.id,
        order.kind,
        files.resolved(tx, device, order.kind, order.request),
        now,
        due=due,
        timeout_s=order.timeout_s,
        created_by=caller.name,
        awaits=AGAIN if recurrence else None,
    )


def _names(order: Order) -> list[str]:
    variables = order.request.get("variables", [])
    return [variable["variable_name"] for variable in variables[:NAMES_IN_AUDIT]]
