"""Which parameters and objects a device has (GetParameterNames, 5.5).

A whole tree in one answer is too much for some devices; then it is asked for level by level.
"""

from collections.abc import Generator
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import GetParameterNames, GetParameterNamesResponse, ParameterInfoStruct
from acs.cwmp.values import is_partial
from acs.procedures.reading import TOO_MUCH, unread
from acs.procedures.steps import Done, Failed, Procedure, Step, Subject, refusals
from inventory.operations import Operation

MOST_NAMES = 100_000  # real devices have up to 10,000; what is past it is a device gone wrong

Names = dict[str, ParameterInfoStruct]


def names(operation: Operation, subject: Subject) -> Procedure:
    """Of each path: itself and all below it, or with ``next_level`` what is directly below."""
    next_level = bool(operation.request.get("next_level"))
    asked = [variable["variable_name"] for variable in operation.request.get("variables", ())]
    found: Names = {}
    faults: dict[str, CwmpFault] = {}
    for path in asked or [subject.root or ""]:
        try:
            if next_level and is_partial(path):
                yield from _ask(path, found, next_level=True)
            else:
                yield from _all_below(path, found)
        except CwmpFault as refused:
            faults[path] = refused
    result = {
        "variables": [
            {"variable_name": info.name, "writable": info.writable} for info in found.values()
        ]
        + unread(faults)
    }
    if not faults:
        return Done(result)
    return Failed(refusals(faults), result)


def _ask(path: str, found: Names, *, next_level: bool) -> Generator[Step, Any, list[str]]:
    """The partial paths that were new in the answer."""
    answer: GetParameterNamesResponse = yield GetParameterNames(path, next_level=next_level)
    new = [info for info in answer.parameter_list if info.name != path and info.name not in found]
    found.update((info.name, info) for info in answer.parameter_list)
    return [info.name for info in new if is_partial(info.name) and info.name.startswith(path)]


def _all_below(path: str, found: Names) -> Generator[Step, Any, None]:
    try:
        yield from _ask(path, found, next_level=False)
    except CwmpFault as refused:
        if refused.fault_code not in TOO_MUCH or (path and not is_partial(path)):
            raise
    else:
        return
    waiting = yield from _ask(path, found, next_level=True)
    while waiting and len(found) < MOST_NAMES:
        waiting += yield from _ask(waiting.pop(), found, next_level=True)
