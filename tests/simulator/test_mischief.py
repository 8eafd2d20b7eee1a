"""What devices do wrong, on purpose."""

import pytest

from acs.cwmp import messages as m
from simulator import mischief
from simulator.mischief import parse

INTERVAL = "Device.ManagementServer.PeriodicInformInterval"
KEY = "Device.ManagementServer.ParameterKey"
NTP = "Device.Time.NTPServer1"


@pytest.fixture
def spoiled(make_cpe):
    """A CPE with misdeeds named as on the command line."""

    def make(*texts, **options):
        return make_cpe(mischief=[one for text in texts for one in parse(text)], **options)

    return make


def set_to(name, text, type="string", key="k1"):
    return m.SetParameterValues((m.ParameterValueStruct(name, text, type),), key)


async def test_a_cut_line_fails_the_session_and_keeps_its_events(acs, spoiled):
    cpe = spoiled("drop:1:1")
    record = await cpe.start()
    assert "LineCut" in record.error
    assert (await cpe.told("0 BOOTSTRAP")).is_complete


async def test_a_lost_request_was_not_carried_out(acs, spoiled):
    cpe = spoiled("loses-request:AddObject")
    acs.to_ask = [m.AddObject("Device.NAT.PortMapping.", "k")]
    record = await cpe.session()
    assert not record.is_complete
    assert cpe.counts["AddObject"] == 0
    assert len(cpe.tree.children("Device.NAT.PortMapping.")) == 2


async def test_a_lost_answer_leaves_the_request_carried_out(acs, spoiled):
    cpe = spoiled("loses-answer:AddObject")
    acs.to_ask = [m.AddObject("Device.NAT.PortMapping.", "k")]
    record = await cpe.session()
    assert not record.is_complete
    assert acs.heard_of(m.AddObjectResponse) == []
    assert cpe.counts["AddObject"] == 1
    assert len(cpe.tree.children("Device.NAT.PortMapping.")) == 3


async def test_a_reboot_happens_even_when_its_answer_is_lost(acs, spoiled):
    cpe = spoiled("loses-answer:Reboot")
    await cpe.start()
    acs.to_ask = [m.Reboot("r1")]
    assert not (await cpe.session()).is_complete
    assert (await cpe.told("M Reboot", "r1")).told("1 BOOT")


async def test_confirmed_events_can_be_told_again(acs, spoiled):
    cpe = spoiled("repeats-events")
    acs.hangs_up_on = [m.GetRPCMethodsResponse]
    acs.to_ask = [m.GetRPCMethods()]
    await cpe.start()
    record = await cpe.session_where(lambda one: one.is_complete)
    assert record.told("0 BOOTSTRAP")
    assert record.told("1 BOOT")
    assert [event.event_code for event in (await cpe.session()).events] == ["2 PERIODIC"]


async def test_cookies_can_be_lost(acs, spoiled):
    await spoiled("no-cookies").session()
    assert [one.headers.get("cookie") for one in acs.requests] == [None, None]


async def test_an_old_cookie_can_come_with_the_inform(acs, spoiled):
    cpe = spoiled("old-cookie")
    await cpe.session()
    await cpe.session()
    assert acs.requests[2].headers["cookie"] == "session=abc123"


async def test_each_post_can_come_on_a_new_connection(acs, spoiled):
    cpe = spoiled("new-connection")
    acs.to_ask = [m.GetRPCMethods()]
    record = await cpe.session()
    assert record.is_complete
    assert [one.connection for one in acs.requests] == [1, 2, 3]


async def test_one_more_empty_post_can_follow_the_end(acs, spoiled):
    record = await spoiled("extra-empty-post").session()
    assert record.is_complete
    assert [bool(one.body) for one in acs.requests] == [True, False, False]


async def test_ids_can_be_wrong_or_missing(acs, spoiled):
    acs.to_ask = [m.GetRPCMethods()]
    await spoiled("wrong-id").session()
    assert acs.heard[-1].id == "null"
    assert (await spoiled("no-id").session()).is_complete
    assert acs.heard[-1].id is None


async def test_xml_can_be_broken(acs, spoiled):
    record = await spoiled("malformed").session()
    assert record.error == "SessionFailed: HTTP 400"


async def test_xml_can_be_broken_in_one_kind_of_message(acs, spoiled):
    acs.to_ask = [m.GetRPCMethods(), m.GetParameterValues((NTP,))]
    record = await spoiled("malformed:GetParameterValuesResponse").session()
    assert record.error == "SessionFailed: HTTP 400"
    assert acs.heard_of(m.GetRPCMethodsResponse)


