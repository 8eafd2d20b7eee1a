"""``/inventory_location/``: places, whose coordinates the devices there inherit."""

from typing import Annotated

from pydantic import Field

from api.answers import Answer, created, found, gone
from api.calls import Call
from api.endpoints import OWNED, Methods, endpoint
from api.fields import Id, Latitude, Longitude, Moment, Name, Text
from api.models import Body, Listing, ListQuery, Representation, names_of
from inventory import locations
from inventory.access import Role
from inventory.locations import Location

PATH = "/api/v1/inventory_location/"


class LocationAnswer(Representation):
    """A location."""

    id: int = Field(examples=[5])
    organization_id: int = Field(examples=[1])
    name: str = Field(examples=["Branch 12"])
    short_name: str | None = Field(examples=["B12"])
    description: str | None
    address: str | None = Field(description="A postal address.", examples=["1 Main Street"])
    latitude: str | None = Field(examples=["40.7128"])
    longitude: str | None = Field(examples=["-74.0060"])
    created: Moment
    last_change: Moment


class LocationPatch(Body):
    """What changes; the rest stays."""

    read_only = names_of(LocationAnswer)

    organization_id: Annotated[Id, Field(description="The token's only one by default.")] = 1
    name: Annotated[Name, Field(description="Unique in its organization.")] = ""
    short_name: Annotated[Text, Field(max_length=64)] | None = None
    description: Annotated[Text, Field(max_length=10_000)] | None = None
    address: Annotated[Text, Field(max_length=1000)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class LocationBody(LocationPatch):
    """A whole location."""

    name: Annotated[Name, Field(description="Unique in its organization.", examples=["Branch 12"])]


class LocationQuery(ListQuery):
    organization: Annotated[Id, Field(description="Its id.")] | None = None
    name: Annotated[Text, Field(description="Exactly this name.")] | None = None


@endpoint(Role.VIEWER, OWNED, "List the locations", answers=Listing[LocationAnswer])
async def browse(call: Call, query: LocationQuery) -> Answer:
    """By id."""
    page = await call.read(locations.page, query.organization, query.name, query.window)
    return call.listed(page, query.window, LocationAnswer.model_validate)


@endpoint(Role.VIEWER, OWNED, "Read a location", answers=LocationAnswer)
async def read(call: Call, id: int) -> Answer:
    return _answer(await call.read(locations.get, id))


@endpoint(Role.OPERATOR, OWNED, "Create a location", answers=LocationAnswer, status=201)
async def create(call: Call, body: LocationBody) -> Answer:
    return await call.once(_created, locations.create, body.given(), call.now)


@endpoint(Role.OPERATOR, OWNED, "Replace a location", answers=LocationAnswer)
async def replace(call: Call, id: int, body: LocationBody) -> Answer:
    fields = {**locations.DEFAULTS, **body.given()}
    return _answer(await call.write(locations.change, id, fields, call.expected, call.now))


@endpoint(Role.OPERATOR, OWNED, "Change a location", answers=LocationAnswer)
async def change(call: Call, id: int, body: LocationPatch) -> Answer:
    return _answer(await call.write(locations.change, id, body.given(), call.expected, call.now))


@endpoint(Role.OPERATOR, OWNED, "Delete a location", status=204)
async def delete(call: Call, id: int) -> Answer:
    """Its devices stay, without a location."""
    while await call.write(locations.detach_some, id, call.expected):
        pass
    await call.write(locations.delete, id, call.expected, call.now)
    return gone()


def _answer(location: Location) -> Answer:
    return found(LocationAnswer.model_validate(location), location.tag)


def _created(location: Location) -> Answer:
    body = LocationAnswer.model_validate(location)
    return created(body, f"{PATH}{location.id}/", location.tag)


ROUTES: dict[str, Methods] = {
    PATH: {"GET": browse, "POST": create},
    f"{PATH}{{id}}/": {"GET": read, "PUT": replace, "PATCH": change, "DELETE": delete},
}
