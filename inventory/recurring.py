"""Recurring operations: rows that no session ever takes, and their runs, which are operations.

A run is queued when its time has come. Times that passed while nobody looked mean one run, and so
do times that passed while the run before still waited for its device.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory import operations
from inventory.operations import AGAIN, Operation
from inventory.records import log
from inventory.records import operations as records
from inventory.records import turns as standing
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


def run_due(tx: Transaction, now: float) -> Round:
    """One bounded unit: a run for each operation whose time has come, and its next time."""
    rows = records.recurring_now(tx, AGAIN, now, BATCH)
    ran = [_run(tx, operations.read(row), now) for row in rows]
    return Round(tuple(device_id for device_id in ran if device_id), len(rows) == BATCH)


def _run(tx: Transaction, parent: Operation, now: float) -> int | None:
    device_id = _queue(tx, parent, now) if _may_run(tx, parent) else None
    recurrence = Recurrence.read(parent.request["schedule"])
    following = recurrence.next_after(now) if recurrence else None
    if following is None:
        operations.cancel(tx, parent.id, now)
        log.operation_ended(tx, parent.device_id, parent.kind, parent.key, "cancelled", now)
    else:
        waits_s = parent.expires - parent.due
        records.reschedule(tx, parent.id, following, following + waits_s)
    return device_id


def _may_run(tx: Transaction, parent: Operation) -> bool:
    is_active = bool(standing.standing(tx, parent.device_id)["is_active"])
    return is_active and not records.has_unstarted_run(tx, parent.id)


def _queue(tx: Transaction, parent: Operation, now: float) -> int:
    operations.queue(
        tx,
        parent.device_id,
        parent.kind,
        _request_of_runs(parent.request),
        now,
        origin=parent.origin,
        priority=parent.priority,
        timeout_s=parent.expires - parent.due,
        created_by=parent.created_by,
        parent_id=parent.id,
    )
    return parent.device_id


def _request_of_runs(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in request.items() if name not in _NOT_OF_RUNS}
