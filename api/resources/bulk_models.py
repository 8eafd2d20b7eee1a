"""A bulk job in answers and bodies."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from api.fields import MAX_INTEGER, Boolean, Id, Integer, Moment, Name, Text
from api.models import Body, ListQuery, Representation, example, names_of
from api.resources.operation_models import (
    OLDER_WORDS,
    NotificationAnswer,
    NotificationBody,
    OperationError,
    OperationsQuery,
    OperationVariable,
    OrderParameters,
    RetryBody,
    ScheduleBody,
    WithVariables,
    Word,
    needing_variables,
)
from inventory.actions.bulk import Wish
from inventory.actions.variables import NEEDING_VARIABLES
from inventory.bulk import AUDIT, SERIAL_SYNC, STATUS_UPDATE, State
from inventory.errors import Invalid, Unprocessable
from inventory.operations import Kind

MAX_DEVICES = 10_000_000
LACKING = (["This field is required."], ["This field may not be null."])
NOT_OF_JOBS = "Bulk jobs do not know this."
TYPES = (SERIAL_SYNC, STATUS_UPDATE, AUDIT, *(f"bulk_{word}" for word in get_args(Word)))

# --- Answers ---------------------------------------------------------------------------------


class JobConfiguration(Representation):
    """What it is about, as it was given."""

    organizations: list[int] = Field(examples=[[101, 102]])
    device_types: list[Any] = Field(examples=[["router", 7]])
    options: dict[str, Any]


class JobCreated(Representation):
    """A bulk job that was accepted."""

    id: str = Field(examples=["42"])
    operation_type: str = Field(examples=["bulk_reboot"])
    status: Literal["scheduled"] = Field(description="Its targets are fixed when it starts.")
    created_at: Moment
    scheduled_for: Moment
    estimated_duration_minutes: int = Field(examples=[15])
    target_device_count: int = Field(description="At this moment.", examples=[1500])
    operation_config: JobConfiguration
    monitoring_url: str = Field(description="Where to ask for its progress.")


class JobDetails(Representation):
    """What it is about, and why devices failed."""

    device_types: list[Any] = Field(examples=[["router", 7]])
    organization_ids: list[int] = Field(description="None: all.", examples=[[101, 102]])
    error_summary: dict[str, int] = Field(
        description="Failed devices by cause.", examples=[{"connection_timeouts": 3}]
    )
    reason: str | None = Field(
        description="Why it failed: max_failures, canary, timeout or all_failed.",
        examples=["canary"],
    )
    parent_id: str | None = Field(description="The job that it is a run or the rollback of.")
    rollback_job_id: str | None = Field(description="The job that undoes it.", examples=["43"])
    notification: NotificationAnswer | None


class JobAnswer(Representation):
    """A bulk job and how far it is."""

    id: str = Field(examples=["42"])
    operation_type: str = Field(examples=["bulk_reboot"])
    status: State
    progress: int = Field(description="0 to 100, failed devices included.", examples=[65])
    total_devices: int = Field(examples=[1500])
    processed_devices: int = Field(description="Failed ones included.", examples=[975])
    failed_devices: int = Field(examples=[12])
    created_at: Moment
    updated_at: Moment
    estimated_completion: Moment | None
    operation_details: JobDetails


class LastCall(Representation):
    """A device's last connection request."""

    outcome: str = Field(examples=["accepted"])
    time: Moment


class JobResult(Representation):
    """What became of one device of a bulk job."""

    device_id: int = Field(examples=[17])
    device_name: str = Field(examples=["router-branch-network"])
    serial_number: str | None = Field(examples=["SN0001"])
    status: str = Field(
        description="waiting, pending, running, completed, failed or cancelled.",
        examples=["completed"],
    )
    operation_id: str | None = Field(examples=["txn_12345"])
    transaction_id: str | None = Field(examples=["op_0b6f8a1c2d3e4f5061728394"])
    started_at: Moment | None
    completed_at: Moment | None
    cause: str | None = Field(
        description="As the summary counts it.", examples=["connection_timeouts"]
    )
    error: OperationError | None
    variables: list[OperationVariable] = Field(description="At most 200.")
    result: dict[str, Any] | None = Field(description="What came of it besides variables.")
    connection_request: LastCall | None


# --- Bodies ----------------------------------------------------------------------------------


def _as_type_key(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("type_key", "Give a type's id or short name.")
    if isinstance(value, int) and not 1 <= value <= MAX_INTEGER:
        raise PydanticCustomError("type_key", "Give a type's id or short name.")
    return value.strip().replace("\0", "") if isinstance(value, str) else value


TypeKey = Annotated[
    Any,
    BeforeValidator(_as_type_key),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}],
            "description": "Id or short name.",
        }
    ),
]


class FilterBody(Body):
    """Which devices: all conditions hold, each for one of its values; an empty one for any."""

    types: Annotated[list[TypeKey], Field(max_length=1000, examples=[["router", 7]])] = Field(
        default_factory=list
    )
    status: Annotated[
        list[Literal["active", "inactive", "pending", "Up", "Down"]],
        Field(
            max_length=5,
            description="Inactive devices are left out unless they are asked for.",
        ),
    ] = Field(default_factory=list)
    serial_numbers: Annotated[
        list[Name], Field(max_length=1000, examples=[["SN0001", "SN0002"]])
    ] = Field(default_factory=list)


