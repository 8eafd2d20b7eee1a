"""Placing orders and taking them back: one unit for each thing that may be asked.

An order that must start at once is judged by what the store knows now; one that may wait is refused
only where nothing will ever come of it.
"""

from inventory import audit, devices, operations
from inventory.access import Caller
from inventory.actions import files, viewing
from inventory.actions.orders import Order
from inventory.actions.viewing import Reference, Report
from inventory.devices import Key
from inventory.errors import DeviceInactive, DeviceUnreachable, OperationInProgress
from inventory.operations import EXCLUSIVE, State
from inventory.query import Expected
from inventory.records import history, log
from inventory.records.devices import Device
from inventory.store import Transaction

NAMES_IN_AUDIT = 100


def start(
    tx: Transaction, caller: Caller, key: Key, order: Order, expected: Expected, now: float
) -> Report:
    """Queues what is to start at once.

    Raises NotFound, Ambiguous, DeviceInactive, DeviceUnreachable unless the order is forced, and
    OperationInProgress while another one of the exclusive group is due or running.
    """
    device = devices.get(tx, caller, key)
    expected.check(devices.tag(device))
    _must_be_active(device)
    if not order.is_forced:
        _must_be_up(device)
    if order.kind in EXCLUSIVE:
        _must_be_free(tx, device, now)
    return _queue(tx, caller, device, order, "start", now)


def queue(tx: Transaction, caller: Caller, key: Key, order: Order, now: float) -> Report:
    """Queues what may wait for the device; raises NotFound, Ambiguous or DeviceInactive."""
    device = devices.get(tx, caller, key)
    _must_be_active(device)
    return _queue(tx, caller, device, order, "queue", now)


def cancel(
    tx: Transaction, caller: Caller, reference: Reference, expected: Expected, now: float
) -> int:
    """Takes back what has not started; raises NotFound or NotCancellable. Returns its number."""
    report = viewing.get(tx, caller, reference)
    expected.check(viewing.tag(report))
    operation, device = report.operation, report.target
    operations.cancel(tx, operation.id, now)
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
    return operation.id


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
    operation = operations.queue(
        tx,
        device.id,
        order.kind,
        files.resolved(tx, device, order.kind, order.request),
        now,
        due=order.due,
        timeout_s=order.timeout_s,
        created_by=caller.name,
    )
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


def _names(order: Order) -> list[str]:
    variables = order.request.get("variables", [])
    return [variable["variable_name"] for variable in variables[:NAMES_IN_AUDIT]]
