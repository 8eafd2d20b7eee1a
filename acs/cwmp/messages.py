"""Every message and structure of CWMP 1.0 to 1.4, as declarations.

A class is named exactly as the element on the wire; a field carries its wire name and kind in
its metadata (:class:`Wire`), in the order of the schema's ``xs:sequence``. The codec walks these
declarations and knows no method by name, so a new RPC is a new class and nothing else.

Names, order, lengths and optional elements are those of the official schemas ``cwmp-1-0.xsd`` to
``cwmp-1-4.xsd``; section numbers are those of TR-069 Amendment 5. Times stay as text: devices send
years that no calendar type holds (``0001-01-01T00:00:00Z`` is CWMP's "unknown time").
"""

# ruff: noqa: RUF009  (a field is declared by a call; its default is an immutable value)

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

UNKNOWN_TIME = "0001-01-01T00:00:00Z"


class Kind(Enum):
    """How a field's value stands on the wire."""

    TEXT = "text"
    UNSIGNED = "unsigned"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIME = "time"
    STRUCT = "struct"
    TEXTS = "texts"  # a SOAP array of simple values
    STRUCTS = "structs"  # a SOAP array of structures
    REPEATED = "repeated"  # structures that repeat without a list element around them
    VALUE = "value"  # the typed value of a parameter: text and xsi:type, two Python fields


@dataclass(frozen=True, slots=True)
class Wire:
    """What the codec must know of one field.

    ``optional`` means ``minOccurs="0"``: ``None`` is left out, everything else is always sent.
    """

    name: str
    kind: Kind
    struct: type | None = None
    member: str = ""  # element name of an array's members
    array_type: str = ""  # QName of the members in soap-enc:arrayType
    optional: bool = False
    max_length: int | None = None
    max_count: int | None = None


def _wire(wire: Wire, default: Any) -> Any:
    return field(default=default, metadata={"wire": wire})


def _text(name: str, max_length: int | None = None, default: str = "") -> Any:
    return _wire(Wire(name, Kind.TEXT, max_length=max_length), default)


def _maybe_text(name: str, max_length: int | None = None) -> Any:
    return _wire(Wire(name, Kind.TEXT, optional=True, max_length=max_length), None)


def _unsigned(name: str, default: int = 0) -> Any:
    return _wire(Wire(name, Kind.UNSIGNED), default)


def _integer(name: str, default: int = 0) -> Any:
    return _wire(Wire(name, Kind.INTEGER), default)


def _boolean(name: str, default: bool = False) -> Any:
    return _wire(Wire(name, Kind.BOOLEAN), default)


def _time(name: str, default: str | None = UNKNOWN_TIME) -> Any:
    return _wire(Wire(name, Kind.TIME, optional=default is None), default)


def _texts(name: str, array_type: str = "xsd:string", max_length: int | None = None) -> Any:
    member = array_type.partition(":")[2]
    wire = Wire(name, Kind.TEXTS, member=member, array_type=array_type, max_length=max_length)
    return _wire(wire, ())


def _structs(name: str, struct: type, max_count: int | None = None) -> Any:
    member = struct.__name__
    wire = Wire(
        name,
        Kind.STRUCTS,
        struct=struct,
        member=member,
        array_type=f"cwmp:{member}",
        max_count=max_count,
    )
    return _wire(wire, ())


def _repeated(name: str, struct: type) -> Any:
    return _wire(Wire(name, Kind.REPEATED, struct=struct), ())


class Struct:
    """A part of a message."""

    __slots__ = ()


class Message:
    """What a Body may hold; the class name is the element's name."""

    __slots__ = ()


class Request(Message):
    """A call; the answer is the class ``<name>Response`` or a fault."""

    __slots__ = ()


class AcsRequest(Request):
    """A call that the ACS makes to the CPE (TR-069 A.3.2, A.4.1)."""

    __slots__ = ()


class CpeRequest(Request):
    """A call that the CPE makes to the ACS (TR-069 A.3.3, A.4.2)."""

    __slots__ = ()


class Response(Message):
    """The answer to the request of the same name."""

    __slots__ = ()


