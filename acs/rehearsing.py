"""Plays an operation's script against what the inventory believes of the device: a dry run.

It is the same script that runs in a session, so what is told is what would be sent. The device is
imagined to hold what the parameter cache holds, and to refuse nothing.
"""

from dataclasses import dataclass, field
from typing import Any

from acs.cwmp.faults import CwmpFault, fault
from acs.cwmp.messages import (
    AcsRequest,
    GetParameterValues,
    GetParameterValuesResponse,
    Message,
    ParameterValueStruct,
    SetParameterAttributes,
    SetParameterAttributesResponse,
    SetParameterValues,
    SetParameterValuesResponse,
)
from acs.cwmp.values import is_partial
from acs.procedures import script_for
from acs.procedures.steps import METHOD_NOT_SUPPORTED, Failed, Held, Step, Subject, requested
from inventory.actions.rehearsing import Line, Rehearsal, Rpc, Stage

UNKNOWN_TYPE = "string"
GET_BATCH = 32  # of a device that has not been seen to bear less


@dataclass(slots=True)
class _Imagined:
    """The device as the inventory believes it to be."""

    values: dict[str, ParameterValueStruct]
    heard: list[Rpc] = field(default_factory=list)

    def answer(self, request: AcsRequest) -> Message:
        """Raises CwmpFault for what cannot be imagined, such as names that nobody knows."""
        match request:
            case GetParameterValues(parameter_names=names):
                self.heard.append(Rpc("GetParameterValues", tuple(map(self._read_line, names))))
                found = [value for name in names for value in self._read(name)]
                return GetParameterValuesResponse(tuple(found))
            case SetParameterValues(parameter_list=wanted):
                self.heard.append(Rpc("SetParameterValues", tuple(map(self._set_line, wanted))))
                self.values.update((each.name, each) for each in wanted)
                return SetParameterValuesResponse()
            case SetParameterAttributes(parameter_list=wishes):
                lines = tuple(Line(each.name, notification=each.notification) for each in wishes)
                self.heard.append(Rpc("SetParameterAttributes", lines))
                return SetParameterAttributesResponse()
        raise CwmpFault(fault(METHOD_NOT_SUPPORTED))

    def _read(self, name: str) -> list[ParameterValueStruct]:
        if is_partial(name):
            return [value for path, value in self.values.items() if path.startswith(name)]
        return [self.values.get(name) or ParameterValueStruct(name, "", UNKNOWN_TYPE)]

    def _read_line(self, name: str) -> Line:
        return Line(name, current=self._current(name))

    def _set_line(self, wanted: ParameterValueStruct) -> Line:
        current = self._current(wanted.name)
        return Line(wanted.name, current, wanted.value, wanted.type)

    def _current(self, name: str) -> str | None:
        held = self.values.get(name)
        return None if held is None else held.value


def rehearse(stage: Stage) -> Rehearsal:
    """Each request in its order, and the end where it is a bad one."""
    device = _Imagined(
        {
            path: ParameterValueStruct(path, held.value, held.value_type or UNKNOWN_TYPE)
            for path, held in stage.held.items()
        }
    )
    subject = Subject(
        root=stage.device.root,
        get_batch=GET_BATCH,
        clock=lambda: stage.operation.created,
        held={path: Held(each.value, each.value_type) for path, each in stage.held.items()},
        configuration=stage.configuration,
        is_secret=stage.vault.is_secret,
    )
    script = script_for(stage.operation, subject)
    say: Any = script.send
    answer: Any = None
    while True:
        try:
            step: Step = say(answer)
        except StopIteration as stop:
            error = stop.value.error.as_json() if isinstance(stop.value, Failed) else None
            return Rehearsal(tuple(device.heard), error)
        try:
            say, answer = script.send, device.answer(requested(step))
        except CwmpFault as refused:
            say, answer = script.throw, refused
