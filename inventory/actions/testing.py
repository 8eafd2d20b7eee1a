"""Asking a device to test something itself, and seeing what came of it."""

from collections.abc import Mapping

from inventory import diagnostics
from inventory.access import Caller
from inventory.actions import placing, viewing
from inventory.actions.orders import Order
from inventory.actions.viewing import Reference, Report
from inventory.devices import Key
from inventory.diagnostics import Diagnostic
from inventory.errors import NotFound
from inventory.operations import Kind
from inventory.store import Transaction


def begin(
    tx: Transaction,
    caller: Caller,
    key: Key,
    diagnostic: Diagnostic,
    arguments: Mapping[str, str],
    also: Mapping[str, Key],
    is_forced: bool,
    now: float,
) -> Report:
    """One of a kind at a time. Raises OperationInProgress, NotFound, Ambiguous, DeviceInactive."""
    request = diagnostics.request_of(diagnostic, arguments, is_forced=is_forced)
    report = placing.queue(tx, caller, key, Order(Kind.DIAGNOSTICS, request, also=also), now)
    diagnostics.must_be_alone(tx, report.operation, report.target.name)
    return report


def get(tx: Transaction, caller: Caller, reference: Reference) -> Report:
    """Raises NotFound, also for operations that are no tests."""
    report = viewing.get(tx, caller, reference)
    if report.operation.kind is not Kind.DIAGNOSTICS:
        raise NotFound("diagnostics", reference.key or reference.id)
    return report