# --- Structures ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceIdStruct(Struct):
    """A.3.3.1: who the CPE is."""

    manufacturer: str = _text("Manufacturer", 64)
    oui: str = _text("OUI", 6)
    product_class: str = _text("ProductClass", 64)
    serial_number: str = _text("SerialNumber", 64)


@dataclass(frozen=True, slots=True)
class EventStruct(Struct):
    """A.3.3.1: why the CPE opened the session, e.g. ``"2 PERIODIC"``."""

    event_code: str = _text("EventCode", 64)
    command_key: str = _text("CommandKey", 32)


@dataclass(frozen=True, slots=True)
class ParameterValueStruct(Struct):
    """A.3.2.1: a parameter's full path, its raw text, and the local name of its xsd type."""

    name: str = _text("Name", 256)
    value: str = _wire(Wire("Value", Kind.VALUE), "")
    type: str = "string"


@dataclass(frozen=True, slots=True)
class ParameterInfoStruct(Struct):
    """A.3.2.3."""

    name: str = _text("Name", 256)
    writable: bool = _boolean("Writable")


@dataclass(frozen=True, slots=True)
class SetParameterAttributesStruct(Struct):
    """A.3.2.4: notification 0 off, 1 passive, 2 active, 3 to 6 lightweight forms (1.4)."""

    name: str = _text("Name", 256)
    notification_change: bool = _boolean("NotificationChange")
    notification: int = _integer("Notification")
    access_list_change: bool = _boolean("AccessListChange")
    access_list: tuple[str, ...] = _texts("AccessList", max_length=64)


@dataclass(frozen=True, slots=True)
class ParameterAttributeStruct(Struct):
    """A.3.2.5."""

    name: str = _text("Name", 256)
    notification: int = _integer("Notification")
    access_list: tuple[str, ...] = _texts("AccessList", max_length=64)


@dataclass(frozen=True, slots=True)
class QueuedTransferStruct(Struct):
    """A.4.1.1: state 1 not started, 2 in progress, 3 completed but not yet confirmed."""

    command_key: str = _text("CommandKey", 32)
    state: int = _integer("State")


@dataclass(frozen=True, slots=True)
class AllQueuedTransferStruct(Struct):
    """A.4.1.7."""

    command_key: str = _text("CommandKey", 32)
    state: int = _integer("State")
    is_download: bool = _boolean("IsDownload")
    file_type: str = _text("FileType", 64)
    file_size: int = _unsigned("FileSize")
    target_file_name: str = _text("TargetFileName", 256)


@dataclass(frozen=True, slots=True)
class TimeWindowStruct(Struct):
    """A.4.1.8: a window in seconds from the receipt of the request."""

    window_start: int = _unsigned("WindowStart")
    window_end: int = _unsigned("WindowEnd")
    window_mode: str = _text("WindowMode", 64)
    user_message: str = _text("UserMessage", 256)
    max_retries: int = _integer("MaxRetries")


@dataclass(frozen=True, slots=True)
class FaultStruct(Struct):
    """A.3.3.2: how a transfer ended; code 0 is success."""

    fault_code: int = _unsigned("FaultCode")
    fault_string: str = _text("FaultString", 256)


@dataclass(frozen=True, slots=True)
class ArgStruct(Struct):
    """A.4.2.2."""

    name: str = _text("Name", 64)
    value: str = _text("Value", 256)


@dataclass(frozen=True, slots=True)
class OptionStruct(Struct):
    """A.4.1.4 (deprecated)."""

    option_name: str = _text("OptionName", 64)
    voucher_sn: int = _unsigned("VoucherSN")
    state: int = _unsigned("State")
    mode: int = _integer("Mode")
    start_date: str = _time("StartDate")
    expiration_date: str | None = _time("ExpirationDate", default=None)
    is_transferable: int = _integer("IsTransferable")


