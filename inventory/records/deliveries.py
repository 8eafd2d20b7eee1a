"""SQL of ``deliveries``: what somebody is to be told, and what became of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

from inventory.query import EVERYTHING, Page, Scope, Window
from inventory.records.bulk import visible as seen_jobs
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to tell to one receiver; times are Unix seconds."""

    id: int
    key: str
    channel: str
    target: str
    body: str
    operation_id: int | None
    job_id: int | None
    organization_id: int | None
    state: str
    attempts: int
    due: float
    created: float
    last_attempt: float | None
    status_code: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """None leaves a condition out."""

    state: str | None = None
    channel: str | None = None
    operation_id: int | None = None
    job_id: int | None = None
    organization_id: int | None = None
    created_from: float | None = None
    created_to: float | None = None


_COLUMNS = ", ".join(field.name for field in fields(Delivery))


_STORY = """
SELECT o.id, o.key, o.kind, o.state, o.request, o.created, o.started, o.completed, o.attempts,
    o.error, o.parent_id, o.device_id, d.name, d.serial_number, d.organization_id
FROM operations AS o JOIN devices AS d ON d.id = o.device_id"""


def story(tx: Transaction, operation_id: int) -> Row:
    """An operation that has ended, with its device."""
    row = tx.one(f"{_STORY} WHERE o.id = :id", id=operation_id)
    assert row is not None
    return row


def stories(tx: Transaction, group_id: int) -> Sequence[Row]:
    """The operations of an order for several devices, each with its device, as ordered."""
    return tx.all(f"{_STORY} WHERE o.group_id = :group_id ORDER BY o.id", group_id=group_id)


def insert(
    tx: Transaction, *, now: float, organizations: Collection[int] = (), **columns: Any
) -> None:
    """With the organizations of whose devices it tells, where they are several."""
    made = tx.one(
        """INSERT INTO deliveries (key, channel, target, body, operation_id, job_id,
               organization_id, state, due, created)
           VALUES (:key, :channel, :target, :body, :operation_id, :job_id,
               :organization_id, 'pending', :now, :now)
           RETURNING id""",
        now=now,
        **columns,
    )
    assert made is not None
    if len(organizations) > 1:
        tx.run_many(
            "INSERT INTO delivery_organizations (delivery_id, organization_id) VALUES (:id, :one)",
            [{"id": made["id"], "one": one} for one in organizations],
        )


def by_id(tx: Transaction, scope: Scope, delivery_id: int) -> Delivery | None:
    where = _visible(scope).equal("id", delivery_id)
    row = tx.one(f"SELECT {_COLUMNS} FROM deliveries {where.sql}", **where.parameters)
    return None if row is None else Delivery(*row)


def page(tx: Transaction, scope: Scope, wanted: Filter, window: Window) -> Page[Delivery]:
    """The newest first."""
    where = (
        _visible(scope)
        .equal("state", wanted.state)
        .equal("channel", wanted.channel)
        .equal("operation_id", wanted.operation_id)
        .equal("job_id", wanted.job_id)
        .equal("organization_id", wanted.organization_id)
        .at_least("created", wanted.created_from)
        .at_most("created", wanted.created_to)
    )
    if wanted.state not in {None, "pending"}:
        where.holds("state <> 'pending'")  # the condition of the index deliveries_state
    count = tx.one(f"SELECT count(*) FROM deliveries {where.sql}", **where.parameters)
    assert count is not None
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM deliveries {where.sql}
            ORDER BY created DESC, id DESC LIMIT :limit OFFSET :offset""",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    return Page([Delivery(*row) for row in rows], count[0])


def _visible(scope: Scope) -> Where:
    """What belongs to the scope's organizations, or tells of a job or of devices that belong to
    them alone."""
    if scope.organizations is None:
        return Where(EVERYTHING)
    mine = Where(scope)
    inside = mine.sql.removeprefix("WHERE ")
    job = f"SELECT 1 FROM bulk_jobs {seen_jobs(scope).sql} AND bulk_jobs.id = deliveries.job_id"
    told = "SELECT 1 FROM delivery_organizations WHERE delivery_id = deliveries.id"
    devices = f"EXISTS ({told}) AND NOT EXISTS ({told} AND NOT ({inside}))"
    return Where(EVERYTHING).holds(
        f"({inside} OR EXISTS ({job}) OR ({devices}))", **mine.parameters
    )


def receivers_due(tx: Transaction, now: float, limit: int) -> list[tuple[str, str]]:
    """(channel, target) of everybody who is to be told something now."""
    rows = tx.all(
        """SELECT DISTINCT channel, target FROM deliveries
           WHERE state = 'pending' AND due <= :now LIMIT :limit""",
        now=now,
        limit=limit,
    )
    return [(row["channel"], row["target"]) for row in rows]


def next_for(tx: Transaction, channel: str, target: str, now: float) -> Delivery | None:
    where = Where(EVERYTHING).equal("channel", channel).equal("target", target)
    row = tx.one(
        f"""SELECT {_COLUMNS} FROM deliveries {where.sql} AND state = 'pending' AND due <= :now
            ORDER BY due, id LIMIT 1""",
        now=now,
        **where.parameters,
    )
    return None if row is None else Delivery(*row)


def settle(
    tx: Transaction,
    delivery_id: int,
    state: str,
    due: float,
    now: float,
    status_code: int | None,
    error: str | None,
) -> None:
    """Keeps what an attempt came to."""
    tx.run(
        """UPDATE deliveries SET state = :state, due = :due, attempts = attempts + 1,
               last_attempt = :now, status_code = :status_code, error = :error
           WHERE id = :id AND state = 'pending'""",
        id=delivery_id,
        state=state,
        due=due,
        now=now,
        status_code=status_code,
        error=error,
    )


def again(tx: Transaction, delivery_id: int, now: float) -> None:
    """From the start, as if it had never been tried."""
    tx.run(
        "UPDATE deliveries SET state = 'pending', attempts = 0, due = :now WHERE id = :id",
        id=delivery_id,
        now=now,
    )
