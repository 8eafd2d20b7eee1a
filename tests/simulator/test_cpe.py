"""The life of one CPE, against a scripted ACS on a real socket."""

import asyncio

import pytest

from acs.cwmp import codec
from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from acs.cwmp.messages import Envelope, EventStruct
from simulator.cpe import Pace
from simulator.mischief import parse

BOOTSTRAP, BOOT = EventStruct("0 BOOTSTRAP"), EventStruct("1 BOOT")


def events_of(record):
    return [event.event_code for event in record.events]


async def test_the_first_session_tells_bootstrap_and_boot(acs, cpe):
    record = await cpe.start()
    assert record.is_complete, record.error
    [inform] = acs.heard_of(m.Inform)
    assert inform.event == (BOOTSTRAP, BOOT)
    assert inform.device_id.serial_number == "SIM000001"
    assert inform.retry_count == 0


async def test_the_inform_carries_the_forced_parameters_of_its_root(acs, make_cpe):
    for model, root in (("tr181-gateway", "Device."), ("tr098-gateway", "InternetGatewayDevice.")):
        await make_cpe(model=model).session()
        names = {value.name for value in acs.heard_of(m.Inform)[-1].parameter_list}
        assert {
            f"{root}DeviceInfo.SoftwareVersion",
            f"{root}DeviceInfo.HardwareVersion",
            f"{root}DeviceInfo.ProvisioningCode",
            f"{root}ManagementServer.ParameterKey",
            f"{root}ManagementServer.ConnectionRequestURL",
        } <= names
        assert any(name.endswith("ExternalIPAddress") for name in names) == (model[:5] == "tr098")


async def test_a_session_that_nobody_gave_a_reason_is_periodic(acs, cpe):
    record = await cpe.session()
    assert events_of(record) == ["2 PERIODIC"]


async def test_the_requests_of_the_acs_are_answered_in_order(acs, cpe):
    name = "Device.Time.NTPServer1"
    acs.to_ask = [
        m.SetParameterValues((m.ParameterValueStruct(name, "ntp.example.org", "string"),), "k1"),
        m.GetParameterValues((name, "Device.ManagementServer.ParameterKey")),
    ]
    record = await cpe.session()
    assert record.is_complete, record.error
    [answer] = acs.heard_of(m.GetParameterValuesResponse)
    assert [value.value for value in answer.parameter_list] == ["ntp.example.org", "k1"]
    assert cpe.counts == {"SetParameterValues": 1, "GetParameterValues": 1}


async def test_a_reboot_happens_after_the_session_and_is_told_with_its_key(acs, cpe):
    await cpe.start()
    acs.to_ask = [m.Reboot("op_1"), m.GetRPCMethods()]
    await cpe.session()
    assert acs.heard_of(m.GetRPCMethodsResponse)
    record = await cpe.told("M Reboot", "op_1")
    assert record.told("1 BOOT")
    assert not record.told("0 BOOTSTRAP")
    assert cpe.commands["Reboot", "op_1"] == 1
    assert cpe.boot_count == 2


async def test_a_factory_reset_brings_back_the_factory_and_bootstraps(acs, cpe):
    await cpe.start()
    name = "Device.WiFi.SSID.1.SSID"
    acs.to_ask = [
        m.SetParameterValues((m.ParameterValueStruct(name, "Changed", "string"),), "k1"),
        m.AddObject("Device.NAT.PortMapping.", "k2"),
        m.FactoryReset(),
    ]
    await cpe.session()
    record = await cpe.session_where(
        lambda one: one.told("0 BOOTSTRAP") and one is not cpe.sessions[0]
    )
    assert record.told("1 BOOT")
    assert cpe.tree.value(name) == "Example-7200"
    assert cpe.tree.get("ManagementServer.ParameterKey") == ""
    assert cpe.tree.get("NAT.PortMappingNumberOfEntries") == "2"


async def test_an_undelivered_event_is_told_again_with_a_retry_count(acs, cpe):
    acs.raw_answers = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"] * 2
    record = await cpe.start()
    assert not record.is_complete
    await cpe.told("0 BOOTSTRAP")
    assert [inform.retry_count for inform in acs.heard_of(m.Inform)] == [2]


