"""Notification and access lists of parameters (A.3.2.4, A.3.2.5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    GetParameterAttributes,
    GetParameterAttributesResponse,
    ParameterAttributeStruct,
    SetParameterAttributes,
    SetParameterAttributesStruct,
)
from acs.procedures.reading import TOO_MUCH, unread
from acs.procedures.steps import Done, Failed, Procedure, Subject, refusal, refusals
from inventory.operations import Operation


def get_attributes(operation: Operation, subject: Subject) -> Procedure:
    """Best effort: a refused list is halved until the bad names stand alone."""
    batch = max(subject.get_batch >> max(operation.attempts - 1, 0), 1)  # halved by each silence
    waiting = [tuple(variable["variable_name"] for variable in operation.request["variables"])]
    found: list[ParameterAttributeStruct] = []
    faults: dict[str, CwmpFault] = {}
    while waiting:
        names = waiting.pop()
        if len(names) > batch:
            waiting += [names[batch:], names[:batch]]
            continue
        try:
            answer: GetParameterAttributesResponse = yield GetParameterAttributes(names)
        except CwmpFault as refused:
            if len(names) == 1:
                faults[names[0]] = refused
                continue
            half = len(names) // 2
            if refused.fault_code in TOO_MUCH:
                batch = half
            waiting += [names[half:], names[:half]]
        else:
            found += answer.parameter_list
    result = {"variables": [_described(each) for each in found] + unread(faults)}
    if not faults:
        return Done(result)
    return Failed(refusals(faults), result)


def _described(found: ParameterAttributeStruct) -> dict[str, Any]:
    return {
        "variable_name": found.name,
        "notification": found.notification,
        "access_list": list(found.access_list),
    }


def set_attributes(operation: Operation, _subject: Subject) -> Procedure:
    """All or nothing, as the RPC is; saying it again after a lost answer changes nothing."""
    variables: Sequence[Mapping[str, Any]] = operation.request["variables"]
    try:
        yield SetParameterAttributes(tuple(map(_wish, variables)))
    except CwmpFault as refused:
        only = variables[0]["variable_name"] if len(variables) == 1 else None
        return Failed(refusal(refused, only))
    return Done({"variables": [dict(variable) for variable in variables]})


def _wish(variable: Mapping[str, Any]) -> SetParameterAttributesStruct:
    notification, access_list = variable.get("notification"), variable.get("access_list")
    return SetParameterAttributesStruct(
        variable["variable_name"],
        notification_change=notification is not None,
        notification=notification or 0,
        access_list_change=access_list is not None,
        access_list=tuple(access_list or ()),
    )
