"""SQL of bulk jobs and their targets."""

import json
from dataclasses import dataclass

from inventory.store import Transaction


@dataclass(frozen=True, slots=True)
class Target:
    """A device of a job, and the operation that stands for it in the device's queue."""

    job_id: int
    device_id: int
    operation_id: int | None


# --- Counting --------------------------------------------------------------------------------


def settle(tx: Transaction, target: Target, state: str, cause: str | None, now: float) -> None:
    """Ends an open target and counts it; one that is not open (any more) is left alone."""
    settled = tx.run(
        """UPDATE bulk_targets SET state = :state, cause = :cause, ended = :now
           WHERE job_id = :job_id AND device_id = :device_id AND state = 'open'
               AND operation_id IS :operation_id""",
        job_id=target.job_id,
        device_id=target.device_id,
        operation_id=target.operation_id,
        state=state,
        cause=cause,
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


def error_code(tx: Transaction, operation_id: int) -> str | None:
    row = tx.one("SELECT error FROM operations WHERE id = :id", id=operation_id)
    if row is None or row["error"] is None:
        return None
    return str(json.loads(row["error"])["code"])


def last_call(tx: Transaction, device_id: int) -> str | None:
    """The outcome of the device's last connection request."""
    row = tx.one("SELECT outcome FROM connection_requests WHERE device_id = :id", id=device_id)
    return None if row is None else str(row["outcome"])
