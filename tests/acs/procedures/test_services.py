"""A service is restarted as the device's type says, or not at all."""

from acs.cwmp.messages import ParameterValueStruct, SetParameterValues, SetParameterValuesResponse
from acs.procedures.services import restart_service
from acs.procedures.steps import Done, Failed

REQUEST = {"service_name": "dns"}


def line(root):
    return {"variable_name": f"{root}DNS.Relay.Enable", "value": "1", "value_type": "boolean"}


def test_what_the_type_defines_is_set_in_the_devices_data_model(play, operation, subject):
    service = (line("Device."), line("InternetGatewayDevice."))
    script = restart_service(operation("restart_service", REQUEST), subject(service=service))
    value = ParameterValueStruct("Device.DNS.Relay.Enable", "1", "boolean")
    outcome, _ = play(script, (SetParameterValues((value,)), SetParameterValuesResponse()))
    assert isinstance(outcome, Done)


def test_a_service_that_the_type_does_not_know_is_not_supported(play, operation, subject):
    for service in ((), (line("InternetGatewayDevice."),)):
        script = restart_service(operation("restart_service", REQUEST), subject(service=service))
        outcome, _ = play(script)
        assert isinstance(outcome, Failed)
        assert outcome.error.code == "not_supported"
        assert "dns" in outcome.error.message
