"""SQL of the tables ``operations`` and ``operation_results``.

A finishing statement always names the states that it may leave, so that an operation ends once
however many sessions, workers and people try to end it.
"""

import json
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgpack

from inventory.records import groups
from inventory.store import Row, Transaction

OperationRow = dict[str, Any]
LOW_PRIORITY = 40  # from here on what is done on many devices, and may wait

_COLUMNS = """id, key, device_id, kind, origin, priority, state, request, created, created_by, due,
    expires, started, deadline, completed, attempts, awaits, evidence, progress, error, parent_id,
    group_id, job_id, notifies"""
_JSON = ("request", "evidence", "error")

_INSERT = f"""
INSERT INTO operations (key, device_id, kind, origin, priority, state, is_exclusive, request,
    created, created_by, due, expires, awaits, parent_id, job_id, notifies, image_id)
VALUES (:key, :device_id, :kind, :origin, :priority, :state, :is_exclusive, :request,
    :created, :created_by, :due, :expires, :awaits, :parent_id, :job_id, :notifies, :image_id)
RETURNING {_COLUMNS}"""

# What was interrupted goes first and, until it is due again, nothing goes before it.
_NEXT = f"""
SELECT {_COLUMNS} FROM operations AS mine
WHERE device_id = :device_id AND state IN ('scheduled', 'pending', 'running')
    AND awaits IS NULL
    AND (state = 'running' OR (due <= :now AND expires > :now))
    AND (NOT :reading_only OR kind IN ('get', 'names', 'get.attr', 'health_check'))
    AND (state = 'running' OR NOT is_exclusive OR NOT EXISTS (
        SELECT 1 FROM operations AS other
        WHERE other.device_id = :device_id AND other.state IN ('scheduled', 'pending', 'running')
            AND other.state = 'running' AND other.is_exclusive))
ORDER BY CASE WHEN state = 'running' THEN 0 ELSE 1 END, priority, id
LIMIT 1"""

_OPEN_OF_KIND = f"""
SELECT {_COLUMNS} FROM operations
WHERE device_id = :device_id AND state IN ('scheduled', 'pending', 'running') AND kind = :kind
ORDER BY id LIMIT 1"""

_MARK_RUNNING = f"""
UPDATE operations SET state = 'running', attempts = :attempts, started = :started,
    deadline = :deadline, due = :due, progress = max(progress, 1)
WHERE id = :id RETURNING {_COLUMNS}"""

_END = "id, device_id, kind, state, group_id, job_id, notifies"

_FINISH = f"""
UPDATE operations SET state = :state, error = :error, completed = :now, awaits = NULL,
    progress = CASE WHEN :state = 'completed' THEN 100 ELSE progress END
WHERE id = :id AND state = 'running' RETURNING {_END}"""

_FINISH_UNSTARTED = f"""
UPDATE operations SET state = :state, completed = :now, awaits = NULL
WHERE id = :id AND state IN ('scheduled', 'pending') RETURNING {_END}"""

_KEEP_RESULT = """
INSERT INTO operation_results (operation_id, body) VALUES (:id, :body)
ON CONFLICT (operation_id) DO UPDATE SET body = excluded.body"""


@dataclass(frozen=True, slots=True)
class End:
    """What must be known of an operation that has just ended, for what follows from it."""

    id: int
    device_id: int
    kind: str
    state: str
    group_id: int | None
    job_id: int | None
    notifies: bool


def _dump(value: Any) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))


def read_row(row: Row) -> OperationRow:
    """A row as a dictionary, its JSON columns read."""
    found = dict(zip(row.keys(), row, strict=True))
    for column in _JSON:
        if found[column] is not None:
            found[column] = json.loads(found[column])
    found["notifies"] = bool(found["notifies"])
    return found


def insert(tx: Transaction, *, request: Mapping[str, Any], **columns: Any) -> OperationRow:
    # Of a Download of an image: a file from elsewhere changes no version.
    image_id = request.get("firmware_image") if request.get("url") is None else None
    row = tx.one(_INSERT, request=_dump(dict(request)), image_id=image_id, **columns)
    assert row is not None
    return read_row(row)