async def test_a_failed_session_is_repeated_even_when_its_events_were_delivered(acs, cpe):
    await cpe.start()
    acs.hangs_up_on = [m.GetRPCMethodsResponse]
    acs.to_ask = [m.GetRPCMethods(), m.GetParameterNames("Device.", True)]
    assert not (await cpe.session()).is_complete
    record = await cpe.session_where(lambda one: one.sent(m.GetParameterNamesResponse))
    assert record.events == ()
    assert record.sent(m.Inform)[0].retry_count == 1


async def test_fault_8005_makes_the_cpe_say_the_same_again(acs, cpe):
    acs.faults = [fault(8005), fault(8005)]
    record = await cpe.session()
    assert record.is_complete, record.error
    informs = acs.heard_of(m.Inform)
    assert len(informs) == 3
    assert len({inform.event for inform in informs}) == 1


async def test_cookies_go_back_within_the_session_and_not_into_the_next(acs, cpe):
    await cpe.session()
    await cpe.session()
    assert [request.headers.get("cookie") for request in acs.requests] == [
        None,
        "session=abc123",
    ] * 2


async def test_a_session_uses_one_connection(acs, cpe):
    await cpe.session()
    assert acs.connections == 1


async def test_an_active_notification_opens_a_session_with_the_new_value(acs, cpe):
    await cpe.start()
    cpe.change("Device.DeviceInfo.SoftwareVersion", "9.9")
    record = await cpe.told("4 VALUE CHANGE")
    values = {value.name: value.value for value in record.sent(m.Inform)[0].parameter_list}
    assert values["Device.DeviceInfo.SoftwareVersion"] == "9.9"


async def test_a_passive_notification_waits_for_the_next_session(acs, cpe):
    await cpe.start()
    name = "Device.Time.NTPServer1"
    acs.to_ask = [
        m.SetParameterAttributes((m.SetParameterAttributesStruct(name, True, 1, False, ()),))
    ]
    await cpe.session()
    count = cpe.session_count
    cpe.change(name, "other.example.net")
    await asyncio.sleep(0)
    assert cpe.session_count == count
    record = await cpe.session(["2 PERIODIC"])
    assert record.told("4 VALUE CHANGE")
    assert name in {value.name for value in record.sent(m.Inform)[0].parameter_list}


async def test_what_the_acs_sets_is_no_value_change(acs, cpe):
    await cpe.start()
    value = m.ParameterValueStruct("Device.DeviceInfo.ProvisioningCode", "P1", "string")
    acs.to_ask = [m.SetParameterValues((value,), "")]
    await cpe.session()
    record = await cpe.session(["2 PERIODIC"])
    assert events_of(record) == ["2 PERIODIC"]


# --- Power and time --------------------------------------------------------------------------


async def test_a_power_cut_in_mid_session_ends_it_and_boots_again(acs, make_cpe):
    cpe = make_cpe(mischief=parse("silent:1"))
    session = asyncio.create_task(cpe.start())
    await acs.called.wait()
    cpe.mischief = ()
    cpe.power_cut()
    record = await session
    assert not record.is_complete
    assert (await cpe.told("0 BOOTSTRAP")).told("1 BOOT")
    assert cpe.boot_count == 2


async def test_what_the_acs_set_survives_a_restart(acs, cpe):
    await cpe.start()
    name = "Device.Time.NTPServer1"
    acs.to_ask = [
        m.SetParameterValues((m.ParameterValueStruct(name, "x", "string"),), "k1"),
        m.AddObject("Device.NAT.PortMapping.", "k2"),
    ]
    await cpe.session()
    cpe.restart()
    record = await cpe.session_where(lambda one: events_of(one) == ["1 BOOT"])
    assert record.is_complete
    assert cpe.tree.value(name) == "x"
    assert cpe.tree.get("NAT.PortMappingNumberOfEntries") == "3"
    assert cpe.tree.get("ManagementServer.ParameterKey") == "k2"


async def test_unreported_value_changes_and_tests_are_lost_by_a_reboot(acs, cpe):
    await cpe.start()
    cpe.tree.set_notification("Device.Time.NTPServer1", 1)
    cpe.change("Device.Time.NTPServer1", "x")
    cpe.restart()
    record = await cpe.session_where(lambda one: one.told("1 BOOT") and not one.told("0 BOOTSTRAP"))
    assert events_of(record) == ["1 BOOT"]


