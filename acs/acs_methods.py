"""The methods that a CPE may call on us (TR-069 A.3.3, A.4.2), and what each call tells.

As little as possible is refused: a fault makes some devices give up their session, or repeat the
call for ever. What a call tells goes into the device's log before it is answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    AutonomousDUStateChangeComplete,
    AutonomousDUStateChangeCompleteResponse,
    AutonomousTransferComplete,
    AutonomousTransferCompleteResponse,
    DUStateChangeComplete,
    DUStateChangeCompleteResponse,
    GetRPCMethods,
    GetRPCMethodsResponse,
    Kicked,
    KickedResponse,
    Message,
    OpResultStruct,
    Request,
    RequestDownload,
    RequestDownloadResponse,
    TransferComplete,
    TransferCompleteResponse,
)

METHODS = (
    "Inform",
    "GetRPCMethods",
    "TransferComplete",
    "AutonomousTransferComplete",
    "RequestDownload",
    "Kicked",
    "DUStateChangeComplete",
    "AutonomousDUStateChangeComplete",
)
METHOD_NOT_SUPPORTED = 8000


@dataclass(frozen=True, slots=True)
class Report:
    """A line for the device's log."""

    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


def answer(request: Request) -> Message:
    """The response to a call, or fault 8000 for what is not ours to answer."""
    match request:
        case GetRPCMethods():
            return GetRPCMethodsResponse(METHODS)
        case TransferComplete():
            return TransferCompleteResponse()
        case AutonomousTransferComplete():
            return AutonomousTransferCompleteResponse()
        case RequestDownload():
            return RequestDownloadResponse()
        case Kicked(next=following):
            return KickedResponse(following)
        case DUStateChangeComplete():
            return DUStateChangeCompleteResponse()
        case AutonomousDUStateChangeComplete():
            return AutonomousDUStateChangeCompleteResponse()
        case _:
            return fault(METHOD_NOT_SUPPORTED)


def report(request: Request) -> Report | None:
    """What the call tells; None when it tells nothing."""
    match request:
        case TransferComplete(command_key=key, fault_struct=ending):
            return Report(
                "transfer complete" if ending.fault_code == 0 else "transfer failed",
                {
                    "command_key": key,
                    "fault_code": ending.fault_code,
                    "fault_string": ending.fault_string,
                },
            )
        case AutonomousTransferComplete(fault_struct=ending):
            return Report(
                "autonomous transfer complete",
                {
                    "file_type": request.file_type,
                    "is_download": request.is_download,
                    "fault_code": ending.fault_code,
                    "fault_string": ending.fault_string,
                },
            )
        case RequestDownload(file_type=file_type):
            return Report("download requested", {"file_type": file_type})
        case Kicked(command=command):
            return Report("kicked", {"command": command})
        case DUStateChangeComplete(results=results):
            return Report(
                "deployment units changed",
                {"command_key": request.command_key, "results": _units(results)},
            )
        case AutonomousDUStateChangeComplete(results=results):
            return Report("deployment units changed by the device", {"results": _units(results)})
        case _:
            return None


def _units(results: tuple[OpResultStruct, ...]) -> list[dict[str, Any]]:
    return [
        {
            "uuid": result.uuid,
            "version": result.version,
            "state": result.current_state,
            "fault_code": result.fault.fault_code,
        }
        for result in results
    ]
