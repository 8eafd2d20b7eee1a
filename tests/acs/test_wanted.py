"""What is wanted of a device, through whole sessions with devices that change, mask or refuse."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from acs.workers.rollout import Rollout
from inventory import access, devices, drift, explaining, operations, own_settings, pending, types
from inventory.applying import SPREAD_S
from inventory.devices import Family, Key, Setup
from inventory.operations import DAY_S, Kind
from inventory.query import ANY_VERSION, Window
from inventory.records import firmware
from inventory.settings import Setting

PERSON = access.of_the_house("tests")
NTP, ZONE, KEY = "Device.Time.NTPServer1", "Device.Time.LocalTimeZone", "Device.WiFi.KeyPassphrase"
FACTORY = {NTP: "pool.ntp.org", ZONE: "UTC", KEY: ""}
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"


class Router:
    """A CPE that holds values and answers for them; ``keep`` changes what it is told, by name."""

    def __init__(self, cpe):
        self.cpe, self.values, self.keep, self.refuses = cpe, {}, {}, set()
        self.notified, self.heard = {}, []

    async def session(self, *events, told=()):
        """Informs, and answers whatever it is asked; returns the requests."""
        self.heard = []
        await self.cpe.inform(*events, told=told)
        asked = await self.cpe.say(None)
        while asked.status == 200:
            request = asked.envelope.body
            self.heard.append(request)
            asked = await self.cpe.answer(asked, self.answer(request))
        return self.heard

    def answer(self, request):
        match request:
            case m.GetParameterValues(parameter_names=names):
                found = [n for name in names for n in self.values if n == name or name[-1] == "."]
                return m.GetParameterValuesResponse(
                    tuple(m.ParameterValueStruct(n, self.values[n]) for n in sorted(set(found)))
                )
            case m.SetParameterValues(parameter_list=told, parameter_key=key):
                refused = [each.name for each in told if each.name in self.refuses]
                if refused:
                    faults = [m.SetParameterValuesFault(name, 9007, "no") for name in refused]
                    return m.Fault(9003, "Invalid arguments", tuple(faults))
                for each in told:
                    keep = self.keep.get(each.name, str)
                    self.values[each.name] = keep(each.value)
                self.cpe.key = key
                return m.SetParameterValuesResponse()
            case m.SetParameterAttributes(parameter_list=told):
                self.notified |= {each.name: each.notification for each in told}
                return m.SetParameterAttributesResponse()
            case m.GetParameterAttributes(parameter_names=names):
                told = [m.ParameterAttributeStruct(n, self.notified.get(n, 0)) for n in names]
                return m.GetParameterAttributesResponse(tuple(told))
            case m.FactoryReset():
                return m.FactoryResetResponse()
        return fault(9000)

    def reset(self):
        self.values, self.notified, self.cpe.key = dict(FACTORY), {}, ""

    def sent(self):
        """The values of the last session's requests, by name."""
        return {
            each.name: each.value
            for request in self.heard
            if isinstance(request, m.SetParameterValues)
            for each in request.parameter_list
        }


class Wishes:
    """What people want of the one device, and of its type."""

    def __init__(self, office):
        self.office = office
        self.rollout = Rollout(office.store, office.policy.vault, 300)

    async def write(self, unit, *args, **kwargs):
        return await self.office.store.write(unit, PERSON, *args, **kwargs)

    async def make_type(self, short_name="router", *lines, **fields):
        fields |= {"short_name": short_name, "parameters": lines}
        vault, now = self.office.policy.vault, self.office.clock()
        return (await self.write(types.create, fields, vault, now)).type.id

    async def change_type(self, type_id, *lines, **fields):
        if lines:
            fields["parameters"] = lines
        vault, now = self.office.policy.vault, self.office.clock()
        await self.write(types.change, type_id, fields, vault, ANY_VERSION, now)
        await self.rollout.step(now)

    async def change(self, **fields):
        setup, now = Setup(self.office.policy.vault), self.office.clock()
        await self.write(devices.change, ONE, fields, setup, ANY_VERSION, now)

    async def want(self, *, whole=False, **values):
        given = [Setting(NAMES[name], value) for name, value in values.items()]
        vault, now = self.office.policy.vault, self.office.clock()
        await self.write(own_settings.change, ONE, given, vault, ANY_VERSION, now, whole=whole)

    async def waits(self):
        device = await self.office.store.read(devices.get, PERSON, ONE)
        return pending.settings(device)

    async def drift(self):
        page = await self.office.store.read(drift.of_device, PERSON, ONE, Window(100))
        return {each.path: (each.wanted, each.found, each.is_set_aside) for each in page.items}

    async def explained(self):
        now = self.office.clock()
        told = await self.office.store.read(explaining.explain, PERSON, ONE, now)
        return {reason.code for reason in told.reasons}


