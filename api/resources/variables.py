"""Parameters in bodies and answers: what type templates, settings and cached values share."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from api.calls import Call
from api.fields import Integer, RawText, Text, as_text
from api.house import HOUSE
from api.models import Body, Representation
from inventory.access import Role
from inventory.actions.variables import ValueType
from inventory.sealed_variables import MASK
from inventory.settings import MAX_PATH, Setting
from inventory.value_types import complaint

MAX_VALUE = 65_536  # characters; certificates and scripts are the long ones


Value = Annotated[
    RawText,
    Field(max_length=MAX_VALUE),
    BeforeValidator(as_text),
    WithJsonSchema(
        {
            "type": ["string", "number", "boolean"],
            "description": "Text, a number or a boolean; text in answers.",
            "examples": ["300"],
        }
    ),
]
Path = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=MAX_PATH,
        description="The full name of a parameter.",
        examples=["Device.ManagementServer.PeriodicInformInterval"],
    ),
]


class TypedVariable(Body):
    """A parameter whose value is kept; where the type is named, it is a value of that type."""

    variable_name: Path
    value_type: Annotated[ValueType, Field(description="Null: the device's own.")] | None = None
    value: Value | None = None

    @field_validator("value")
    @classmethod
    def _is_of_its_type(cls, value: str | None, info: ValidationInfo) -> str | None:
        wrong = None if value is None else complaint(value, info.data.get("value_type"))
        if wrong is not None:
            raise PydanticCustomError("value", "{words}", {"words": wrong})
        return value


class TemplateLine(TypedVariable):
    """A wanted parameter."""

    value: Annotated[Value, Field(description="Null: only the notification.")] | None = None
    notification: (
        Annotated[Integer, Field(ge=0, le=6, description="0 off, 1 passive, 2 active.")] | None
    ) = None

    def setting(self) -> Setting:
        return Setting(self.variable_name, self.value, self.value_type, self.notification)


class TemplateLineAnswer(Representation):
    """A wanted parameter; a secret value is masked for viewers."""

    variable_name: str = Field(examples=["Device.Time.NTPServer1"])
    value: str | None = Field(examples=["ntp.example.net"])
    value_type: str | None = Field(examples=["string"])
    notification: int | None = Field(description="0 off, 1 passive, 2 active.")


Tell = Callable[[str, str | None], str | None]
"""The value of a parameter as somebody may see it."""


def telling(call: Call) -> Tell:
    """Secret values are masked for those who may not set them."""
    if call.caller.role.includes(Role.OPERATOR):
        return lambda _path, value: value
    vault = call.request.app[HOUSE].setup.vault
    return lambda path, value: MASK if value and vault.is_secret(path) else value


def line_answer(tell: Tell, setting: Setting) -> TemplateLineAnswer:
    return TemplateLineAnswer(
        variable_name=setting.path,
        value=tell(setting.path, setting.value),
        value_type=setting.value_type,
        notification=setting.notification,
    )