class OperationStruct(Struct):
    """A.4.1.10: abstract; the element names the real type in xsi:type."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class InstallOpStruct(OperationStruct):
    """A.4.1.10: install a deployment unit."""

    url: str = _text("URL", 1024)
    uuid: str | None = _maybe_text("UUID", 36)
    username: str | None = _maybe_text("Username", 256)
    password: str | None = _maybe_text("Password", 256)
    execution_env_ref: str | None = _maybe_text("ExecutionEnvRef", 256)


@dataclass(frozen=True, slots=True)
class UpdateOpStruct(OperationStruct):
    """A.4.1.10: update one deployment unit, or all without UUID and URL."""

    uuid: str | None = _maybe_text("UUID", 36)
    version: str | None = _maybe_text("Version", 32)
    url: str | None = _maybe_text("URL", 1024)
    username: str | None = _maybe_text("Username", 256)
    password: str | None = _maybe_text("Password", 256)


@dataclass(frozen=True, slots=True)
class UninstallOpStruct(OperationStruct):
    """A.4.1.10: remove a deployment unit."""

    uuid: str = _text("UUID", 36)
    version: str | None = _maybe_text("Version", 32)
    execution_env_ref: str | None = _maybe_text("ExecutionEnvRef", 256)


@dataclass(frozen=True, slots=True)
class DeploymentUnitFaultStruct(Struct):
    """A.4.2.3; code 0 is success."""

    fault_code: int = _unsigned("FaultCode")
    fault_string: str | None = _maybe_text("FaultString")


_NO_FAULT = DeploymentUnitFaultStruct()


@dataclass(frozen=True, slots=True)
class OpResultStruct(Struct):
    """A.4.2.3: what became of one deployment unit."""

    uuid: str = _text("UUID", 36)
    deployment_unit_ref: str = _text("DeploymentUnitRef")
    version: str = _text("Version", 32)
    current_state: str = _text("CurrentState")
    resolved: bool = _boolean("Resolved")
    execution_unit_ref_list: str = _text("ExecutionUnitRefList")
    start_time: str = _time("StartTime")
    complete_time: str = _time("CompleteTime")
    fault: DeploymentUnitFaultStruct = _wire(
        Wire("Fault", Kind.STRUCT, struct=DeploymentUnitFaultStruct), _NO_FAULT
    )


@dataclass(frozen=True, slots=True)
class AutonOpResultStruct(OpResultStruct):
    """A.4.2.4."""

    operation_performed: str = _text("OperationPerformed")


_NO_TRANSFER_FAULT = FaultStruct()


def _fault_struct() -> Any:
    return _wire(Wire("FaultStruct", Kind.STRUCT, struct=FaultStruct), _NO_TRANSFER_FAULT)


# --- Calls in both directions ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GetRPCMethods(AcsRequest, CpeRequest):
    """A.3.1.1: either side asks which methods the other accepts."""


@dataclass(frozen=True, slots=True)
class GetRPCMethodsResponse(Response):
    """A.3.1.1."""

    method_list: tuple[str, ...] = _texts("MethodList", max_length=64)


# --- Calls by the ACS ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetParameterValues(AcsRequest):
    """A.3.2.1: all or nothing; the key is stored by the CPE on success."""

    parameter_list: tuple[ParameterValueStruct, ...] = _structs(
        "ParameterList", ParameterValueStruct
    )
    parameter_key: str = _text("ParameterKey", 32)


@dataclass(frozen=True, slots=True)
class SetParameterValuesResponse(Response):
    """A.3.2.1: 0 applied, 1 committed and applied later."""

    status: int = _integer("Status")


@dataclass(frozen=True, slots=True)
class GetParameterValues(AcsRequest):
    """A.3.2.2: full names or partial paths that end in a dot."""

    parameter_names: tuple[str, ...] = _texts("ParameterNames", max_length=256)


@dataclass(frozen=True, slots=True)
class GetParameterValuesResponse(Response):
    """A.3.2.2: order is free."""

    parameter_list: tuple[ParameterValueStruct, ...] = _structs(
        "ParameterList", ParameterValueStruct
    )


@dataclass(frozen=True, slots=True)
class GetParameterNames(AcsRequest):
    """A.3.2.3: a path ending in a dot asks for what is below it."""

    parameter_path: str = _text("ParameterPath", 256)
    next_level: bool = _boolean("NextLevel")


@dataclass(frozen=True, slots=True)
class GetParameterNamesResponse(Response):
    """A.3.2.3."""

    parameter_list: tuple[ParameterInfoStruct, ...] = _structs("ParameterList", ParameterInfoStruct)


@dataclass(frozen=True, slots=True)
class SetParameterAttributes(AcsRequest):
    """A.3.2.4."""

    parameter_list: tuple[SetParameterAttributesStruct, ...] = _structs(
        "ParameterList", SetParameterAttributesStruct
    )


@dataclass(frozen=True, slots=True)
class SetParameterAttributesResponse(Response):
    """A.3.2.4."""


@dataclass(frozen=True, slots=True)
class GetParameterAttributes(AcsRequest):
    """A.3.2.5."""

    parameter_names: tuple[str, ...] = _texts("ParameterNames", max_length=256)


@dataclass(frozen=True, slots=True)
class GetParameterAttributesResponse(Response):
    """A.3.2.5."""

    parameter_list: tuple[ParameterAttributeStruct, ...] = _structs(
        "ParameterList", ParameterAttributeStruct
    )


@dataclass(frozen=True, slots=True)
class AddObject(AcsRequest):
    """A.3.2.6: a table's path, ending in a dot."""

    object_name: str = _text("ObjectName", 256)
    parameter_key: str = _text("ParameterKey", 32)


