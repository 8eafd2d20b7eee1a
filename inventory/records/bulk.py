"""SQL of bulk jobs and their targets."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from inventory.query import EVERYTHING, Page, Scope, Window
from inventory.records.devices import IS_PENDING
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Job:
    """A bulk job; times are Unix seconds."""

    id: int
    operation_type: str
    state: str
    request: Mapping[str, Any]
    filters: Mapping[str, Any]
    options: Mapping[str, Any]
    schedule: Mapping[str, Any] | None
    priority: int
    due: float
    created: float
    created_by: str | None
    updated: float
    started: float | None
    deadline: float | None
    completed: float | None
    reason: str | None
    planned_to: int
    is_planned: bool
    is_settled: bool
    total: int
    processed: int
    failed: int
    parent_id: int | None
    rollback_id: int | None


@dataclass(frozen=True, slots=True)
class Target:
    """A device of a job, and the operation that stands for it in the device's queue."""

    job_id: int
    device_id: int
    operation_id: int | None = None


_COLUMNS = ", ".join(field.name for field in fields(Job))
_JSON = ("request", "filters", "options", "schedule")
_OPEN_JOB = "state IN ('scheduled', 'in_progress', 'paused')"


def _job(row: Row) -> Job:
    values = dict(zip(row.keys(), row, strict=True))
    for name in _JSON:
        values[name] = None if values[name] is None else json.loads(values[name])
    for name in ("is_planned", "is_settled"):
        values[name] = bool(values[name])
    return Job(**values)


# --- Jobs ------------------------------------------------------------------------------------


def insert(tx: Transaction, organizations: Collection[int], *, now: float, **columns: Any) -> int:
    """``organizations``: none at all means all of them."""
    told = {
        name: json.dumps(value) if name in _JSON and value is not None else value
        for name, value in columns.items()
    }
    names = ", ".join(told)
    values = ", ".join(f":{name}" for name in told)
    row = tx.one(
        f"""INSERT INTO bulk_jobs ({names}, state, created, updated)
            VALUES ({values}, 'scheduled', :now, :now) RETURNING id""",
        now=now,
        **told,
    )
    assert row is not None
    tx.run_many(
        "INSERT INTO bulk_job_organizations (job_id, organization_id) VALUES (:job_id, :one)",
        [{"job_id": row[0], "one": one} for one in sorted(organizations)],
    )
    return int(row[0])


def organizations(tx: Transaction, job_id: int) -> list[int]:
    rows = tx.all(
        """SELECT organization_id FROM bulk_job_organizations WHERE job_id = :id
           ORDER BY organization_id""",
        id=job_id,
    )
    return [row[0] for row in rows]


def by_id(tx: Transaction, job_id: int) -> Job | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM bulk_jobs WHERE id = :id", id=job_id)
    return None if row is None else _job(row)


def seen(tx: Transaction, scope: Scope, job_id: int) -> Job | None:
    """The job, when all its organizations are in the scope."""
    where = visible(scope).equal("id", job_id)
    row = tx.one(f"SELECT {_COLUMNS} FROM bulk_jobs {where.sql}", **where.parameters)
    return None if row is None else _job(row)


def page(tx: Transaction, scope: Scope, job_id: int | None, window: Window) -> Page[Job]:
    """The newest first."""
    where = visible(scope).equal("id", job_id)
    count = tx.one(f"SELECT count(*) FROM bulk_jobs {where.sql}", **where.parameters)
    assert count is not None
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM bulk_jobs {where.sql}
            ORDER BY id DESC LIMIT :limit OFFSET :offset""",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    return Page([_job(row) for row in rows], count[0])


def visible(scope: Scope) -> Where:
    """The jobs all of whose organizations are in the scope."""
    if scope.organizations is None:
        return Where(EVERYTHING)
    inside = Where(scope)
    of_job = "SELECT 1 FROM bulk_job_organizations WHERE job_id = bulk_jobs.id"
    outside = inside.sql.removeprefix("WHERE ")
    return Where(EVERYTHING).holds(
        f"EXISTS ({of_job}) AND NOT EXISTS ({of_job} AND NOT ({outside}))", **inside.parameters
    )


def unsettled(tx: Transaction) -> list[int]:
    """Jobs that there may be something to do for."""
    rows = tx.all("SELECT id FROM bulk_jobs WHERE NOT is_settled ORDER BY priority, id")
    return [row[0] for row in rows]


def name_image(tx: Transaction, image_id: int) -> bool:
    """Whether jobs that go on, or will begin, are about this firmware image."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM bulk_jobs WHERE NOT is_settled")
    return any(
        image_id in (job.request["order"].get("firmware_image"), job.options.get("rollback_image"))
        for job in map(_job, rows)
    )


