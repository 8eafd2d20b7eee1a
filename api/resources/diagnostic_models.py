"""Tests that devices run themselves, in bodies and answers."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from api.fields import Boolean, Id, Integer, Moment, Text
from api.models import Body, ListQuery, Query, Representation, names_of
from api.resources.operation_models import (
    OperationError,
    Reference,
    UpdateStatus,
    contradiction,
)
from api.resources.target_models import OfDevice, OfId, OfName, OfSerial
from inventory.actions.viewing import Report
from inventory.devices import Family
from inventory.diagnostics import REQUIRED, TAKEN, Diagnostic
from inventory.operations import State

MAX_URL = 256
MAX_UNSIGNED_INT = 2**32 - 1

# --- Results ---------------------------------------------------------------------------------

_Count = Annotated[int | None, Field(examples=[4])]
_Milliseconds = Annotated[int | None, Field(description="Milliseconds.", examples=[12])]
_Time = Annotated[
    str | None, Field(description="As the device tells it.", examples=["2024-05-02T10:00:00.012Z"])
]


class _Result(Representation):
    state: str = Field(description="DiagnosticsState.", examples=["Complete"])


class EchoResult(_Result):
    """Of ping and udp_echo."""

    ip_address_used: str | None = Field(examples=["203.0.113.7"])
    success_count: _Count
    failure_count: _Count
    average_response_time: _Milliseconds
    minimum_response_time: _Milliseconds
    maximum_response_time: _Milliseconds


class Hop(Representation):
    """A router on the way."""

    host: str | None = Field(description="Its name.")
    address: str | None = Field(examples=["198.51.100.1"])
    error_code: int | None = Field(description="Of ICMP; 0 is none.")
    response_times: list[int] = Field(description="Milliseconds of each try.", examples=[[3, 4]])


class RouteResult(_Result):
    """Of traceroute."""

    ip_address_used: str | None = Field(examples=["203.0.113.7"])
    response_time: _Milliseconds
    hops: list[Hop] = Field(description="From the device on.")


class TransferResult(_Result):
    """Of download and upload."""

    ip_address_used: str | None = Field(examples=["203.0.113.7"])
    tcp_open_request_time: _Time
    tcp_open_response_time: _Time
    request_time: _Time
    begin_time: _Time
    end_time: _Time
    test_bytes: int | None = Field(description="Of the file itself.", examples=[10485760])
    total_bytes_received: int | None = Field(description="Over the interface, meanwhile.")
    total_bytes_sent: int | None = Field(description="Over the interface, meanwhile.")
    bits_per_second: int | None = Field(description="Of the file itself, from begin to end.")


class LookupAnswer(Representation):
    """What a name server has answered."""

    status: str | None = Field(examples=["Success"])
    answer_type: str | None = Field(examples=["NonAuthoritative"])
    host_name: str | None = Field(description="As the server returns it.")
    ip_addresses: list[str] = Field(examples=[["203.0.113.7"]])
    dns_server: str | None = Field(examples=["192.0.2.53"])
    response_time: _Milliseconds


class LookupResult(_Result):
    """Of nslookup."""

    success_count: _Count
    answers: list[LookupAnswer]


class Neighbor(Representation):
    """A wireless network nearby."""

    radio: str | None = Field(examples=["Device.WiFi.Radio.1"])
    ssid: str | None = Field(examples=["Neighbour-1"])
    bssid: str | None = Field(examples=["02:00:5E:40:00:01"])
    mode: str | None = Field(examples=["Infrastructure"])
    channel: int | None = Field(examples=[6])
    signal_strength: int | None = Field(description="dBm.", examples=[-67])
    noise: int | None = Field(description="dBm.", examples=[-95])
    security_mode: str | None = Field(examples=["WPA2"])
    encryption_mode: str | None = Field(examples=["AES"])
    frequency_band: str | None = Field(examples=["2.4GHz"])
    standards: list[str] = Field(examples=[["g", "n"]])
    channel_bandwidth: str | None = Field(examples=["20MHz"])


class NeighborsResult(_Result):
    """Of wifi_neighbors."""

    neighbors: list[Neighbor]


RESULTS: Mapping[str, type[_Result]] = {
    Diagnostic.PING: EchoResult,
    Diagnostic.TRACEROUTE: RouteResult,
    Diagnostic.DOWNLOAD: TransferResult,
    Diagnostic.UPLOAD: TransferResult,
    Diagnostic.NSLOOKUP: LookupResult,
    Diagnostic.UDP_ECHO: EchoResult,
    Diagnostic.WIFI_NEIGHBORS: NeighborsResult,
}

# --- Answers ---------------------------------------------------------------------------------


class DiagnosticAnswer(Representation):
    """A test on a device: an operation, with its results typed."""

    id: str = Field(examples=["txn_12345"])
    transaction_id: str = Field(examples=["op_0b6f8a1c2d3e4f5061728394"])
    name: str = Field(description="The device's.", examples=["router-branch-network"])
    device_name: str = Field(description="The same as name.")
    device_id: int = Field(examples=[17])
    serial_number: str | None = Field(examples=["SN0001"])
    diagnostic: Diagnostic = Field(examples=["ping"])
    parameters: dict[str, str] = Field(description="What the device was told.")
    status: str = Field(description="As of any operation.", examples=["completed"])
    state: str | None = Field(
        description="The device's DiagnosticsState, when it has ended.", examples=["Complete"]
    )
    created_at: Moment
    created_by: str | None = Field(description="Name of the token.")
    started_at: Moment | None
    completed_at: Moment | None
    progress: int = Field(description="0 to 100.", examples=[100])
    error: OperationError | None = Field(description="With the device's own word, where it errs.")
    result: EchoResult | RouteResult | TransferResult | LookupResult | NeighborsResult | None = (
        Field(description="When it has ended; null where the device does not tell.")
    )
    monitoring_url: str = Field(description="Where to ask for its progress.")


def shown(report: Report, collection_url: str) -> DiagnosticAnswer:
    operation, target = report.operation, report.target
    diagnostic = Diagnostic(operation.request["diagnostic"])
    result: Any = RESULTS[diagnostic].model_validate(report.result) if report.result else None
    return DiagnosticAnswer.model_construct(
        id=f"txn_{operation.id}",
        transaction_id=operation.key,
        name=target.name,
        device_name=target.name,
        device_id=target.id,
        serial_number=target.serial_number,
        diagnostic=diagnostic,
        parameters=operation.request["arguments"],
        status=operation.state,
        state=None if result is None else result.state,
        created_at=operation.created,
        created_by=operation.created_by,
        started_at=operation.started,
        completed_at=operation.completed,
        progress=operation.progress,
        error=None if operation.error is None else OperationError.model_validate(operation.error),
        result=result,
        monitoring_url=f"{collection_url}{operation.key}/",
    )


# --- Bodies ----------------------------------------------------------------------------------


_HOST = r"^[\x21-\x7e]+$"
_URL = r"^[A-Za-z][A-Za-z0-9+.-]*://[^\s@/?#]+([/?#][\x21-\x7e]*)?$"


class Arguments(Body):
    """What the device is told; what is left out stays as the device has it."""

    host: (
        Annotated[
            Text,
            Field(
                max_length=256,
                description="Address or name; of nslookup the name to look up.",
                examples=["192.0.2.7"],
                pattern=_HOST,
            ),
        ]
        | None
    ) = None
    url: (
        Annotated[
            Text,
            Field(
                max_length=MAX_URL,
                description="Of download and upload.",
                examples=["http://speed.example.net/10MB"],
                pattern=_URL,
                json_schema_extra={"type": "string"},
            ),
        ]
        | None
    ) = None
    number_of_repetitions: (
        Annotated[Integer, Field(ge=1, le=100, description="Of ping, nslookup and udp_echo.")]
        | None
    ) = None
    number_of_tries: (
        Annotated[Integer, Field(ge=1, le=3, description="Of traceroute, for each hop.")] | None
    ) = None
    max_hop_count: Annotated[Integer, Field(ge=1, le=64, description="Of traceroute.")] | None = (
        None
    )
    timeout: (
        Annotated[Integer, Field(ge=1, le=60_000, description="Milliseconds of each try.")] | None
    ) = None
    data_block_size: (
        Annotated[Integer, Field(ge=1, le=65_535, description="Bytes of each packet.")] | None
    ) = None
    dscp: Annotated[Integer, Field(ge=0, le=63, description="DiffServ code point.")] | None = None
    ethernet_priority: (
        Annotated[Integer, Field(ge=0, le=7, description="Of download and upload.")] | None
    ) = None
    number_of_connections: (
        Annotated[Integer, Field(ge=1, le=64, description="Of download and upload.")] | None
    ) = None
    test_file_length: (
        Annotated[
            Integer,
            Field(
                ge=1, le=MAX_UNSIGNED_INT, description="Bytes to be uploaded; 1048576 by default."
            ),
        ]
        | None
    ) = None
    port: Annotated[Integer, Field(ge=1, le=65_535, description="Of udp_echo.")] | None = None
    inter_transmission_time: (
        Annotated[
            Integer,
            Field(ge=1, le=65_535, description="Of udp_echo: milliseconds between packets."),
        ]
        | None
    ) = None
    dns_server: (
        Annotated[Text, Field(max_length=256, description="Of nslookup.", pattern=_HOST)] | None
    ) = None
    interface: (
        Annotated[
            Text,
            Field(
                max_length=256,
                description="Path of the interface that it goes over.",
                examples=["Device.IP.Interface.1"],
                pattern=_HOST,
            ),
        ]
        | None
    ) = None
    protocol_version: (
        Annotated[Literal["Any", "IPv4", "IPv6"], Field(description="Any by default.")] | None
    ) = None

    @property
    def told(self) -> dict[str, str]:
        """As text, which is what the device is told."""
        given = {name: getattr(self, name) for name in Arguments.model_fields}
        return {name: str(value) for name, value in given.items() if value is not None}


def _needing(diagnostic: str, argument: str) -> dict[str, Any]:
    """The schema that says so; the argument may stand in either place."""
    given = {"properties": {argument: {"type": ["string", "number"]}}, "required": [argument]}
    within = {"properties": {"parameters": {"type": "object", **given}}, "required": ["parameters"]}
    return {
        "if": {"properties": {"diagnostic": {"const": diagnostic}}, "required": ["diagnostic"]},
        "then": {"anyOf": [given, within]},
    }


class DiagnosticBody(Arguments, OfDevice):
    """A test to be run on a device; its parameters stand beside its name, or in ``parameters``."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                _needing(diagnostic, argument)
                for diagnostic, argument in REQUIRED.items()
                if argument is not None
            ]
        }
    )

    read_only = names_of(DiagnosticAnswer)
    diagnostic: Annotated[Diagnostic, Field(description="Which test.", examples=["ping"])]
    parameters: Annotated[Arguments, Field(description="The same, in one object.")] | None = None
    force: Annotated[
        Boolean, Field(description="Also where the device runs such a test for somebody else.")
    ] = False

    @field_validator("parameters")
    @classmethod
    def _agrees(cls, parameters: Arguments | None, info: ValidationInfo) -> Arguments | None:
        for name, value in (parameters.told if parameters else {}).items():
            other = info.data.get(name)
            if other is not None and str(other) != value:
                raise contradiction(name)
        return parameters

    @property
    def arguments(self) -> dict[str, str]:
        return {**(self.parameters.told if self.parameters else {}), **self.told}

    @property
    def complaints(self) -> dict[str, list[str]]:
        """What only the kind of test tells to be wrong, by field."""
        required, taken = REQUIRED[self.diagnostic], TAKEN[self.diagnostic]
        found = {
            name: [f"{self.diagnostic} takes no {name}."]
            for name in self.arguments
            if name not in taken
        }
        if required is not None and not self.arguments.get(required):
            found[required] = ["This field is required."]
        return found


