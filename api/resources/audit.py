"""``/audit/``: who did what, when, from where, and how it ended. Read-only."""

from typing import Annotated, Any

from pydantic import Field

from api.answers import Answer, found
from api.calls import Call
from api.endpoints import OWNED, endpoint
from api.fields import Id, Moment, Text, Time
from api.models import Listing, ListQuery, Representation
from inventory import audit
from inventory.access import Role
from inventory.audit import Filter


class AuditEntry(Representation):
    """One thing that was done."""

    id: int = Field(examples=[4711])
    time: Moment
    actor: str = Field(description="The token's name.", examples=["billing"])
    source: str | None = Field(description="The caller's address.", examples=["192.0.2.7"])
    request_id: str | None = Field(description="The request's X-Request-Id.")
    action: str = Field(examples=["change"])
    object: str = Field(description="The kind of object.", examples=["device"])
    object_key: str = Field(examples=["router-branch-network"])
    organization_id: int | None = Field(examples=[1])
    outcome: str = Field(examples=["done"])
    details: dict[str, Any] | None = Field(description="What changed; never a secret.")


class AuditQuery(ListQuery):
    actor: Text | None = None
    action: Text | None = None
    object: Text | None = None
    object_key: Text | None = None
    organization: Annotated[Id, Field(description="Its id.")] | None = None
    request_id: Text | None = None
    outcome: Text | None = None
    time_from: Annotated[Time, Field(description="This time and later.")] | None = None
    time_to: Annotated[Time, Field(description="This time and before.")] | None = None

    @property
    def filter(self) -> Filter:
        given = self.model_dump(exclude={"limit", "offset", "organization"})
        return Filter(**given, organization_id=self.organization)


@endpoint(Role.VIEWER, OWNED, "List the audit", answers=Listing[AuditEntry])
async def browse(call: Call, query: AuditQuery) -> Answer:
    """The newest first."""
    page = await call.read(audit.list_entries, query.filter, query.window)
    return call.listed(page, query.window, AuditEntry.model_validate)


@endpoint(Role.VIEWER, OWNED, "Read an entry of the audit", answers=AuditEntry)
async def read(call: Call, id: int) -> Answer:
    return found(AuditEntry.model_validate(await call.read(audit.get, id)))
