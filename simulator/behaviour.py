"""What a CPE answers to each request of the ACS (TR-069 Annex A), and what it then has to do.

Pure: a request and the device's state go in; the answer comes out together with effects, values
that say what is to happen in the world (reboot after the session, fetch a file). Who carries them
out is :mod:`simulator.cpe`. The state changes here only when the answer is no fault.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NoReturn
from urllib.parse import urlsplit

from acs.cwmp import messages as m
from acs.cwmp.faults import FAULT_STRINGS, fault
from acs.cwmp.values import WORDS, check, is_partial, to_wire
from acs.cwmp.versions import Version
from simulator.tree import ACTIVE, OFF, PASSIVE, Tree, is_instance, parent_of

MAX_TRANSFERS = 16  # TR-069 A.4.1.1: the queue of a CPE lists at most so many
MAX_INSTANCES = 64  # of one table; more is fault 9004
MAX_WINDOWS = 2

PARAMETER_KEY = "ManagementServer.ParameterKey"
DIAGNOSTICS_STATE = "DiagnosticsState"
REQUESTED = "Requested"

FILE_TYPES = (
    "1 Firmware Upgrade Image",
    "2 Web Content",
    "3 Vendor Configuration File",
    "4 Tone File",
    "5 Ringer File",
    "6 Stored Firmware Image",
)
UPLOAD_FILE_TYPES = (
    "1 Vendor Configuration File",
    "2 Vendor Log File",
    "3 Vendor Configuration File ",
    "4 Vendor Log File ",
)
WINDOW_MODES = ("1 At Any Time", "2 Immediately", "3 When Idle", "4 Confirmation Needed")

# Values that change all the time: active notification of them is refused (9009).
_RESTLESS = ("UpTime", "CurrentLocalTime", "LastChange", "Uptime")


class TransferState(IntEnum):
    """As GetQueuedTransfers reports it."""

    WAITING = 1
    RUNNING = 2
    DONE = 3


@dataclass(slots=True, eq=False)
class Transfer:
    """A file that the ACS wants fetched or sent; lives until its TransferComplete is confirmed."""

    method: str  # Download, ScheduleDownload or Upload: its event is ``M <method>``
    command_key: str
    file_type: str
    url: str
    username: str
    password: str = field(repr=False)
    file_size: int = 0  # bytes; 0: not told
    target_file_name: str = ""
    delay_s: float = 0
    state: TransferState = TransferState.WAITING
    firmware_version: str = ""  # of an image that has come and does not run yet

    @property
    def is_download(self) -> bool:
        return self.method != "Upload"


# --- Effects ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RebootAfterSession:
    command_key: str


@dataclass(frozen=True, slots=True)
class ResetAfterSession:
    """Back to the factory's settings."""


@dataclass(frozen=True, slots=True)
class StartTransfer:
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class ScheduleInformIn:
    delay_s: float
    command_key: str


@dataclass(frozen=True, slots=True)
class RunDiagnostics:
    """``path`` is the object whose DiagnosticsState was set to Requested."""

    path: str


@dataclass(frozen=True, slots=True)
class ChangeUnits:
    operations: tuple[m.OperationStruct, ...]
    command_key: str


Effect = (
    RebootAfterSession
    | ResetAfterSession
    | StartTransfer
    | ScheduleInformIn
    | RunDiagnostics
    | ChangeUnits
)


@dataclass(frozen=True, slots=True)
class Answer:
    message: m.Message
    effects: tuple[Effect, ...] = ()

    @property
    def is_fault(self) -> bool:
        return isinstance(self.message, m.Fault)


@dataclass(slots=True)
class Device:
    """What the answers depend on."""

    tree: Tree
    version: Version = (1, 4)
    transfers: list[Transfer] = field(default_factory=list)


class Refusal(Exception):
    """The device will not do it; carries the fault that says so."""

    def __init__(self, message: m.Fault) -> None:
        super().__init__(message.fault_string)
        self.fault = message