def change(tx: Transaction, job_id: int, now: float, **columns: Any) -> None:
    changes = ", ".join(f"{name} = :{name}" for name in columns)
    tx.run(
        f"UPDATE bulk_jobs SET {changes}, updated = :now WHERE id = :id",
        id=job_id,
        now=now,
        **columns,
    )


def has_open_run(tx: Transaction, parent_id: int) -> bool:
    """Also while a run that has failed is being undone."""
    row = tx.one(
        f"""SELECT 1 FROM bulk_jobs WHERE {_OPEN_JOB} AND (parent_id = :id
                OR id IN (SELECT rollback_id FROM bulk_jobs WHERE parent_id = :id)) LIMIT 1""",
        id=parent_id,
    )
    return row is not None


# --- Targets ---------------------------------------------------------------------------------

_STATUS = {
    "active": "d.is_active",
    "inactive": "NOT d.is_active",
    "Up": "p.is_up",
    "Down": "NOT p.is_up",
    "pending": IS_PENDING,
}


def _meant(organization_ids: Sequence[int], filters: Mapping[str, Any]) -> Where:
    """The devices that a job is about; inactive ones only where they are asked for."""
    where = Where(EVERYTHING)
    if organization_ids:
        where.among("d.organization_id", organization_ids)
    if filters.get("types"):
        where.among("d.type_id", filters["types"])
    if filters.get("serial_numbers"):
        where.among("d.serial_number", filters["serial_numbers"])
    status = filters.get("status") or ()
    if status:
        where.holds(f"({' OR '.join(_STATUS[word] for word in status)})")
    if "inactive" not in status:
        where.holds("d.is_active")
    return where


def count_meant(
    tx: Transaction, organization_ids: Sequence[int], filters: Mapping[str, Any]
) -> int:
    where = _meant(organization_ids, filters)
    row = tx.one(
        f"""SELECT count(*) FROM devices AS d JOIN presence AS p ON p.device_id = d.id
            {where.sql}""",
        **where.parameters,
    )
    assert row is not None
    return int(row[0])


def plan(tx: Transaction, job: Job, organization_ids: Sequence[int], last: int) -> tuple[int, bool]:
    """Fixes the targets up to a device id: how many, and whether it was all."""
    where = _meant(organization_ids, job.filters).holds(
        "d.id > :after AND d.id <= :last", after=job.planned_to, last=last
    )
    found = tx.run(
        f"""INSERT INTO bulk_targets (job_id, device_id, name, was_up, state)
            SELECT :job_id, d.id, d.name, p.is_up, 'waiting'
            FROM devices AS d JOIN presence AS p ON p.device_id = d.id {where.sql}""",
        job_id=job.id,
        **where.parameters,
    )
    newest = tx.one("SELECT max(id) FROM devices")
    return found, newest is None or last >= (newest[0] or 0)


@dataclass(frozen=True, slots=True)
class Begun:
    """A target whose operation has been sent to the device, and what the device shows now."""

    device_id: int
    name: str
    is_up: bool
    software_version: str | None
    operation_state: str
    evidence: Mapping[str, Any] | None


