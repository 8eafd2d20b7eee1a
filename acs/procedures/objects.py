"""Adding and deleting instances, each exactly once.

Nothing in AddObject makes a second one harmless, so the instances are listed before it, and that
list is in the operation's row before the request leaves: after a lost answer the instances show
whether it had effect. A DeleteObject that is sent again may find its work done (9005).
"""

from collections.abc import Generator, Mapping
from typing import Any

from acs.cwmp.faults import FAULT_STRINGS, CwmpFault, fault
from acs.cwmp.messages import (
    AddObject,
    AddObjectResponse,
    DeleteObject,
    GetParameterNames,
    GetParameterNamesResponse,
    SetParameterValues,
)
from acs.procedures.reading import INVALID_NAME, read, unread
from acs.procedures.setting import INVALID_VALUE, typed
from acs.procedures.steps import (
    OUTCOME_UNKNOWN,
    Done,
    Failed,
    Held,
    Once,
    Procedure,
    Step,
    Subject,
    refusal,
)
from inventory.operations import Error, Operation

INTERNAL_ERROR = 9002


def add_objects(operation: Operation, subject: Subject) -> Procedure:
    """One instance of each table named, with ``parameters.values`` set on it."""
    evidence: Mapping[str, Any] = operation.evidence or {}
    added: list[dict[str, Any]] = list(evidence.get("added", ()))
    tables = [variable["variable_name"] for variable in operation.request["variables"]]
    for table in tables[len(added) :]:
        if "removing" in evidence:
            kept = _kept_error(evidence["error"])
            removed = yield from _remove(evidence["removing"], kept, {})
            return Failed(removed, _result(added, tables))
        try:
            number = yield from _add_one(table, added, evidence)
        except CwmpFault as refused:
            return Failed(refusal(refused, table), _result(added, tables))
        evidence = {}
        if number is None:
            message = f"Nobody knows whether an instance of {table} was added."
            return Failed(Error(OUTCOME_UNKNOWN, message), _result(added, tables))
        path = f"{table}{number}."
        values = operation.request.get("values")
        if values:
            error = yield from _fill(
                path, values, subject, {"added": list(added), "filling": number}
            )
            if error is not None:
                return Failed(error, _result(added, tables))
        added.append({"variable_name": table, "instance_number": number, "value": path})
    return Done(_result(added, tables))


def _result(added: list[dict[str, Any]], tables: list[str]) -> dict[str, Any]:
    """All that was asked for: new instances, and the tables that did not get one."""
    return {"variables": added + unread(tables[len(added) :])}


def _add_one(
    table: str, added: list[dict[str, Any]], evidence: Mapping[str, Any]
) -> Generator[Step, Any, int | None]:
    """The new instance's number; None when an earlier request's effect cannot be told."""
    if "filling" in evidence:
        return int(evidence["filling"])
    if "before" in evidence:
        if evidence["before"] is None:
            return None
        appeared = (yield from instances(table)) - set(evidence["before"])
        if appeared:
            return appeared.pop() if len(appeared) == 1 else None
    before = yield from _instances_or_none(table)
    answer: AddObjectResponse = yield Once(
        AddObject(table), {"before": before, "added": list(added)}
    )
    if not answer.instance_number:  # some tell a failure as the Status of a response
        raise CwmpFault(fault(answer.status if answer.status in FAULT_STRINGS else INTERNAL_ERROR))
    return answer.instance_number


def _instances_or_none(table: str) -> Generator[Step, Any, list[int] | None]:
    """The instances before an AddObject; a table that does not exist is refused right here."""
    try:
        return sorted((yield from instances(table)))
    except CwmpFault as refused:
        if refused.fault_code == INVALID_NAME:
            raise
        return None


def instances(table: str) -> Generator[Step, Any, set[int]]:
    """The instance numbers of a table."""
    answer: GetParameterNamesResponse = yield GetParameterNames(table, next_level=True)
    numbers = set()
    for info in answer.parameter_list:
        number, _, rest = info.name.removeprefix(table).partition(".")
        if info.name.startswith(table) and number.isdecimal() and not rest:
            numbers.add(int(number))
    return numbers


def _fill(
    path: str, values: Mapping[str, str], subject: Subject, evidence: Mapping[str, Any]
) -> Generator[Step, Any, Error | None]:
    """Sets the new instance's parameters, and removes it again when they are refused."""
    named = {path + name.removeprefix(path): value for name, value in values.items()}
    readings = yield from read(tuple(named), subject.get_batch)
    held = {name: Held(found.value, found.type) for name, found in readings.values.items()}
    variables = [{"variable_name": name, "value": value} for name, value in named.items()]
    wanted, invalid = typed(variables, held, subject.is_secret)
    if invalid:
        error = Error(str(INVALID_VALUE), FAULT_STRINGS[INVALID_VALUE], invalid)
        return (yield from _remove(path, error, evidence))
    try:
        yield Once(SetParameterValues(tuple(wanted)), evidence)
    except CwmpFault as refused:
        return (yield from _remove(path, refusal(refused), evidence))
    return None


def _remove(path: str, error: Error, evidence: Mapping[str, Any]) -> Generator[Step, Any, Error]:
    """Takes the half-made instance away; what is gone already (9005) is gone."""
    kept = {**evidence, "removing": path, "error": error.as_json()}
    try:
        yield Once(DeleteObject(path), kept)
    except CwmpFault as refused:
        if refused.fault_code != INVALID_NAME:
            message = f"{error.message}; the new instance {path} could not be removed: {refused}"
            return Error(error.code, message, error.parameters)
    return error


def _kept_error(kept: Mapping[str, Any]) -> Error:
    return Error(kept["code"], kept["message"], kept["parameters"])


def delete_objects(operation: Operation, _subject: Subject) -> Procedure:
    """Deletes in the order given; what was deleted before a refusal stays deleted."""
    evidence = operation.evidence or {}
    paths = [variable["variable_name"] for variable in operation.request["variables"]]
    deleted: list[str] = list(evidence.get("deleted", ()))
    for path in paths[len(deleted) :]:
        was_sent = evidence.get("path") == path
        try:
            yield Once(DeleteObject(path), {"path": path, "deleted": list(deleted)})
        except CwmpFault as refused:
            if not (was_sent and refused.fault_code == INVALID_NAME):
                return Failed(refusal(refused, path), _left(paths, deleted))
        deleted.append(path)
    return Done(_left(paths, deleted))


def _left(paths: list[str], deleted: list[str]) -> dict[str, Any]:
    """All that was asked for, also what was not tried any more."""
    return {"variables": [{"variable_name": path, "deleted": path in deleted} for path in paths]}