def answer(device: Device, request: m.Request) -> Answer:
    """The device's answer to any request, unknown methods included."""
    method = METHODS.get(type(request))
    if method is None or not _speaks(device, type(request)):
        return Answer(fault(9000))
    try:
        return method(device, request)
    except Refusal as refusal:
        return Answer(refusal.fault)


def _speaks(device: Device, method: type[m.Message]) -> bool:
    return device.version >= SINCE.get(method, (1, 0))


def _refuse(
    code: int, text: str = "", parameters: Iterable[m.SetParameterValuesFault] = ()
) -> NoReturn:
    raise Refusal(fault(code, text or None, parameters))


# --- Parameters ------------------------------------------------------------------------------


def _get_parameter_values(device: Device, request: m.GetParameterValues) -> Answer:
    tree = device.tree
    return Answer(
        m.GetParameterValuesResponse(
            tuple(
                m.ParameterValueStruct(name, tree.shown(name), tree.node(name).type)
                for path in _known(tree, request.parameter_names)
                for name in tree.parameters(path)
            )
        )
    )


def _known(tree: Tree, paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths, when there are any and each names something; one unknown refuses all (9005)."""
    if not paths:
        _refuse(9003)
    for path in paths:
        if path and path not in tree:
            _refuse(9005)
    return paths


def _set_parameter_values(device: Device, request: m.SetParameterValues) -> Answer:
    tree = device.tree
    names = [wanted.name for wanted in request.parameter_list]
    if len(set(names)) < len(names):
        _refuse(9003, "The same parameter twice")
    mistakes = [
        m.SetParameterValuesFault(wanted.name, code, text)
        for wanted in request.parameter_list
        for code, text in _mistakes(tree, wanted)
    ]
    if mistakes:
        _refuse(9003, parameters=mistakes)
    for wanted in request.parameter_list:
        tree.set(wanted.name, to_wire(wanted.value, tree.node(wanted.name).type, WORDS))
    tree.set(tree.root + PARAMETER_KEY, request.parameter_key)
    return Answer(m.SetParameterValuesResponse(0), tuple(_diagnostics(tree, names)))


def _mistakes(tree: Tree, wanted: m.ParameterValueStruct) -> list[tuple[int, str]]:
    node = None if is_partial(wanted.name) else tree.find(wanted.name)
    if node is None:
        return [(9005, FAULT_STRINGS[9005])]
    if not node.writable:
        return [(9008, FAULT_STRINGS[9008])]
    if wanted.type != node.type:
        return [(9006, f"{node.type} expected, not {wanted.type}")]
    try:
        check(wanted.value, node.type)
    except ValueError as reason:
        return [(9007, str(reason))]
    if node.limits and not node.limits.allow(wanted.value, node.type):
        return [(9007, FAULT_STRINGS[9007])]
    if wanted.name.endswith(f".{DIAGNOSTICS_STATE}") and wanted.value != REQUESTED:
        return [(9007, "only Requested can be set")]
    return []


def _diagnostics(tree: Tree, changed: list[str]) -> Iterable[RunDiagnostics]:
    """A test that was asked for; one whose arguments changed forgets its old result."""
    for path in dict.fromkeys(parent_of(name) for name in changed):
        state = path + DIAGNOSTICS_STATE
        if state in changed:
            yield RunDiagnostics(path)
        elif state in tree:
            tree.set(state, "None")


def _get_parameter_names(device: Device, request: m.GetParameterNames) -> Answer:
    tree, path = device.tree, request.parameter_path
    if path and path not in tree:
        _refuse(9005)
    if not is_partial(path):
        if request.next_level:
            _refuse(9003)
        names = [path]
    elif request.next_level:
        names = list(tree.children(path))
    else:
        names = [*([path] if path else []), *tree.below(path)]
    return Answer(
        m.GetParameterNamesResponse(
            tuple(m.ParameterInfoStruct(name, tree.node(name).writable) for name in names)
        )
    )


def _get_parameter_attributes(device: Device, request: m.GetParameterAttributes) -> Answer:
    tree = device.tree
    return Answer(
        m.GetParameterAttributesResponse(
            tuple(
                m.ParameterAttributeStruct(name, tree.notification(name), tree.access_list(name))
                for path in _known(tree, request.parameter_names)
                for name in tree.parameters(path)
            )
        )
    )


def _set_parameter_attributes(device: Device, request: m.SetParameterAttributes) -> Answer:
    tree = device.tree
    _known(tree, tuple(wish.name for wish in request.parameter_list))
    for wish in request.parameter_list:
        if wish.access_list_change and not set(wish.access_list) <= {"Subscriber"}:
            _refuse(9003)
        if wish.notification_change:
            _check_notification(tree, wish)
    for wish in request.parameter_list:
        for name in tree.parameters(wish.name):
            if wish.notification_change and not tree.is_forced_active(name):
                tree.set_notification(name, wish.notification)
            if wish.access_list_change:
                tree.set_access_list(name, wish.access_list)
    return Answer(m.SetParameterAttributesResponse())


def _check_notification(tree: Tree, wish: m.SetParameterAttributesStruct) -> None:
    if wish.notification not in (OFF, PASSIVE, ACTIVE):
        _refuse(9003)
    if is_partial(wish.name):
        return  # as far as it goes: counters and forced ones below the path keep theirs
    restless = ".Stats." in wish.name or wish.name.endswith(_RESTLESS)
    lowered = tree.is_forced_active(wish.name) and wish.notification != ACTIVE
    if lowered or (restless and wish.notification == ACTIVE):
        _refuse(9009)


# --- Objects ---------------------------------------------------------------------------------


def _add_object(device: Device, request: m.AddObject) -> Answer:
    tree, table = device.tree, request.object_name
    node = tree.find(table) if table.endswith(".") else None
    if node is None or not (node.is_table and node.writable):
        _refuse(9005)
    if len(tree.children(table)) >= MAX_INSTANCES:
        _refuse(9004)
    number = tree.add(table)
    tree.set(tree.root + PARAMETER_KEY, request.parameter_key)
    return Answer(m.AddObjectResponse(number, 0))


def _delete_object(device: Device, request: m.DeleteObject) -> Answer:
    tree, path = device.tree, request.object_name
    node = tree.find(path) if path.endswith(".") else None
    if node is None or not (is_instance(path) and node.writable):
        _refuse(9005)
    tree.delete(path)
    tree.set(tree.root + PARAMETER_KEY, request.parameter_key)
    return Answer(m.DeleteObjectResponse(0))


# --- Files -----------------------------------------------------------------------------------


def _download(device: Device, request: m.Download) -> Answer:
    _check_file(request.file_type, FILE_TYPES, request.url)
    transfer = Transfer(
        "Download",
        request.command_key,
        request.file_type,
        request.url,
        request.username,
        request.password,
        request.file_size,
        request.target_file_name,
        request.delay_seconds,
    )
    return Answer(m.DownloadResponse(1), (_queued(device, transfer),))


def _upload(device: Device, request: m.Upload) -> Answer:
    _check_file(request.file_type, UPLOAD_FILE_TYPES, request.url)
    transfer = Transfer(
        "Upload",
        request.command_key,
        request.file_type,
        request.url,
        request.username,
        request.password,
        delay_s=request.delay_seconds,
    )
    return Answer(m.UploadResponse(1), (_queued(device, transfer),))


def _schedule_download(device: Device, request: m.ScheduleDownload) -> Answer:
    _check_file(request.file_type, FILE_TYPES, request.url)
    windows = request.time_window_list
    if not 1 <= len(windows) <= MAX_WINDOWS or not _in_order(windows):
        _refuse(9003)
    transfer = Transfer(
        "ScheduleDownload",
        request.command_key,
        request.file_type,
        request.url,
        request.username,
        request.password,
        request.file_size,
        request.target_file_name,
        windows[0].window_start,
    )
    return Answer(m.ScheduleDownloadResponse(), (_queued(device, transfer),))


def _in_order(windows: tuple[m.TimeWindowStruct, ...]) -> bool:
    edges = [edge for window in windows for edge in (window.window_start, window.window_end)]
    return edges == sorted(edges) and all(
        window.window_start < window.window_end
        and (window.window_mode in WINDOW_MODES or window.window_mode.startswith("X "))
        for window in windows
    )


def _check_file(file_type: str, known: tuple[str, ...], url: str) -> None:
    if not file_type.startswith("X ") and not any(
        file_type == one or (one.endswith(" ") and file_type.startswith(one)) for one in known
    ):
        _refuse(9003)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        _refuse(9013)
    if not parts.hostname or "@" in parts.netloc:
        _refuse(9003)


def _queued(device: Device, transfer: Transfer) -> StartTransfer:
    if len(device.transfers) >= MAX_TRANSFERS:
        _refuse(9004)
    device.transfers.append(transfer)
    return StartTransfer(transfer)


def _cancel_transfer(device: Device, request: m.CancelTransfer) -> Answer:
    meant = [one for one in device.transfers if one.command_key == request.command_key]
    if any(one.state is not TransferState.WAITING for one in meant):
        _refuse(9021)
    for transfer in meant:
        device.transfers.remove(transfer)
    return Answer(m.CancelTransferResponse())


def _get_queued_transfers(device: Device, _: m.GetQueuedTransfers) -> Answer:
    listed = (m.QueuedTransferStruct(one.command_key, one.state) for one in device.transfers)
    return Answer(m.GetQueuedTransfersResponse(tuple(listed)))


def _get_all_queued_transfers(device: Device, _: m.GetAllQueuedTransfers) -> Answer:
    listed = (
        m.AllQueuedTransferStruct(
            one.command_key,
            one.state,
            one.is_download,
            one.file_type,
            one.file_size,
            one.target_file_name,
        )
        for one in device.transfers
    )
    return Answer(m.GetAllQueuedTransfersResponse(tuple(listed)))


# --- The rest --------------------------------------------------------------------------------


def _get_rpc_methods(device: Device, _: m.GetRPCMethods) -> Answer:
    spoken = (method.__name__ for method in METHODS if _speaks(device, method))
    return Answer(m.GetRPCMethodsResponse(tuple(spoken)))


def _reboot(_: Device, request: m.Reboot) -> Answer:
    return Answer(m.RebootResponse(), (RebootAfterSession(request.command_key),))


def _factory_reset(_: Device, __: m.FactoryReset) -> Answer:
    return Answer(m.FactoryResetResponse(), (ResetAfterSession(),))


def _schedule_inform(_: Device, request: m.ScheduleInform) -> Answer:
    if request.delay_seconds < 1:
        _refuse(9003)
    return Answer(
        m.ScheduleInformResponse(),
        (ScheduleInformIn(request.delay_seconds, request.command_key),),
    )


def _change_du_state(_: Device, request: m.ChangeDUState) -> Answer:
    if not request.operations:
        _refuse(9003)
    return Answer(
        m.ChangeDUStateResponse(),
        (ChangeUnits(request.operations, request.command_key or ""),),
    )


METHODS: Mapping[type[m.Message], Callable[[Device, Any], Answer]] = {
    m.GetRPCMethods: _get_rpc_methods,
    m.SetParameterValues: _set_parameter_values,
    m.GetParameterValues: _get_parameter_values,
    m.GetParameterNames: _get_parameter_names,
    m.SetParameterAttributes: _set_parameter_attributes,
    m.GetParameterAttributes: _get_parameter_attributes,
    m.AddObject: _add_object,
    m.DeleteObject: _delete_object,
    m.Reboot: _reboot,
    m.FactoryReset: _factory_reset,
    m.Download: _download,
    m.Upload: _upload,
    m.ScheduleDownload: _schedule_download,
    m.CancelTransfer: _cancel_transfer,
    m.GetQueuedTransfers: _get_queued_transfers,
    m.GetAllQueuedTransfers: _get_all_queued_transfers,
    m.ScheduleInform: _schedule_inform,
    m.ChangeDUState: _change_du_state,
}

SINCE: Mapping[type[m.Message], Version] = {
    m.GetAllQueuedTransfers: (1, 1),
    m.ScheduleDownload: (1, 2),
    m.CancelTransfer: (1, 2),
    m.ChangeDUState: (1, 2),
}
