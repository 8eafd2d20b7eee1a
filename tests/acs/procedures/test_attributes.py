"""Notifications and access lists, read one bad name short and set all or none."""

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    GetParameterAttributes,
    GetParameterAttributesResponse,
    ParameterAttributeStruct,
    SetParameterAttributes,
    SetParameterAttributesResponse,
    SetParameterAttributesStruct,
)
from acs.procedures.attributes import get_attributes, set_attributes
from acs.procedures.steps import Done, Failed


def wish(*names):
    return {"variables": [{"variable_name": name} for name in names]}


def told(*names):
    return GetParameterAttributesResponse(
        tuple(ParameterAttributeStruct(name, 2, ("Subscriber",)) for name in names)
    )


def test_attributes_are_told_by_name(play, operation, subject):
    script = get_attributes(operation("get.attr", wish("X")), subject())
    outcome, _ = play(script, (GetParameterAttributes(("X",)), told("X")))
    assert outcome == Done(
        {"variables": [{"variable_name": "X", "notification": 2, "access_list": ["Subscriber"]}]}
    )


def test_a_bad_name_is_found_by_halving_and_the_rest_is_told(play, operation, subject):
    script = get_attributes(operation("get.attr", wish("X", "No", "Y")), subject())
    outcome, _ = play(
        script,
        (GetParameterAttributes(("X", "No", "Y")), fault(9005)),
        (GetParameterAttributes(("X",)), told("X")),
        (GetParameterAttributes(("No", "Y")), fault(9005)),
        (GetParameterAttributes(("No",)), fault(9005)),
        (GetParameterAttributes(("Y",)), told("Y")),
    )
    assert isinstance(outcome, Failed)
    assert list(outcome.error.parameters) == ["No"]
    assert [each["variable_name"] for each in outcome.result["variables"]] == ["X", "Y", "No"]
    assert outcome.result["variables"][2] == {"variable_name": "No", "value": None}


def test_a_list_that_is_too_long_goes_out_in_parts(play, operation, subject):
    script = get_attributes(operation("get.attr", wish("X", "Y", "Z")), subject(get_batch=2))
    outcome, _ = play(
        script,
        (GetParameterAttributes(("X", "Y")), fault(9004)),
        (GetParameterAttributes(("X",)), told("X")),
        (GetParameterAttributes(("Y",)), told("Y")),
        (GetParameterAttributes(("Z",)), told("Z")),
    )
    assert isinstance(outcome, Done)


def test_what_is_not_said_is_not_changed(play, operation, subject):
    request = {
        "variables": [
            {"variable_name": "X", "notification": 0},
            {"variable_name": "Y", "access_list": []},
            {"variable_name": "Z", "notification": 2, "access_list": ["Subscriber"]},
        ]
    }
    wanted = (
        SetParameterAttributesStruct("X", notification_change=True, notification=0),
        SetParameterAttributesStruct("Y", access_list_change=True),
        SetParameterAttributesStruct(
            "Z",
            notification_change=True,
            notification=2,
            access_list_change=True,
            access_list=("Subscriber",),
        ),
    )
    script = set_attributes(operation("set.attr", request), subject())
    outcome, _ = play(script, (SetParameterAttributes(wanted), SetParameterAttributesResponse()))
    assert outcome == Done({"variables": request["variables"]})


def test_a_refused_notification_is_named_where_only_one_was_asked_for(play, operation, subject):
    request = {"variables": [{"variable_name": "X", "notification": 2}]}
    wanted = SetParameterAttributesStruct("X", notification_change=True, notification=2)
    script = set_attributes(operation("set.attr", request), subject())
    outcome, _ = play(script, (SetParameterAttributes((wanted,)), fault(9009)))
    assert outcome.error.parameters["X"]["code"] == "9009"