ONE = Key(Family.ID, 1)
NAMES = {"ntp": NTP, "zone": ZONE, "key": KEY}


@pytest.fixture
async def router(cpe):
    """It has enrolled, and holds values of its own."""
    await cpe.enrol()
    router = Router(cpe)
    router.values = dict(FACTORY)
    return router


@pytest.fixture
def wishes(office):
    return Wishes(office)


async def sync(office, router):
    operation_id = await office.queue("sync", ())
    await router.session()
    return await office.operation(operation_id)


async def set_in_vain(office, router, wishes):
    """A value that the device changes, as often as it takes to set it aside."""
    router.keep[ZONE] = str.upper
    await wishes.want(zone="cet")
    await router.session()
    for _ in range(3):
        await sync(office, router)


async def test_versions_that_no_inform_tells_are_learnt_by_reading(office, cpe, wishes):
    cpe.version = ""
    await cpe.enrol()
    router = Router(cpe)
    router.values = {
        "Device.DeviceInfo.SoftwareVersion": "3.1.4",
        "Device.DeviceInfo.HardwareVersion": "B2",
        "Device.DeviceInfo.Manufacturer": "",
    }
    await office.queue("get", ["DeviceInfo."])
    await router.session()
    device = await office.store.read(devices.get, PERSON, ONE)
    assert (device.software_version, device.hardware_version) == ("3.1.4", "B2")
    assert device.manufacturer == "Example"


# --- Set aside -------------------------------------------------------------------------------


async def test_a_value_set_in_vain_three_times_is_set_aside_until_another_is_wanted(
    office, router, wishes
):
    await set_in_vain(office, router, wishes)
    assert await wishes.drift() == {ZONE: ("cet", "CET", True)}
    assert await wishes.waits() == "configuration_sync"
    assert "set_aside" in await wishes.explained()
    await sync(office, router)
    assert router.sent() == {}
    await wishes.want(zone="est")
    await router.session()
    assert router.sent() == {ZONE: "est"}
    assert await wishes.drift() == {}
    await sync(office, router)
    assert router.sent() == {ZONE: "est"}


async def test_what_is_set_aside_goes_out_again_with_reconf_and_after_a_reset(
    office, router, wishes
):
    await set_in_vain(office, router, wishes)
    await office.queue("reconf", ())
    await router.session()
    assert router.sent() == {ZONE: "cet"}
    router.reset()
    await router.session("0 BOOTSTRAP", "1 BOOT")
    assert router.sent()[ZONE] == "cet"
    assert await wishes.drift() == {}


async def test_a_refused_value_is_not_called_set_in_vain(office, router, wishes):
    await wishes.want(zone="cet")
    await router.session()
    router.values[ZONE] = "UTC"
    router.refuses = {ZONE}
    for _ in range(4):
        ended = await sync(office, router)
        assert list(ended.error["parameters"]) == [ZONE]
    assert await wishes.drift() == {ZONE: ("cet", "UTC", False)}
    router.refuses = set()
    await sync(office, router)
    assert (router.values[ZONE], await wishes.drift()) == ("cet", {})


async def test_a_secret_that_reads_back_masked_is_set_aside_and_not_forgotten(
    office, router, wishes
):
    router.keep[KEY] = lambda _: "********"
    await wishes.want(key="friend12")
    await router.session()
    for _ in range(3):
        await sync(office, router)
        assert KEY in router.sent()
    assert await wishes.drift() == {KEY: (None, None, True)}
    await sync(office, router)
    assert router.sent() == {}
    office.clock.pass_(1)
    await wishes.want(key="friend34")
    await router.session()
    assert router.sent() == {KEY: "friend34"}


async def test_a_write_only_value_is_no_drift_and_is_sent_again_after_a_reset(
    office, router, wishes
):
    router.keep[ZONE] = lambda _: ""
    await wishes.want(zone="cet")
    await router.session()
    await sync(office, router)
    assert (await wishes.drift(), await wishes.waits()) == ({}, None)
    await sync(office, router)
    assert router.sent() == {}
    assert await wishes.waits() is None
    router.reset()
    await router.session("0 BOOTSTRAP", "1 BOOT")
    assert router.sent()[ZONE] == "cet"


async def test_what_is_refused_or_set_aside_holds_up_no_other_setting(office, router, wishes):
    router.refuses = {ZONE}
    await wishes.want(zone="cet")
    await router.session()
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    assert router.values[NTP] == "ntp.example.net"


# --- What waits ------------------------------------------------------------------------------


