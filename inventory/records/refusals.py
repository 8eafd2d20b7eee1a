"""Rows of what devices were refused for, by the credentials that they showed."""

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.store import Transaction


@dataclass(frozen=True, slots=True)
class Refused:
    """Since the device was let in the last time; times are Unix seconds."""

    is_onboarding: bool
    since: float
    last: float
    count: int
    address: str
    logged: float


_STANDING = """
SELECT r.is_onboarding, r.since, r.last, r.count, r.address, r.logged
FROM refusals AS r JOIN presence AS p ON p.device_id = r.device_id
WHERE r.device_id = :device_id AND r.last > COALESCE(p.last_inform, 0)
ORDER BY r.is_onboarding DESC"""


def standing(tx: Transaction, device_id: int) -> Sequence[Refused]:
    """Those that no Inform has followed; onboarding first."""
    rows = tx.all(_STANDING, device_id=device_id)
    return [Refused(bool(row["is_onboarding"]), *list(row)[1:]) for row in rows]


def last_logged(tx: Transaction, device_id: int, is_onboarding: bool) -> float | None:
    row = tx.one(
        """SELECT logged FROM refusals
           WHERE device_id = :device_id AND is_onboarding = :is_onboarding""",
        device_id=device_id,
        is_onboarding=is_onboarding,
    )
    return None if row is None else float(row["logged"])


def keep(tx: Transaction, device_id: int, refused: Refused) -> bool:
    """In place of the row before; False when the device is gone."""
    kept = tx.run(
        """INSERT INTO refusals (device_id, is_onboarding, since, last, count, address, logged)
           SELECT id, :is_onboarding, :since, :last, :count, :address, :logged
           FROM devices WHERE id = :device_id
           ON CONFLICT (device_id, is_onboarding) DO UPDATE
           SET since = excluded.since, last = excluded.last, count = excluded.count,
               address = excluded.address, logged = excluded.logged""",
        device_id=device_id,
        is_onboarding=refused.is_onboarding,
        since=refused.since,
        last=refused.last,
        count=refused.count,
        address=refused.address,
        logged=refused.logged,
    )
    return kept == 1