@dataclass(frozen=True, slots=True)
class AddObjectResponse(Response):
    """A.3.2.6: instance numbers begin at 1; 0 means that the device told none."""

    instance_number: int = _unsigned("InstanceNumber")
    status: int = _integer("Status")


@dataclass(frozen=True, slots=True)
class DeleteObject(AcsRequest):
    """A.3.2.7: an instance's path, ending in a dot."""

    object_name: str = _text("ObjectName", 256)
    parameter_key: str = _text("ParameterKey", 32)


@dataclass(frozen=True, slots=True)
class DeleteObjectResponse(Response):
    """A.3.2.7."""

    status: int = _integer("Status")


@dataclass(frozen=True, slots=True)
class Download(AcsRequest):
    """A.3.2.8: sizes in bytes (0 unknown), delay in seconds."""

    command_key: str = _text("CommandKey", 32)
    file_type: str = _text("FileType", 64)
    url: str = _text("URL", 256)
    username: str = _text("Username", 256)
    password: str = _text("Password", 256)
    file_size: int = _unsigned("FileSize")
    target_file_name: str = _text("TargetFileName", 256)
    delay_seconds: int = _unsigned("DelaySeconds")
    success_url: str = _text("SuccessURL", 256)
    failure_url: str = _text("FailureURL", 256)


@dataclass(frozen=True, slots=True)
class DownloadResponse(Response):
    """A.3.2.8: 0 done and applied, 1 a TransferComplete follows."""

    status: int = _integer("Status")
    start_time: str = _time("StartTime")
    complete_time: str = _time("CompleteTime")


@dataclass(frozen=True, slots=True)
class Reboot(AcsRequest):
    """A.3.2.9: the CPE reboots after the session and reports ``M Reboot`` with the key."""

    command_key: str = _text("CommandKey", 32)


@dataclass(frozen=True, slots=True)
class RebootResponse(Response):
    """A.3.2.9."""


@dataclass(frozen=True, slots=True)
class GetQueuedTransfers(AcsRequest):
    """A.4.1.1 (deprecated)."""


@dataclass(frozen=True, slots=True)
class GetQueuedTransfersResponse(Response):
    """A.4.1.1."""

    transfer_list: tuple[QueuedTransferStruct, ...] = _structs(
        "TransferList", QueuedTransferStruct, max_count=16
    )


@dataclass(frozen=True, slots=True)
class ScheduleInform(AcsRequest):
    """A.4.1.2: delay in seconds, at least 1."""

    delay_seconds: int = _unsigned("DelaySeconds")
    command_key: str = _text("CommandKey", 32)


@dataclass(frozen=True, slots=True)
class ScheduleInformResponse(Response):
    """A.4.1.2."""


@dataclass(frozen=True, slots=True)
class SetVouchers(AcsRequest):
    """A.4.1.3 (deprecated): base64 texts."""

    voucher_list: tuple[str, ...] = _texts("VoucherList", "soap-enc:base64")


@dataclass(frozen=True, slots=True)
class SetVouchersResponse(Response):
    """A.4.1.3."""


@dataclass(frozen=True, slots=True)
class GetOptions(AcsRequest):
    """A.4.1.4 (deprecated)."""

    option_name: str = _text("OptionName", 64)