class DiagnosticByName(DiagnosticBody, OfName):
    """A test to be run on a device, which is named."""

    @model_validator(mode="before")
    @classmethod
    def _understand_device_name(cls, data: dict[str, Any]) -> dict[str, Any]:
        older = data.get("device_name")
        return data if older is None else {"name": older, **data}

    @field_validator("device_name")
    @classmethod
    def _is_the_same(cls, older: str | None, info: ValidationInfo) -> str | None:
        if older is not None and info.data.get("name", older) != older:
            raise contradiction("name")
        return older


class DiagnosticBySerial(DiagnosticBody, OfSerial):
    """A test to be run on the device with this serial number."""


class DiagnosticById(DiagnosticBody, OfId):
    """A test to be run on the device with this id."""


BODIES: Mapping[Family, type[DiagnosticBody]] = {
    body.family: body for body in (DiagnosticByName, DiagnosticBySerial, DiagnosticById)
}

# --- Queries ---------------------------------------------------------------------------------


class DiagnosticsQuery(ListQuery):
    id: Reference | None = None
    name: Annotated[Text, Field(description="A device's.")] | None = None
    serial_number: Annotated[Text, Field(description="A device's.")] | None = None
    device_id: Annotated[Id, Field(description="A device's.")] | None = None
    status: State | None = None
    update_status: UpdateStatus = False


class DiagnosticQuery(Query):
    update_status: UpdateStatus = False
