"""What transcripts keep of messages that hold secrets."""

import pytest

from acs.cwmp.messages import (
    DeploymentUnitFaultStruct,
    Download,
    DUStateChangeComplete,
    Envelope,
    Fault,
    FaultStruct,
    OpResultStruct,
    ParameterValueStruct,
    SetParameterValues,
    SetParameterValuesFault,
    TransferComplete,
    Upload,
)
from acs.redaction import redacted, without, without_secrets_of
from inventory.secrets import is_secret_name

OURS = "http://acs.example/files/17.s3cret-t0ken_/gateway.bin"


@pytest.mark.parametrize("method", [Download, Upload])
def test_the_url_of_a_transfer_is_kept_without_what_opens_it(method):
    kept = redacted(Envelope(method(command_key="op_1", url=OURS, password="secret"))).body
    assert kept.command_key == "op_1"
    assert kept.url == "http://acs.example/files/********/gateway.bin"
    assert kept.password == "********"


def test_somebody_elses_url_is_kept_and_no_password_stays_none():
    kept = redacted(Envelope(Download(url="http://files.example/files/x.bin"))).body
    assert kept.url == "http://files.example/files/x.bin"
    assert kept.password == ""


def test_a_fault_is_told_without_the_secrets_of_the_request_that_it_echoes():
    request = SetParameterValues(
        (
            ParameterValueStruct("Device.X.Password", "friend"),
            ParameterValueStruct("Device.Y.Password", "friend or foe"),
            ParameterValueStruct("Device.Z.Pin", "123"),
            ParameterValueStruct("Device.Name", "router"),
        )
    )
    echo = SetParameterValuesFault("Device.Y.Password", 9007, "friend or foe is too long")
    told = without_secrets_of(request, Fault(9003, "router: friend, 123", (echo,)), is_secret_name)
    assert told.fault_string == "router: ********, 123"
    assert told.set_parameter_values_faults[0].fault_string == "******** is too long"
    refused = Fault(9010, "cannot log in with s3cret")
    told = without_secrets_of(Download(password="s3cret"), refused, is_secret_name)
    assert told.fault_string == "cannot log in with ********"


def test_no_fault_string_of_a_report_holds_what_was_sent_or_opens_a_file():
    told = TransferComplete("op_1", FaultStruct(9016, f"{OURS}: 401 for s3cret, abc"))
    assert without(told, ["s3cret", "abc"]).fault_struct.fault_string == (
        "http://acs.example/files/********/gateway.bin: 401 for ********, abc"
    )
    results = (OpResultStruct(uuid="s3cret", fault=DeploymentUnitFaultStruct(9016, "no s3cret")),)
    (result,) = without(DUStateChangeComplete(results, "op_1"), ["s3cret"]).results
    assert (result.uuid, result.fault.fault_string) == ("s3cret", "no ********")


def test_a_fault_about_anything_opens_no_file():
    told = without_secrets_of(Download(), Fault(9010, f"cannot reach {OURS}"), is_secret_name)
    assert told.fault_string == "cannot reach http://acs.example/files/********/gateway.bin"