@dataclass(frozen=True, slots=True)
class GetOptionsResponse(Response):
    """A.4.1.4."""

    option_list: tuple[OptionStruct, ...] = _structs("OptionList", OptionStruct)


@dataclass(frozen=True, slots=True)
class Upload(AcsRequest):
    """A.4.1.5: delay in seconds."""

    command_key: str = _text("CommandKey", 32)
    file_type: str = _text("FileType", 64)
    url: str = _text("URL", 256)
    username: str = _text("Username", 256)
    password: str = _text("Password", 256)
    delay_seconds: int = _unsigned("DelaySeconds")


@dataclass(frozen=True, slots=True)
class UploadResponse(Response):
    """A.4.1.5: as DownloadResponse."""

    status: int = _integer("Status")
    start_time: str = _time("StartTime")
    complete_time: str = _time("CompleteTime")


@dataclass(frozen=True, slots=True)
class FactoryReset(AcsRequest):
    """A.4.1.6: the CPE resets after the session and reports ``0 BOOTSTRAP``."""


@dataclass(frozen=True, slots=True)
class FactoryResetResponse(Response):
    """A.4.1.6."""


@dataclass(frozen=True, slots=True)
class GetAllQueuedTransfers(AcsRequest):
    """A.4.1.7 (since 1.1)."""


@dataclass(frozen=True, slots=True)
class GetAllQueuedTransfersResponse(Response):
    """A.4.1.7."""

    transfer_list: tuple[AllQueuedTransferStruct, ...] = _structs(
        "TransferList", AllQueuedTransferStruct, max_count=16
    )


@dataclass(frozen=True, slots=True)
class ScheduleDownload(AcsRequest):
    """A.4.1.8 (since 1.2): one or two time windows."""

    command_key: str = _text("CommandKey", 32)
    file_type: str = _text("FileType", 64)
    url: str = _text("URL", 256)
    username: str = _text("Username", 256)
    password: str = _text("Password", 256)
    file_size: int = _unsigned("FileSize")
    target_file_name: str = _text("TargetFileName", 256)
    time_window_list: tuple[TimeWindowStruct, ...] = _structs(
        "TimeWindowList", TimeWindowStruct, max_count=2
    )


@dataclass(frozen=True, slots=True)
class ScheduleDownloadResponse(Response):
    """A.4.1.8."""


@dataclass(frozen=True, slots=True)
class CancelTransfer(AcsRequest):
    """A.4.1.9 (since 1.2)."""

    command_key: str = _text("CommandKey", 32)


@dataclass(frozen=True, slots=True)
class CancelTransferResponse(Response):
    """A.4.1.9."""


@dataclass(frozen=True, slots=True)
class ChangeDUState(AcsRequest):
    """A.4.1.10 (since 1.2): install, update, uninstall software modules."""

    operations: tuple[OperationStruct, ...] = _repeated("Operations", OperationStruct)
    command_key: str | None = _maybe_text("CommandKey", 32)


@dataclass(frozen=True, slots=True)
class ChangeDUStateResponse(Response):
    """A.4.1.10: the results follow in DUStateChangeComplete."""


# --- Calls by the CPE ------------------------------------------------------------------------

_NOBODY = DeviceIdStruct()


@dataclass(frozen=True, slots=True)
class Inform(CpeRequest):
    """A.3.3.1: opens every session."""

    device_id: DeviceIdStruct = _wire(Wire("DeviceId", Kind.STRUCT, struct=DeviceIdStruct), _NOBODY)
    event: tuple[EventStruct, ...] = _structs("Event", EventStruct, max_count=64)
    max_envelopes: int = _unsigned("MaxEnvelopes", default=1)
    current_time: str = _time("CurrentTime")
    retry_count: int = _unsigned("RetryCount")
    parameter_list: tuple[ParameterValueStruct, ...] = _structs(
        "ParameterList", ParameterValueStruct
    )


@dataclass(frozen=True, slots=True)
class InformResponse(Response):
    """A.3.3.1: always 1."""

    max_envelopes: int = _unsigned("MaxEnvelopes", default=1)


