"""The life of one CPE, against a scripted ACS on a real socket."""

import asyncio

from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from acs.cwmp.messages import EventStruct

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
