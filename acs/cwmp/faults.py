"""Fault codes of CWMP (TR-069 A.5), and the errors that say whose mistake something was.

CwmpError
  MalformedMessage      the bytes are no CWMP message at all
  RemoteProtocolError   the peer said what it may not say now
  LocalProtocolError    we were about to: a bug of ours
  CwmpFault             the peer understood and refused; an answer like any other
"""

from collections.abc import Iterable

from acs.cwmp.messages import Fault, SetParameterValuesFault

FAULT_STRINGS: dict[int, str] = {
    8000: "Method not supported",
    8001: "Request denied",
    8002: "Internal error",
    8003: "Invalid arguments",
    8004: "Resources exceeded",
    8005: "Retry request",
    8006: "ACS version incompatible with CPE",
    9000: "Method not supported",
    9001: "Request denied",
    9002: "Internal error",
    9003: "Invalid arguments",
    9004: "Resources exceeded",
    9005: "Invalid parameter name",
    9006: "Invalid parameter type",
    9007: "Invalid parameter value",
    9008: "Attempt to set a non-writable parameter",
    9009: "Notification request rejected",
    9010: "File transfer failure",
    9011: "Upload failure",
    9012: "File transfer server authentication failure",
    9013: "Unsupported protocol for file transfer",
    9014: "File transfer failure: unable to join multicast group",
    9015: "File transfer failure: unable to contact file server",
    9016: "File transfer failure: unable to access file",
    9017: "File transfer failure: unable to complete download",
    9018: "File transfer failure: file corrupted",
    9019: "File transfer failure: file authentication failure",
    9020: "File transfer failure: unable to complete download within specified time windows",
    9021: "Cancelation of file transfer not permitted in current transfer state",
    9022: "Invalid UUID Format",
    9023: "Unknown Execution Environment",
    9024: "Disabled Execution Environment",
    9025: "Deployment Unit to Execution Environment Mismatch",
    9026: "Duplicate Deployment Unit",
    9027: "System Resources Exceeded",
    9028: "Unknown Deployment Unit",
    9029: "Invalid Deployment Unit State",
    9030: "Invalid Deployment Unit Update - Downgrade not permitted",
    9031: "Invalid Deployment Unit Update - Version not specified",
    9032: "Invalid Deployment Unit Update - Version already exists",
}

RETRY_REQUEST = 8005  # the CPE sends the same request again, in the same session

_CLIENT_FAULTS = frozenset({8003, 9003, 9005, 9006, 9007, 9008})


def is_client_fault(code: int) -> bool:
    """True when the asking side was at fault (SOAP faultcode ``Client``, else ``Server``)."""
    return code in _CLIENT_FAULTS


def fault(
    code: int, string: str | None = None, parameters: Iterable[SetParameterValuesFault] = ()
) -> Fault:
    """A fault to send; without ``string`` it carries the standard's text for its code."""
    text = FAULT_STRINGS.get(code, "") if string is None else string
    return Fault(code, text, tuple(parameters))


class CwmpError(Exception):
    """The family of this package."""


class MalformedMessage(CwmpError):
    """Bytes that are not a usable CWMP message; nothing but HTTP 400 can answer them."""


class RemoteProtocolError(CwmpError):
    """The peer broke the rules; ``fault_code`` is what could be answered, were it a request."""

    def __init__(self, message: str, fault_code: int) -> None:
        super().__init__(message)
        self.fault_code = fault_code


class LocalProtocolError(CwmpError):
    """We were about to break the rules: a bug on our side, and nothing was sent."""


class CwmpFault(CwmpError):
    """The peer refused a request of ours; thrown into the procedure that asked."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.fault_code} {fault.fault_string}".rstrip())
        self.fault_code = fault.fault_code
        self.fault_string = fault.fault_string
        self.parameters: tuple[SetParameterValuesFault, ...] = fault.set_parameter_values_faults
