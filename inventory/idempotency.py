"""A request with an Idempotency-Key has its effect once; its answer is kept a day and told again.

The kept answer stands in the unit of the effect. Units run one after another, so of two equal
requests at the same time the second finds the first one's answer. A refused request keeps nothing
and may be tried again.
"""

from collections.abc import Callable

from inventory.access import Caller
from inventory.errors import KeyReused
from inventory.records import idempotency as records
from inventory.records.idempotency import Kept
from inventory.store import Transaction

__all__ = ["Kept", "once"]


def once(
    tx: Transaction,
    caller: Caller,
    key: str,
    request_digest: str,
    effect: Callable[[Transaction], Kept],
    now: float,
) -> Kept | None:
    """Runs the effect and keeps its answer (None); or gives the answer that was kept.

    Raises KeyReused when the key was used for another request.
    """
    assert caller.token_id is not None
    kept = records.find(tx, caller.token_id, key, now)
    if kept is None:
        records.keep(tx, caller.token_id, key, effect(tx), now)
        return None
    if kept.request_digest != request_digest:
        raise KeyReused(key)
    return kept
