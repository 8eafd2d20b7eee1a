"""``/inventory_type/``: device types, their match rules and their templates."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from api.answers import Answer, created, found, gone
from api.calls import Call
from api.endpoints import GLOBAL, Methods, endpoint
from api.fields import Boolean, Id, Integer, Moment, Name, RawText, Text
from api.house import HOUSE
from api.models import Body, Listing, ListQuery, Representation, example, names_of
from api.resources.variables import (
    Tell,
    TemplateLine,
    TemplateLineAnswer,
    TypedVariable,
    Value,
    line_answer,
    telling,
)
from inventory import settings, types
from inventory.access import Role
from inventory.types import Whole

PATH = "/api/v1/inventory_type/"
MAX_UNSIGNED_INT = 2**32 - 1
OnboardingPolicy = Literal["open", "expected", "approve"]


class ServiceVariable(TypedVariable):
    """A parameter that is set to restart a service."""

    value: Value


Service = Annotated[list[ServiceVariable], Field(min_length=1, max_length=32)]


class TypeAnswer(Representation):
    """A device type."""

    id: int = Field(examples=[3])
    short_name: str = Field(examples=["router"])
    name: str = Field(examples=["Branch router"])
    description: str | None
    match_manufacturer: str | None = Field(
        description="A pattern of the match rule; `*` stands for any characters, null for all.",
        examples=["Example*"],
    )
    match_oui: str | None = Field(examples=["00AABB"])
    match_product_class: str | None = Field(examples=["HG-*"])
    match_software_version: str | None = Field(examples=["1.2.*"])
    match_hardware_version: str | None = Field(examples=["B*"])
    match_order: int = Field(description="Rules are asked by this, then by id.")
    firmware_image: int | None = Field(description="Id of the image that its devices should run.")
    update_frequency: int | None = Field(description="Seconds; null: the server's default.")
    services: dict[str, list[Any]] = Field(
        description="For restart_service: what is set to restart each service; a secret value is "
        "masked for viewers."
    )
    username: str | None = Field(description="User name that its devices share toward the ACS.")
    onboarding_policy: OnboardingPolicy = Field(
        description="Which reset devices are let in with the onboarding credentials: all, those "
        "whose reset is expected, or none until a person approves."
    )
    onboarding_username: str | None = Field(
        description="User name of the onboarding credentials, which factory-new devices have."
    )
    allow_basic_connection_request: bool
    parameters: list[TemplateLineAnswer] = Field(description="The template, by name.")
    revision: int = Field(description="Counts changes of the template.")
    created: Moment
    last_change: Moment


_Pattern = Annotated[Text, Field(max_length=255, examples=["Example*"])] | None
_ShortName = Annotated[Name, Field(max_length=64, description="Unique.", examples=["router"])]
_Password = (
    Annotated[
        RawText,
        Field(
            min_length=1,
            max_length=256,
            description="Never returned.",
            json_schema_extra={"writeOnly": True},
        ),
    ]
    | None
)


class TypePatch(Body):
    """What changes; the rest stays."""

    model_config = example(
        short_name="gateway",
        name="Home gateway",
        match_product_class="HG-*",
        update_frequency=900,
        parameters=[{"variable_name": "Device.Time.NTPServer1", "value": "ntp.example.net"}],
    )

    read_only = names_of(TypeAnswer)

    short_name: _ShortName = ""
    name: Annotated[Name, Field(description="The short name by default.")] = ""
    description: Annotated[Text, Field(max_length=10_000)] | None = None
    match_manufacturer: _Pattern = None
    match_oui: _Pattern = None
    match_product_class: _Pattern = None
    match_software_version: _Pattern = None
    match_hardware_version: _Pattern = None
    match_order: Annotated[Integer, Field(ge=-(2**31), le=2**31 - 1)] = 0
    firmware_image: Annotated[Id, Field(description="Id of an image.")] | None = None
    update_frequency: (
        Annotated[Integer, Field(ge=1, le=MAX_UNSIGNED_INT, description="Seconds.")] | None
    ) = None
    services: Annotated[dict[Name, Service], Field(max_length=100, default_factory=dict)]
    username: Annotated[Text, Field(max_length=256)] | None = None
    password: _Password = None
    onboarding_policy: OnboardingPolicy = "open"
    onboarding_username: Annotated[Text, Field(max_length=256)] | None = None
    onboarding_password: _Password = None
    allow_basic_connection_request: Boolean = False
    parameters: Annotated[
        list[TemplateLine],
        Field(max_length=settings.MOST, description="The whole template.", default_factory=list),
    ]

    def fields(self) -> dict[str, Any]:
        """What was given, in the inventory's terms."""
        given = self.given()
        if "parameters" in given:
            lines = sorted(self.parameters, key=lambda line: line.variable_name)
            given["parameters"] = tuple(line.setting() for line in lines)
        if "services" in given:
            given["services"] = {
                name: [variable.model_dump() for variable in service]
                for name, service in self.services.items()
            }
        return given


