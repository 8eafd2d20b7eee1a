"""An operation in answers and bodies: both documented forms, which may be mixed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, NotRequired, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict  # pydantic wants this one before 3.12

from api.fields import (
    Boolean,
    Id,
    Integer,
    Moment,
    Name,
    RawText,
    Text,
    Time,
    as_text,
    format_time,
    parse_time,
)
from api.models import Body, ListQuery, Query, Representation, example, names_of
from api.resources.file_models import FileParameters
from api.resources.target_models import OfDevice, OfId, OfName, OfSerial
from api.resources.task_models import TaskParameters
from inventory import webhooks
from inventory.actions import tasks
from inventory.actions.variables import (
    MAX_PATH,
    MAX_VARIABLES,
    NEEDING_VARIABLES,
    PATH,
    ValueType,
)
from inventory.actions.viewing import ANY, Filter, Report, Target, Unsealed, refer
from inventory.devices import Family, Key
from inventory.errors import Invalid
from inventory.operations import Kind, State
from inventory.schedules import is_cron, is_timezone

MAX_TIMEOUT_S = 366 * 86400
MAX_WAIT_S = 60
SCHEDULED = State.SCHEDULED

StartWord = Literal["reboot", "factory", "device_factory", "sync", "reconf"]
Word = Literal[
    "get",
    "set",
    "add.obj",
    "del.obj",
    "reboot",
    "factory",
    "device_factory",
    "sync",
    "reconf",
    "download",
    "upload",
    "names",
    "get.attr",
    "set.attr",
    "health_check",
    "inventory_sync",
    "update",
    "restart_service",
]
M = TypeVar("M", bound=Representation)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
OLDER_WORDS: Mapping[str, Kind] = {"update": Kind.DOWNLOAD, "inventory_sync": Kind.SYNC}

# --- Answers ---------------------------------------------------------------------------------


class InitiatedAnswer(Representation):
    """An operation that has been started."""

    id: int = Field(examples=[12345])
    operation: str = Field(examples=["reboot"])
    device_name: str = Field(examples=["router-branch-network"])
    status: Literal["initiated"] = Field(description="The device is being called.")
    timestamp: Moment
    execution_id: str = Field(examples=["op_0b6f8a1c2d3e4f5061728394"])
    estimated_completion: Moment


class OperationVariable(TypedDict):
    """A variable as it was asked for, or what came of it."""

    variable_name: Annotated[str, Field(examples=["Device.DeviceInfo.UpTime"])]
    value: NotRequired[Annotated[str | None, Field(description="Of add.obj: the new path.")]]
    value_type: NotRequired[Annotated[str | None, Field(examples=["unsignedInt"])]]
    instance_number: NotRequired[Annotated[int, Field(description="Of add.obj alone.")]]
    deleted: NotRequired[Annotated[bool, Field(description="Of del.obj alone: it is gone.")]]
    writable: NotRequired[Annotated[bool, Field(description="Of names alone.")]]
    notification: NotRequired[Annotated[int | None, Field(description="Of get.attr, set.attr.")]]
    access_list: NotRequired[
        Annotated[list[str] | None, Field(description="Of get.attr, set.attr.")]
    ]


class OperationDevice(Representation):
    """The device that the operation is for."""

    id: int = Field(examples=[17])
    name: str = Field(examples=["router-branch-network"])
    organization_id: int = Field(examples=[1])
    serial_number: str | None = Field(examples=["SN0001"])
    manufacturer: str | None = Field(examples=["Example Networks"])
    product_class: str | None = Field(examples=["HG-500"])
    software_version: str | None = Field(examples=["2.4.1"])
    address: str | None = Field(examples=["192.0.2.10"])
    is_active: bool
    status: Literal["Up", "Down"]
    last_connection: Moment | None


class OperationDetails(Representation):
    """How far it is."""

    total_tasks: int = Field(
        description="Variables, the operation itself, or the devices of an order for several.",
        examples=[2],
    )
    completed_tasks: int = Field(examples=[2])
    current_task: str | None = Field(examples=["waits for M Reboot"])


class OperationFault(Representation):
    """Why one parameter was refused."""

    code: str = Field(examples=["9005"])
    message: str = Field(examples=["Invalid parameter name"])


class OperationError(Representation):
    """Why an operation failed."""

    code: str = Field(description="A CWMP fault code, or a word.", examples=["9005"])
    message: str = Field(examples=["Invalid parameter name"])
    parameters: dict[str, OperationFault]


class ScheduleAnswer(Representation):
    """When it is to be done, as it was given."""

    type: str | None = Field(examples=["recurring"])
    execute_at: Moment | None
    cron: str | None = Field(examples=["30 2 * * MON"])
    timezone: str | None = Field(examples=["Europe/Prague"])


class RetryAnswer(Representation):
    """How often it is tried to get the operation out, as it was given."""

    max_attempts: int | None = Field(examples=[5])
    retry_delay_minutes: int | None = Field(examples=[10])


class NotificationAnswer(Representation):
    """Who is told of its end, as it was given."""

    on_completion: bool
    on_failure: bool
    webhook_url: str | None = Field(examples=["https://hooks.example.com/acs"])
    email: str | None = Field(examples=["noc@example.com"])


class TargetAnswer(Representation):
    """One device's part of an order for several."""

    id: str = Field(examples=["txn_12345"])
    transaction_id: str = Field(examples=["op_0b6f8a1c2d3e4f5061728394"])
    name: str = Field(description="The device's.", examples=["router-branch-network"])
    device_name: str = Field(description="The same as name.")
    device_id: int = Field(examples=[17])
    serial_number: str | None = Field(examples=["SN0001"])
    status: str = Field(examples=["completed"])
    progress: int = Field(description="0 to 100.", examples=[100])
    started_at: Moment | None
    completed_at: Moment | None
    variables: list[OperationVariable]
    error: OperationError | None
    result: dict[str, Any] | None


