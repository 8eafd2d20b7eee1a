"""Recurring operations: rows that no session ever takes, and their runs, which are operations.

A run is queued when its time has come. Times that passed while nobody looked mean one run, and so
do times that passed while the run before still waited for its device.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory import operations
from inventory.operations import AGAIN, Operation
from inventory.records import groups, log
from inventory.records import operations as records
from inventory.records import turns as standing
from inventory.records.operations import OperationRow
from inventory.schedules import Recurrence
from inventory.store import Transaction

BATCH = 100
# Of the order and not of its runs.
_NOT_OF_RUNS = frozenset({"schedule", "scheduled_at", "device_targets"})


@dataclass(frozen=True, slots=True)
class Round:
    """Devices with a new run; ``is_full`` means that there may be more to do."""

    devices: tuple[int, ...]
    is_full: bool


def run_due(tx: Transaction, now: float, batch: int = BATCH) -> Round:
    """One bounded unit: a run for each operation whose time has come, and its next time."""
    rows = records.recurring_now(tx, AGAIN, now, batch)
    devices = [device_id for order in _orders(tx, rows, now) for device_id in _run(tx, order, now)]
    return Round(tuple(devices), len(rows) == batch)


def _orders(tx: Transaction, rows: Sequence[OperationRow], now: float) -> list[list[Operation]]:
    """An order for several devices is due as a whole, also where the batch holds a part of it."""
    alone = [[row] for row in rows if row["group_id"] is None]
    groups = dict.fromkeys(row["group_id"] for row in rows if row["group_id"] is not None)
    several = [records.recurring_in(tx, AGAIN, now, group_id) for group_id in groups]
    return [[operations.read(row) for row in order] for order in alone + several]


def _run(tx: Transaction, order: Sequence[Operation], now: float) -> list[int]:
    """The devices that have a run now. A run for several devices is a transaction like its order,
    and the run of the order's first operation, also where that one alone was taken back."""
    group_id = order[0].group_id
    order_id = order[0].id if group_id is None else group_id
    runs = [_queue(tx, each, order_id, now) for each in order if _may_run(tx, each, order_id)]
    if runs and group_id is not None:
        groups.join(tx, [run.id for run in runs], runs[0].id)
    for each in order:
        _plan_next(tx, each, now)
    return [run.device_id for run in runs]


def _plan_next(tx: Transaction, parent: Operation, now: float) -> None:
    recurrence = Recurrence.read(parent.request["schedule"])
    following = recurrence.next_after(now) if recurrence else None
    if following is None:
        operations.cancel(tx, parent.id, now)
        log.operation_ended(tx, parent.device_id, parent.kind, parent.key, "cancelled", now)
    else:
        waits_s = parent.expires - parent.due
        records.reschedule(tx, parent.id, following, following + waits_s)


def _may_run(tx: Transaction, parent: Operation, run_of: int) -> bool:
    is_active = bool(standing.standing(tx, parent.device_id)["is_active"])
    return is_active and not records.has_unstarted_run(tx, run_of, parent.device_id)


def _queue(tx: Transaction, parent: Operation, run_of: int, now: float) -> Operation:
    return operations.queue(
        tx,
        parent.device_id,
        parent.kind,
        _request_of_runs(parent.request),
        now,
        origin=parent.origin,
        priority=parent.priority,
        timeout_s=parent.expires - parent.due,
        created_by=parent.created_by,
        parent_id=run_of,
    )


def _request_of_runs(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in request.items() if name not in _NOT_OF_RUNS}
