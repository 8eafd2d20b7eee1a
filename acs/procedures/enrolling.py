"""Giving a device its connection-request credentials, its interval and its phase.

One SetParameterValues where the device takes it; where it refuses the whole, the parts are tried
one by one, for a device without PeriodicInformTime is still to be reachable.
"""

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import ParameterValueStruct, SetParameterValues
from acs.procedures.reading import discover_root
from acs.procedures.steps import Done, Failed, Procedure, Subject, refusal
from inventory.operations import Error, Operation

Part = tuple[ParameterValueStruct, ...]


def enrol(operation: Operation, subject: Subject) -> Procedure:
    assert subject.enrolment is not None
    root = subject.root or (yield from discover_root())
    if root is None:
        return Failed(Error("no_data_model", "The device shows no known data model."))
    credentials, *others = _parts(root, subject, whole=bool(operation.request.get("whole")))
    whole = tuple(value for part in (credentials, *others) for value in part)
    try:
        yield SetParameterValues(whole)
    except CwmpFault as refused:
        if not others:
            return Failed(refusal(refused))
    else:
        return Done({"set": [value.name for value in whole]})
    return (yield from _one_by_one([credentials, *others]))


def _parts(root: str, subject: Subject, *, whole: bool) -> list[Part]:
    values = subject.enrolment
    assert values is not None
    server = f"{root}ManagementServer."
    credentials = (
        ParameterValueStruct(f"{server}ConnectionRequestUsername", values.username),
        ParameterValueStruct(f"{server}ConnectionRequestPassword", values.password),
    )
    if not whole:
        return [credentials]
    interval = (
        ParameterValueStruct(f"{server}PeriodicInformEnable", "1", "boolean"),
        ParameterValueStruct(
            f"{server}PeriodicInformInterval", str(values.interval_s), "unsignedInt"
        ),
    )
    phase = (ParameterValueStruct(f"{server}PeriodicInformTime", values.phase, "dateTime"),)
    return [credentials, interval, phase]


def _one_by_one(parts: list[Part]) -> Procedure:
    done: list[str] = []
    errors: list[Error] = []
    for part in parts:
        try:
            yield SetParameterValues(part)
        except CwmpFault as refused:
            errors.append(refusal(refused, part[0].name))
        else:
            done += [value.name for value in part]
    if not errors:
        return Done({"set": done})
    parameters = {name: fault for error in errors for name, fault in error.parameters.items()}
    return Failed(Error(errors[0].code, errors[0].message, parameters), {"set": done})