class OperationAnswer(Representation):
    """An operation, in the words of both documented forms."""

    id: str = Field(examples=["txn_12345"])
    transaction_id: str = Field(examples=["op_0b6f8a1c2d3e4f5061728394"])
    name: str = Field(description="The device's.", examples=["router-branch-network"])
    device_name: str = Field(description="The same as name.")
    device_id: int = Field(examples=[17])
    serial_number: str | None = Field(description="The device's.", examples=["SN0001"])
    operation: str = Field(description="The word that it was asked for by.", examples=["get"])
    operation_type: str = Field(description="The same as operation.")
    variables: list[OperationVariable]
    variables_count: int = Field(description="How many there are in all.", examples=[1])
    variables_truncated: bool = Field(description="Not all are shown here; they are by id.")
    parameters: dict[str, Any] = Field(
        description="As they were given, with the firmware image that is meant."
    )
    status: str = Field(examples=["completed"])
    created_at: Moment
    created_by: str | None = Field(
        description="The token's name; null: the server itself.", examples=["billing"]
    )
    scheduled_at: Moment
    scheduled_for: Moment = Field(description="Of a recurring one, its next execution.")
    next_execution: Moment | None = Field(description="When it becomes due.")
    expires_at: Moment = Field(description="If it has not started by then.")
    started_at: Moment | None
    completed_at: Moment | None
    estimated_duration: int = Field(description="Seconds, as past ones took.", examples=[5])
    monitoring_url: str = Field(description="Where to ask for its progress.")
    progress: int = Field(description="0 to 100.", examples=[100])
    attempts: int = Field(description="Sessions that it was sent in.", examples=[1])
    parent_id: str | None = Field(description="The operation that this one is a run of.")
    schedule: ScheduleAnswer | None
    retry_policy: RetryAnswer | None
    notification: NotificationAnswer | None
    device_targets: list[str] | None = Field(
        description="The devices' names, where it was ordered for several and is asked for by id."
    )
    results: list[TargetAnswer] | None = Field(
        description="Of these devices, each. Null where it is recurring: its runs have them."
    )
    device_details: OperationDevice
    operation_details: OperationDetails
    error: OperationError | None
    result: dict[str, Any] | None = Field(description="What came of it besides variables.")


