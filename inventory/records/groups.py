"""SQL of orders for several devices: operations that are tied by the number of their first one.

The first operation, the head, keeps the state of the whole in ``joint_state``, so that a list in
some state is found by an index and not by adding up every order. Whatever changes the state of a
member refreshes it in the same unit; an operation that is nobody's member costs no statement.
"""

from collections.abc import Collection
from dataclasses import dataclass

from inventory.store import Transaction

UNFINISHED = "count(CASE WHEN m.state IN ('scheduled', 'pending', 'running') THEN 1 END)"
# It ends when all of it has ended, and well when all of it has; it runs once any of it has begun.
STATE = f"""
CASE WHEN min(m.state) = max(m.state) THEN min(m.state)
    WHEN {UNFINISHED} = 0 THEN 'failed'
    WHEN count(CASE WHEN m.state IN ('running', 'completed', 'failed', 'expired') THEN 1 END) > 0
        THEN 'running'
    WHEN count(CASE WHEN m.state = 'pending' THEN 1 END) > 0 THEN 'pending'
    ELSE 'scheduled' END"""

_REFRESH = f"""
UPDATE operations SET joint_state = (
    SELECT {STATE} FROM operations AS m WHERE m.group_id = :group_id)
WHERE id = :group_id"""


def join(tx: Transaction, operation_ids: Collection[int], group_id: int) -> None:
    """Ties operations that have just been queued to the first of them."""
    tx.run_many(
        "UPDATE operations SET group_id = :group_id WHERE id = :id",
        [{"id": operation_id, "group_id": group_id} for operation_id in operation_ids],
    )
    refresh(tx, [group_id])


def refresh(tx: Transaction, group_ids: Collection[int | None]) -> None:
    """Brings the joint states up to date, each once; None is of an operation in no group."""
    for group_id in {each for each in group_ids if each is not None}:
        tx.run(_REFRESH, group_id=group_id)


@dataclass(frozen=True, slots=True)
class Member:
    """An operation of an order for several devices."""

    id: int
    group_id: int

    @property
    def is_head(self) -> bool:
        return self.id == self.group_id


def membership(tx: Transaction, device_id: int) -> Member | None:
    """The oldest one of the device."""
    row = tx.one(
        """SELECT id, group_id FROM operations
           WHERE device_id = :device_id AND group_id IS NOT NULL ORDER BY id LIMIT 1""",
        device_id=device_id,
    )
    return None if row is None else Member(*row)


def pass_runs_on(tx: Transaction, leaving: Member, limit: int) -> int:
    """Makes at most this many runs of a head the runs of the one that will follow it; how many."""
    heir = _heir(tx, leaving)
    if heir is None:
        return 0
    return tx.run(
        """UPDATE operations SET parent_id = :heir WHERE id IN (
               SELECT id FROM operations WHERE parent_id = :id LIMIT :limit)""",
        id=leaving.id,
        heir=heir,
        limit=limit,
    )


def leave(tx: Transaction, leaving: Member) -> None:
    """What is left is an order of its own; its lowest number stands for it from now on."""
    heir = _heir(tx, leaving)
    tx.run(
        "UPDATE operations SET group_id = NULL, joint_state = NULL WHERE id = :id", id=leaving.id
    )
    if heir is not None:
        tx.run(
            "UPDATE operations SET group_id = :heir WHERE group_id = :group_id",
            heir=heir,
            group_id=leaving.group_id,
        )
    refresh(tx, [heir if leaving.is_head else leaving.group_id])


def _heir(tx: Transaction, leaving: Member) -> int | None:
    """Who stands for the order when this one does not; None when it never did, or is the last."""
    row = tx.one("SELECT min(id) FROM operations WHERE group_id = :id AND id <> :id", id=leaving.id)
    return None if row is None else row[0]