def by_id(tx: Transaction, operation_id: int) -> OperationRow | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM operations WHERE id = :id", id=operation_id)
    return None if row is None else read_row(row)


def by_key(tx: Transaction, device_id: int, key: str) -> OperationRow | None:
    """Whatever became of it."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM operations WHERE key = :key AND device_id = :device_id",
        key=key,
        device_id=device_id,
    )
    return None if row is None else read_row(row)


def open_of_kind(tx: Transaction, device_id: int, kind: str) -> OperationRow | None:
    row = tx.one(_OPEN_OF_KIND, device_id=device_id, kind=kind)
    return None if row is None else read_row(row)


def next_open(
    tx: Transaction, device_id: int, now: float, reading_only: bool
) -> OperationRow | None:
    """The row whose turn it is; None also while an interrupted one must wait for its time."""
    row = tx.one(_NEXT, device_id=device_id, now=now, reading_only=reading_only)
    if row is None or row["due"] > now:
        return None
    return read_row(row)


def mark_running(
    tx: Transaction, operation_id: int, attempts: int, started: float, deadline: float, due: float
) -> OperationRow:
    row = tx.one(
        _MARK_RUNNING,
        id=operation_id,
        attempts=attempts,
        started=started,
        deadline=deadline,
        due=due,
    )
    assert row is not None
    groups.refresh(tx, [row["group_id"]])
    return read_row(row)


def set_evidence(tx: Transaction, operation_id: int, evidence: Mapping[str, Any]) -> None:
    tx.run(
        "UPDATE operations SET evidence = :evidence WHERE id = :id AND state = 'running'",
        id=operation_id,
        evidence=_dump(dict(evidence)),
    )


def set_awaits(
    tx: Transaction, operation_id: int, event: str, evidence: Mapping[str, Any] | None
) -> None:
    tx.run(
        """UPDATE operations SET awaits = :event, evidence = COALESCE(:evidence, evidence),
               progress = max(progress, 50)
           WHERE id = :id AND state = 'running'""",
        id=operation_id,
        event=event,
        evidence=_dump(evidence if evidence is None else dict(evidence)),
    )


def set_resumed(
    tx: Transaction, operation_id: int, now: float, evidence: Mapping[str, Any]
) -> None:
    tx.run(
        """UPDATE operations SET awaits = NULL, due = :now, attempts = 0, evidence = :evidence
           WHERE id = :id AND state = 'running'""",
        id=operation_id,
        now=now,
        evidence=_dump(dict(evidence)),
    )


def postpone(tx: Transaction, operation_id: int, due: float) -> None:
    tx.run(
        """UPDATE operations SET due = :due, attempts = max(attempts - 1, 0)
           WHERE id = :id AND state = 'running'""",
        id=operation_id,
        due=due,
    )


def finish(
    tx: Transaction,
    operation_id: int,
    state: str,
    error: Mapping[str, Any] | None,
    result: Any,
    now: float,
) -> End | None:
    """Ends a running operation; None when it was not running any more."""
    ended = tx.one(_FINISH, id=operation_id, state=state, error=_dump(error), now=now)
    if ended is not None and result is not None:
        tx.run(_KEEP_RESULT, id=operation_id, body=zlib.compress(msgpack.packb(result), 1))
    return _ended(tx, ended)


def finish_unstarted(tx: Transaction, operation_id: int, state: str, now: float) -> End | None:
    return _ended(tx, tx.one(_FINISH_UNSTARTED, id=operation_id, state=state, now=now))


def _ended(tx: Transaction, row: Row | None) -> End | None:
    if row is None:
        return None
    groups.refresh(tx, [row["group_id"]])
    return End(*row)


def result(tx: Transaction, operation_id: int) -> Any:
    row = tx.one("SELECT body FROM operation_results WHERE operation_id = :id", id=operation_id)
    return None if row is None else msgpack.unpackb(zlib.decompress(row["body"]))


def has_open(tx: Transaction, device_id: int) -> bool:
    row = tx.one(
        """SELECT EXISTS (SELECT 1 FROM operations WHERE device_id = :device_id
               AND state IN ('scheduled', 'pending', 'running')) AS found""",
        device_id=device_id,
    )
    return row is not None and bool(row["found"])


def some_open(tx: Transaction, device_id: int, limit: int) -> list[int]:
    """At most so many of the device's unfinished operations."""
    rows = tx.all(
        """SELECT id FROM operations
           WHERE device_id = :device_id AND state IN ('scheduled', 'pending', 'running')
           LIMIT :limit""",
        device_id=device_id,
        limit=limit,
    )
    return [row["id"] for row in rows]


