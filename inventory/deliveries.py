"""Deliveries on their way to their receivers: tried, tried again later, given up, taken up again.

Nothing is lost at a crash, for a delivery is pending until its outcome is kept; so a receiver may
be told the same twice, and knows it by the delivery's key.
"""

from dataclasses import dataclass
from enum import StrEnum

from inventory import audit
from inventory.access import Caller
from inventory.errors import Conflict, NotFound
from inventory.query import Expected, Page, Window
from inventory.query import tag as tag_of
from inventory.records import deliveries as records
from inventory.records.deliveries import Delivery, Filter
from inventory.store import Transaction

__all__ = ["Delivery", "Filter", "Outcome", "State"]

MAX_ATTEMPTS = 8  # over about three hours
FIRST_WAIT_S, FACTOR, LONGEST_WAIT_S = 10.0, 4.0, 3600.0
RECEIVERS = 100  # told at the same time


class State(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"  # given up: a dead letter
    NOT_SENT = "not_sent"  # email, without a mail server


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to; ``error`` is None when it was taken."""

    error: str | None = None
    status_code: int | None = None
    is_hopeless: bool = False
    """Trying again would change nothing."""
    is_unsent: bool = False
    """Nothing is set up that it could be sent by."""


def tag(delivery: Delivery) -> str:
    return tag_of("delivery", delivery.id, delivery.state, delivery.attempts)


def page(tx: Transaction, caller: Caller, wanted: Filter, window: Window) -> Page[Delivery]:
    """Raises Forbidden when the filter names a foreign organization."""
    if wanted.organization_id is not None:
        caller.may_name(wanted.organization_id)
    return records.page(tx, caller.scope, wanted, window)


def get(tx: Transaction, caller: Caller, delivery_id: int) -> Delivery:
    delivery = records.by_id(tx, caller.scope, delivery_id)
    if delivery is None:
        raise NotFound("delivery", delivery_id)
    return delivery


def retry(
    tx: Transaction, caller: Caller, delivery_id: int, expected: Expected, now: float
) -> Delivery:
    """Takes up what was given up; raises Conflict for what has arrived."""
    delivery = get(tx, caller, delivery_id)
    expected.check(tag(delivery))
    if delivery.state == State.DELIVERED:
        raise Conflict("It has been delivered.")
    records.again(tx, delivery.id, now)
    whose = delivery.organization_id
    audit.record(tx, caller, "retry", "delivery", delivery.key, whose, "done", None, now)
    return get(tx, caller, delivery_id)


def settle(
    tx: Transaction, delivery: Delivery, outcome: Outcome, jitter: float, now: float
) -> State:
    """Keeps an attempt's outcome. ``jitter``, 0 to 1, lengthens the wait for the next by half."""
    state = _state(delivery, outcome)
    wait_s = min(FIRST_WAIT_S * FACTOR**delivery.attempts, LONGEST_WAIT_S) * (1 + jitter / 2)
    records.settle(tx, delivery.id, state, now + wait_s, now, outcome.status_code, outcome.error)
    return state


def _state(delivery: Delivery, outcome: Outcome) -> State:
    if outcome.error is None:
        return State.DELIVERED
    if outcome.is_unsent:
        return State.NOT_SENT
    if outcome.is_hopeless or delivery.attempts + 1 >= MAX_ATTEMPTS:
        return State.FAILED
    return State.PENDING