@dataclass(frozen=True, slots=True)
class TransferComplete(CpeRequest):
    """A.3.3.2: a Download, ScheduleDownload or Upload has ended."""

    command_key: str = _text("CommandKey", 32)
    fault_struct: FaultStruct = _fault_struct()
    start_time: str = _time("StartTime")
    complete_time: str = _time("CompleteTime")


@dataclass(frozen=True, slots=True)
class TransferCompleteResponse(Response):
    """A.3.3.2."""


@dataclass(frozen=True, slots=True)
class AutonomousTransferComplete(CpeRequest):
    """A.3.3.3 (since 1.1): a transfer that the ACS did not ask for has ended."""

    announce_url: str = _text("AnnounceURL", 1024)
    transfer_url: str = _text("TransferURL", 1024)
    is_download: bool = _boolean("IsDownload")
    file_type: str = _text("FileType", 64)
    file_size: int = _unsigned("FileSize")
    target_file_name: str = _text("TargetFileName", 256)
    fault_struct: FaultStruct = _fault_struct()
    start_time: str = _time("StartTime")
    complete_time: str = _time("CompleteTime")


@dataclass(frozen=True, slots=True)
class AutonomousTransferCompleteResponse(Response):
    """A.3.3.3."""


@dataclass(frozen=True, slots=True)
class Kicked(CpeRequest):
    """A.4.2.1 (deprecated)."""

    command: str = _text("Command", 32)
    referer: str = _text("Referer", 64)
    arg: str = _text("Arg", 256)
    next: str = _text("Next", 1024)


@dataclass(frozen=True, slots=True)
class KickedResponse(Response):
    """A.4.2.1."""

    next_url: str = _text("NextURL", 1024)


@dataclass(frozen=True, slots=True)
class RequestDownload(CpeRequest):
    """A.4.2.2: the CPE would like a file."""

    file_type: str = _text("FileType", 64)
    file_type_arg: tuple[ArgStruct, ...] = _structs("FileTypeArg", ArgStruct, max_count=16)


@dataclass(frozen=True, slots=True)
class RequestDownloadResponse(Response):
    """A.4.2.2."""


@dataclass(frozen=True, slots=True)
class DUStateChangeComplete(CpeRequest):
    """A.4.2.3 (since 1.2): results of a ChangeDUState, in its order."""

    results: tuple[OpResultStruct, ...] = _repeated("Results", OpResultStruct)
    command_key: str | None = _maybe_text("CommandKey", 32)


@dataclass(frozen=True, slots=True)
class DUStateChangeCompleteResponse(Response):
    """A.4.2.3."""


@dataclass(frozen=True, slots=True)
class AutonomousDUStateChangeComplete(CpeRequest):
    """A.4.2.4 (since 1.2)."""

    results: tuple[AutonOpResultStruct, ...] = _repeated("Results", AutonOpResultStruct)


@dataclass(frozen=True, slots=True)
class AutonomousDUStateChangeCompleteResponse(Response):
    """A.4.2.4."""


# --- What stands around and instead ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetParameterValuesFault(Struct):
    """6.3 of a Fault's detail: which parameter was refused, and why."""

    parameter_name: str = _text("ParameterName", 256)
    fault_code: int = _unsigned("FaultCode")
    fault_string: str = _wire(Wire("FaultString", Kind.TEXT, optional=True), "")


@dataclass(frozen=True, slots=True)
class Fault(Message):
    """3.5: the SOAP fault with CWMP's detail, from either side (codes: ``acs.cwmp.faults``)."""

    fault_code: int = 0
    fault_string: str = ""
    set_parameter_values_faults: tuple[SetParameterValuesFault, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownMethod(Request):
    """A call whose method no schema names; it must be answered with fault 8000 or 9000."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One SOAP envelope: its single body element and CWMP's headers (3.5, table 4).

    ``namespace`` is the CWMP namespace as the peer wrote it; an answer goes out in the same one.
    ``id`` is ``None`` when the peer sent no ID, and then its answer has none either.
    """

    body: Message
    id: str | None = None
    namespace: str = "urn:dslforum-org:cwmp-1-0"
    hold_requests: bool = False
    session_timeout_s: int | None = None
    supported_versions: tuple[str, ...] = ()
    use_version: str | None = None
    notes: tuple[str, ...] = ()  # names of the device errors that reading this forgave
