"""What a procedure says and is told: the words of every script in this package.

A procedure is a generator: it yields a request and is handed the device's answer; a refusal arrives
as :class:`CwmpFault` where the question was asked. It has no I/O, no clock of its own and no store.
It does not outlive its session: what must survive is the ``evidence`` of :class:`Once`, which is in
the operation's row before the request leaves, and which the next run of the script finds in
``operation.evidence``.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import AcsRequest
from inventory.configuration import Configuration
from inventory.drift import Look
from inventory.enrolment import Enrolment
from inventory.operations import Error
from inventory.secrets import IsSecret, is_secret_name
from inventory.transfers import Transfer

OUTCOME_UNKNOWN = "outcome_unknown"
NOT_SUPPORTED = "not_supported"
METHOD_NOT_SUPPORTED = 9000  # the fault of a device that does not know the request


@dataclass(frozen=True, slots=True)
class Once:
    """A request that must not be sent twice blindly, with what will tell whether it had effect."""

    request: AcsRequest
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """It succeeded; ``result`` is kept, and so is what else was learned of the device: how many
    names it bears in one request, and how it differed from what is wanted."""

    result: Any = None
    get_batch: int | None = None
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not; ``result`` is what could be had all the same."""

    error: Error
    result: Any = None
    get_batch: int | None = None
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class AwaitEvent:
    """The device has accepted it, and will tell the end by this event in a later session."""

    event: str
    ends_session: bool = False  # the device acts when the session is over, so we end it now
    evidence: Mapping[str, Any] = field(default_factory=dict)  # that the answer gave


Step = AcsRequest | Once
Outcome = Done | Failed | AwaitEvent
Procedure = Generator[Step, Any, Outcome]


@dataclass(frozen=True, slots=True)
class Held:
    """What the inventory knows of a parameter."""

    value: str | None
    value_type: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a procedure may know of its device."""

    root: str | None
    get_batch: int
    clock: Callable[[], float]
    held: Mapping[str, Held] = field(default_factory=dict)
    enrolment: Enrolment | None = None
    configuration: Configuration | None = None
    transfer: Transfer | None = None
    service: Sequence[Mapping[str, Any]] = ()  # what is set to restart the service that is meant
    base_url: str = ""  # under which the device reaches us
    is_secret: IsSecret = is_secret_name


def requested(step: Step) -> AcsRequest:
    return step.request if isinstance(step, Once) else step


def refusal(fault: CwmpFault, name: str | None = None) -> Error:
    """The error of an operation that the device refused, with the fault of each parameter."""
    parameters = {
        each.parameter_name: {"code": str(each.fault_code), "message": each.fault_string}
        for each in fault.parameters
    }
    if not parameters and name is not None:
        parameters = {name: {"code": str(fault.fault_code), "message": fault.fault_string}}
    return Error(str(fault.fault_code), fault.fault_string or "Refused", parameters)


def refusals(faults: Mapping[str, CwmpFault]) -> Error:
    """The error of an operation in which these names were refused, each by itself; at least one."""
    first = next(iter(faults.values()))
    parameters = {
        name: {"code": str(each.fault_code), "message": each.fault_string}
        for name, each in faults.items()
    }
    return Error(str(first.fault_code), first.fault_string, parameters)