@dataclass(frozen=True, slots=True)
class Eyes:
    """How somebody sees operations: where they are found, and whether secrets are shown."""

    collection_url: str
    unsealed: Unsealed


def shown(report: Report, eyes: Eyes) -> OperationAnswer:
    """An operation and what came of it until now."""
    operation = report.operation
    scheduled = operation.request.get("scheduled_at", operation.created)
    word = operation.request.get("word", operation.kind)
    return OperationAnswer.model_construct(
        id=f"txn_{operation.id}",
        transaction_id=operation.key,
        name=report.target.name,
        device_name=report.target.name,
        device_id=report.target.id,
        serial_number=report.target.serial_number,
        operation=word,
        operation_type=word,
        variables=_whole(eyes.unsealed(report.variables)),
        variables_count=report.variables_count,
        variables_truncated=len(report.variables) < report.variables_count,
        parameters=_parameters(operation.request, eyes.unsealed),
        status=report.state,
        created_at=operation.created,
        created_by=operation.created_by,
        scheduled_at=scheduled,
        scheduled_for=operation.due if operation.is_recurring else scheduled,
        next_execution=operation.due if report.state is SCHEDULED else None,
        schedule=_given(ScheduleAnswer, operation.request.get("schedule")),
        retry_policy=_given(RetryAnswer, operation.request.get("retry_policy")),
        notification=_given(NotificationAnswer, operation.request.get("notification")),
        device_targets=[each.target.name for each in report.members] or None,
        results=_results(report, eyes),
        expires_at=operation.expires,
        started_at=report.started,
        completed_at=report.completed,
        estimated_duration=report.estimate_s,
        monitoring_url=f"{eyes.collection_url}{operation.key}/",
        progress=report.progress,
        attempts=report.attempts,
        parent_id=None if operation.parent_id is None else f"txn_{operation.parent_id}",
        device_details=_device(report.target),
        operation_details=OperationDetails.model_construct(
            total_tasks=report.tasks,
            completed_tasks=report.tasks_done,
            current_task=report.current_task,
        ),
        error=_error(report.error),
        result=dict(report.result) or None,
    )


def _results(report: Report, eyes: Eyes) -> list[TargetAnswer] | None:
    """A recurring order is never done itself: each of its runs has results of its own."""
    if report.operation.is_recurring:
        return None
    return [_of_target(each, eyes) for each in report.members] or None


def _given(model: type[M], term: Mapping[str, Any] | None) -> M | None:
    return None if term is None else model(**term)


def _error(error: Mapping[str, Any] | None) -> OperationError | None:
    return None if error is None else OperationError.model_validate(error)


def _of_target(report: Report, eyes: Eyes) -> TargetAnswer:
    operation, target = report.operation, report.target
    return TargetAnswer.model_construct(
        id=f"txn_{operation.id}",
        transaction_id=operation.key,
        name=target.name,
        device_name=target.name,
        device_id=target.id,
        serial_number=target.serial_number,
        status=operation.state,
        progress=operation.progress,
        started_at=operation.started,
        completed_at=operation.completed,
        variables=_whole(eyes.unsealed(report.variables)),
        error=_error(operation.error),
        result=dict(report.result) or None,
    )


def shown_new(report: Report, eyes: Eyes) -> OperationAnswer:
    """One that was just accepted: its variables are the request's, to the letter."""
    told = {"variables": eyes.unsealed(report.variables), "status": SCHEDULED}
    answer = shown(report, eyes).model_copy(update=told)
    for each in answer.results or ():
        each.status = SCHEDULED
    return answer