async def test_a_power_cut_before_the_reboot_does_not_lose_its_key(acs, make_cpe):
    cpe = make_cpe(pace=Pace(speed=2000, boot_s=100))
    await cpe.start()
    acs.to_ask = [m.Reboot("r1")]
    await cpe.session()
    cpe.power_cut()
    assert (await cpe.told("M Reboot", "r1")).told("1 BOOT")


async def test_two_reboots_in_one_session_are_one_boot_with_both_keys(acs, cpe):
    await cpe.start()
    acs.to_ask = [m.Reboot("r1"), m.Reboot("r2")]
    await cpe.session()
    assert (await cpe.told("M Reboot", "r1")).told("M Reboot", "r2")
    assert cpe.boot_count == 2


async def test_a_reboot_that_is_asked_with_a_reset_gives_way_to_it(acs, cpe):
    await cpe.start()
    acs.to_ask = [m.Reboot("r1"), m.FactoryReset()]
    await cpe.session()
    first = cpe.sessions[0]
    record = await cpe.session_where(lambda one: one is not first and one.told("1 BOOT"))
    assert events_of(record) == ["0 BOOTSTRAP", "1 BOOT"]


async def test_uptime_counts_from_the_last_boot_by_the_real_clock(acs, make_cpe):
    now = [1_700_000_000.0]
    cpe = make_cpe(clock=lambda: now[0])
    await cpe.start()
    now[0] += 90
    acs.to_ask = [m.GetParameterValues(("Device.DeviceInfo.UpTime",)), m.Reboot("r1")]
    record = await cpe.session()
    assert record.sent(m.GetParameterValuesResponse)[0].parameter_list[0].value == "90"
    await cpe.told("M Reboot", "r1")
    assert cpe.tree.get("DeviceInfo.UpTime") == "0"


async def test_periodic_informs_come_at_the_interval_that_the_acs_sets(acs, make_cpe):
    cpe = make_cpe(pace=Pace(speed=2000, periodic_speed=2000))
    await cpe.start()
    assert cpe.session_count == 1
    name = "Device.ManagementServer.PeriodicInformInterval"
    acs.to_ask = [m.SetParameterValues((m.ParameterValueStruct(name, "30", "unsignedInt"),), "")]
    await cpe.session(["4 VALUE CHANGE"])
    record = await cpe.told("2 PERIODIC")
    assert events_of(record) == ["2 PERIODIC"]


async def test_periodic_informs_can_be_switched_off(acs, make_cpe):
    cpe = make_cpe(
        pace=Pace(speed=2000, periodic_speed=1e6),
        factory={"ManagementServer.PeriodicInformEnable": "false"},
    )
    await cpe.start()
    await asyncio.sleep(0.01)
    assert cpe.session_count == 1


async def test_scheduled_informs_come_with_their_keys_also_over_a_reboot(acs, cpe):
    await cpe.start()
    acs.to_ask = [m.ScheduleInform(1, "s1"), m.ScheduleInform(100, "s2"), m.Reboot("r1")]
    await cpe.session()
    assert (await cpe.told("M ScheduleInform", "s1")).told("3 SCHEDULED")
    assert (await cpe.told("M ScheduleInform", "s2")).told("3 SCHEDULED")


# --- What it tells ---------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["tr181-gateway", "tr098-gateway"])
async def test_a_test_that_was_asked_for_is_told_when_it_is_done(acs, make_cpe, model):
    cpe = make_cpe(model=model)
    await cpe.start()
    ping = {
        "tr181-gateway": "Device.IP.Diagnostics.IPPing.",
        "tr098-gateway": "InternetGatewayDevice.IPPingDiagnostics.",
    }[model]
    acs.to_ask = [
        m.SetParameterValues(
            (
                m.ParameterValueStruct(f"{ping}Host", "192.0.2.1", "string"),
                m.ParameterValueStruct(f"{ping}NumberOfRepetitions", "4", "unsignedInt"),
                m.ParameterValueStruct(f"{ping}DiagnosticsState", "Requested", "string"),
            )
        )
    ]
    await cpe.session()
    await cpe.told("8 DIAGNOSTICS COMPLETE")
    assert cpe.tree.value(f"{ping}DiagnosticsState") == "Complete"
    assert cpe.tree.value(f"{ping}SuccessCount") == "4"