def running(tx: Transaction, device_id: int) -> list[OperationRow]:
    """Operations of the device that were sent and have not ended."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM operations
            WHERE device_id = :device_id AND state IN ('scheduled', 'pending', 'running')
                AND state = 'running'
            ORDER BY id""",
        device_id=device_id,
    )
    return [read_row(row) for row in rows]


def due_now(tx: Transaction, now: float, limit: int) -> list[tuple[int, bool]]:
    """(device id, whether it may wait) of scheduled ones whose time has come; they become
    pending."""
    rows = tx.all(
        """UPDATE operations SET state = 'pending'
           WHERE id IN (SELECT id FROM operations
                        WHERE state = 'scheduled' AND due <= :now AND awaits IS NULL
                        ORDER BY due LIMIT :limit)
           RETURNING device_id, origin, priority, group_id""",
        now=now,
        limit=limit,
    )
    groups.refresh(tx, [row["group_id"] for row in rows])
    return [(row["device_id"], _may_wait(row["origin"], row["priority"])) for row in rows]


def _may_wait(origin: str, priority: int) -> bool:
    """What is done on many devices, by a job or for a changed type."""
    return origin == "job" or priority >= LOW_PRIORITY


def expire(tx: Transaction, now: float, limit: int) -> list[End]:
    """Ends what never started in its time."""
    rows = tx.all(
        f"""UPDATE operations SET state = 'expired', completed = :now
           WHERE id IN (SELECT id FROM operations
                        WHERE state IN ('scheduled', 'pending') AND expires <= :now
                            AND awaits IS NULL
                        ORDER BY expires LIMIT :limit)
           RETURNING {_END}""",
        now=now,
        limit=limit,
    )
    groups.refresh(tx, [row["group_id"] for row in rows])
    return [End(*row) for row in rows]


def recurring_now(tx: Transaction, awaits: str, now: float, limit: int) -> list[OperationRow]:
    """Recurring operations of which a run is due; they are never taken themselves."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM operations
            WHERE state = 'scheduled' AND due <= :now AND awaits = :awaits
            ORDER BY due LIMIT :limit""",
        awaits=awaits,
        now=now,
        limit=limit,
    )
    return [read_row(row) for row in rows]


def recurring_in(tx: Transaction, awaits: str, now: float, group_id: int) -> list[OperationRow]:
    """The same of an order for several devices, as they were ordered."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM operations
            WHERE group_id = :group_id AND state = 'scheduled' AND due <= :now
                AND awaits = :awaits
            ORDER BY id""",
        awaits=awaits,
        now=now,
        group_id=group_id,
    )
    return [read_row(row) for row in rows]


def reschedule(tx: Transaction, operation_id: int, due: float, expires: float) -> None:
    tx.run(
        "UPDATE operations SET due = :due, expires = :expires WHERE id = :id",
        id=operation_id,
        due=due,
        expires=expires,
    )


def has_unstarted_run(tx: Transaction, order_id: int, device_id: int) -> bool:
    """Of a recurring order, which may be for several devices: a run is of the one that was its
    first when it was queued. The device's queue is looked through, not all runs there ever were."""
    row = tx.one(
        """SELECT 1 FROM operations
           WHERE device_id = :device_id AND state IN ('scheduled', 'pending', 'running')
               AND state <> 'running' AND +parent_id IN (
                   SELECT :order_id UNION ALL
                   SELECT id FROM operations WHERE group_id = :order_id)
           LIMIT 1""",
        order_id=order_id,
        device_id=device_id,
    )
    return row is not None


