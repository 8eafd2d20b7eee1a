"""Instances are added and deleted exactly once, whatever is lost on the way."""

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    AddObject,
    AddObjectResponse,
    DeleteObject,
    DeleteObjectResponse,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterInfoStruct,
    ParameterValueStruct,
    SetParameterValues,
    SetParameterValuesResponse,
)
from acs.procedures.objects import add_objects, delete_objects
from acs.procedures.steps import Done, Failed

TABLE = "Device.NAT.PortMapping."
LIST = GetParameterNames(TABLE, next_level=True)
ADD = {"variables": [{"variable_name": TABLE}]}


def listed(*numbers):
    return GetParameterNamesResponse(
        tuple(ParameterInfoStruct(f"{TABLE}{number}.", writable=True) for number in numbers)
    )


def added(number):
    return {
        "variables": [
            {"variable_name": TABLE, "instance_number": number, "value": f"{TABLE}{number}."}
        ]
    }


def test_the_instances_before_are_noted_with_the_request(play, operation, subject):
    outcome, notes = play(
        add_objects(operation("add.obj", ADD), subject()),
        (LIST, listed(1, 4)),
        (AddObject(TABLE), AddObjectResponse(5)),
    )
    assert outcome == Done(added(5))
    assert notes == [{"before": [1, 4], "added": []}]


def test_after_a_lost_answer_the_one_new_instance_is_ours(play, operation, subject):
    script = add_objects(
        operation("add.obj", ADD, evidence={"before": [1], "added": []}), subject()
    )
    outcome, _ = play(script, (LIST, listed(1, 2)))
    assert outcome == Done(added(2))


def test_after_a_lost_answer_without_effect_it_is_sent_again(play, operation, subject):
    script = add_objects(
        operation("add.obj", ADD, evidence={"before": [1], "added": []}), subject()
    )
    outcome, _ = play(
        script, (LIST, listed(1)), (LIST, listed(1)), (AddObject(TABLE), AddObjectResponse(2))
    )
    assert outcome == Done(added(2))


def test_two_new_instances_cannot_be_told_apart(play, operation, subject):
    script = add_objects(
        operation("add.obj", ADD, evidence={"before": [1], "added": []}), subject()
    )
    outcome, _ = play(script, (LIST, listed(1, 2, 3)))
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "outcome_unknown"


def test_a_table_that_does_not_exist_is_named(play, operation, subject):
    outcome, _ = play(add_objects(operation("add.obj", ADD), subject()), (LIST, fault(9005)))
    assert outcome.error.parameters[TABLE]["code"] == "9005"


def test_every_table_that_was_asked_for_is_told_when_one_is_refused(play, operation, subject):
    tables = {"variables": [{"variable_name": name} for name in (TABLE, "Device.No.", TABLE)]}
    outcome, _ = play(
        add_objects(operation("add.obj", tables), subject()),
        (LIST, listed()),
        (AddObject(TABLE), AddObjectResponse(1)),
        (GetParameterNames("Device.No.", next_level=True), fault(9005)),
    )
    nothing = [{"variable_name": name, "value": None} for name in ("Device.No.", TABLE)]
    assert outcome.result == {"variables": added(1)["variables"] + nothing}


PATH = f"{TABLE}2."
NAME = f"{PATH}Description"
FILLED = {**ADD, "values": {"Description": "web"}}
READ = (
    GetParameterValues((NAME,)),
    GetParameterValuesResponse((ParameterValueStruct(NAME, "", "string"),)),
)
FILL = SetParameterValues((ParameterValueStruct(NAME, "web", "string"),))


def test_the_new_instance_is_filled(play, operation, subject):
    outcome, notes = play(
        add_objects(operation("add.obj", FILLED), subject()),
        (LIST, listed()),
        (AddObject(TABLE), AddObjectResponse(2)),
        READ,
        (FILL, SetParameterValuesResponse()),
    )
    assert outcome == Done(added(2))
    assert notes[-1] == {"added": [], "filling": 2}


def test_a_lost_answer_to_the_filling_adds_no_second_instance(play, operation, subject):
    evidence = {"added": [], "filling": 2}
    outcome, _ = play(
        add_objects(operation("add.obj", FILLED, evidence=evidence), subject()),
        READ,
        (FILL, SetParameterValuesResponse()),
    )
    assert outcome == Done(added(2))


def test_an_instance_whose_values_are_refused_is_removed_again(play, operation, subject):
    outcome, notes = play(
        add_objects(operation("add.obj", FILLED), subject()),
        (LIST, listed()),
        (AddObject(TABLE), AddObjectResponse(2)),
        READ,
        (FILL, fault(9007)),
        (DeleteObject(PATH), DeleteObjectResponse()),
    )
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "9007"
    assert notes[-1]["removing"] == PATH


def test_a_lost_answer_to_the_removal_ends_with_the_first_error(play, operation, subject):
    error = {"code": "9007", "message": "Invalid parameter value", "parameters": {}}
    evidence = {"added": [], "filling": 2, "removing": PATH, "error": error}
    outcome, _ = play(
        add_objects(operation("add.obj", FILLED, evidence=evidence), subject()),
        (DeleteObject(PATH), fault(9005)),
    )
    assert outcome.error.code == "9007"


TWO = {"variables": [{"variable_name": f"{TABLE}1."}, {"variable_name": f"{TABLE}2."}]}


def test_deletions_go_in_order_and_stop_at_a_refusal(play, operation, subject):
    outcome, _ = play(
        delete_objects(operation("del.obj", TWO), subject()),
        (DeleteObject(f"{TABLE}1."), DeleteObjectResponse()),
        (DeleteObject(f"{TABLE}2."), fault(9005)),
    )
    assert outcome.error.parameters[f"{TABLE}2."]["code"] == "9005"
    assert outcome.result == gone(True, False)


def gone(*deleted):
    names = [f"{TABLE}{number}." for number in range(1, len(deleted) + 1)]
    return {
        "variables": [
            {"variable_name": name, "deleted": is_gone}
            for name, is_gone in zip(names, deleted, strict=True)
        ]
    }


def test_what_was_not_tried_after_a_refusal_is_told_as_well(play, operation, subject):
    three = {"variables": [*TWO["variables"], {"variable_name": f"{TABLE}3."}]}
    outcome, _ = play(
        delete_objects(operation("del.obj", three), subject()),
        (DeleteObject(f"{TABLE}1."), DeleteObjectResponse()),
        (DeleteObject(f"{TABLE}2."), fault(9005)),
    )
    assert list(outcome.error.parameters) == [f"{TABLE}2."]
    assert outcome.result == gone(True, False, False)


def test_a_deletion_sent_again_finds_its_work_done(play, operation, subject):
    evidence = {"path": f"{TABLE}2.", "deleted": [f"{TABLE}1."]}
    outcome, _ = play(
        delete_objects(operation("del.obj", TWO, evidence=evidence), subject()),
        (DeleteObject(f"{TABLE}2."), fault(9005)),
    )
    assert outcome == Done(gone(True, True))
