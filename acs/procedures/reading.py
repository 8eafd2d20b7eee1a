"""Reading parameters so that one bad name does not lose the rest.

A GetParameterValues with one unknown name is refused whole, without saying which (A.3.2.2), and
many devices bear only short lists or small answers. So names go out in batches, a refused batch is
halved, and a path that is too much at once is asked for level by level.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from acs.cwmp.faults import CwmpFault, fault
from acs.cwmp.messages import (
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValueStruct,
)
from acs.cwmp.values import is_partial
from acs.procedures.steps import Done, Failed, Outcome, Procedure, Step, Subject, refusals
from inventory.operations import Operation

INVALID_NAME = 9005
TOO_MUCH = frozenset({9002, 9004})  # internal error and resources exceeded: ask for less
UNKNOWN_ROOTS = ("Device.", "InternetGatewayDevice.")


@dataclass(slots=True)
class Readings:
    """What could be read, and why the rest could not."""

    values: dict[str, ParameterValueStruct] = field(default_factory=dict)
    faults: dict[str, CwmpFault] = field(default_factory=dict)
    batch: int = 0  # names in one request that the device bore


def read(names: Sequence[str], batch: int) -> Generator[Step, Any, Readings]:
    """Reads full names and partial paths, at most ``batch`` names in one request."""
    readings = Readings(batch=max(batch, 1))
    waiting = [tuple(names)] if names else []
    while waiting:
        chunk = waiting.pop()
        if len(chunk) > readings.batch:
            waiting += [chunk[readings.batch :], chunk[: readings.batch]]
            continue
        try:
            answer: GetParameterValuesResponse = yield GetParameterValues(chunk)
        except CwmpFault as refused:
            waiting += yield from _smaller(chunk, refused, readings)
            continue
        readings.values.update((found.name, found) for found in answer.parameter_list)
        waiting += _silently_missing(chunk, readings)
    return readings


def _smaller(
    chunk: tuple[str, ...], refused: CwmpFault, readings: Readings
) -> Generator[Step, Any, list[tuple[str, ...]]]:
    """What to ask instead of a refused chunk."""
    if len(chunk) > 1:
        half = len(chunk) // 2
        if refused.fault_code in TOO_MUCH:
            readings.batch = min(readings.batch, half)
        return [chunk[half:], chunk[:half]]
    below = (yield from _names_below(chunk[0])) if is_partial(chunk[0]) else ()
    if below:
        return [below]
    readings.faults[chunk[0]] = refused
    return []


def _names_below(path: str) -> Generator[Step, Any, tuple[str, ...]]:
    """The next level of a partial path; nothing where the device does not tell."""
    try:
        answer: GetParameterNamesResponse = yield GetParameterNames(path, next_level=True)
    except CwmpFault:
        return ()
    names = (info.name for info in answer.parameter_list)
    return tuple(name for name in names if name != path and name.startswith(path))


def _silently_missing(chunk: tuple[str, ...], readings: Readings) -> list[tuple[str, ...]]:
    """Some devices leave unknown names out without a fault; asked alone, that is an answer."""
    missing = [name for name in chunk if not is_partial(name) and name not in readings.values]
    if not missing:
        return []
    if len(chunk) > 1:
        return [(name,) for name in missing]
    readings.faults[chunk[0]] = CwmpFault(fault(INVALID_NAME))
    return []


def discover_root() -> Generator[Step, Any, str | None]:
    """Which data model the device has, when its Inform did not show it (7.3)."""
    for path in ("", *UNKNOWN_ROOTS):
        try:
            answer: GetParameterNamesResponse = yield GetParameterNames(path, next_level=True)
        except CwmpFault:
            continue
        for info in answer.parameter_list:
            for root in UNKNOWN_ROOTS:
                if info.name.startswith(root):
                    return root
    return None


def read_one(name: str) -> Generator[Step, Any, str | None]:
    """One value, or None where the device refuses it."""
    readings = yield from read((name,), 1)
    found = readings.values.get(name)
    return None if found is None else found.value


def get(operation: Operation, subject: Subject) -> Procedure:
    """Best effort: what is refused is named, what is there is kept."""
    names = [variable["variable_name"] for variable in operation.request["variables"]]
    if operation.request.get("below_root"):
        root = subject.root or (yield from discover_root()) or UNKNOWN_ROOTS[0]
        names = [root + name for name in names]
    batch = max(subject.get_batch >> max(operation.attempts - 1, 0), 1)  # halved by each silence
    readings = yield from read(names, batch)
    return _told(readings)


def _told(readings: Readings) -> Outcome:
    result = {"variables": described(readings.values.values()) + unread(readings.faults)}
    if not readings.faults:
        return Done(result, readings.batch)
    return Failed(refusals(readings.faults), result, readings.batch)


def described(values: Any) -> list[dict[str, Any]]:
    """Values as results show them."""
    return [
        {"variable_name": found.name, "value": found.value, "value_type": found.type}
        for found in values
    ]


def unread(names: Iterable[str]) -> list[dict[str, Any]]:
    """Names that nothing came of, as results show them: whoever asked finds each again."""
    return [{"variable_name": name, "value": None} for name in names]