async def test_a_wanted_value_that_the_device_is_told_to_have_lost_waits(office, router, wishes):
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    assert await wishes.waits() is None
    router.values[NTP] = "elsewhere"
    await office.queue("get", ["Time.NTPServer1"])
    await router.session()
    assert await wishes.waits() == "configuration_change"
    await wishes.want(ntp="ntp.example.net")  # the same again
    await router.session()
    assert (router.values[NTP], await wishes.waits()) == ("ntp.example.net", None)


async def test_a_value_change_that_is_told_once_is_not_forgotten(office, router, wishes):
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    router.values[NTP] = "elsewhere"
    office.clock.pass_(1)
    await router.session("4 VALUE CHANGE", told={NTP: "elsewhere"})
    for _ in range(2):
        assert await wishes.waits() == "configuration_change"
        await router.session()  # which tells nothing of it
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    assert (router.sent(), await wishes.waits()) == ({NTP: "ntp.example.net"}, None)


async def test_what_was_learnt_after_an_inform_is_not_overwritten_by_it(office, router, wishes):
    await router.session("4 VALUE CHANGE", told={NTP: "told"})
    router.values[NTP] = "read"
    office.clock.pass_(1)
    await office.queue("get", ["Time.NTPServer1"])
    await router.session()
    await router.session("1 BOOT")
    await wishes.want(ntp="read")
    assert await wishes.waits() is None


async def test_drift_that_is_withdrawn_leaves_no_trace_whatever_keys_were_shown(
    office, router, wishes
):
    router.keep[ZONE] = str.upper
    await wishes.want(zone="cet")
    await router.session()
    await sync(office, router)
    await router.session()
    assert await wishes.waits() == "configuration_sync,configuration_change"
    await wishes.want(zone=None)
    assert await wishes.waits() is None
    await wishes.want(zone="est")
    await router.session()
    await sync(office, router)
    router.cpe.key = "technician"
    await router.session()
    await wishes.want(zone=None)
    assert await wishes.waits() == "configuration_sync"  # somebody else's hand is not looked at yet


async def test_a_setting_refused_once_is_sent_when_it_is_asked_for_again(router, wishes):
    router.refuses = {NTP}
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    assert await wishes.waits() == "configuration_change"
    router.refuses = set()
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    assert (router.values[NTP], await wishes.waits()) == ("ntp.example.net", None)


async def test_what_is_not_wanted_any_more_is_no_drift(office, router, wishes):
    await wishes.want(zone="cet")
    router.refuses = {ZONE}
    await router.session()
    await sync(office, router)
    assert await wishes.waits() == "configuration_sync,configuration_change"
    await wishes.want(whole=True)
    assert (await wishes.drift(), await wishes.waits()) == ({}, None)


async def test_a_type_that_is_deleted_leaves_nothing_waiting(office, router, wishes):
    type_id = await wishes.make_type("router", Setting(NTP, "ntp.example.net"))
    await wishes.change(type=type_id)
    vault, now = office.policy.vault, office.clock()
    await wishes.write(types.detach_some, type_id, vault, ANY_VERSION, now)
    assert await wishes.waits() == "reconfiguration"
    await router.session()
    assert (router.sent(), await wishes.waits()) == ({}, None)


async def test_a_foreign_key_is_settled_by_a_sync_that_finds_everything_right(
    office, router, wishes
):
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    await router.session()
    router.cpe.key = "technician"
    await router.session()
    assert await wishes.waits() == "configuration_sync"
    await sync(office, router)
    await router.session()
    assert await wishes.waits() is None


# --- Resets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reconf", "factory"])
async def test_what_is_planned_for_later_does_not_keep_a_reset_device_waiting(
    office, router, wishes, kind
):
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    now = office.clock()
    await office.store.write(operations.queue, 1, Kind(kind), {}, now, due=now + DAY_S)
    router.reset()
    await router.session("0 BOOTSTRAP", "1 BOOT")
    assert router.values[NTP] == "ntp.example.net"


async def test_the_fourth_reset_of_a_day_is_told_and_its_settings_wait(office, router, wishes):
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    for _ in range(4):
        router.reset()
        await router.session("0 BOOTSTRAP", "1 BOOT")
    assert router.values[NTP] == FACTORY[NTP]
    assert await wishes.waits() == "configuration_change"
    alerts = await office.rows("SELECT text FROM device_log WHERE kind = 'alert'")
    assert any("reset more than three times" in text for (text,) in alerts)


async def test_own_settings_written_before_a_device_factory_do_not_come_back(
    office, router, wishes
):
    await office.queue("device_factory", ())
    await router.session()
    await wishes.want(ntp="own.example.net")
    router.reset()
    await router.session("0 BOOTSTRAP", "1 BOOT")
    await router.session()
    assert router.values[NTP] == FACTORY[NTP]
    assert await wishes.waits() is None


