"""``/webhook_delivery/``: what was to be told to somebody, and what became of it."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from api.answers import Answer, found
from api.calls import Call
from api.endpoints import OWNED, Methods, endpoint
from api.fields import Id, Moment, Text, Time
from api.models import Body, Listing, ListQuery, Representation, names_of
from inventory import deliveries
from inventory.access import Role
from inventory.actions import viewing
from inventory.deliveries import Delivery, Filter, State
from inventory.notifications import Channel

PATH = "/api/v1/webhook_delivery/"


class DeliveryAnswer(Representation):
    """Something that somebody is told, by a webhook or a mail."""

    id: int = Field(examples=[1])
    delivery_id: str = Field(
        description="The receiver knows a repetition by it.",
        examples=["dlv_0b6f8a1c2d3e4f5061728394"],
    )
    channel: Channel
    target: str = Field(
        description="URL or mail address.", examples=["https://hooks.example.com/acs"]
    )
    status: State = Field(description="`failed` is a dead letter: it was given up.")
    attempts: int = Field(examples=[1])
    next_attempt: Moment | None
    last_attempt: Moment | None
    status_code: int | None = Field(description="Of the receiver's last answer.", examples=[204])
    error: str | None = Field(description="Why the last attempt failed.")
    organization_id: int | None = Field(
        description="None: of a job or a transaction of several organizations; it is seen by who"
        " sees all of these.",
        examples=[1],
    )
    operation_id: str | None = Field(description="That it tells of.", examples=["txn_12345"])
    job_id: str | None = Field(description="The bulk job that it tells of.", examples=["42"])
    created_at: Moment
    payload: dict[str, Any]


def shown(delivery: Delivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        id=delivery.id,
        delivery_id=delivery.key,
        channel=Channel(delivery.channel),
        target=delivery.target,
        status=State(delivery.state),
        attempts=delivery.attempts,
        next_attempt=delivery.due if delivery.state == State.PENDING else None,
        last_attempt=delivery.last_attempt,
        status_code=delivery.status_code,
        error=delivery.error,
        organization_id=delivery.organization_id,
        operation_id=None if delivery.operation_id is None else f"txn_{delivery.operation_id}",
        job_id=None if delivery.job_id is None else str(delivery.job_id),
        created_at=delivery.created,
        payload=json.loads(delivery.body),
    )


class DeliveryQuery(ListQuery):
    status: State | None = None
    channel: Channel | None = None
    operation_id: Annotated[Text, Field(description="`<n>` or `txn_<n>`.")] | None = None
    job_id: Annotated[Id, Field(description="A bulk job's.")] | None = None
    organization: Annotated[Id, Field(description="An organization's.")] | None = None
    created_from: Time | None = None
    created_to: Time | None = None

    @property
    def filter(self) -> Filter:
        told = self.operation_id
        return Filter(
            state=self.status,
            channel=self.channel,
            operation_id=None if told is None else viewing.refer(told).id or 0,
            job_id=self.job_id,
            organization_id=self.organization,
            created_from=self.created_from,
            created_to=self.created_to,
        )


class DeliveryPatch(Body):
    """What is to become of it."""

    read_only = names_of(DeliveryAnswer)

    status: Literal["pending"] = Field(
        default="pending", description="Taken up again, from the first attempt."
    )


@endpoint(
    Role.VIEWER, OWNED, "List what was to be told", answers=Listing[DeliveryAnswer], refuses=(404,)
)
async def browse(call: Call, query: DeliveryQuery) -> Answer:
    """The newest first; `status=failed` lists the dead letters."""
    page = await call.read(deliveries.page, query.filter, query.window)
    return call.listed(page, query.window, shown)


@endpoint(Role.VIEWER, OWNED, "Read what was to be told", answers=DeliveryAnswer)
async def read(call: Call, id: int) -> Answer:
    delivery = await call.read(deliveries.get, id)
    return found(shown(delivery), deliveries.tag(delivery))


@endpoint(Role.OPERATOR, OWNED, "Tell it again", answers=DeliveryAnswer, refuses=(409,))
async def retry(call: Call, id: int, body: DeliveryPatch) -> Answer:  # noqa: ARG001
    """Takes up a dead letter, or sends at once what waits for its next attempt."""
    delivery = await call.write(deliveries.retry, id, call.expected, call.now)
    return found(shown(delivery), deliveries.tag(delivery))


ROUTES: dict[str, Methods] = {
    PATH: {"GET": browse},
    f"{PATH}{{id}}/": {"GET": read, "PATCH": retry},
}
