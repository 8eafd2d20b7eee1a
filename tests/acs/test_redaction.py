"""What transcripts keep of messages that hold secrets."""

import pytest

from acs.cwmp.messages import (
    Download,
    Envelope,
    Fault,
    ParameterValueStruct,
    SetParameterValues,
    SetParameterValuesFault,
    Upload,
)
from acs.redaction import redacted, without_secrets_of
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
