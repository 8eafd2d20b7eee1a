"""Operations: what somebody wants done on a device, from the wish to the kept result.

An operation is a row that is durable before anybody is told of it, that survives a crash at any
point, and that ends in exactly one final state. This module holds the rules of its life; the SQL is
in ``inventory.records.operations``. Functions that take a ``tx`` are parts of units.

Within one device operations go by priority, then age. An operation that was sent and not answered
(its session broke, or this process died) is taken up first, and blocks the ones behind it until its
``due`` time, so that the order stays. One that waits for an event of the device (``awaits``) frees
the queue, except for its kind of the exclusive group.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from inventory import endings
from inventory.errors import Conflict, NotCancellable
from inventory.records import operations as records
from inventory.store import Transaction

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0
QUEUED_TIMEOUT_S = 7 * DAY_S
MAX_ATTEMPTS = 3
RETRY_S, RETRY_FACTOR = 5.0, 4.0  # before the second attempt, and for each further one
AGAIN = "schedule"  # what a recurring operation awaits for ever


class State(StrEnum):
    SCHEDULED = "scheduled"  # not yet due
    PENDING = "pending"  # due: waits for the device or its turn
    RUNNING = "running"  # sent at least once
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # never started within its time


LIFE: Mapping[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.PENDING, State.RUNNING, State.CANCELLED, State.EXPIRED}),
    State.PENDING: frozenset({State.RUNNING, State.CANCELLED, State.EXPIRED}),
    State.RUNNING: frozenset({State.COMPLETED, State.FAILED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}
FINAL = frozenset(state for state, following in LIFE.items() if not following)


class Kind(StrEnum):
    GET = "get"
    SET = "set"
    ADD_OBJECT = "add.obj"
    DELETE_OBJECT = "del.obj"
    REBOOT = "reboot"
    FACTORY = "factory"
    DEVICE_FACTORY = "device_factory"
    SYNC = "sync"
    RECONF = "reconf"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    NAMES = "names"
    GET_ATTRIBUTES = "get.attr"
    SET_ATTRIBUTES = "set.attr"
    HEALTH_CHECK = "health_check"
    RESTART_SERVICE = "restart_service"
    UPDATE = "update"  # of software modules; of the firmware it is a download
    DIAGNOSTICS = "diagnostics"
    ENROL = "enrol"  # the server's own: credentials and periodic informs


EXCLUSIVE = frozenset({Kind.REBOOT, Kind.FACTORY, Kind.DEVICE_FACTORY, Kind.DOWNLOAD, Kind.UPLOAD})
READING = frozenset({Kind.GET, Kind.NAMES, Kind.GET_ATTRIBUTES, Kind.HEALTH_CHECK})

# How long after its first sending an operation may take, in seconds.
DEADLINES_S: Mapping[Kind, float] = {
    Kind.REBOOT: 30 * MINUTE_S,
    Kind.FACTORY: HOUR_S,
    Kind.DEVICE_FACTORY: HOUR_S,
    Kind.DOWNLOAD: 6 * HOUR_S,
    Kind.UPLOAD: 6 * HOUR_S,
    Kind.UPDATE: HOUR_S,
    Kind.DIAGNOSTICS: 30 * MINUTE_S,
}
DEFAULT_DEADLINE_S = 10 * MINUTE_S


class Origin(StrEnum):
    PERSON = "person"
    JOB = "job"
    SYSTEM = "system"


class Priority(IntEnum):
    ENROLMENT = 0
    PERSON = 10
    HIGH = 20
    NORMAL = 30
    LOW = records.LOW_PRIORITY
    DISCOVERY = 90


@dataclass(frozen=True, slots=True)
class Error:
    """Why an operation failed: a CWMP fault code or a word, a text, and the fault per parameter."""

    code: str
    message: str
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "parameters": dict(self.parameters)}


NO_ANSWER = Error("no_answer", "The device did not answer the request.")
OVERDUE = Error("timeout", "The operation did not end within its time.")
DEVICE_DELETED = Error("device_deleted", "The device was deleted while the operation ran.")


@dataclass(frozen=True, slots=True)
class Operation:
    """One row; times are Unix seconds."""

    id: int
    key: str
    device_id: int
    kind: Kind
    origin: Origin
    priority: int
    state: State
    request: Mapping[str, Any]
    created: float
    created_by: str | None
    due: float
    expires: float
    started: float | None
    deadline: float | None
    completed: float | None
    attempts: int
    awaits: str | None
    evidence: Mapping[str, Any] | None
    progress: int
    error: Mapping[str, Any] | None
    parent_id: int | None
    group_id: int | None
    job_id: int | None
    notifies: bool

    @property
    def is_recurring(self) -> bool:
        """Never done itself, but each of its runs is; also one that was taken back."""
        return (self.request.get("schedule") or {}).get("type") == "recurring"

    @property
    def purpose(self) -> str:
        """What the server has queued it for; "" for what anybody else asked for."""
        return str(self.request.get("purpose", ""))

    @property
    def max_attempts(self) -> int:
        return self._retries.get("max_attempts") or MAX_ATTEMPTS

    def backoff_s(self, attempts: int, retry_s: float) -> float:
        """The wait after so many unanswered attempts: ever longer, unless it was told."""
        told = self._retries.get("retry_delay_minutes")
        return retry_s * RETRY_FACTOR ** (attempts - 1) if told is None else told * MINUTE_S

    @property
    def time_s(self) -> float:
        """How long it may take once it was sent, with the waits that were asked for."""
        waits = (self._retries.get("retry_delay_minutes") or 0) * self.max_attempts * MINUTE_S
        delay = self.request.get("delay_seconds") or 0  # of a transfer, by the device
        return DEADLINES_S.get(self.kind, DEFAULT_DEADLINE_S) + delay + waits

    @property
    def _retries(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.request.get("retry_policy") or {}
        return found

    @property
    def is_final(self) -> bool:
        return self.state in FINAL


def queue(
    tx: Transaction,
    device_id: int,
    kind: Kind,
    request: Mapping[str, Any],
    now: float,
    *,
    origin: Origin = Origin.PERSON,
    priority: int = Priority.PERSON,
    due: float | None = None,
    timeout_s: float = QUEUED_TIMEOUT_S,
    created_by: str | None = None,
    awaits: str | None = None,
    parent_id: int | None = None,
    job_id: int | None = None,
) -> Operation:
    """Puts an operation into the device's queue; a time in the past means now.

    One that ``awaits`` something is not taken by itself.
    """
    start = max(due if due is not None else now, now)
    row = records.insert(
        tx,
        key=f"op_{secrets.token_hex(12)}",
        device_id=device_id,
        kind=kind,
        origin=origin,
        priority=int(priority),
        state=State.SCHEDULED if start > now else State.PENDING,
        is_exclusive=kind in EXCLUSIVE,
        request=request,
        created=now,
        created_by=created_by,
        due=start,
        expires=start + timeout_s,
        awaits=awaits,
        parent_id=parent_id,
        job_id=job_id,
        notifies=bool(request.get("notification")) and awaits is None,
    )
    return read(row)


def imagined(device_id: int, kind: Kind, request: Mapping[str, Any], now: float) -> Operation:
    """One that is in no queue, as if it were running for the first time."""
    return Operation(
        id=0,
        key="op_dry_run",
        device_id=device_id,
        kind=kind,
        origin=Origin.PERSON,
        priority=Priority.PERSON,
        state=State.RUNNING,
        request=request,
        created=now,
        created_by=None,
        due=now,
        expires=now,
        started=now,
        deadline=None,
        completed=None,
        attempts=1,
        awaits=None,
        evidence=None,
        progress=0,
        error=None,
        parent_id=None,
        group_id=None,
        job_id=None,
        notifies=False,
    )


def read(row: records.OperationRow) -> Operation:
    """The typed form of a row."""
    return Operation(
        **{
            **row,
            "kind": Kind(row["kind"]),
            "origin": Origin(row["origin"]),
            "state": State(row["state"]),
        }
    )


def find(tx: Transaction, operation_id: int) -> Operation | None:
    row = records.by_id(tx, operation_id)
    return None if row is None else read(row)


def open_of_kind(tx: Transaction, device_id: int, kind: Kind) -> Operation | None:
    """The oldest unfinished operation of that kind on the device."""
    row = records.open_of_kind(tx, device_id, kind)
    return None if row is None else read(row)


def claim_next(
    tx: Transaction,
    device_id: int,
    now: float,
    *,
    retry_s: float = RETRY_S,
    reading_only: bool = False,
) -> tuple[Operation | None, list[int]]:
    """Takes the operation whose turn it is and marks it running, before any byte of it leaves.

    Returns it, and the ids of operations that ended here because they had no attempt or time left.
    ``due`` becomes the earliest time of the next attempt, should this one stay unanswered.
    """
    ended: list[int] = []
    while (row := records.next_open(tx, device_id, now, reading_only)) is not None:
        operation = read(row)
        error = _exhausted(operation, now)
        if error is not None:
            fail(tx, operation.id, error, now)
            ended.append(operation.id)
            continue
        attempts = operation.attempts + 1
        started = operation.started if operation.started is not None else now
        deadline = operation.deadline or now + operation.time_s
        due = now + operation.backoff_s(attempts, retry_s)
        claimed = records.mark_running(tx, operation.id, attempts, started, deadline, due)
        return read(claimed), ended
    return None, ended


def _exhausted(operation: Operation, now: float) -> Error | None:
    if operation.state is not State.RUNNING:
        return None
    if operation.deadline is not None and operation.deadline <= now:
        return OVERDUE
    return NO_ANSWER if operation.attempts >= operation.max_attempts else None


def note(tx: Transaction, operation_id: int, evidence: Mapping[str, Any]) -> None:
    """Records what is about to be sent, and what will prove its effect, before the bytes leave."""
    records.set_evidence(tx, operation_id, evidence)


def wait_for(
    tx: Transaction, operation_id: int, event: str, evidence: Mapping[str, Any] | None
) -> None:
    """The device has accepted it; its end is told by an event of a later session.

    What has been learnt of it meanwhile stays in its evidence.
    """
    row = records.by_id(tx, operation_id)
    known = (row and row["evidence"]) or {}
    records.set_awaits(tx, operation_id, event, {**known, **(evidence or {})})


def resume(tx: Transaction, operation_id: int, now: float, evidence: Mapping[str, Any]) -> None:
    """The awaited event came, but there is more to do: it takes its turn again."""
    records.set_resumed(tx, operation_id, now, evidence)


def postpone(tx: Transaction, operation_id: int, due: float) -> None:
    """A running operation may be tried again from ``due`` on, without costing an attempt."""
    records.postpone(tx, operation_id, due)


def complete(tx: Transaction, operation_id: int, result: Any, now: float) -> bool:
    """Ends it well; False when it had already ended, and then nothing is changed."""
    return _end(tx, records.finish(tx, operation_id, State.COMPLETED, None, result, now), now)


def fail(tx: Transaction, operation_id: int, error: Error, now: float, result: Any = None) -> bool:
    """Ends it badly, with what could still be had as its result; False when already ended."""
    ended = records.finish(tx, operation_id, State.FAILED, error.as_json(), result, now)
    return _end(tx, ended, now)


def cancel(tx: Transaction, operation_id: int, now: float) -> None:
    """Takes back what has not started.

    Raises NotCancellable for anything else, finished or running.
    """
    if _end(tx, records.finish_unstarted(tx, operation_id, State.CANCELLED, now), now):
        return
    row = records.by_id(tx, operation_id)
    if row is None:
        raise Conflict("The operation is gone.")
    raise NotCancellable(row["key"], row["state"])


def open_sets(tx: Transaction, device_id: int, purpose: str) -> list[Operation]:
    """Those that have not ended, of what the server has queued for this."""
    found = map(read, records.open_kinds(tx, device_id, {Kind.SET}))
    return [each for each in found if each.purpose == purpose]


def give_up(tx: Transaction, operation_id: int, now: float) -> None:
    """Ends whatever has not ended, because its device is being deleted: what has not started is
    taken back, and of what was sent nobody will ever learn what came of it."""
    error = DEVICE_DELETED.as_json()
    ended = records.finish_unstarted(tx, operation_id, State.CANCELLED, now) or records.finish(
        tx, operation_id, State.FAILED, error, None, now
    )
    if ended is not None:
        endings.follow_deletion(tx, ended, now)


def expire(tx: Transaction, now: float, limit: int) -> list[int]:
    """Ends what never started in its time; returns the ids."""
    ended = records.expire(tx, now, limit)
    for end in ended:
        endings.follow(tx, end, now)
    return [end.id for end in ended]


def _end(tx: Transaction, ended: records.End | None, now: float) -> bool:
    if ended is not None:
        endings.follow(tx, ended, now)
    return ended is not None


def result_of(tx: Transaction, operation_id: int) -> Any:
    """The kept result, or None."""
    return records.result(tx, operation_id)
