"""``/inventory_device_log/`` and each device's ``sessions/``: what happened on devices."""

from typing import Annotated, Any, Literal

from pydantic import Field

from api.answers import Answer
from api.calls import Call
from api.endpoints import OWNED, Methods, endpoint
from api.fields import Id, Moment, Text, Time
from api.models import Listing, ListQuery, Representation
from api.resources.devices import PATHS, readable
from inventory import device_log
from inventory.access import Role
from inventory.device_log import Filter
from inventory.devices import Key

PATH = "/api/v1/inventory_device_log/"
Kind = Literal["event", "operation", "alert", "fault", "status", "session"]


class LogAnswer(Representation):
    """One thing that happened on a device."""

    id: int = Field(examples=[90210])
    device_id: int = Field(examples=[17])
    device_name: str = Field(examples=["router-branch-network"])
    time: Moment
    kind: Kind = Field(description="What sort of thing it is.")
    text: str = Field(examples=["reboot completed"])
    details: dict[str, Any] | None = Field(description="The operation, the fault; never a secret.")


class LogQuery(ListQuery):
    device: Annotated[Text, Field(description="The device's name.")] | None = None
    device_id: Id | None = None
    kind: Kind | None = None
    time_from: Annotated[Time, Field(description="This time and later.")] | None = None
    time_to: Annotated[Time, Field(description="This time and before.")] | None = None

    @property
    def filter(self) -> Filter:
        return Filter(self.device_id, self.device, self.kind, self.time_from, self.time_to)


@endpoint(Role.VIEWER, OWNED, "List what happened on devices", answers=Listing[LogAnswer])
async def browse(call: Call, query: LogQuery) -> Answer:
    """The newest first. Informs that tell nothing new leave no entry."""
    page = await call.read(device_log.page, query.filter, query.window)
    return call.listed(page, query.window, LogAnswer.model_validate)


class SaidAnswer(Representation):
    """One SOAP message; secrets in it are redacted."""

    speaker: Literal["cpe", "acs"] = Field(description="Who sent it.")
    time: Moment
    text: str = Field(examples=["<soap:Envelope …>"])


class SessionAnswer(Representation):
    """A CWMP session that had something to tell."""

    id: int = Field(examples=[4711])
    session_id: str = Field(examples=["f3a9c1d27b604e88"])
    started: Moment
    ended: Moment
    outcome: str = Field(
        description="closed, timeout, superseded, lost, error or shutdown.", examples=["closed"]
    )
    address: str = Field(examples=["192.0.2.10"])
    events: list[str] = Field(examples=[["1 BOOT", "M Reboot"]])
    retry_count: int = Field(description="How often the device had tried before.")
    rpcs: list[dict[str, Any]] = Field(description="Each message: direction, name, result.")
    faults: int = Field(description="CWMP faults in it.")
    notes: list[str] = Field(
        description="Errors of the device that were forgiven, and whether it never sent its empty "
        "POST."
    )
    transcript: list[SaidAnswer] | None = Field(
        description="The SOAP messages, when the device's debug was on."
    )


async def _sessions(call: Call, key: Key, query: ListQuery) -> Answer:
    """The newest first. Quiet periodic sessions leave none."""
    page = await call.read(device_log.sessions, key, query.window)
    return call.listed(page, query.window, SessionAnswer.model_validate)


ROUTES: dict[str, Methods] = {
    PATH: {"GET": browse},
    **readable(PATHS, "sessions/", "List a device's sessions", Listing[SessionAnswer], _sessions),
}