class JobSchedule(ScheduleBody):
    """When it is to be done, and before what else."""

    priority: Annotated[
        Literal["low", "normal", "high"],
        Field(description="A person's single operation goes before all of them."),
    ] = "normal"


class JobOptions(Body):
    """How it is carried out."""

    update_firmware_info: Annotated[
        Boolean, Field(description="Of bulk_serial_sync: read the versions, too.")
    ] = True
    validate_connectivity: Annotated[
        Boolean,
        Field(description="Has inventory_audit call the devices; the others do in any case."),
    ] = False
    timeout_minutes: (
        Annotated[Integer, Field(ge=1, le=527_040, description="Then the job fails.")] | None
    ) = None
    max_concurrency: (
        Annotated[Integer, Field(ge=1, le=10_000, description="Devices served at once; 1000.")]
        | None
    ) = None
    max_failures: (
        Annotated[Integer, Field(ge=0, le=MAX_DEVICES, description="Past it the rest is stopped.")]
        | None
    ) = None
    canary: (
        Annotated[
            Integer,
            Field(ge=1, le=MAX_DEVICES, description="So many first, the rest when they succeed."),
        ]
        | None
    ) = None
    rollback_image: (
        Annotated[
            Id,
            Field(
                description="Of a firmware download: the image that the devices get which have "
                "taken the new one, should devices make the job fail."
            ),
        ]
        | None
    ) = None


_NEEDING_VARIABLES = needing_variables(
    "operation_type", [f"bulk_{kind}" for kind in sorted(NEEDING_VARIABLES)]
)


class JobBody(WithVariables):
    """What is to be done on many devices."""

    model_config = example(
        _NEEDING_VARIABLES,
        operation_type="bulk_serial_sync",
        target_organizations=[1],
        device_filters={"status": ["active"], "serial_numbers": ["SN0001"]},
        schedule={"execute_at": "2024-01-16T02:00:00Z", "priority": "normal"},
        options={"update_firmware_info": True, "validate_connectivity": True},
    )

    operation_type: Annotated[
        Text, Field(examples=["bulk_serial_sync"], json_schema_extra={"enum": list(TYPES)})
    ]
    target_organizations: Annotated[
        list[Id],
        Field(
            max_length=1000,
            description="None: all that the token sees.",
            examples=[[101, 102]],
        ),
    ] = Field(default_factory=list)
    device_filters: Annotated[FilterBody, Field(default_factory=FilterBody)]
    schedule: Annotated[JobSchedule, Field(default_factory=JobSchedule)]
    options: Annotated[JobOptions, Field(default_factory=JobOptions)]
    parameters: Annotated[OrderParameters, Field(default_factory=OrderParameters)]
    retry_policy: RetryBody | None = None
    notification: Annotated[
        NotificationBody | None, Field(description="Who is told of the end of the job.")
    ] = None

    @classmethod
    def refusal(cls, fields: Mapping[str, Any], data: Mapping[str, Any]) -> Invalid:  # noqa: ARG003
        """Without an operation type it is no job at all; the rest is a job that cannot be."""
        lacks_type = fields.get("operation_type") in LACKING
        return Invalid(fields) if lacks_type else Unprocessable(fields)

    @field_validator("operation_type")
    @classmethod
    def _is_known(cls, word: str) -> str:
        if word not in TYPES:
            raise PydanticCustomError("choice", '"{word}" is not a valid choice.', {"word": word})
        return word

    @property
    def kind(self) -> Kind | None:
        """Of the operation that each device gets; None where there is none."""
        if self.operation_type in {STATUS_UPDATE, AUDIT}:
            return None
        if self.operation_type == SERIAL_SYNC:
            return Kind.GET
        word = self.operation_type.removeprefix("bulk_")
        if word == "update" and self.parameters.package_list:
            return Kind.UPDATE
        return OLDER_WORDS.get(word) or Kind(word)

    def wish(self, request: Mapping[str, Any]) -> Wish:
        """``request``: what an operation on each device is asked for with."""
        schedule = self.schedule
        return Wish(
            operation_type=self.operation_type,
            kind=self.kind,
            request=request,
            organizations=self.target_organizations,
            filters=self.device_filters.model_dump(),
            options=self.options.model_dump(exclude_unset=True),
            due=schedule.execute_at,
            schedule=schedule.model_dump() if schedule.type == "recurring" else None,
            priority=schedule.priority,
            notification=None if self.notification is None else dict(self.notification),
            timeout_s=self.parameters.timeout_s,
        )


class JobPatch(Body):
    """What is to become of it."""

    read_only = names_of(JobAnswer) | names_of(JobCreated)

    status: Literal["paused", "in_progress", "cancelled"]


# --- Queries ---------------------------------------------------------------------------------


class JobsQuery(OperationsQuery):
    """Bulk jobs; with ``id`` of a single operation, or with a filter of theirs, those."""

    @property
    def is_about_jobs(self) -> bool:
        """Raises Invalid for the id of a job together with what only operations know."""
        others = self.model_fields_set - {"id", "update_status", "limit", "offset"}
        if self.id is None:
            return not others
        if not (self.id.isascii() and self.id.isdigit()):
            return False
        if others:
            raise Invalid({name: [NOT_OF_JOBS] for name in others})
        return True


class ResultsQuery(ListQuery):
    status: Literal["waiting", "pending", "running", "completed", "failed", "cancelled"] | None = (
        None
    )
