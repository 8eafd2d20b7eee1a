"""What time alone does to operations: it makes them due, expires them, and ends the overdue."""

from dataclasses import dataclass

from inventory import operations, transfers
from inventory.operations import OVERDUE
from inventory.records import log
from inventory.records import operations as records
from inventory.store import Transaction

BATCH = 100
MAX_RETRIES = 10_000


@dataclass(frozen=True, slots=True)
class Round:
    """What one unit did; ``is_full`` means that there may be more."""

    due_devices: tuple[tuple[int, bool], ...]
    """And whether the device's work may wait for others'."""
    ended: tuple[int, ...]
    is_full: bool


def advance(tx: Transaction, now: float) -> Round:
    """One bounded unit of it."""
    due = records.due_now(tx, now, BATCH)
    expired = operations.expire(tx, now, BATCH)
    overdue = records.overdue(tx, now, BATCH)
    for operation_id in expired:
        _log_end(tx, operation_id, now)
    for operation_id in overdue:
        if transfers.believe(tx, operation_id, now):
            continue
        operations.fail(tx, operation_id, OVERDUE, now)
        _log_end(tx, operation_id, now)
    return Round(
        due_devices=tuple(due),
        ended=(*expired, *overdue),
        is_full=BATCH in {len(due), len(expired), len(overdue)},
    )


def _log_end(tx: Transaction, operation_id: int, now: float) -> None:
    operation = operations.find(tx, operation_id)
    if operation is None or operation.device_id is None:
        return
    log.operation_ended(
        tx,
        operation.device_id,
        operation.kind,
        operation.key,
        operation.state,
        now,
        operation.error,
    )


def retries(tx: Transaction, since: float, now: float) -> list[tuple[int, bool]]:
    """Devices with an unanswered operation whose next attempt became due in (since, now], and
    whether it may wait."""
    return records.interrupted(tx, since, now, MAX_RETRIES)
