"""The parameters of operations that are neither values nor files: checks, names, services,
packages."""

from collections.abc import Collection
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from api.fields import Boolean, Integer, Name, RawText, Text
from api.models import Body
from inventory import packages
from inventory.actions import tasks

FLAG = "check_"
_PERCENT = Field(ge=1, le=100)


class PackageBody(Body):
    """A software module; a bare text is its URL or its name."""

    operation: (
        Annotated[
            Literal["install", "update", "uninstall"],
            Field(description="Install by default, with a uuid or name update."),
        ]
        | None
    ) = None
    url: (
        Annotated[
            Text,
            Field(
                max_length=packages.MAX_URL, examples=["https://files.example.net/agent-2.1.ipk"]
            ),
        ]
        | None
    ) = None
    uuid: (
        Annotated[
            Text,
            Field(
                pattern=f"^{packages.UUID.pattern}$",
                examples=["6f1d7a52-19b5-4a3e-8c64-0d2a0c6f5a10"],
                json_schema_extra={"type": "string"},
            ),
        ]
        | None
    ) = None
    name: Annotated[Name, Field(description="Instead of uuid: as the device calls it.")] | None = (
        None
    )
    version: Annotated[Text, Field(max_length=32, examples=["2.1"])] | None = None
    username: Annotated[Text, Field(max_length=256, description="At the url.")] | None = None
    password: (
        Annotated[
            RawText,
            Field(
                max_length=256,
                description="At the url; never told again.",
                json_schema_extra={"writeOnly": True},
            ),
        ]
        | None
    ) = None
    execution_env_ref: (
        Annotated[
            Text, Field(max_length=256, description="Path of the environment that it runs in.")
        ]
        | None
    ) = None

    @property
    def package(self) -> dict[str, Any]:
        """As the inventory has it."""
        is_there = self.uuid is not None or self.name is not None
        operation = self.operation or ("update" if is_there else "install")
        return {**self.model_dump(exclude_none=True), "operation": operation}


def _as_package(value: Any) -> Any:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return {"url" if "://" in str(value) else "name": str(value)}
    return value


Package = Annotated[
    PackageBody, BeforeValidator(_as_package, json_schema_input_type=PackageBody | Name)
]


def _of_flag(error: ErrorDetails, unsent: Collection[str]) -> InitErrorDetails:
    """The same error; of ``checks.memory``, which was not sent, under ``check_memory``."""
    where = error["loc"]
    if len(where) > 1 and where[0] == "checks" and where[1] in unsent:
        where = (f"{FLAG}{where[1]}",)
    kind = PydanticCustomError(error["type"], error["msg"], error.get("ctx"))
    return InitErrorDetails(type=kind, loc=where, input=error["input"])


class TaskParameters(Body):
    """What an operation needs to be told."""

    model_config = ConfigDict(
        json_schema_extra={
            "patternProperties": {
                rf"^{FLAG}[a-z0-9_]{{1,64}}$": {
                    "type": "boolean",
                    "description": "Of health_check: whether to check this.",
                }
            }
        }
    )

    next_level: (
        Annotated[Boolean, Field(description="Of names: only what is directly below.")] | None
    ) = None
    checks: Annotated[
        dict[Annotated[Text, Field(pattern="^[a-z0-9_]{1,64}$")], Boolean],
        Field(
            default_factory=dict,
            max_length=50,
            description="Of health_check: the same as `check_memory` and so on, in one object.",
        ),
    ]
    disk_threshold_percent: (
        Annotated[Integer, _PERCENT, Field(description="Of health_check; 90 by default.")] | None
    ) = None
    memory_threshold_percent: (
        Annotated[Integer, _PERCENT, Field(description="Of health_check; 90 by default.")] | None
    ) = None
    service_name: (
        Annotated[Name, Field(description="Of restart_service: as the device's type has it.")]
        | None
    ) = None
    package_list: (
        Annotated[
            list[Package],
            Field(min_length=1, max_length=packages.MOST, description="Of update."),
        ]
        | None
    ) = None

    @model_validator(mode="wrap")
    @classmethod
    def _gather_flags(cls, data: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """What is wrong with a check is told under the name that was sent."""
        if not isinstance(data, dict):
            return read(data)
        flags = {name: value for name, value in data.items() if name.startswith(FLAG)}
        rest = {name: value for name, value in data.items() if name not in flags}
        checks = rest.get("checks", {})
        if not flags or not isinstance(checks, dict):
            return read(rest)
        named = {name.removeprefix(FLAG): is_on for name, is_on in flags.items()}
        try:
            return read({**rest, "checks": {**named, **checks}})
        except ValidationError as error:
            unsent = named.keys() - checks.keys()
            wrong = [_of_flag(each, unsent) for each in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, wrong) from None

    @property
    def task(self) -> dict[str, Any]:
        """What was given of it, as the inventory has it."""
        given = {name: value for name, value in self.given().items() if value is not None}
        told = {name: given[name] for name in sorted(tasks.FIELDS & given.keys())}
        if self.package_list is not None:
            told["package_list"] = [each.package for each in self.package_list]
        return told

    @property
    def told_again(self) -> dict[str, Any]:
        """The same, as it is echoed: flags as flags, and no passwords."""
        told = self.task
        flags = {f"{FLAG}{name}": is_on for name, is_on in told.pop("checks", {}).items()}
        for package in told.get("package_list", ()):
            package.pop("password", None)
        return told | flags
