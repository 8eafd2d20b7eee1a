"""An operation in answers and bodies: both documented forms, which may be mixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, NotRequired

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

from api.fields import Boolean, Id, Integer, Moment, Name, RawText, Text, Time
from api.models import Body, ListQuery, Query, Representation, names_of
from api.resources.file_models import FileParameters
from inventory.actions.variables import MAX_PATH, MAX_VARIABLES, PATH, ValueType
from inventory.actions.viewing import ANY, Filter, Report, Target, Unsealed, refer
from inventory.devices import Family, Key
from inventory.operations import Kind, State

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
    "update",
]
OLDER_WORDS: Mapping[str, Kind] = {"update": Kind.DOWNLOAD}

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

    total_tasks: int = Field(description="Variables, or the operation itself.", examples=[2])
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


class OperationAnswer(Representation):
    """An operation, in the words of both documented forms."""

    id: str = Field(examples=["txn_12345"])
    transaction_id: str = Field(examples=["op_0b6f8a1c2d3e4f5061728394"])
    name: str = Field(description="The device's.", examples=["router-branch-network"])
    device_name: str = Field(description="The same as name.")
    operation: str = Field(examples=["get"])
    operation_type: str = Field(description="The same as operation.")
    variables: list[OperationVariable]
    variables_count: int = Field(description="How many there are in all.", examples=[1])
    variables_truncated: bool = Field(description="Not all are shown here; they are by id.")
    parameters: dict[str, Any] = Field(description="As they were given.")
    status: str = Field(examples=["completed"])
    created_at: Moment
    created_by: str | None = Field(description="The token's name.", examples=["billing"])
    scheduled_at: Moment
    scheduled_for: Moment
    next_execution: Moment | None = Field(description="When it becomes due.")
    expires_at: Moment = Field(description="If it has not started by then.")
    started_at: Moment | None
    completed_at: Moment | None
    estimated_duration: int = Field(description="Seconds, as past ones took.", examples=[5])
    monitoring_url: str = Field(description="Where to ask for its progress.")
    progress: int = Field(description="0 to 100.", examples=[100])
    attempts: int = Field(description="Sessions that it was sent in.", examples=[1])
    parent_id: str | None = Field(description="The operation that this one is a run of.")
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
    return OperationAnswer.model_construct(
        id=f"txn_{operation.id}",
        transaction_id=operation.key,
        name=report.target.name,
        device_name=report.target.name,
        operation=operation.kind,
        operation_type=operation.kind,
        variables=_whole(eyes.unsealed(report.variables)),
        variables_count=report.variables_count,
        variables_truncated=len(report.variables) < report.variables_count,
        parameters=_parameters(operation.request, eyes.unsealed),
        status=operation.state,
        created_at=operation.created,
        created_by=operation.created_by,
        scheduled_at=scheduled,
        scheduled_for=scheduled,
        next_execution=operation.due if operation.state is SCHEDULED else None,
        expires_at=operation.expires,
        started_at=operation.started,
        completed_at=operation.completed,
        estimated_duration=report.estimate_s,
        monitoring_url=f"{eyes.collection_url}{operation.key}/",
        progress=operation.progress,
        attempts=operation.attempts,
        parent_id=None if operation.parent_id is None else f"txn_{operation.parent_id}",
        device_details=_device(report.target),
        operation_details=OperationDetails.model_construct(
            total_tasks=report.tasks,
            completed_tasks=report.tasks_done,
            current_task=report.current_task,
        ),
        error=None if operation.error is None else OperationError.model_validate(operation.error),
        result=dict(report.result) or None,
    )


def shown_new(report: Report, eyes: Eyes, word: str | None = None) -> OperationAnswer:
    """One that was just accepted: operation and variables are the request's, to the letter."""
    word = word or report.operation.kind
    told = {
        "operation": word,
        "operation_type": word,
        "variables": eyes.unsealed(report.variables),
        "status": SCHEDULED,
    }
    return shown(report, eyes).model_copy(update=told)