async def test_a_new_acs_url_brings_bootstrap_there(acs, cpe):
    await cpe.start()
    name = "Device.ManagementServer.URL"
    new = f"http://127.0.0.1:{acs.port}/other"
    acs.to_ask = [m.SetParameterValues((m.ParameterValueStruct(name, new, "string"),), "")]
    await cpe.session()
    first = cpe.sessions[0]
    record = await cpe.session_where(lambda one: one is not first and one.told("0 BOOTSTRAP"))
    assert not record.told("1 BOOT")
    assert acs.requests[-1].target == "/other"


async def test_parameters_that_the_acs_chose_come_with_every_inform(acs, cpe):
    table = "Device.ManagementServer.InformParameter."
    path = f"{table}{cpe.tree.add(table)}."
    cpe.tree.set(f"{path}ParameterName", "Device.Time.NTPServer1")
    cpe.tree.set(f"{path}Enable", "true")
    record = await cpe.session()
    names = {value.name for value in record.sent(m.Inform)[0].parameter_list}
    assert "Device.Time.NTPServer1" in names


async def test_own_requests_come_before_the_empty_post(acs, cpe):
    cpe.ask(m.GetRPCMethods())
    cpe.request_download("1 Firmware Upgrade Image", [m.ArgStruct("Version", "1")])
    acs.to_ask = [m.GetParameterNames("Device.", True)]
    record = await cpe.start()
    assert [type(one.sent).__name__ for one in record.exchanges] == [
        "Inform",
        "GetRPCMethods",
        "RequestDownload",
        "NoneType",
        "GetParameterNamesResponse",
    ]
    assert record.told("9 REQUEST DOWNLOAD")


async def test_a_report_that_the_acs_refuses_is_not_repeated(acs, cpe):
    acs.faults = [m.InformResponse(), fault(8000)]
    cpe.request_download("1 Firmware Upgrade Image")
    assert (await cpe.session()).is_complete
    assert events_of(await cpe.session()) == ["2 PERIODIC"]


async def test_a_changed_deployment_unit_is_told(acs, cpe):
    await cpe.start()
    uuid = "11111111-2222-3333-4444-555555555555"
    install = m.InstallOpStruct("http://files.example.net/app-1.2.tar", uuid)
    acs.to_ask = [m.ChangeDUState((install, m.UninstallOpStruct(uuid="bad")), "c1")]
    await cpe.session()
    record = await cpe.told("M ChangeDUState", "c1")
    [report] = record.sent(m.DUStateChangeComplete)
    assert [result.current_state for result in report.results] == ["Installed", "Failed"]
    assert report.results[1].fault.fault_code == 9022
    assert cpe.tree.get("SoftwareModules.DeploymentUnitNumberOfEntries") == "1"


@pytest.mark.parametrize(
    ("version", "namespace", "times_out", "offers"),
    [
        ("1.0", "urn:dslforum-org:cwmp-1-0", False, False),
        ("1.1", "urn:dslforum-org:cwmp-1-1", False, False),
        ("1.2", "urn:dslforum-org:cwmp-1-2", False, False),
        ("1.3", "urn:dslforum-org:cwmp-1-2", True, False),
        ("1.4", "urn:dslforum-org:cwmp-1-2", True, True),
    ],
)
async def test_each_version_shows_itself(acs, make_cpe, version, namespace, times_out, offers):
    record = await make_cpe(cwmp_version=version).session()
    assert record.is_complete, record.error
    assert acs.heard[0].namespace == namespace
    assert bool(acs.heard[0].session_timeout_s) == times_out
    assert bool(acs.heard[0].supported_versions) == offers


# --- An ACS that breaks the rules ------------------------------------------------------------


async def test_a_refused_inform_ends_the_session(acs, cpe):
    acs.faults = [fault(8003)]
    record = await cpe.session()
    assert record.error == "SessionFailed: the ACS refused the Inform: 8003"


async def test_an_acs_that_always_wants_a_retry_is_given_up(acs, cpe):
    acs.faults = [fault(8005)] * 10
    record = await cpe.session()
    assert not record.is_complete
    assert len(acs.heard_of(m.Inform)) == 5