def begun(tx: Transaction, job_id: int, after: int, last: int) -> list[Begun]:
    """Targets with device ids behind ``after`` and up to ``last``."""
    rows = tx.all(
        """SELECT t.device_id, d.name, p.is_up, d.software_version, o.state, o.evidence
           FROM bulk_targets AS t JOIN operations AS o ON o.id = t.operation_id
           JOIN devices AS d ON d.id = t.device_id JOIN presence AS p ON p.device_id = d.id
           WHERE t.job_id = :job_id AND t.device_id > :after AND t.device_id <= :last
               AND o.started IS NOT NULL""",
        job_id=job_id,
        after=after,
        last=last,
    )
    return [
        Begun(row[0], row[1], bool(row[2]), row[3], row[4], row[5] and json.loads(row[5]))
        for row in rows
    ]


def add_targets(tx: Transaction, job_id: int, found: Sequence[Begun]) -> None:
    tx.run_many(
        """INSERT INTO bulk_targets (job_id, device_id, name, was_up, state)
           VALUES (:job_id, :device_id, :name, :was_up, 'waiting')""",
        [
            {
                "job_id": job_id,
                "device_id": each.device_id,
                "name": each.name,
                "was_up": each.is_up,
            }
            for each in found
        ],
    )


def last_target(tx: Transaction, job_id: int) -> int:
    """The highest device id among the targets; 0 without any."""
    row = tx.one("SELECT max(device_id) FROM bulk_targets WHERE job_id = :job_id", job_id=job_id)
    assert row is not None
    return int(row[0] or 0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A target whose turn it is; ``is_active`` is None when the device is gone."""

    device_id: int
    is_active: bool | None
    root: str | None
    firmware_image_id: int | None


def waiting(tx: Transaction, job_id: int, limit: int) -> list[Waiting]:
    """Those that were Up when the targets were fixed go first."""
    rows = tx.all(
        """SELECT t.device_id, d.is_active, d.root, d.firmware_image_id
           FROM (SELECT device_id, was_up FROM bulk_targets
                 WHERE job_id = :job_id AND state = 'waiting'
                 ORDER BY was_up DESC, device_id LIMIT :limit) AS t
           LEFT JOIN devices AS d ON d.id = t.device_id
           ORDER BY t.was_up DESC, t.device_id""",
        job_id=job_id,
        limit=limit,
    )
    return [
        Waiting(row[0], None if row[1] is None else bool(row[1]), row[2], row[3]) for row in rows
    ]


def open_targets(tx: Transaction, targets: Sequence[Target]) -> None:
    tx.run_many(
        """UPDATE bulk_targets SET state = 'open', operation_id = :operation_id
           WHERE job_id = :job_id AND device_id = :device_id AND state = 'waiting'""",
        [{field.name: getattr(each, field.name) for field in fields(Target)} for each in targets],
    )


def count_open(tx: Transaction, job_id: int, most: int) -> int:
    """Open targets, counted as far as ``most``."""
    row = tx.one(
        """SELECT count(*) FROM (SELECT 1 FROM bulk_targets
               WHERE job_id = :job_id AND state = 'open' LIMIT :most)""",
        job_id=job_id,
        most=most,
    )
    assert row is not None
    return int(row[0])


def count_busy(tx: Transaction, job_id: int, since: float) -> int:
    """Operations of the job that run, or were queued since then and have not started."""
    row = tx.one(
        """SELECT (SELECT count(*) FROM operations
                   WHERE job_id = :job_id AND state = 'running')
               + (SELECT count(*) FROM operations
                  WHERE job_id = :job_id AND state IN ('scheduled', 'pending')
                      AND created > :since)""",
        job_id=job_id,
        since=since,
    )
    assert row is not None
    return int(row[0])


def unstarted(tx: Transaction, job_id: int, limit: int) -> list[Target]:
    """What of the job is in queues of devices and may be taken back."""
    rows = tx.all(
        """SELECT id, device_id FROM operations
           WHERE job_id = :job_id AND state IN ('scheduled', 'pending')
           ORDER BY created LIMIT :limit""",
        job_id=job_id,
        limit=limit,
    )
    return [Target(job_id, row["device_id"], row["id"]) for row in rows]


def close(tx: Transaction, target: Target, state: str) -> None:
    """Takes a target out of the count of what was done: it waits again, or is cancelled."""
    tx.run(
        """UPDATE bulk_targets SET state = :state, operation_id = NULL
           WHERE job_id = :job_id AND device_id = :device_id AND state IN ('waiting', 'open')""",
        job_id=target.job_id,
        device_id=target.device_id,
        state=state,
    )


def cancel_waiting(tx: Transaction, job_id: int, limit: int) -> int:
    return tx.run(
        """UPDATE bulk_targets SET state = 'cancelled'
           WHERE job_id = :job_id AND device_id IN (
               SELECT device_id FROM bulk_targets
               WHERE job_id = :job_id AND state = 'waiting' LIMIT :limit)""",
        job_id=job_id,
        limit=limit,
    )


def reopen_calls(tx: Transaction, job_id: int) -> None:
    """Targets that were open without an operation, by a process that is gone, wait again."""
    tx.run(
        """UPDATE bulk_targets SET state = 'waiting'
           WHERE job_id = :job_id AND state = 'open' AND operation_id IS NULL""",
        job_id=job_id,
    )


def lost(tx: Transaction, job_id: int, limit: int) -> list[Target]:
    """Open targets whose operation went with its device."""
    rows = tx.all(
        """SELECT t.device_id, t.operation_id FROM bulk_targets AS t
           WHERE t.job_id = :job_id AND t.state = 'open' AND t.operation_id IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM operations AS o WHERE o.id = t.operation_id)
           LIMIT :limit""",
        job_id=job_id,
        limit=limit,
    )
    return [Target(job_id, row[0], row[1]) for row in rows]


def inactive(tx: Transaction, job_id: int, limit: int) -> list[Target]:
    """Open targets whose operation has not started, and will not, for the device is inactive."""
    rows = tx.all(
        """SELECT o.device_id, o.id FROM operations AS o JOIN devices AS d ON d.id = o.device_id
           WHERE o.job_id = :job_id AND o.state IN ('scheduled', 'pending') AND NOT d.is_active
           LIMIT :limit""",
        job_id=job_id,
        limit=limit,
    )
    return [Target(job_id, row[0], row[1]) for row in rows]


def open_devices(tx: Transaction, job_ids: Collection[int], limit: int) -> list[int]:
    """Devices that the jobs still wait for."""
    where = Where(EVERYTHING).among("job_id", sorted(job_ids))
    rows = tx.all(
        f"""SELECT DISTINCT device_id FROM bulk_targets {where.sql}
                AND state IN ('waiting', 'open') LIMIT :limit""",
        limit=limit,
        **where.parameters,
    )
    return [row[0] for row in rows]


# --- Counting --------------------------------------------------------------------------------


def settle(
    tx: Transaction,
    target: Target,
    state: str,
    cause: str | None,
    now: float,
    report: Mapping[str, Any] | None = None,
) -> None:
    """Ends an open target and counts it; one that is not open (any more) is left alone."""
    settled = tx.run(
        """UPDATE bulk_targets SET state = :state, cause = :cause, ended = :now, report = :report
           WHERE job_id = :job_id AND device_id = :device_id AND state = 'open'
               AND operation_id IS :operation_id""",
        job_id=target.job_id,
        device_id=target.device_id,
        operation_id=target.operation_id,
        state=state,
        cause=cause,
        report=None if report is None else json.dumps(report),
        now=now,
    )
    if settled:
        _count(tx, target.job_id, cause, now)


def _count(tx: Transaction, job_id: int, cause: str | None, now: float) -> None:
    tx.run(
        """UPDATE bulk_jobs SET processed = processed + 1, failed = failed + :failed,
               updated = :now WHERE id = :id""",
        id=job_id,
        failed=int(cause is not None),
        now=now,
    )
    if cause is not None:
        tx.run(
            """INSERT INTO bulk_errors (job_id, cause, count) VALUES (:job_id, :cause, 1)
               ON CONFLICT (job_id, cause) DO UPDATE SET count = count + 1""",
            job_id=job_id,
            cause=cause,
        )


def errors(tx: Transaction, job_id: int) -> dict[str, int]:
    """Failed targets by cause."""
    rows = tx.all(
        "SELECT cause, count FROM bulk_errors WHERE job_id = :id ORDER BY cause", id=job_id
    )
    return {row["cause"]: row["count"] for row in rows}


def error_code(tx: Transaction, operation_id: int) -> str | None:
    row = tx.one("SELECT error FROM operations WHERE id = :id", id=operation_id)
    if row is None or row["error"] is None:
        return None
    return str(json.loads(row["error"])["code"])


def last_call(tx: Transaction, device_id: int) -> str | None:
    """The outcome of the device's last connection request."""
    row = tx.one("SELECT outcome FROM connection_requests WHERE device_id = :id", id=device_id)
    return None if row is None else str(row["outcome"])


