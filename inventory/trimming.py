"""How long history is kept: by age, and by count where a fleet writes faster than it ages."""

from dataclasses import dataclass

from inventory.records import bulk
from inventory.records import trimming as records
from inventory.store import Transaction

BATCH = 200
DAY_S = 86400.0
ANSWERS_KEPT_S = DAY_S  # of Idempotency-Key
UNKNOWN_NAMES_KEPT_S = DAY_S
TABLES = tuple(records.HISTORIES)


@dataclass(frozen=True, slots=True)
class Limits:
    """``before``: Unix seconds; older rows go. ``rows``: what is kept at most."""

    before: float
    rows: int


def trim(tx: Transaction, table: str, limits: Limits) -> int:
    """Removes one bounded batch; returns how many rows went, 0 when there is nothing left to do."""
    return records.trim(tx, table, limits.before, limits.rows, BATCH)


def trim_targets(tx: Transaction, limits: Limits) -> int:
    """The same for the targets of bulk jobs, which go with the age of their job."""
    return bulk.trim_targets(tx, limits.before, BATCH)


def forget_answers(tx: Transaction, now: float) -> int:
    """What is kept for a day only."""
    return records.forget(tx, now - ANSWERS_KEPT_S, now - UNKNOWN_NAMES_KEPT_S)