def _whole(variables: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [{"value": None, "value_type": None, **variable} for variable in variables]


def _parameters(request: Mapping[str, Any], unsealed: Unsealed) -> dict[str, Any]:
    values = unsealed(request.get("values", ()))
    told = {value["variable_name"]: value["value"] for value in values}
    return {**request.get("parameters", {}), **({"values": told} if told else {})}


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


def _as_text(value: Any) -> Any:
    """A value is text to the device; numbers and booleans are taken as JSON spells them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Value = Annotated[
    RawText,
    BeforeValidator(_as_text),
    Field(
        examples=["300"],
        json_schema_extra={"type": ["string", "number", "boolean"]},
        description="Text, a number or a boolean; always text in answers.",
    ),
]


class VariableBody(Body):
    """A parameter or an object of the device."""

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


class OrderParameters(StartParameters, FileParameters):
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
        secret = {"values", "password"}
        return {name: value for name, value in self.given().items() if name not in secret}


class StartBody(Body):
    """What is to be started on the device."""

    read_only = names_of(InitiatedAnswer)

    operation: StartWord
    parameters: StartParameters = StartParameters()


class ScheduleBody(Body):
    """When it is to be done."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"type": {"const": "once"}}, "required": ["type"]},
            "then": {
                "properties": {"execute_at": {"type": "string"}},
                "required": ["execute_at"],
            },
        }
    )

    type: Literal["immediate", "once"] | None = None
    execute_at: Annotated[Time | None, Field(validate_default=True)] = None

    @field_validator("execute_at")
    @classmethod
    def _fits_type(cls, moment: float | None, info: ValidationInfo) -> float | None:
        if info.data.get("type") == "once" and moment is None:
            raise PydanticCustomError("missing", "missing")
        if info.data.get("type") == "immediate" and moment is not None:
            raise contradiction("type")
        return moment

    def fits(self, moment: float) -> bool:
        """Whether ``scheduled_at`` says the same."""
        return self.type != "immediate" and self.execute_at in {None, moment}


class OrderBody(Body):
    """What is to be done on a device; the older names of its fields mean the same."""

    model_config = ConfigDict(
        json_schema_extra={
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
        }
    )

    read_only = names_of(OperationAnswer)
    family: ClassVar[Family]
    key_field: ClassVar[str]
    older: ClassVar[Mapping[str, str]] = {"operation_type": "operation"}

    operation: Annotated[Word, Field(examples=["get"])]
    operation_type: Annotated[Word, Field(description="The older name of operation.")] | None = None
    variables: Annotated[list[VariableBody], Field(default_factory=list, max_length=MAX_VARIABLES)]
    parameters: Annotated[OrderParameters, Field(default_factory=OrderParameters)]
    scheduled_at: Annotated[Time, Field(description="A time in the past means now.")] | None = None
    schedule: ScheduleBody | None = None

    @model_validator(mode="before")
    @classmethod
    def _understand_older_names(cls, data: dict[str, Any]) -> dict[str, Any]:
        given = {new: data[old] for old, new in cls.older.items() if data.get(old) is not None}
        return given | data

    @field_validator("operation_type", "device_name", check_fields=False)
    @classmethod
    def _agrees(cls, value: str | None, info: ValidationInfo) -> str | None:
        assert info.field_name is not None
        new = cls.older[info.field_name]
        if value is not None and info.data.get(new, value) != value:
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
        return OLDER_WORDS.get(self.operation) or Kind(self.operation)

    @property
    def due(self) -> float | None:
        return (self.schedule and self.schedule.execute_at) or self.scheduled_at

    @property
    def key(self) -> Key:
        return Key(self.family, getattr(self, self.key_field))


class OrderByName(OrderBody):
    """What is to be done on a device, which is named."""

    family = Family.NAME
    key_field = "name"
    older: ClassVar[Mapping[str, str]] = {**OrderBody.older, "device_name": "name"}

    name: Annotated[Name, Field(description="A device's.", examples=["router-branch-network"])]
    device_name: Annotated[Name, Field(description="The older name of name.")] | None = None


class OrderBySerial(OrderBody):
    """What is to be done on the device with this serial number."""

    family = Family.SERIAL
    key_field = "serial_number"

    serial_number: Annotated[Name, Field(description="A device's.", examples=["SN0001"])]


class OrderById(OrderBody):
    """What is to be done on the device with this id."""

    family = Family.ID
    key_field = "device_id"

    device_id: Annotated[Id, Field(description="A device's.", examples=[17])]


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


class HistoryQuery(ListQuery):
    status: State | None = None
    operation: Kind | None = None
    created_from: Time | None = None
    created_to: Time | None = None

    @property
    def filter(self) -> Filter:
        return Filter(
            state=self.status,
            kind=self.operation,
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