# --- Results ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a device of a job."""

    device_id: int
    name: str
    serial_number: str | None
    state: str
    operation_id: int | None
    operation_key: str | None
    operation_state: str | None
    started: float | None
    ended: float | None
    cause: str | None
    error: Mapping[str, Any] | None
    report: Mapping[str, Any] | None
    last_call: str | None
    last_call_time: float | None

    @property
    def status(self) -> str:
        """An open target is as far as its operation is; one that is called is running."""
        return self.state if self.state != "open" else self.operation_state or "running"


_OF_OPERATION = frozenset({"scheduled", "pending", "running"})
_RESULTS = """
SELECT t.device_id, t.name, d.serial_number, t.state, t.operation_id, o.key, o.state, o.started,
    t.ended, t.cause, o.error, t.report, c.outcome, c.time
FROM (SELECT * FROM bulk_targets {where} ORDER BY device_id LIMIT :limit OFFSET :offset) AS t
LEFT JOIN devices AS d ON d.id = t.device_id
LEFT JOIN operations AS o ON o.id = t.operation_id
LEFT JOIN connection_requests AS c ON c.device_id = t.device_id
ORDER BY t.device_id"""


def results(tx: Transaction, job_id: int, status: str | None, window: Window) -> Page[Result]:
    where = Where(EVERYTHING).equal("job_id", job_id)
    if status in _OF_OPERATION:
        where.equal("state", "open").holds(
            """COALESCE((SELECT o.state FROM operations AS o
                         WHERE o.id = bulk_targets.operation_id), 'running') = :status""",
            status=status,
        )
    else:
        where.equal("state", status)
    count = tx.one(f"SELECT count(*) FROM bulk_targets {where.sql}", **where.parameters)
    assert count is not None
    rows = tx.all(
        _RESULTS.format(where=where.sql),
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    return Page([_result(row) for row in rows], count[0])


def _result(row: Row) -> Result:
    values = list(row)
    for at in (10, 11):
        values[at] = None if values[at] is None else json.loads(values[at])
    return Result(*values)


# --- The audit of the inventory --------------------------------------------------------------

_PORTRAIT = """
SELECT d.serial_number, d.manufacturer, d.product_class, d.software_version, d.hardware_version,
    f.version AS wanted_version, p.is_up, p.last_inform, d.drift_since, d.settings_pending,
    (SELECT count(*) FROM drift WHERE device_id = d.id AND NOT is_write_only) AS drift
FROM devices AS d JOIN presence AS p ON p.device_id = d.id
LEFT JOIN firmware_images AS f ON f.id = d.firmware_image_id
WHERE d.id = :id"""


def portrait(tx: Transaction, device_id: int) -> Row | None:
    """What the inventory knows of a device."""
    return tx.one(_PORTRAIT, id=device_id)


# --- Trimming --------------------------------------------------------------------------------


def trim_targets(tx: Transaction, before: float, limit: int) -> int:
    """Removes targets of jobs that ended before that."""
    return tx.run(
        """DELETE FROM bulk_targets WHERE (job_id, device_id) IN (
               SELECT t.job_id, t.device_id FROM bulk_jobs AS j
               JOIN bulk_targets AS t ON t.job_id = j.id
               WHERE j.is_settled AND j.completed < :before LIMIT :limit)""",
        before=before,
        limit=limit,
    )
