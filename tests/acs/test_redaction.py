"""What transcripts keep of messages that hold secrets."""

import pytest

from acs.cwmp.messages import Download, Envelope, Upload
from acs.redaction import redacted

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