def _whole(variables: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [{"value": None, "value_type": None, **variable} for variable in variables]


def _parameters(request: Mapping[str, Any], unsealed: Unsealed) -> dict[str, Any]:
    values = unsealed(request.get("values", ()))
    told = {value["variable_name"]: value["value"] for value in values}
    meant = {name: request[name] for name in ("firmware_image",) if name in request}
    return {**request.get("parameters", {}), **meant, **({"values": told} if told else {})}


def _device(target: Target) -> OperationDevice:
    return OperationDevice.model_construct(
        id=target.id,
        name=target.name,
        organization_id=target.organization_id,
        serial_number=target.serial_number,
        manufacturer=target.manufacturer,
        product_class=target.product_class,
        software_version=target.software_version,
        address=target.address,
        is_active=target.is_active,
        status="Up" if target.is_up else "Down",
        last_connection=target.last_inform,
    )


# --- Bodies ----------------------------------------------------------------------------------


Value = Annotated[
    RawText,
    BeforeValidator(as_text),
    Field(
        examples=["300"],
        json_schema_extra={"type": ["string", "number", "boolean"]},
        description="Text, a number or a boolean; always text in answers.",
    ),
]


class VariableBody(Body):
    """A parameter or an object of the device."""

    read_only = frozenset(OperationVariable.__annotations__)

    variable_name: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=MAX_PATH,
            description="The path of a parameter or, ending in a dot, of an object.",
            examples=["Device.DeviceInfo.UpTime"],
            json_schema_extra={"pattern": f"^{PATH}$"},
        ),
    ]
    value: Value | None = None
    value_type: ValueType | None = None
    notification: (
        Annotated[
            Integer,
            Field(ge=0, le=6, description="Of set.attr: 0 off, 1 passive, 2 active."),
        ]
        | None
    ) = None
    access_list: (
        Annotated[
            list[Annotated[Text, Field(max_length=64)]],
            Field(max_length=32, description="Of set.attr: who else may write."),
        ]
        | None
    ) = None


def needing_variables(field: str, words: Sequence[str]) -> dict[str, Any]:
    """The schema that says so of these operations, which the field names."""
    return {
        "if": {"properties": {field: {"enum": list(words)}}, "required": [field]},
        "then": {"properties": {"variables": {"minItems": 1}}, "required": ["variables"]},
    }


class WithVariables(Body):
    """What is about variables of devices."""

    variables: Annotated[list[VariableBody], Field(default_factory=list, max_length=MAX_VARIABLES)]

    @property
    def asked(self) -> list[dict[str, Any]] | None:
        """The variables as they were given; None where there were none, not even an empty list."""
        if "variables" not in self.model_fields_set:
            return None
        return [each.model_dump(mode="json", exclude_unset=True) for each in self.variables]