def take_telling(tx: Transaction, group_id: int) -> bool:
    """Whether an order for several devices has ended as a whole, and nobody was told of it yet."""
    taken = tx.all(
        """UPDATE operations SET notifies = FALSE
           WHERE group_id = :group_id AND notifies AND NOT EXISTS (
               SELECT 1 FROM operations AS other WHERE other.group_id = :group_id
                   AND other.state IN ('scheduled', 'pending', 'running'))
           RETURNING id""",
        group_id=group_id,
    )
    return bool(taken)


def overdue(tx: Transaction, now: float, limit: int) -> list[int]:
    """Running operations past their deadline."""
    rows = tx.all(
        """SELECT id FROM operations WHERE state = 'running' AND deadline <= :now
           ORDER BY deadline LIMIT :limit""",
        now=now,
        limit=limit,
    )
    return [row["id"] for row in rows]


def interrupted(tx: Transaction, since: float, now: float, limit: int) -> list[tuple[int, bool]]:
    """Devices with an unanswered operation whose next attempt became due in (since, now], and
    whether it may wait."""
    rows = tx.all(
        """SELECT DISTINCT device_id, origin, priority FROM operations
           WHERE state = 'running' AND awaits IS NULL AND due > :since AND due <= :now
           LIMIT :limit""",
        since=since,
        now=now,
        limit=limit,
    )
    return [(row["device_id"], _may_wait(row["origin"], row["priority"])) for row in rows]


def waiting_devices(tx: Transaction, now: float, after: int, limit: int) -> list[tuple[int, bool]]:
    """Devices that are Up and have work that is due and has not started, by id; and whether all of
    it may wait."""
    rows = tx.all(
        """SELECT o.device_id,
               MIN(CASE WHEN o.origin = 'job' OR o.priority >= :low THEN 1 ELSE 0 END)
           FROM operations AS o JOIN presence AS p ON p.device_id = o.device_id AND p.is_up
           WHERE o.device_id > :after AND o.state IN ('scheduled', 'pending', 'running')
               AND o.state = 'pending' AND o.awaits IS NULL AND o.due <= :now
           GROUP BY o.device_id ORDER BY o.device_id LIMIT :limit""",
        now=now,
        after=after,
        limit=limit,
        low=LOW_PRIORITY,
    )
    return [(row[0], bool(row[1])) for row in rows]


def open_kinds(tx: Transaction, device_id: int, kinds: Collection[str]) -> list[OperationRow]:
    """Unfinished operations of these kinds on the device, oldest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM operations
            WHERE device_id = :device_id AND state IN ('scheduled', 'pending', 'running')
            ORDER BY id""",
        device_id=device_id,
    )
    return [found for row in rows if (found := read_row(row))["kind"] in kinds]


def open_in_turn(tx: Transaction, device_id: int) -> list[OperationRow]:
    """All unfinished operations of the device in the order of :data:`_NEXT`, with
    ``is_exclusive``; those that the device has accepted stand where they were."""
    rows = tx.all(
        f"""SELECT {_COLUMNS}, is_exclusive FROM operations
            WHERE device_id = :device_id AND state IN ('scheduled', 'pending', 'running')
            ORDER BY CASE WHEN state = 'running' THEN 0 ELSE 1 END, priority, id""",
        device_id=device_id,
    )
    return [read_row(row) for row in rows]


def last_ended(tx: Transaction, device_id: int, limit: int) -> list[OperationRow]:
    """The newest operations of the device that have ended, the newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM operations
            WHERE device_id = :device_id AND completed IS NOT NULL
            ORDER BY id DESC LIMIT :limit""",
        device_id=device_id,
        limit=limit,
    )
    return [read_row(row) for row in rows]


def last_for(tx: Transaction, device_id: int, kind: str, purpose: str) -> OperationRow | None:
    """The newest operation that the server queued on the device for this purpose."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM operations
            WHERE device_id = :device_id AND kind = :kind AND origin = 'system'
            ORDER BY id DESC LIMIT 100""",
        device_id=device_id,
        kind=kind,
    )
    found = (read_row(row) for row in rows)
    return next((row for row in found if row["request"].get("purpose") == purpose), None)
