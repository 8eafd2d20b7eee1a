"""Values go out in the device's own types, all or none."""

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    Fault,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValueStruct,
    SetParameterValues,
    SetParameterValuesFault,
    SetParameterValuesResponse,
)
from acs.procedures.setting import set_values
from acs.procedures.steps import Done, Failed, Held

INTERVAL = "Device.ManagementServer.PeriodicInformInterval"


def wanted(name, value, value_type=None):
    return {"variables": [{"variable_name": name, "value": value, "value_type": value_type}]}


def test_a_known_type_is_used_without_asking(play, operation, subject):
    script = set_values(
        operation("set", wanted(INTERVAL, "300", "integer")),
        subject(held={INTERVAL: Held("60", "unsignedInt")}),
    )
    value = ParameterValueStruct(INTERVAL, "300", "unsignedInt")
    outcome, _ = play(script, (SetParameterValues((value,)), SetParameterValuesResponse(1)))
    assert isinstance(outcome, Done)
    assert outcome.result["status"] == 1
    assert outcome.result["variables"][0]["value_type"] == "unsignedInt"


def test_a_secret_that_its_type_does_not_allow_is_not_told(play, operation, subject):
    script = set_values(
        operation("set", wanted("Device.Bank.Account", "1234x", "int")),
        subject(is_secret=lambda name: name.endswith("Account")),
    )
    outcome, _ = play(script)
    assert isinstance(outcome, Failed)
    assert "1234x" not in str(outcome.error)


def test_a_type_goes_out_under_its_name_on_the_wire(play, operation, subject):
    script = set_values(operation("set", wanted("Device.X", "QUJD", "base64")), subject())
    value = ParameterValueStruct("Device.X", "QUJD", "base64Binary")
    outcome, _ = play(script, (SetParameterValues((value,)), SetParameterValuesResponse(0)))
    assert isinstance(outcome, Done)


def test_an_unknown_type_is_asked_for_first(play, operation, subject):
    found = ParameterValueStruct("Device.X", "true", "boolean")
    outcome, _ = play(
        set_values(operation("set", wanted("Device.X", "0")), subject()),
        (GetParameterValues(("Device.X",)), GetParameterValuesResponse((found,))),
        (
            SetParameterValues((ParameterValueStruct("Device.X", "false", "boolean"),)),
            SetParameterValuesResponse(),
        ),
    )
    assert isinstance(outcome, Done)


def test_a_name_that_the_device_does_not_know_changes_nothing(play, operation, subject):
    outcome, _ = play(
        set_values(operation("set", wanted("Device.X", "0")), subject()),
        (GetParameterValues(("Device.X",)), fault(9005)),
    )
    assert outcome.error.parameters == {
        "Device.X": {"code": "9005", "message": "Invalid parameter name"}
    }


def test_a_value_that_its_type_does_not_allow_is_never_sent(play, operation, subject):
    outcome, _ = play(
        set_values(
            operation("set", wanted(INTERVAL, "soon")),
            subject(held={INTERVAL: Held("60", "unsignedInt")}),
        )
    )
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "9007"
    assert INTERVAL in outcome.error.parameters


def test_each_refused_parameter_is_named_with_its_fault(play, operation, subject):
    refused = Fault(9003, "Invalid arguments", (SetParameterValuesFault("Device.X", 9008, "no"),))
    outcome, _ = play(
        set_values(operation("set", wanted("Device.X", "0", "string")), subject()),
        (SetParameterValues((ParameterValueStruct("Device.X", "0", "string"),)), refused),
    )
    assert outcome.error.code == "9003"
    assert outcome.error.parameters == {"Device.X": {"code": "9008", "message": "no"}}


def test_a_request_whose_key_the_device_has_shown_is_not_sent_again(play, operation, subject):
    applied = operation("set", wanted("Device.X", "0", "string"), evidence={"applied": True})
    outcome, _ = play(set_values(applied, subject()))
    assert isinstance(outcome, Done)


def test_base64_goes_out_by_the_name_that_xml_schema_has_for_it(play, operation, subject):
    value = ParameterValueStruct("Device.X", "AQI=", "base64Binary")
    outcome, _ = play(
        set_values(operation("set", wanted("Device.X", "AQI=", "base64")), subject()),
        (SetParameterValues((value,)), SetParameterValuesResponse()),
    )
    assert isinstance(outcome, Done)
