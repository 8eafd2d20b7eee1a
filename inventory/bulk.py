"""Bulk jobs: work over many devices, done in small units beside everything else.

A job that is due has its targets fixed as rows, a span of device ids at a time. Then it keeps a
bounded number of operations in the queues of its devices; each end is counted in the unit in which
the operation ends (``inventory.tallies``), so nothing is counted twice or forgotten at a crash. A
device that does not show itself keeps its operation, but not its place among those being served.

Persons' operations go before a job's on every device. A job that its devices made fail may be
undone (``inventory.rollbacks``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from inventory import notifications, operations, rollbacks, tallies
from inventory.operations import MINUTE_S, QUEUED_TIMEOUT_S, Kind, Origin, Priority
from inventory.records import bulk as records
from inventory.records import log
from inventory.records.bulk import Job, Target, Waiting
from inventory.schedules import Recurrence
from inventory.store import Row, Transaction

SERIAL_SYNC = "bulk_serial_sync"
STATUS_UPDATE = "bulk_status_update"
AUDIT = "inventory_audit"

SPAN = 500  # device ids that are looked at in one unit
FED_AT_ONCE = 50
CLEARED_AT_ONCE = 50
CONCURRENCY = 1000
SHOWING_S = 300.0  # that a device is given to show itself, before another takes its place

PRIORITIES: Mapping[str, Priority] = {
    "high": Priority.HIGH,
    "normal": Priority.NORMAL,
    "low": Priority.LOW,
}


class State(StrEnum):
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIFE: Mapping[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.IN_PROGRESS, State.CANCELLED}),
    State.IN_PROGRESS: frozenset({State.PAUSED, State.COMPLETED, State.FAILED, State.CANCELLED}),
    State.PAUSED: frozenset({State.IN_PROGRESS, State.FAILED, State.CANCELLED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}
FINAL = frozenset(state for state, following in LIFE.items() if not following)


class Manner(Enum):
    """How a job serves a device."""

    QUEUE = "by an operation in the device's queue"
    CALL = "by a connection request"
    LOOK = "from what the inventory knows"


def manner(job: Job) -> Manner:
    """An audit calls the devices where it is to validate that they can be."""
    if job.operation_type == AUDIT:
        return Manner.CALL if job.options.get("validate_connectivity") else Manner.LOOK
    return Manner.CALL if job.operation_type == STATUS_UPDATE else Manner.QUEUE


# --- Beginning -------------------------------------------------------------------------------


def begin_due(tx: Transaction, job_id: int, now: float) -> None:
    """Starts a job whose time has come; a recurring one starts a run of its own."""
    job = records.by_id(tx, job_id)
    if job is None or job.state != State.SCHEDULED or job.due > now:
        return
    recurrence = Recurrence.read(job.schedule)
    if recurrence is None:
        _begin(tx, job, now)
        return
    if not records.has_open_run(tx, job.id):
        _begin_run(tx, job, now)
    following = recurrence.next_after(now)
    if following is None:
        _end(tx, job, State.COMPLETED, None, now)
    else:
        records.change(tx, job.id, now, due=following)


def _begin(tx: Transaction, job: Job, now: float) -> None:
    minutes = job.options.get("timeout_minutes")
    deadline = None if minutes is None else now + minutes * MINUTE_S
    records.change(tx, job.id, now, state=State.IN_PROGRESS, started=now, deadline=deadline)


def _begin_run(tx: Transaction, parent: Job, now: float) -> None:
    run_id = records.insert(
        tx,
        records.organizations(tx, parent.id),
        now=now,
        operation_type=parent.operation_type,
        request=parent.request,
        filters=parent.filters,
        options=parent.options,
        priority=parent.priority,
        due=now,
        created_by=parent.created_by,
        parent_id=parent.id,
    )
    run = records.by_id(tx, run_id)
    assert run is not None
    _begin(tx, run, now)


def plan(tx: Transaction, job_id: int, now: float) -> bool:
    """Fixes the targets among some devices; whether there are more to look at."""
    job = records.by_id(tx, job_id)
    if job is None or job.state != State.IN_PROGRESS or job.is_planned:
        return False
    last = job.planned_to + SPAN
    planned = _plan_to(tx, job, last)
    if planned is None:
        return False
    found, is_planned = planned
    total = job.total + found
    records.change(tx, job.id, now, planned_to=last, is_planned=is_planned, total=total)
    return not is_planned


def _plan_to(tx: Transaction, job: Job, last: int) -> tuple[int, bool] | None:
    """None when it is too early."""
    if rollbacks.UNDOES in job.filters:
        return rollbacks.plan(tx, job, last)
    return records.plan(tx, job, records.organizations(tx, job.id), last)


# --- Going on --------------------------------------------------------------------------------


def feed(tx: Transaction, job_id: int, now: float) -> tuple[int, ...] | None:
    """Serves the next devices, as far as there is room; returns those that have work now.

    None when there is no room, or nobody left.
    """
    job = records.by_id(tx, job_id)
    if job is None or job.state != State.IN_PROGRESS or not job.is_planned:
        return None
    if _failure(job, now) is not None:  # the review that follows ends it
        return None
    turn = records.waiting(tx, job.id, min(_room(tx, job, now), FED_AT_ONCE))
    if not turn:
        return None
    if manner(job) is Manner.LOOK:
        for each in turn:
            _look(tx, job, each, now)
        return ()
    return tuple(_serve(tx, job, turn, now))


def _serve(tx: Transaction, job: Job, turn: Sequence[Waiting], now: float) -> Iterator[int]:
    """Some fail at once, for nothing can be asked of them; too many of those stop the rest, too."""
    failed, most = job.failed, job.options.get("max_failures")
    for each in turn:
        if most is not None and failed > most:
            return
        if _order(tx, job, each, now):
            yield each.device_id
        else:
            failed += 1


def _room(tx: Transaction, job: Job, now: float) -> int:
    most = job.options.get("max_concurrency") or CONCURRENCY
    room = most - records.count_busy(tx, job.id, now - SHOWING_S)
    canary = job.options.get("canary")
    if canary is not None and job.processed < canary:
        room = min(room, canary - job.processed - records.count_open(tx, job.id, canary))
    return max(room, 0)


def _order(tx: Transaction, job: Job, turn: Waiting, now: float) -> bool:
    request = _request_for(job, turn)
    hindrance = _hindrance(job, turn)
    if hindrance is not None:
        _skip(tx, job, turn, hindrance, now)
        return False
    operation = operations.queue(
        tx,
        turn.device_id,
        Kind(job.request["kind"]),
        request,
        now,
        origin=Origin.JOB,
        priority=job.priority,
        timeout_s=_timeout_s(job, now),
        created_by=job.created_by,
        job_id=job.id,
    )
    records.open_targets(tx, [Target(job.id, turn.device_id, operation.id)])
    return True


def _timeout_s(job: Job, now: float) -> float:
    """How long a device may take to come; no longer than the job has."""
    asked = float(job.request.get("timeout_s") or QUEUED_TIMEOUT_S)
    return asked if job.deadline is None else min(asked, max(job.deadline - now, 1.0))


def _hindrance(job: Job, turn: Waiting) -> str | None:
    """Why nothing can be asked of the device."""
    if turn.is_active is None:
        return tallies.DELETED
    if not turn.is_active:
        return tallies.INACTIVE
    order = job.request["order"]
    names_a_file = order.get("url") or order.get("firmware_image") or turn.firmware_image_id
    if job.request["kind"] == Kind.DOWNLOAD and not names_a_file:
        return tallies.NO_IMAGE
    return None


def _request_for(job: Job, turn: Waiting) -> dict[str, Any]:
    order: dict[str, Any] = dict(job.request["order"])
    if job.operation_type == SERIAL_SYNC:
        names = ["Manufacturer", "ManufacturerOUI", "ModelName", "SerialNumber"]
        if job.options.get("update_firmware_info", True):
            names += ["HardwareVersion", "SoftwareVersion"]
        prefix = f"{turn.root or ''}DeviceInfo."
        order["variables"] = [{"variable_name": prefix + name} for name in names]
        if turn.root is None:  # the device shows it when it comes
            order["below_root"] = True
    if job.request["kind"] == Kind.DOWNLOAD and not order.get("url"):
        order.setdefault("firmware_image", turn.firmware_image_id)
    return order


def _skip(tx: Transaction, job: Job, turn: Waiting, cause: str, now: float) -> None:
    target = Target(job.id, turn.device_id)
    records.open_targets(tx, [target])
    records.settle(tx, target, "failed", cause, now)


def _look(tx: Transaction, job: Job, turn: Waiting, now: float) -> None:
    """What the inventory knows of the device is the report."""
    known = records.portrait(tx, turn.device_id)
    if known is None:
        _skip(tx, job, turn, tallies.DELETED, now)
        return
    target = Target(job.id, turn.device_id)
    records.open_targets(tx, [target])
    records.settle(tx, target, "completed", None, now, _report(known))


def _report(known: Row) -> dict[str, Any]:
    """Of the audit; times are Unix seconds."""
    wanted = known["wanted_version"]
    return {
        **{name: known[name] for name in ("serial_number", "manufacturer", "product_class")},
        **{name: known[name] for name in ("software_version", "hardware_version")},
        "wanted_software_version": wanted,
        "is_outdated": wanted is not None and wanted != known["software_version"],
        "status": "Up" if known["is_up"] else "Down",
        "last_connection": known["last_inform"],
        "drift_since": known["drift_since"],
        "drifted_parameters": known["drift"],
        "has_pending_settings": known["settings_pending"] is not None,
    }


# --- Calling ---------------------------------------------------------------------------------


def take_calls(tx: Transaction, job_id: int, limit: int, now: float) -> tuple[int, ...]:
    """The devices to be called next."""
    job = records.by_id(tx, job_id)
    if job is None or job.state != State.IN_PROGRESS or not job.is_planned:
        return ()
    turn = records.waiting(tx, job.id, min(limit, _room(tx, job, now)))
    for each in turn:
        if each.is_active is None:
            _skip(tx, job, each, tallies.DELETED, now)
    there = [each for each in turn if each.is_active is not None]
    records.open_targets(tx, [Target(job.id, each.device_id) for each in there])
    return tuple(each.device_id for each in there)


def conclude_calls(
    tx: Transaction, job_id: int, device_ids: tuple[int, ...], since: float, now: float
) -> None:
    """Who has informed since then is there; the others keep the state that they had.

    An audit reports both, and which of them it is.
    """
    job = records.by_id(tx, job_id)
    for device_id in device_ids:
        target = Target(job_id, device_id)
        known = records.portrait(tx, device_id)
        if known is None:
            records.settle(tx, target, "failed", tallies.DELETED, now)
            continue
        report: dict[str, Any] = {"status": "Up" if known["is_up"] else "Down"}
        is_there = (known["last_inform"] or 0.0) >= since
        if job is not None and job.operation_type == AUDIT:
            report = {**_report(known), "is_reachable": is_there}
            records.settle(tx, target, "completed", None, now, report)
        elif is_there:
            records.settle(tx, target, "completed", None, now, report)
        else:
            cause = tallies.unreached(tx, device_id)
            records.settle(tx, target, "failed", cause, now, report)


# --- Ending ----------------------------------------------------------------------------------


def review(tx: Transaction, job_id: int, now: float) -> None:
    """Ends a job that is done, has failed too often, or has no time left."""
    job = records.by_id(tx, job_id)
    if job is None or job.state not in {State.IN_PROGRESS, State.PAUSED}:
        return
    reason = _failure(job, now)
    if reason is not None:
        _end(tx, job, State.FAILED, reason, now)
    elif job.state == State.IN_PROGRESS and job.is_planned and job.processed >= job.total:
        all_failed = job.total > 0 and job.failed == job.total
        _end(
            tx,
            job,
            State.FAILED if all_failed else State.COMPLETED,
            "all_failed" if all_failed else None,
            now,
        )


def _failure(job: Job, now: float) -> str | None:
    if job.deadline is not None and job.deadline <= now:
        return "timeout"
    most, canary = job.options.get("max_failures"), job.options.get("canary")
    if most is not None and job.failed > most:
        return "max_failures"
    if canary is not None and job.failed and job.processed <= canary:
        return "canary"
    return None


def _end(tx: Transaction, job: Job, state: State, reason: str | None, now: float) -> None:
    """Each run of a recurring job tells of its end; the job that makes them has nothing to tell."""
    rollback_id = rollbacks.begin(tx, job, reason, now)
    records.change(
        tx, job.id, now, state=state, reason=reason, completed=now, rollback_id=rollback_id
    )
    ended = records.by_id(tx, job.id)
    assert ended is not None
    if ended.schedule is None:
        whose = records.organizations(tx, job.id)
        notifications.queue_of_job(tx, ended, whose, records.errors(tx, job.id), now)


def cancel(tx: Transaction, job: Job, now: float) -> None:
    _end(tx, job, State.CANCELLED, None, now)


@dataclass(frozen=True, slots=True)
class Cleared:
    """Operations that were taken back; ``is_clear`` when there are no more."""

    operations: tuple[int, ...]
    is_clear: bool


def clear(tx: Transaction, job_id: int, now: float) -> Cleared:
    """Takes back what has not started, of a job that is over or paused; a bounded part of it."""
    job = records.by_id(tx, job_id)
    if job is None or job.is_settled or job.state in {State.SCHEDULED, State.IN_PROGRESS}:
        return Cleared((), is_clear=True)
    is_paused = job.state == State.PAUSED
    unstarted = records.unstarted(tx, job.id, CLEARED_AT_ONCE)
    for target in unstarted:
        records.close(tx, target, "waiting" if is_paused else "cancelled")
        assert target.operation_id is not None
        _take_back(tx, target.operation_id, now)
    waiting = 0 if is_paused else records.cancel_waiting(tx, job.id, CLEARED_AT_ONCE)
    is_clear = not unstarted and not waiting
    if is_clear and not is_paused:
        records.change(tx, job.id, now, is_settled=True)
    return Cleared(tuple(each.operation_id or 0 for each in unstarted), is_clear)


def _take_back(tx: Transaction, operation_id: int, now: float) -> None:
    operations.cancel(tx, operation_id, now)
    operation = operations.find(tx, operation_id)
    assert operation is not None
    device_id, key = operation.device_id, operation.key
    log.operation_ended(tx, device_id, operation.kind, key, operation.state, now)


def find_lost(tx: Transaction, job_id: int, now: float) -> Cleared:
    """Counts the targets whose devices were deleted while they were served, or made inactive before
    they were: the operations of these are taken back."""
    lost = records.lost(tx, job_id, CLEARED_AT_ONCE)
    for target in lost:
        records.settle(tx, target, "failed", tallies.DELETED, now)
    inactive = records.inactive(tx, job_id, CLEARED_AT_ONCE)
    for target in inactive:
        records.settle(tx, target, "failed", tallies.INACTIVE, now)
        assert target.operation_id is not None
        _take_back(tx, target.operation_id, now)
    taken_back = tuple(target.operation_id or 0 for target in inactive)
    return Cleared(taken_back, is_clear=not lost and not inactive)
