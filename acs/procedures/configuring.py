"""Making a device what it is wanted to be: reconf, sync, changed settings; also after a reset.

The wanted values go out in one SetParameterValues, because settings that depend on each other must
not be torn apart (A.3.2.1). What the device refuses by name is left out and the rest sent again; a
refusal without names is halved until it has one. ``sync`` reads first, sets only what differs, and
reads that back; a value that it has set in vain again and again is set aside by name, so that no
session loops over it. Everything else sends also what is set aside: each of them is sent once.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    GetParameterAttributes,
    GetParameterAttributesResponse,
    ParameterValueStruct,
    SetParameterAttributes,
    SetParameterAttributesStruct,
    SetParameterValues,
)
from acs.procedures.reading import Readings, described, discover_root, read
from acs.procedures.setting import typed
from acs.procedures.steps import Done, Failed, Held, Outcome, Procedure, Step, Subject
from inventory.configuration import Wanted
from inventory.drift import Finding, Look
from inventory.operations import Error, Operation
from inventory.settings import Setting, is_same

Fault = dict[str, str]


@dataclass(slots=True)
class Applied:
    """What the device took, and what it refused, by name."""

    values: list[ParameterValueStruct] = field(default_factory=list)
    refused: dict[str, Fault] = field(default_factory=dict)

    @property
    def taken(self) -> list[str]:
        return [value.name for value in self.values]


def reconf(_operation: Operation, subject: Subject) -> Procedure:
    """Everything that is wanted, whatever the inventory believes."""
    wanted = _wanted(subject)
    applied = yield from apply_wanted(wanted, _notified(wanted), subject)
    aside = {each.setting.path for each in wanted if each.is_set_aside}
    made_good = tuple(name for name in applied.taken if name not in aside)
    look = Look(looked_at=made_good, found=()) if applied.values else None
    return outcome(applied, {"set": applied.taken}, look)


def change_settings(operation: Operation, subject: Subject) -> Procedure:
    """Sends what the operation is for, as it is wanted by now, and as far as it still waits."""
    request = operation.request
    named = {variable["variable_name"] for variable in request["variables"]}
    wanted = _wanted(subject)
    valued = [each for each in wanted if each.setting.path in named and each.is_pending]
    told = set(request.get("notified", ()))
    notified = [each for each in _notified(wanted) if each.path in told]
    applied = yield from apply_wanted(valued, notified, subject)
    return outcome(applied, {"variables": described(applied.values)})


def sync(_operation: Operation, subject: Subject) -> Procedure:
    """Reads the device, compares, sets what differs, and reads that back."""
    root = subject.root or (yield from discover_root())
    if root is None:
        return Failed(Error("no_data_model", "The device shows no known data model."))
    wanted = _wanted(subject)
    before = yield from read((root,), subject.get_batch)
    if not before.values:  # some know no partial path at all, but each name that they are asked for
        before = yield from read([each.setting.path for each in _valued(wanted)], subject.get_batch)
    differing = [each for each in _valued(wanted) if _differs(each, before, subject)]
    notified = yield from _unlike(_notified(wanted))
    corrected = [each for each in differing if not each.is_set_aside]
    applied = yield from apply_wanted(corrected, notified, subject)
    after = yield from read(applied.taken, subject.get_batch)
    look = Look(
        looked_at=tuple(each.setting.path for each in wanted),
        found=tuple(_finding(each, before, after, applied, subject) for each in differing),
        has_set=bool(applied.values),
    )
    result = {
        "read": len(before.values),
        "drift": [found.as_json() for found in look.found],
        "set": applied.taken,
    }
    return outcome(applied, result, look)


def apply_wanted(
    wanted: Sequence[Wanted], notified: Sequence[Setting], subject: Subject
) -> Generator[Step, Any, Applied]:
    """Sets these values, and these notifications, as far as the device lets us."""
    applied = Applied()
    valued = _valued(wanted)
    held = yield from _types(valued, subject, applied)
    variables = [
        {
            "variable_name": each.setting.path,
            "value": each.setting.value,
            "value_type": each.setting.value_type,
        }
        for each in valued
        if each.setting.path not in applied.refused
    ]
    structs, invalid = typed(variables, held, subject.is_secret)
    applied.refused |= invalid
    yield from _set_what_is_taken([tuple(structs)] if structs else [], applied)
    yield from _notify(notified, applied)
    return applied


def _wanted(subject: Subject) -> list[Wanted]:
    configuration = subject.configuration
    assert configuration is not None
    root = subject.root or ""
    return [each for each in configuration.wanted if each.setting.path.startswith(root)]


def _valued(wanted: Iterable[Wanted]) -> list[Wanted]:
    return [each for each in wanted if each.setting.value is not None]


def _notified(wanted: Iterable[Wanted]) -> list[Setting]:
    return [each.setting for each in wanted if each.setting.notification is not None]


def _types(
    wanted: Sequence[Wanted], subject: Subject, applied: Applied
) -> Generator[Step, Any, dict[str, Held]]:
    """What the device calls the values; it is asked where the inventory does not know."""
    held = {
        each.setting.path: Held(each.held.value, each.held.value_type)
        for each in wanted
        if each.held is not None
    }
    unknown = [
        each.setting.path
        for each in wanted
        if each.setting.path not in held and each.setting.value_type in {None, "integer"}
    ]
    readings = yield from read(unknown, subject.get_batch)
    held.update((name, Held(found.value, found.type)) for name, found in readings.values.items())
    applied.refused.update((name, _fault(refused)) for name, refused in readings.faults.items())
    return held


def _set_what_is_taken(
    waiting: list[tuple[Any, ...]], applied: Applied
) -> Generator[Step, Any, None]:
    while waiting:
        values = waiting.pop()
        try:
            yield SetParameterValues(values)
        except CwmpFault as refused:
            waiting += _without_refused(values, refused, applied)
        else:
            applied.values += values


def _without_refused(
    values: tuple[Any, ...], refused: CwmpFault, applied: Applied
) -> list[tuple[Any, ...]]:
    """What to send instead: all but the named, or halves where nothing of ours is named."""
    named = {each.parameter_name: each for each in refused.parameters}
    left = tuple(value for value in values if value.name not in named)
    if len(left) < len(values):
        for value in values:
            if value.name in named:
                fault = named[value.name]
                applied.refused[value.name] = _fault(fault)
        return [left] if left else []
    if len(values) == 1:
        applied.refused[values[0].name] = _fault(refused)
        return []
    half = len(values) // 2
    return [values[half:], values[:half]]


def _fault(refused: Any) -> Fault:
    return {"code": str(refused.fault_code), "message": refused.fault_string}


def _unlike(settings: Sequence[Setting]) -> Generator[Step, Any, list[Setting]]:
    """Those that the device notifies of otherwise than is wanted, or does not tell of."""
    if not settings:
        return []
    names = tuple(each.path for each in settings)
    try:
        answer: GetParameterAttributesResponse = yield GetParameterAttributes(names)
    except CwmpFault:
        return list(settings)
    told = {each.name: each.notification for each in answer.parameter_list}
    return [each for each in settings if told.get(each.path) != each.notification]


def _notify(settings: Sequence[Setting], applied: Applied) -> Generator[Step, Any, None]:
    """Notifications, one by one where the device refuses the whole."""
    structs = [
        SetParameterAttributesStruct(
            each.path, notification_change=True, notification=each.notification
        )
        for each in settings
        if each.notification is not None and each.path not in applied.refused
    ]
    waiting = [tuple(structs)] if structs else []
    while waiting:
        part = waiting.pop()
        try:
            yield SetParameterAttributes(part)
        except CwmpFault as refused:
            if len(part) == 1:
                applied.refused[part[0].name] = _fault(refused)
            else:
                waiting += [(each,) for each in part]


def _differs(wanted: Wanted, readings: Readings, subject: Subject) -> bool:
    """Secrets may read back empty; for those it counts what the device has taken."""
    setting = wanted.setting
    found = readings.values.get(setting.path)
    if found is not None and not found.value and subject.is_secret(setting.path):
        return wanted.differs
    return found is None or not is_same(setting.value or "", found.value, found.type)


def _finding(
    wanted: Wanted, before: Readings, after: Readings, applied: Applied, subject: Subject
) -> Finding:
    setting = wanted.setting
    is_secret = subject.is_secret(setting.path)
    was_set = setting.path in applied.taken
    found, again = before.values.get(setting.path), after.values.get(setting.path)
    shown = found if again is None else again
    is_hidden = bool(setting.value) and shown is not None and not shown.value
    is_right = again is None or is_same(setting.value or "", again.value, again.type)
    known_write_only = wanted.found is not None and wanted.found.is_write_only
    return Finding(
        path=setting.path,
        wanted=None if is_secret else setting.value,
        found=None if found is None or is_secret else found.value,
        now=None if again is None or is_secret else again.value,
        is_corrected=was_set and (is_right or (is_secret and is_hidden)),
        is_write_only=is_hidden and (again is not None or known_write_only),
        was_set=was_set,
    )


def outcome(applied: Applied, result: dict[str, Any], look: Look | None = None) -> Outcome:
    """Refusals fail the operation and are named; what was taken stays."""
    if not applied.refused:
        return Done(result, look=look)
    first = next(iter(applied.refused.values()))
    return Failed(Error(first["code"], first["message"], applied.refused), result, look=look)