async def test_types_and_counts_can_be_wrong(acs, spoiled):
    await spoiled("no-types", "wrong-counts").session()
    assert b"xsi:type=" not in acs.requests[0].body
    assert b"[0009]" in acs.requests[0].body
    assert acs.heard_of(m.Inform)


async def test_a_clock_can_be_wrong(acs, make_cpe):
    cpe = make_cpe(mischief=parse("clock:-1000"), clock=lambda: 1_700_000_000.0)
    await cpe.session()
    assert acs.heard_of(m.Inform)[0].current_time == "2023-11-14T21:56:40Z"


async def test_the_parameter_key_can_be_forgotten(acs, spoiled):
    cpe = spoiled("no-parameter-key")
    acs.to_ask = [set_to(NTP, "x")]
    await cpe.session()
    assert (cpe.tree.value(NTP), cpe.tree.value(KEY)) == ("x", "")


async def test_bootstrap_can_come_at_every_boot(acs, spoiled):
    cpe = spoiled("bootstraps")
    await cpe.start()
    acs.to_ask = [m.Reboot("r1")]
    await cpe.session()
    assert (await cpe.told("M Reboot", "r1")).told("0 BOOTSTRAP")


@pytest.mark.parametrize(
    ("misdeed", "request_", "expected"),
    [
        ("faults:9001:*.Time.*", m.GetParameterValues((INTERVAL, NTP)), 9001),
        ("faults:9002:Reboot", m.Reboot("r"), 9002),
        ("small-batches:2", m.GetParameterValues((INTERVAL, NTP, KEY)), 9004),
        ("no-root", m.GetParameterNames("Device.", True), 9005),
        ("no-root", m.GetParameterValues(("",)), 9005),
    ],
)
async def test_requests_can_be_refused(acs, spoiled, misdeed, request_, expected):
    cpe = spoiled(misdeed)
    acs.to_ask = [request_]
    record = await cpe.session()
    assert [one.fault_code for one in record.sent(m.Fault)] == [expected]
    assert cpe.counts.total() == 0


@pytest.mark.parametrize("misdeed", ["faults:9001:*.Nope.*", "small-batches:2", "no-root"])
async def test_what_is_not_meant_is_answered(acs, spoiled, misdeed):
    acs.to_ask = [m.GetParameterValues((INTERVAL, NTP))]
    record = await spoiled(misdeed).session()
    assert len(record.sent(m.GetParameterValuesResponse)[0].parameter_list) == 2


async def test_unknown_names_can_be_left_out(acs, spoiled):
    acs.to_ask = [m.GetParameterValues((NTP, "Device.Nope"))]
    record = await spoiled("leaves-out-unknown").session()
    [answer] = record.sent(m.GetParameterValuesResponse)
    assert [value.name for value in answer.parameter_list] == [NTP]


@pytest.mark.parametrize(
    ("form", "stored"), [("upper", " AB "), ("lower", " ab "), ("strip", "Ab"), ("mask", "****")]
)
async def test_values_can_be_stored_otherwise(acs, spoiled, form, stored):
    cpe = spoiled(f"rewrites:{form}")
    acs.to_ask = [set_to(NTP, " Ab ")]
    await cpe.session()
    assert cpe.tree.value(NTP) == stored


async def test_settings_can_be_applied_later(acs, spoiled):
    acs.to_ask = [set_to(NTP, "x")]
    record = await spoiled("later-applied").session()
    assert record.sent(m.SetParameterValuesResponse) == [m.SetParameterValuesResponse(1)]


async def test_silence_ends_with_patience(acs, spoiled):
    record = await spoiled("silent:1:0.01").session()
    assert not record.is_complete
    assert len(acs.requests) == 1


async def test_misdeeds_go_together(acs, spoiled):
    cpe = spoiled("no-parameter-key", "later-applied", "rewrites:upper")
    acs.to_ask = [set_to(NTP, "x")]
    record = await cpe.session()
    assert record.sent(m.SetParameterValuesResponse)[0].status == 1
    assert (cpe.tree.value(NTP), cpe.tree.value(KEY)) == ("X", "")


def test_every_profile_consists_of_known_misdeeds():
    for name in mischief.PROFILES:
        assert parse(name)


@pytest.mark.parametrize("text", ["nonsense", "drop:x", "rewrites:backwards", "bootstraps:1"])
def test_what_is_no_misdeed_is_refused(text):
    with pytest.raises(ValueError, match=text.partition(":")[0]):
        parse(text)


def test_each_parse_makes_instances_of_its_own():
    assert parse("drop:3")[0] is not parse("drop:3")[0]