async def test_an_answer_with_another_id_ends_the_session(acs, cpe):
    acs.raw_answers = [soap(m.InformResponse(), id="other")]
    record = await cpe.session()
    assert "answered the ID '1' with 'other'" in record.error


async def test_an_answer_in_another_namespace_ends_the_session(acs, cpe):
    acs.raw_answers = [soap(m.InformResponse(), id="1", namespace="urn:dslforum-org:cwmp-1-0")]
    record = await cpe.session()
    assert "namespace" in record.error


async def test_a_request_out_of_turn_ends_the_session(acs, cpe):
    acs.raw_answers = [soap(m.Reboot("r1"), id="x")]
    record = await cpe.session()
    assert "RemoteProtocolError" in record.error
    assert cpe.counts["Reboot"] == 0


async def test_an_answer_that_is_no_xml_ends_the_session(acs, cpe):
    acs.raw_answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]
    assert "MalformedMessage" in (await cpe.session()).error


async def test_held_requests_wait_for_the_acs(acs, cpe):
    acs.raw_answers = [
        soap(m.InformResponse(), id="1", hold_requests=True),
        soap(m.GetRPCMethods(), id="a", hold_requests=True),
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ]
    cpe.ask(m.GetRPCMethods())
    record = await cpe.session()
    assert record.is_complete, record.error
    assert [type(one.sent).__name__ for one in record.exchanges] == [
        "Inform",
        "NoneType",
        "GetRPCMethodsResponse",
        "GetRPCMethods",
        "NoneType",
    ]


def soap(message, **headers):
    headers = {"namespace": "urn:dslforum-org:cwmp-1-2", **headers}
    body = codec.encode(Envelope(message, **headers))
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


# --- Who it is -------------------------------------------------------------------------------

CHALLENGE = (
    b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="acs", nonce="n1", qop="auth"\r\n'
    b"Content-Length: 0\r\n\r\n"
)


async def test_a_challenge_of_the_acs_is_answered_and_the_session_goes_on(acs, make_cpe):
    cpe = make_cpe(username="cpe-user", password="cpe-secret")
    acs.raw_answers = [CHALLENGE]
    record = await cpe.session()
    assert record.is_complete, record.error
    credentials = [request.headers.get("authorization", "") for request in acs.requests]
    assert credentials[0] == ""
    assert 'username="cpe-user"' in credentials[1]
    assert "nc=00000002" in credentials[2]
    assert len(acs.heard_of(m.Inform)) == 1


async def test_credentials_that_the_acs_sets_hold_from_the_next_session_until_a_reset(
    acs, make_cpe
):
    cpe = make_cpe(username="factory", password="factory-secret")
    await cpe.start()
    server = "Device.ManagementServer."
    acs.to_ask = [
        m.SetParameterValues(
            (
                m.ParameterValueStruct(f"{server}Username", "own", "string"),
                m.ParameterValueStruct(f"{server}Password", "own-secret", "string"),
            )
        )
    ]
    await cpe.session()
    acs.raw_answers = [CHALLENGE]
    await cpe.session()
    assert 'username="own"' in acs.requests[-1].headers["authorization"]
    acs.to_ask = [m.FactoryReset()]
    await cpe.session()
    acs.raw_answers = [CHALLENGE]
    first = cpe.sessions[0]
    await cpe.session_where(lambda one: one is not first and one.told("0 BOOTSTRAP"))
    assert 'username="factory"' in acs.requests[-1].headers["authorization"]


async def test_a_device_with_wrong_credentials_has_no_session(acs, make_cpe):
    cpe = make_cpe(username="cpe-user", password="wrong")
    acs.raw_answers = [CHALLENGE] * 3
    record = await cpe.session()
    assert record.error == "SessionFailed: HTTP 401"


def test_two_devices_differ_in_what_is_printed_on_them(make_cpe):
    one, other = make_cpe(serial_number="A"), make_cpe(serial_number="B")
    for name in ("DeviceInfo.SerialNumber", "IP.Interface.1.IPv4Address.1.IPAddress"):
        assert one.tree.get(name) != other.tree.get(name)
    assert one.connection_request_credentials != other.connection_request_credentials
    again = make_cpe(serial_number="A")
    assert again.connection_request_credentials == one.connection_request_credentials
