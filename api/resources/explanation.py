"""``…/explain/``: why is it not applied? Under each of a device's keys."""

from typing import Any

from pydantic import Field

from api.answers import Answer, found
from api.calls import Call
from api.endpoints import Methods
from api.fields import Moment, format_time
from api.models import Representation
from api.resources.device_models import Status
from api.resources.devices import PATHS, readable
from inventory import explaining
from inventory.devices import Key
from inventory.explaining import Explanation, Place, Reason


class ReasonAnswer(Representation):
    """Something that stands in the way, or explains why it takes its time."""

    code: str = Field(examples=["connection_request_refused"])
    text: str = Field(examples=["The device refused the last connection request with 401."])
    since: Moment | None
    details: dict[str, Any] = Field(description="The facts of it: the fault, the parameters.")


class PlaceAnswer(Representation):
    """An operation in the device's queue."""

    position: int = Field(description="From 1 on.", examples=[1])
    id: str = Field(examples=["txn_12345"])
    transaction_id: str = Field(examples=["op_0b6f8a1c2d3e4f5061728394"])
    operation: str = Field(examples=["reboot"])
    status: str = Field(examples=["pending"])
    waits_for: str = Field(examples=["the device"])
    behind: str | None = Field(description="The transaction_id that goes before it.")
    attempts: int = Field(description="Sessions that it was sent in.", examples=[0])
    created_at: Moment
    due_at: Moment


class CallAnswer(Representation):
    """What became of the last connection request."""

    time: Moment
    outcome: str = Field(examples=["accepted"])
    detail: str = Field(description="In words, where there is more to say.")


class ExplanationAnswer(Representation):
    """Why what is wanted of a device is not applied."""

    name: str = Field(description="The device's.", examples=["router-branch-network"])
    device_name: str = Field(description="The same as name.")
    summary: str = Field(examples=["1 operation waits for the device. The device is Down: …"])
    status: Status
    is_active: bool
    last_inform: Moment | None
    last_inform_age: int | None = Field(description="Seconds.", examples=[86])
    inform_interval: int = Field(description="Seconds.", examples=[300])
    pending_settings: str | None = Field(description="What waits, as on the device.")
    connection_request: CallAnswer | None
    queue: list[PlaceAnswer] = Field(description="In the order of their turns, at most 100.")
    queue_length: int = Field(description="How many there are in all.", examples=[1])
    reasons: list[ReasonAnswer] = Field(description="The most decisive first.")


async def _explain(call: Call, key: Key) -> Answer:
    """From what is stored; the device is not asked."""
    return found(_told(await call.read(explaining.explain, key, call.now), call.now))


def _told(explanation: Explanation, now: float) -> ExplanationAnswer:
    device, called = explanation.device, explanation.called
    seen = device.last_inform
    return ExplanationAnswer(
        name=device.name,
        device_name=device.name,
        summary=explanation.summary,
        status="Up" if device.is_up else "Down",
        is_active=device.is_active,
        last_inform=seen,
        last_inform_age=None if seen is None else max(0, round(now - seen)),
        inform_interval=device.interval_s,
        pending_settings=explanation.waiting,
        connection_request=None if called is None else CallAnswer.model_validate(called),
        queue=[_place(place) for place in explanation.queue],
        queue_length=explanation.queue_length,
        reasons=[_reason(reason) for reason in explanation.reasons],
    )


def _place(place: Place) -> PlaceAnswer:
    row = place.operation
    return PlaceAnswer(
        position=place.position,
        id=f"txn_{row['id']}",
        transaction_id=row["key"],
        operation=row["kind"],
        status=row["state"],
        waits_for=place.waits_for,
        behind=place.behind,
        attempts=row["attempts"],
        created_at=row["created"],
        due_at=row["due"],
    )


TIMES = frozenset({"due", "next_attempt", "last"})


def _reason(reason: Reason) -> ReasonAnswer:
    details = {
        name: format_time(fact) if name in TIMES else fact for name, fact in reason.details.items()
    }
    return ReasonAnswer(code=reason.code, text=reason.text, since=reason.since, details=details)


ROUTES: dict[str, Methods] = readable(
    PATHS, "explain/", "Explain why something is not applied", ExplanationAnswer, _explain
)
