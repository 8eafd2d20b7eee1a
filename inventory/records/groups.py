"""SQL of orders for several devices: operations that are tied by the number of their first one.

The first operation, the head, keeps the state of the whole in ``joint_state``, so that a list in
some state is found by an index and not by adding up every order. Whatever changes the state of a
member refreshes it in the same unit; an operation that is nobody's member costs no statement.
"""

from collections.abc import Collection

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