class StartParameters(Body):
    """How an operation is started."""

    timeout: (
        Annotated[
            Integer,
            Field(ge=1, le=MAX_TIMEOUT_S, description="Seconds until it expires unstarted."),
        ]
        | None
    ) = None
    timeout_minutes: (
        Annotated[Integer, Field(ge=1, le=MAX_TIMEOUT_S // 60, description="The same in minutes.")]
        | None
    ) = None
    force: Annotated[Boolean, Field(description="Also on a device that is offline.")] = False

    @field_validator("timeout_minutes")
    @classmethod
    def _agrees(cls, minutes: int | None, info: ValidationInfo) -> int | None:
        timeout = info.data.get("timeout")
        if minutes and timeout and timeout != minutes * 60:
            raise contradiction("timeout")
        return minutes

    @property
    def timeout_s(self) -> float | None:
        return self.timeout or (self.timeout_minutes or 0) * 60 or None


class OrderParameters(StartParameters, FileParameters, TaskParameters):
    """How an operation is carried out."""

    values: Annotated[
        dict[Text, Value],
        Field(
            default_factory=dict,
            max_length=MAX_VARIABLES,
            description="Of add.obj: what the new instance's parameters are set to.",
        ),
    ]

    @property
    def echo(self) -> dict[str, Any]:
        """As they were given, but for what may be secret."""
        own = {"values", "password"} | tasks.FIELDS
        given = {name: value for name, value in self.given().items() if name not in own}
        return given | self.told_again


class StartBody(Body):
    """What is to be started on the device."""

    read_only = names_of(InitiatedAnswer)

    operation: StartWord
    device_name: (
        Annotated[Name, Field(description="As answers have it: must be of the same device.")] | None
    ) = None
    parameters: StartParameters = StartParameters()


class ScheduleBody(Body):
    """When it is to be done: at once, at a time, or again and again."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {
                    "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
                    "then": {"properties": {name: {"type": "string"}}, "required": [name]},
                }
                for kind, name in (("once", "execute_at"), ("recurring", "cron"))
            ]
        }
    )

    type: Literal["immediate", "once", "recurring"] | None = None
    timezone: (
        Annotated[
            Text,
            Field(
                description="IANA name; execute_at without an offset is read in it, too.",
                examples=["Europe/Prague"],
            ),
        ]
        | None
    ) = None
    execute_at: Annotated[Time | None, Field(validate_default=True)] = None
    cron: Annotated[
        Text | None,
        Field(
            validate_default=True,
            description="Five fields, as of Debian's cron.",
            examples=["30 2 * * MON"],
        ),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _recurs_with_a_cron(cls, data: dict[str, Any]) -> dict[str, Any]:
        if isinstance(data, dict) and data.get("cron") is not None and data.get("type") is None:
            return {**data, "type": "recurring"}
        return data

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        if name is not None and not is_timezone(name):
            raise PydanticCustomError("timezone", "This is not the name of an IANA time zone.")
        return name

    @field_validator("execute_at", mode="before")
    @classmethod
    def _read_there(cls, value: Any, info: ValidationInfo) -> Any:
        zone = info.data.get("timezone")
        if zone is None or not isinstance(value, str):
            return value
        return format_time(parse_time(value, ZoneInfo(zone)))

    @field_validator("execute_at")
    @classmethod
    def _fits_type(cls, moment: float | None, info: ValidationInfo) -> float | None:
        if info.data.get("type") == "once" and moment is None:
            raise PydanticCustomError("missing", "missing")
        if info.data.get("type") == "immediate" and moment is not None:
            raise contradiction("type")
        return moment

    @field_validator("cron")
    @classmethod
    def _recurs(cls, cron: str | None, info: ValidationInfo) -> str | None:
        is_recurring = info.data.get("type") == "recurring"
        if is_recurring and cron is None:
            raise PydanticCustomError("missing", "missing")
        if cron is not None and not is_recurring and "type" in info.data:
            raise contradiction("type")
        if cron is not None and not is_cron(cron):
            raise PydanticCustomError("cron", "This is not a cron expression of five fields.")
        return cron

    def fits(self, moment: float) -> bool:
        """Whether ``scheduled_at`` says the same."""
        return self.type != "immediate" and self.execute_at in {None, moment}


class RetryBody(Body):
    """How often it is tried to get the operation out to the device. What would do harm if it were
    done twice is never sent twice."""

    max_attempts: Annotated[Integer, Field(ge=1, le=10, examples=[5])] | None = None
    retry_delay_minutes: (
        Annotated[
            Integer,
            Field(ge=0, le=1440, description="What follows on the device waits, too."),
        ]
        | None
    ) = None


class NotificationBody(Body):
    """Who is to be told of its end."""

    on_completion: Boolean = True
    on_failure: Annotated[Boolean, Field(description="Also when it expired or was cancelled.")] = (
        True
    )
    webhook_url: (
        Annotated[
            Text,
            Field(
                description="Told by a signed POST; nobody in a private network, unless allowed.",
                examples=["https://hooks.example.com/acs"],
                json_schema_extra={"format": "uri", "pattern": "^https?://[A-Za-z0-9]"},
            ),
        ]
        | None
    ) = None
    email: (
        Annotated[
            Text,
            Field(
                max_length=254,
                description="Told by a mail, where the server has a mail server.",
                examples=["noc@example.com"],
                json_schema_extra={"format": "email"},
            ),
        ]
        | None
    ) = None

    @field_validator("webhook_url")
    @classmethod
    def _is_url(cls, url: str | None) -> str | None:
        if url is not None and webhooks.host_of(url) is None:
            raise PydanticCustomError("url", webhooks.NO_URL)
        return url

    @field_validator("email")
    @classmethod
    def _is_address(cls, address: str | None) -> str | None:
        if address is not None and _EMAIL.fullmatch(address) is None:
            raise PydanticCustomError("email", "Enter a valid email address.")
        return address


class OrderBody(WithVariables, OfDevice):
    """What is to be done on a device; the older names of its fields mean the same."""

    read_only = names_of(OperationAnswer)
    older: ClassVar[Mapping[str, str]] = {"operation_type": "operation"}

    operation: Annotated[Word, Field(examples=["get"])]
    operation_type: Annotated[Word, Field(description="The older name of operation.")] | None = None
    parameters: Annotated[OrderParameters, Field(default_factory=OrderParameters)]
    scheduled_at: Annotated[Time, Field(description="A time in the past means now.")] | None = None
    schedule: ScheduleBody | None = None
    retry_policy: RetryBody | None = None
    notification: NotificationBody | None = None

    @model_validator(mode="before")
    @classmethod
    def _understand_older_names(cls, data: dict[str, Any]) -> dict[str, Any]:
        return cls._meant(data) | data

    @classmethod
    def _meant(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """What fields say of others: older names of newer ones, targets of the key."""
        given = {new: data[old] for old, new in cls.older.items() if data.get(old) is not None}
        targets = data.get("device_targets")
        if targets is None:
            return given
        is_list = isinstance(targets, list) and bool(targets)
        return {cls.family.field: targets[0] if is_list else targets} | given

    @classmethod
    def refusal(cls, fields: Mapping[str, Any], data: Mapping[str, Any]) -> Invalid:
        """Nothing is said of a field that was not sent: what it was read from is refused, too."""
        unsent = cls._meant(data).keys() - data.keys()
        return Invalid({name: wrong for name, wrong in fields.items() if name not in unsent})

    @field_validator("device_targets", check_fields=False)
    @classmethod
    def _are_different_and_hold_the_key(
        cls, keys: list[Any] | None, info: ValidationInfo
    ) -> list[Any] | None:
        if keys is None:
            return None
        if len(set(keys)) < len(keys):
            raise PydanticCustomError("twice", "Given more than once.")
        if info.data.get(cls.family.field, keys[0]) not in keys:
            raise contradiction(cls.family.field)
        return keys

    @field_validator("operation_type", "device_name", check_fields=False)
    @classmethod
    def _agrees(cls, value: str | None, info: ValidationInfo) -> str | None:
        new = cls.older.get(info.field_name or "")
        if new is not None and value is not None and info.data.get(new, value) != value:
            raise contradiction(new)
        return value

    @field_validator("schedule")
    @classmethod
    def _agrees_in_time(
        cls, schedule: ScheduleBody | None, info: ValidationInfo
    ) -> ScheduleBody | None:
        at = info.data.get("scheduled_at")
        if schedule is not None and at is not None and not schedule.fits(at):
            raise contradiction("scheduled_at")
        return schedule

    @property
    def kind(self) -> Kind:
        if self.operation == "update" and self.parameters.package_list:
            return Kind.UPDATE
        return OLDER_WORDS.get(self.operation) or Kind(self.operation)

    @property
    def due(self) -> float | None:
        return (self.schedule and self.schedule.execute_at) or self.scheduled_at

    @property
    def terms(self) -> dict[str, Any]:
        """When, how often and with whose knowledge, as far as it was said."""
        given = {name: getattr(self, name) for name in ("schedule", "retry_policy", "notification")}
        return {name: dict(term) for name, term in given.items() if term is not None}

    @property
    def keys(self) -> list[Key]:
        """Of the device, or of the several devices that it is for."""
        several = getattr(self, "device_targets", None)
        return [Key(self.family, each) for each in several] if several else [self.key]

    @property
    def is_for_several(self) -> bool:
        return getattr(self, "device_targets", None) is not None


SEVERAL: Any = Field(
    min_length=1,
    max_length=200,
    description="Several devices, instead of one: for all of them or for none.",
    json_schema_extra={"uniqueItems": True},
)


_RULES: Any = {
    "allOf": [
        needing_variables("operation", sorted(NEEDING_VARIABLES)),
        {
            "if": {"properties": {"operation": {"const": "set"}}, "required": ["operation"]},
            "then": {
                "properties": {
                    "variables": {
                        "items": {
                            "properties": {"value": {"type": ["string", "number", "boolean"]}},
                            "required": ["value"],
                        }
                    }
                }
            },
        },
    ]
}
AN_ORDER: Any = {
    "operation": "set",
    "variables": [
        {
            "variable_name": "Device.ManagementServer.PeriodicInformInterval",
            "value": "300",
            "value_type": "integer",
        }
    ],
}


class OrderByName(OrderBody, OfName):
    """What is to be done on a device, which is named."""

    model_config = example(_RULES, name="router-branch-network", **AN_ORDER)
    older: ClassVar[Mapping[str, str]] = {**OrderBody.older, "device_name": "name"}

    device_targets: Annotated[list[Name], SEVERAL] | None = None


class OrderBySerial(OrderBody, OfSerial):
    """What is to be done on the device with this serial number."""

    model_config = example(_RULES, serial_number="SN0001", **AN_ORDER)

    device_targets: Annotated[list[Name], SEVERAL] | None = None

    @classmethod
    def is_meant(cls, data: Mapping[str, Any]) -> bool:
        """Bulk jobs are asked for at the same path."""
        return not {"serial_number", "operation", "device_targets"}.isdisjoint(data)


class OrderById(OrderBody, OfId):
    """What is to be done on the device with this id."""

    model_config = example(_RULES, device_id=17, **AN_ORDER)

    device_targets: Annotated[list[Id], SEVERAL] | None = None


ORDERS: Mapping[Family, type[OrderBody]] = {
    order.family: order for order in (OrderByName, OrderBySerial, OrderById)
}


def contradiction(field: str) -> PydanticCustomError:
    return PydanticCustomError("contradiction", "Contradicts {field}.", {"field": field})


# --- Queries ---------------------------------------------------------------------------------

Reference = Annotated[Text, Field(description="`<n>`, `txn_<n>` or `op_…`.")]
Wait = Annotated[
    float,
    Field(ge=0, le=MAX_WAIT_S, description="Seconds to wait for its end; only with an id."),
]
UpdateStatus = Annotated[Boolean, Field(description="Ask the devices to show themselves first.")]


def _present_word(word: Any) -> Any:
    return Kind.SYNC if word == "inventory_sync" else word


SoughtKind = Annotated[
    Kind,
    BeforeValidator(_present_word, json_schema_input_type=Kind | Literal["inventory_sync"]),
    Field(description="`update` finds downloads, too; `inventory_sync` is sync."),
]


class HistoryQuery(ListQuery):
    status: State | None = None
    operation: SoughtKind | None = None
    created_from: Time | None = None
    created_to: Time | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """An update is of firmware, which is a download, or of software modules."""
        if self.operation is Kind.UPDATE:
            return Kind.UPDATE, OLDER_WORDS[Kind.UPDATE]
        return () if self.operation is None else (self.operation,)

    @property
    def filter(self) -> Filter:
        return Filter(
            state=self.status,
            kinds=self.kinds,
            created_from=self.created_from,
            created_to=self.created_to,
        )


class OperationsQuery(HistoryQuery):
    id: Reference | None = None
    name: Annotated[Text, Field(description="A device's.")] | None = None
    serial_number: Annotated[Text, Field(description="A device's.")] | None = None
    device_id: Annotated[Id, Field(description="A device's.")] | None = None
    update_status: UpdateStatus = False
    wait: Annotated[Wait | None, Field(validate_default=True)] = None
    envelope: (
        Annotated[Boolean, Field(description="True: the object; false: the bare array.")] | None
    ) = None

    @field_validator("wait")
    @classmethod
    def _is_for_one(cls, wait: float | None, info: ValidationInfo) -> float | None:
        if wait is not None and info.data.get("id") is None:
            raise PydanticCustomError("alone", "Only together with id.")
        return wait

    @property
    def filter(self) -> Filter:
        return replace(
            super().filter,
            reference=ANY if self.id is None else refer(self.id),
            device_name=self.name,
            serial_number=self.serial_number,
            device_id=self.device_id,
        )

    @property
    def is_enveloped(self) -> bool:
        """Who asks for one page of many gets the object, all others the bare array."""
        if self.envelope is not None:
            return self.envelope
        return bool({"limit", "offset"} & self.model_fields_set)


class OperationQuery(Query):
    update_status: UpdateStatus = False
    wait: Wait | None = None


class CancelQuery(Query):
    id: Reference