async def test_a_device_factory_takes_the_download_of_the_own_image_along(office, router, wishes):
    columns = {"name": "i", "version": "2", "file_type": "1 Firmware Upgrade Image"}
    columns |= {"file_name": "i", "size_bytes": 1, "sha256": "", "stored_as": "i"}
    now = office.clock()
    image = await office.store.write(firmware.insert, now, description=None, **columns)
    await office.queue("device_factory", ())
    await wishes.change(firmware_image=image.id, firmware_image_is_pending=True)
    await router.session()
    assert await wishes.waits() == "firmware_update,device_factory_pending"
    router.reset()
    await router.session("0 BOOTSTRAP", "1 BOOT")
    assert await wishes.waits() is None
    assert not any(isinstance(each, m.Download) for each in router.heard)


# --- Changed types ---------------------------------------------------------------------------


async def test_a_changed_template_takes_nothing_from_a_persons_settings(office, router, wishes):
    type_id = await wishes.make_type("router", Setting(ZONE, "cet"))
    await wishes.change(type=type_id)
    await router.session()
    await wishes.want(ntp="own.example.net")
    await wishes.change_type(type_id, Setting(ZONE, "est"))
    await router.session()
    assert router.sent() == {NTP: "own.example.net"}
    office.clock.pass_(SPREAD_S)
    await router.session()
    assert router.sent() == {ZONE: "est"}
    assert not await office.rows("SELECT 1 FROM operations WHERE state = 'cancelled'")


async def test_an_older_types_template_never_overtakes_the_new_one(office, router, wishes):
    old = await wishes.make_type("old", Setting(ZONE, "a"))
    new = await wishes.make_type("new", Setting(ZONE, "c"))
    await wishes.change(type=old)
    await router.session()
    await wishes.change_type(old, Setting(ZONE, "b"))
    await wishes.change(type=new)
    await router.session()
    office.clock.pass_(SPREAD_S)
    await router.session()
    assert router.values[ZONE] == "c"


async def test_a_changed_notification_reaches_the_devices(office, router, wishes):
    type_id = await wishes.make_type("router", Setting(ZONE, "UTC"))
    await wishes.change(type=type_id)
    await router.session()
    await wishes.change_type(type_id, Setting(ZONE, "UTC", notification=2))
    office.clock.pass_(SPREAD_S)
    await router.session()
    assert (router.sent(), router.notified) == ({}, {ZONE: 2})


async def test_a_notification_that_waits_is_not_lost_to_another_change(office, router, wishes):
    type_id = await wishes.make_type("router", Setting(ZONE, "UTC"))
    await wishes.change(type=type_id)
    await router.session()
    await wishes.change_type(type_id, Setting(ZONE, "UTC", notification=2))
    await wishes.want(ntp="ntp.example.net")
    await router.session()
    assert (router.sent(), router.notified) == ({NTP: "ntp.example.net"}, {ZONE: 2})


async def test_an_own_value_keeps_the_notification_of_its_types(office, router, wishes):
    type_id = await wishes.make_type("router", Setting(ZONE, "UTC", notification=2))
    await wishes.want(zone="cet")
    await wishes.change(type=type_id)
    await router.session()
    assert (router.values[ZONE], router.notified) == ("cet", {ZONE: 2})


async def test_a_types_changed_interval_reaches_devices_that_have_none_of_their_own(
    office, router, wishes
):
    type_id = await wishes.make_type("router", update_frequency=600)
    await wishes.change(type=type_id)
    await router.session()
    assert router.values[INTERVAL] == "600"
    await wishes.change_type(type_id, update_frequency=555)
    office.clock.pass_(SPREAD_S)
    await router.session()
    assert router.sent() == {INTERVAL: "555"}
    await wishes.change(update_frequency=700)
    await wishes.change_type(type_id, update_frequency=400)
    office.clock.pass_(SPREAD_S)
    await router.session()
    assert router.sent() == {INTERVAL: "700"}


# --- Hostile Informs -------------------------------------------------------------------------


async def test_an_inform_of_tens_of_thousands_of_parameters_is_no_burden(office, cpe):
    """Its names are never the parameters of a query: SQLite would take seconds to prepare that."""
    await cpe.enrol()
    values = [m.ParameterValueStruct(f"Device.X.P{n}", str(n)) for n in range(40_000)]
    device = m.DeviceIdStruct("Example", "00D09E", "Gateway", cpe.serial_number)
    body = m.Inform(device, (m.EventStruct("4 VALUE CHANGE"),), parameter_list=tuple(values))
    answer = await cpe.send(m.Envelope(body, id="i2", namespace="urn:dslforum-org:cwmp-1-2"))
    assert answer.status == 200
