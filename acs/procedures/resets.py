"""Reboot and factory reset: sent once, proved by what the device shows afterwards.

The proof normally comes with an Inform (see ``inventory.awaited``). Where it did not, the device's
UpTime decides: up for longer than since the sending means that nothing happened.
"""

from collections.abc import Generator
from enum import Enum
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import AcsRequest, FactoryReset, Reboot
from acs.procedures.configuring import reconf
from acs.procedures.reading import discover_root, read_one
from acs.procedures.steps import (
    OUTCOME_UNKNOWN,
    AwaitEvent,
    Done,
    Failed,
    Once,
    Procedure,
    Step,
    Subject,
    refusal,
)
from inventory.operations import Error, Operation

# UpTime counts whole seconds, clocks differ, and the request took its time to arrive.
UPTIME_DOUBT_S = 2.0


class Restart(Enum):
    """Whether a device has restarted since a moment."""

    HAPPENED = "happened"
    DID_NOT_HAPPEN = "did not happen"
    UNKNOWN = "unknown"


def reboot(operation: Operation, subject: Subject) -> Procedure:
    return (yield from _send_once(operation, subject, Reboot(operation.key), "M Reboot"))


def factory_reset(operation: Operation, subject: Subject) -> Procedure:
    return (yield from _send_once(operation, subject, FactoryReset(), "0 BOOTSTRAP"))


def _send_once(
    operation: Operation, subject: Subject, request: AcsRequest, event: str
) -> Procedure:
    evidence = operation.evidence or {}
    if evidence.get("reset"):
        return (yield from reconf(operation, subject))
    if "at" in evidence:
        restart = yield from _restarted_since(float(evidence["at"]), subject)
        if restart is Restart.HAPPENED and isinstance(request, Reboot):
            return Done({"proof": "UpTime"})
        if restart is Restart.UNKNOWN:
            message = f"Nobody knows whether the device has carried out {operation.kind}."
            return Failed(Error(OUTCOME_UNKNOWN, message))
        if restart is Restart.HAPPENED or evidence.get("answered"):
            return AwaitEvent(event)
    try:
        yield Once(request)
    except CwmpFault as refused:
        return Failed(refusal(refused))
    return AwaitEvent(event, ends_session=True)


def _restarted_since(moment: float, subject: Subject) -> Generator[Step, Any, Restart]:
    root = subject.root or (yield from discover_root())
    text = (yield from read_one(f"{root}DeviceInfo.UpTime")) if root else None
    if text is None or not text.strip().isdecimal():
        return Restart.UNKNOWN
    uptime, elapsed = float(text), subject.clock() - moment
    if abs(uptime - elapsed) <= UPTIME_DOUBT_S:
        return Restart.UNKNOWN
    return Restart.DID_NOT_HAPPEN if uptime > elapsed else Restart.HAPPENED
