"""Setting parameters: all or nothing, in the device's own types.

SetParameterValues is atomic and wants the type that the device itself reports (A.3.2.1). Where the
inventory does not know it, the device is asked first. Every request carries a ParameterKey of its
own, so a lost answer is decided by the next Inform.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from acs.cwmp import values
from acs.cwmp.faults import FAULT_STRINGS, CwmpFault
from acs.cwmp.messages import (
    ParameterValueStruct,
    SetParameterValues,
    SetParameterValuesResponse,
)
from acs.procedures.reading import described, read
from acs.procedures.steps import Done, Failed, Held, Procedure, Step, Subject, refusal
from inventory.operations import Error, Operation
from inventory.secrets import IsSecret, is_secret_name

INVALID_VALUE = 9007
# The contract's word for "whatever the device calls it".
ASK_THE_DEVICE = frozenset({None, "", "integer"})


def set_values(operation: Operation, subject: Subject) -> Procedure:
    variables = operation.request["variables"]
    held, unknown = yield from _held(variables, subject)
    if unknown:
        first = next(iter(unknown.values()))
        return Failed(Error(first["code"], first["message"], unknown))
    wanted, invalid = typed(variables, held, subject.is_secret)
    if invalid:
        return Failed(Error(str(INVALID_VALUE), FAULT_STRINGS[INVALID_VALUE], invalid))
    result = {"variables": described(wanted)}
    if (operation.evidence or {}).get("applied"):
        return Done(result)
    try:
        answer: SetParameterValuesResponse = yield SetParameterValues(tuple(wanted))
    except CwmpFault as refused:
        only = wanted[0].name if len(wanted) == 1 else None
        return Failed(refusal(refused, only))
    return Done({**result, "status": answer.status})


def _held(
    variables: Sequence[Mapping[str, Any]], subject: Subject
) -> Generator[Step, Any, tuple[dict[str, Held], dict[str, dict[str, str]]]]:
    """What is known of each parameter, after asking for what is not; and what does not exist."""
    held = dict(subject.held)
    asked = [
        variable["variable_name"]
        for variable in variables
        if variable.get("value_type") in ASK_THE_DEVICE
        and _type_held(held, variable["variable_name"]) is None
    ]
    if not asked:
        return held, {}
    readings = yield from read(asked, subject.get_batch)
    held.update((name, Held(found.value, found.type)) for name, found in readings.values.items())
    unknown = {
        name: {"code": str(fault.fault_code), "message": fault.fault_string}
        for name, fault in readings.faults.items()
    }
    return held, unknown


def _type_held(held: Mapping[str, Held], name: str) -> str | None:
    known = held.get(name)
    return None if known is None else known.value_type


def typed(
    variables: Sequence[Mapping[str, Any]],
    held: Mapping[str, Held],
    is_secret: IsSecret = is_secret_name,
) -> tuple[list[ParameterValueStruct], dict[str, dict[str, str]]]:
    """The values as they go out, and the ones that their type does not allow."""
    wanted: list[ParameterValueStruct] = []
    invalid: dict[str, dict[str, str]] = {}
    for variable in variables:
        name, value = variable["variable_name"], variable["value"]
        value_type = _type_of(variable, held)
        try:
            literal = values.to_wire(value, value_type, _booleans(held.get(name)))
            values.check(literal, value_type)
        except ValueError as error:
            reason = "not a value of its type" if is_secret(name) else str(error)
            invalid[name] = {"code": str(INVALID_VALUE), "message": reason}
        else:
            wanted.append(ParameterValueStruct(name, literal, value_type))
    return wanted, invalid


def _type_of(variable: Mapping[str, Any], held: Mapping[str, Held]) -> str:
    asked = variable.get("value_type")
    if asked not in ASK_THE_DEVICE:
        return values.normal_type(str(asked))  # base64 is base64Binary on the wire
    known = _type_held(held, variable["variable_name"])
    return known or ("int" if asked == "integer" else "string")


def _booleans(known: Held | None) -> values.BooleanLiterals:
    """The device's own spelling: some understand only digits, others only words (9.1)."""
    words = known is not None and (known.value or "").strip().lower() in {"true", "false"}
    return values.WORDS if words else values.DIGITS
