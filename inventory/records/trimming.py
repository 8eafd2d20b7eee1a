"""SQL of the tables that only grow."""

from collections.abc import Mapping
from dataclasses import dataclass

from inventory.store import Transaction

_TARGETS = "SELECT 1 FROM bulk_targets WHERE job_id = bulk_jobs.id"  # removed before their job
_FINAL = "state IN ('completed', 'failed', 'cancelled', 'expired')"
_OPEN = "state IN ('scheduled', 'pending', 'running')"
# The first of an order for several devices stands for it as long as any of it goes on.
_HEADS_NOTHING = f"""(group_id IS NULL OR group_id <> operations.id OR NOT EXISTS (
    SELECT 1 FROM operations AS m WHERE m.group_id = operations.id AND m.{_OPEN}))"""


@dataclass(frozen=True, slots=True)
class History:
    """A table that grows: its time column, and which rows may go at all."""

    time: str
    may_go: str = "TRUE"


# Operations are ordered by creation, on which there is an index; they end soon after it.
HISTORIES: Mapping[str, History] = {
    "operations": History("created", f"{_FINAL} AND {_HEADS_NOTHING}"),
    "sessions": History("ended"),
    "device_log": History("time"),
    "deliveries": History("created", "state <> 'pending'"),
    "bulk_jobs": History("created", f"is_settled AND NOT EXISTS ({_TARGETS})"),
}


def trim(tx: Transaction, table: str, before: float, rows: int, batch: int) -> int:
    """Removes rows older than ``before``, and the oldest past ``rows``; a batch of each."""
    history = HISTORIES[table]
    return tx.run(
        f"""DELETE FROM {table} WHERE id IN (
                SELECT id FROM {table} WHERE {history.time} < :before AND {history.may_go}
                ORDER BY {history.time} LIMIT :batch)
            OR id IN (
                SELECT id FROM {table}
                WHERE id <= (SELECT max(id) - :rows FROM {table}) AND {history.may_go}
                ORDER BY id LIMIT :batch)""",
        before=before,
        rows=rows,
        batch=batch,
    )


def forget(tx: Transaction, answers_before: float, names_before: float) -> int:
    gone = tx.run("DELETE FROM idempotency_keys WHERE created < :before", before=answers_before)
    return gone + tx.run("DELETE FROM unknown_names WHERE seen < :before", before=names_before)
