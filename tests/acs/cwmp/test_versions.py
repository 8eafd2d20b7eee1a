"""Which CWMP version is spoken, and what of it the InformResponse may say."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp import versions
from acs.cwmp.faults import RemoteProtocolError, fault
from acs.cwmp.messages import Envelope, Inform, InformResponse

CWMP = "urn:dslforum-org:cwmp-1-"


def inform(n: int = 0, **headers) -> Envelope:
    return Envelope(Inform(), id="7", namespace=f"{CWMP}{n}", **headers)


@pytest.mark.parametrize(
    ("envelope", "version"),
    [
        (inform(0), (1, 0)),
        (inform(1), (1, 1)),
        (inform(2), (1, 2)),
        (inform(2, session_timeout_s=60), (1, 3)),
        (inform(2, supported_versions=("1.0", "1.4", "1.2")), (1, 4)),
        (inform(4), (1, 4)),
        (inform(4, session_timeout_s=60), (1, 4)),
        (inform(0, session_timeout_s=60), (1, 0)),
        (inform(0, supported_versions=("garbage",)), (1, 0)),
        (Envelope(Inform(), namespace="urn:x"), (1, 0)),
    ],
)
def test_the_inform_shows_what_the_cpe_speaks(envelope, version):
    assert versions.cpe_version(envelope) == version


def test_only_a_cpe_that_listed_its_versions_is_told_which_to_use():
    assert versions.reply_headers(inform(2)) is None
    assert versions.reply_headers(inform(2, supported_versions=("1.2", "1.4", "1.3"))) == "1.4"
    assert versions.reply_headers(inform(2, supported_versions=("1.9", " 1.1 ", "?"))) == "1.1"


def test_without_a_common_version_the_answer_is_8006():
    with pytest.raises(RemoteProtocolError) as caught:
        versions.reply_headers(inform(2, supported_versions=("2.0", "1.7")))
    assert caught.value.fault_code == 8006


def test_an_answer_has_the_namespace_and_the_id_of_what_it_answers():
    for n in (0, 1, 2, 3, 4, 12):
        answer = versions.reply(inform(n), InformResponse())
        assert answer == Envelope(InformResponse(), id="7", namespace=f"{CWMP}{n}")
    assert versions.reply(Envelope(Inform()), InformResponse()).id is None


def test_use_version_stands_in_the_inform_response_alone():
    request = inform(2, supported_versions=("1.4",))
    assert versions.reply(request, InformResponse()).use_version == "1.4"
    assert versions.reply(request, fault(8002)).use_version is None


@pytest.mark.parametrize("text", ["", "1", "1.", "x1.4", "1.4.2", "1.99999", "١.٤"])
def test_what_is_no_version_is_none(text):
    assert versions.parse_version(text) is None


def test_namespaces_are_recognised():
    assert versions.is_namespace(f"{CWMP}0")
    assert not versions.is_namespace(f"{CWMP}0 ")
    assert not versions.is_namespace(f"{CWMP}x")
    assert not versions.is_namespace(f"{CWMP}0\n")
    assert versions.namespace_in(f" {CWMP}2 ") == f"{CWMP}2"
    assert versions.namespace_in("http://example.net/") is None
    assert versions.namespace_version(f"{CWMP}3") == (1, 3)
    assert versions.namespace_version("urn:x") is None


@pytest.mark.parametrize(
    ("call", "since"),
    [
        (m.Download(), 0),
        (m.GetQueuedTransfers(), 0),
        (m.GetAllQueuedTransfers(), 1),
        (m.ScheduleDownload(), 2),
        (m.CancelTransfer(), 2),
        (m.ChangeDUState(), 2),
    ],
)
def test_a_method_is_known_from_its_version_on(call, since):
    known = [minor for minor in (0, 1, 2, 3, 4, 9) if versions.has_method(f"{CWMP}{minor}", call)]
    assert known == [minor for minor in (0, 1, 2, 3, 4, 9) if minor >= since]
