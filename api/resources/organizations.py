"""``/organization/``: whose devices they are."""

from typing import Annotated

from pydantic import Field

from api.answers import Answer, created, found, gone
from api.calls import Call
from api.endpoints import GLOBAL, endpoint
from api.fields import Moment, Name, Text
from api.models import Body, Listing, ListQuery, Representation, names_of
from inventory import organizations
from inventory.access import Role
from inventory.organizations import Organization

PATH = "/api/v1/organization/"


class OrganizationAnswer(Representation):
    """An organization."""

    id: int = Field(examples=[2])
    name: str = Field(examples=["Branch offices"])
    description: str | None = Field(examples=["Routers of the branches"])
    is_default: bool = Field(description="Devices that register themselves belong to this one.")
    created: Moment
    last_change: Moment


class OrganizationPatch(Body):
    """What changes; the rest stays."""

    read_only = names_of(OrganizationAnswer)

    name: Annotated[Name, Field(description="Unique.", examples=["Branch offices"])] = ""
    description: Annotated[Text, Field(max_length=2000)] | None = None


class OrganizationBody(OrganizationPatch):
    """A whole organization."""

    name: Annotated[Name, Field(description="Unique.", examples=["Branch offices"])]


class OrganizationQuery(ListQuery):
    name: Annotated[Text, Field(description="Exactly this name.")] | None = None


@endpoint(Role.VIEWER, GLOBAL, "List the organizations", answers=Listing[OrganizationAnswer])
async def browse(call: Call, query: OrganizationQuery) -> Answer:
    """Those that the token is bound to, or all; by id."""
    page = await call.read(organizations.list_organizations, query.name, query.window)
    return call.listed(page, query.window, OrganizationAnswer.model_validate)


@endpoint(Role.VIEWER, GLOBAL, "Read an organization", answers=OrganizationAnswer)
async def read(call: Call, id: int) -> Answer:
    return _answer(await call.read(organizations.get, id))


@endpoint(Role.ADMIN, GLOBAL, "Create an organization", answers=OrganizationAnswer, status=201)
async def create(call: Call, body: OrganizationBody) -> Answer:
    return await call.once(_created, organizations.create, body.name, body.description, call.now)


@endpoint(Role.ADMIN, GLOBAL, "Replace an organization", answers=OrganizationAnswer)
async def replace(call: Call, id: int, body: OrganizationBody) -> Answer:
    changes = {"name": body.name, "description": body.description}
    return _answer(await call.write(organizations.change, id, changes, call.expected, call.now))


@endpoint(Role.ADMIN, GLOBAL, "Change an organization", answers=OrganizationAnswer)
async def change(call: Call, id: int, body: OrganizationPatch) -> Answer:
    return _answer(
        await call.write(organizations.change, id, body.given(), call.expected, call.now)
    )


@endpoint(Role.ADMIN, GLOBAL, "Delete an organization", status=204, refuses=(409,))
async def delete(call: Call, id: int) -> Answer:
    """Refused while devices, locations or tokens belong to it, and for the default one."""
    await call.write(organizations.delete, id, call.expected, call.now)
    return gone()


def _answer(organization: Organization) -> Answer:
    return found(OrganizationAnswer.model_validate(organization), organization.tag)


def _created(organization: Organization) -> Answer:
    body = OrganizationAnswer.model_validate(organization)
    return created(body, f"{PATH}{organization.id}/", organization.tag)
