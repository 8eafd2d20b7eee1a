"""Fault codes and their texts."""

import pytest

from acs.cwmp.faults import (
    FAULT_STRINGS,
    CwmpError,
    CwmpFault,
    LocalProtocolError,
    MalformedMessage,
    RemoteProtocolError,
    fault,
    is_client_fault,
)
from acs.cwmp.messages import Fault, SetParameterValuesFault


def test_every_code_of_the_standard_has_its_text():
    assert set(FAULT_STRINGS) == {*range(8000, 8007), *range(9000, 9033)}
    assert all(FAULT_STRINGS.values())


def test_the_askers_mistakes_are_client_faults():
    assert {code for code in FAULT_STRINGS if is_client_fault(code)} == {
        8003,
        9003,
        9005,
        9006,
        9007,
        9008,
    }


def test_a_fault_has_the_standards_text_unless_another_is_given():
    assert fault(9005) == Fault(9005, "Invalid parameter name")
    assert fault(9005, "Device.X") == Fault(9005, "Device.X")
    assert fault(9005, "").fault_string == ""
    assert fault(9850).fault_string == ""
    refused = SetParameterValuesFault("Device.A", 9007)
    assert fault(9003, parameters=[refused]).set_parameter_values_faults == (refused,)


def test_a_refusal_tells_code_text_and_parameters():
    refused = (SetParameterValuesFault("Device.A", 9007, "no"),)
    error = CwmpFault(fault(9003, None, refused))
    assert (error.fault_code, error.fault_string, error.parameters) == (
        9003,
        "Invalid arguments",
        refused,
    )
    assert str(error) == "9003 Invalid arguments"


@pytest.mark.parametrize(
    "error", [CwmpFault, LocalProtocolError, MalformedMessage, RemoteProtocolError]
)
def test_the_family_can_be_caught_as_one(error):
    assert issubclass(error, CwmpError)