class TypeBody(TypePatch):
    """A whole type; the passwords stay when they are left out."""

    short_name: _ShortName


class TypeQuery(ListQuery):
    short_name: Annotated[Text, Field(description="Exactly this short name.")] | None = None


@endpoint(Role.VIEWER, GLOBAL, "List the device types", answers=Listing[TypeAnswer])
async def browse(call: Call, query: TypeQuery) -> Answer:
    """By id."""
    vault = call.request.app[HOUSE].setup.vault
    page = await call.read(types.page, vault, query.short_name, query.window)
    return call.listed(page, query.window, partial(shown, telling(call)))


@endpoint(Role.VIEWER, GLOBAL, "Read a device type", answers=TypeAnswer)
async def read(call: Call, id: int) -> Answer:
    vault = call.request.app[HOUSE].setup.vault
    return _answer(call, await call.read(types.get, vault, id))


@endpoint(Role.ADMIN, GLOBAL, "Create a device type", answers=TypeAnswer, status=201)
async def create(call: Call, body: TypeBody) -> Answer:
    """Devices that are there already keep their type."""

    def made(whole: Whole) -> Answer:
        location = f"{PATH}{whole.type.id}/"
        return created(shown(telling(call), whole), location, whole.type.tag)

    vault = call.request.app[HOUSE].setup.vault
    return await call.once(made, types.create, body.fields(), vault, call.now)


@endpoint(Role.ADMIN, GLOBAL, "Replace a device type", answers=TypeAnswer)
async def replace(call: Call, id: int, body: TypeBody) -> Answer:
    fields = {**types.DEFAULTS, "name": body.short_name, **body.fields()}
    return await _write(call, id, fields)


@endpoint(Role.ADMIN, GLOBAL, "Change a device type", answers=TypeAnswer)
async def change(call: Call, id: int, body: TypePatch) -> Answer:
    """A changed template is told to the type's devices, spread out in time."""
    return await _write(call, id, body.fields())


async def _write(call: Call, id: int, fields: dict[str, Any]) -> Answer:
    vault = call.request.app[HOUSE].setup.vault
    whole = await call.write(types.change, id, fields, vault, call.expected, call.now)
    return _answer(call, whole)


@endpoint(Role.ADMIN, GLOBAL, "Delete a device type", status=204)
async def delete(call: Call, id: int) -> Answer:
    """Its devices stay, without a type."""
    vault = call.request.app[HOUSE].setup.vault
    while await call.write(types.detach_some, id, vault, call.expected, call.now):
        pass
    await call.write(types.delete, id, call.expected, call.now)
    return gone()


def shown(tell: Tell, whole: Whole) -> TypeAnswer:
    """The type as this caller may see it."""
    values = {name: getattr(whole.type, name, None) for name in TypeAnswer.model_fields}
    values["firmware_image"] = whole.type.firmware_image_id
    values["parameters"] = [line_answer(tell, setting) for setting in whole.template]
    values["services"] = {
        name: [_told(tell, variable) for variable in service]
        for name, service in whole.services.items()
    }
    return TypeAnswer(**values)


def _told(tell: Tell, variable: Mapping[str, Any]) -> dict[str, Any]:
    return {**variable, "value": tell(variable["variable_name"], variable["value"])}


def _answer(call: Call, whole: Whole) -> Answer:
    return found(shown(telling(call), whole), whole.type.tag)


ROUTES: dict[str, Methods] = {
    PATH: {"GET": browse, "POST": create},
    f"{PATH}{{id}}/": {"GET": read, "PUT": replace, "PATCH": change, "DELETE": delete},
}
