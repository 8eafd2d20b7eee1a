"""What a CPE answers, and what it then has to do."""

import pytest

from acs.cwmp import messages as m
from simulator import behaviour
from simulator.behaviour import (
    ChangeUnits,
    Device,
    RebootAfterSession,
    ResetAfterSession,
    RunDiagnostics,
    ScheduleInformIn,
    StartTransfer,
    TransferState,
)
from simulator.tree import Tree, load

MAPPING = "Device.NAT.PortMapping."
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"
KEY = "Device.ManagementServer.ParameterKey"
IMAGE = "1 Firmware Upgrade Image"


@pytest.fixture
def device():
    return Device(Tree(load("tr181-gateway")))


def ask(device, request):
    return behaviour.answer(device, request).message


def value(name, text, type="string"):
    return m.ParameterValueStruct(name, text, type)


def code(answer):
    assert isinstance(answer, m.Fault), answer
    return answer.fault_code


def names(answer):
    return [info.name for info in answer.parameter_list]


# --- Reading ---------------------------------------------------------------------------------


def test_a_partial_path_gives_every_parameter_below_it(device):
    answer = ask(device, m.GetParameterValues((f"{MAPPING}1.",)))
    assert f"{MAPPING}1.ExternalPort" in names(answer)
    assert all(name.startswith(f"{MAPPING}1.") for name in names(answer))


def test_values_carry_the_type_of_the_parameter(device):
    [got] = ask(device, m.GetParameterValues((INTERVAL,))).parameter_list
    assert (got.value, got.type) == ("300", "unsignedInt")


def test_one_unknown_name_refuses_the_whole_read(device):
    assert code(ask(device, m.GetParameterValues((INTERVAL, "Device.Nope")))) == 9005


def test_reading_nothing_is_an_invalid_argument(device):
    assert code(ask(device, m.GetParameterValues(()))) == 9003


def test_the_empty_path_reads_everything(device):
    everything = ask(device, m.GetParameterValues(("",)))
    assert names(everything) == list(device.tree.parameters(""))


def test_an_existing_table_without_instances_reads_as_an_empty_list(device):
    answer = ask(device, m.GetParameterValues(("Device.DynamicDNS.Client.",)))
    assert answer == m.GetParameterValuesResponse(())


@pytest.mark.parametrize(
    ("path", "next_level", "expected"),
    [
        ("", True, ["Device."]),
        ("Device.Time.NTPServer1", False, ["Device.Time.NTPServer1"]),
        (MAPPING, True, [f"{MAPPING}1.", f"{MAPPING}2."]),
        ("Device.DynamicDNS.Client.", True, []),
    ],
)
def test_names_are_listed_by_the_table_of_the_standard(device, path, next_level, expected):
    assert names(ask(device, m.GetParameterNames(path, next_level))) == expected


def test_all_names_below_an_object_begin_with_the_object(device):
    listed = names(ask(device, m.GetParameterNames(f"{MAPPING}1.", False)))
    assert listed[0] == f"{MAPPING}1."
    assert f"{MAPPING}1.Enable" in listed


def test_the_empty_path_names_everything_and_no_empty_name(device):
    listed = names(ask(device, m.GetParameterNames("", False)))
    assert listed[0] == "Device."
    assert "" not in listed


@pytest.mark.parametrize(
    ("path", "next_level", "expected"),
    [("Device.Time.NTPServer1", True, 9003), ("Device.Nope.", False, 9005)],
)
def test_names_that_cannot_be_listed(device, path, next_level, expected):
    assert code(ask(device, m.GetParameterNames(path, next_level))) == expected


def test_writable_means_set_for_parameters_add_for_tables_delete_for_instances(device):
    listed = ask(device, m.GetParameterNames("Device.", False)).parameter_list
    writable = {info.name: info.writable for info in listed}
    assert writable[INTERVAL]
    assert not writable["Device.DeviceInfo.SerialNumber"]
    assert writable[MAPPING]
    assert writable[f"{MAPPING}1."]
    assert not writable["Device.NAT."]
    assert not writable["Device.Hosts.Host."]


# --- Setting ---------------------------------------------------------------------------------


def test_set_values_are_read_back_with_the_key(device):
    answer = ask(device, m.SetParameterValues((value(INTERVAL, "60", "unsignedInt"),), "k1"))
    assert answer == m.SetParameterValuesResponse(0)
    assert device.tree.value(INTERVAL) == "60"
    assert device.tree.value(KEY) == "k1"


def test_booleans_are_stored_in_the_devices_own_form(device):
    name = "Device.Time.Enable"
    ask(device, m.SetParameterValues((value(name, "0", "boolean"),)))
    assert device.tree.value(name) == "false"


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (value("Device.Nope", "1"), 9005),
        (value("Device.Time.", "1"), 9005),
        (value("Device.DeviceInfo.SerialNumber", "1"), 9008),
        (value(INTERVAL, "60", "string"), 9006),
        (value(INTERVAL, "sixty", "unsignedInt"), 9007),
        (value(INTERVAL, "0", "unsignedInt"), 9007),
        (value("Device.WiFi.SSID.1.SSID", "x" * 33), 9007),
        (value(f"{MAPPING}1.Protocol", "ICMP"), 9007),
        (value("Device.IP.Diagnostics.IPPing.DiagnosticsState", "Complete"), 9007),
    ],
)
def test_each_wrong_parameter_is_named_with_its_fault(device, wrong, expected):
    right = value("Device.Time.NTPServer1", "ntp.example.org")
    answer = ask(device, m.SetParameterValues((right, wrong), "k1"))
    assert code(answer) == 9003
    [named] = answer.set_parameter_values_faults
    assert (named.parameter_name, named.fault_code) == (wrong.name, expected)
    assert device.tree.value(right.name) != right.value
    assert device.tree.value(KEY) == ""


def test_the_same_parameter_twice_is_refused(device):
    twice = (value(INTERVAL, "60", "unsignedInt"), value(INTERVAL, "61", "unsignedInt"))
    assert code(ask(device, m.SetParameterValues(twice))) == 9003


def test_asking_for_a_test_starts_it(device):
    ping = "Device.IP.Diagnostics.IPPing."
    request = m.SetParameterValues(
        (value(f"{ping}Host", "192.0.2.1"), value(f"{ping}DiagnosticsState", "Requested"))
    )
    answer = behaviour.answer(device, request)
    assert answer.effects == (RunDiagnostics(ping),)


def test_new_arguments_make_an_old_result_void(device):
    ping = "Device.IP.Diagnostics.IPPing."
    device.tree.set(f"{ping}DiagnosticsState", "Complete")
    ask(device, m.SetParameterValues((value(f"{ping}Host", "192.0.2.2"),)))
    assert device.tree.value(f"{ping}DiagnosticsState") == "None"


# --- Attributes ------------------------------------------------------------------------------


def attribute(name, notification, access=()):
    return m.SetParameterAttributesStruct(name, True, notification, bool(access), tuple(access))


def test_attributes_of_a_partial_path_hold_for_all_below(device):
    answer = ask(device, m.SetParameterAttributes((attribute("Device.Time.", 1),)))
    assert answer == m.SetParameterAttributesResponse()
    read = ask(device, m.GetParameterAttributes(("Device.Time.",)))
    assert {info.notification for info in read.parameter_list} == {1}


def test_what_is_not_to_change_stays(device):
    name = "Device.Time.NTPServer1"
    ask(device, m.SetParameterAttributes((attribute(name, 2),)))
    only_access = m.SetParameterAttributesStruct(name, False, 0, True, ())
    ask(device, m.SetParameterAttributes((only_access,)))
    [read] = ask(device, m.GetParameterAttributes((name,))).parameter_list
    assert (read.notification, read.access_list) == (2, ())


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (attribute("Device.Nope", 1), 9005),
        (attribute("Device.Time.NTPServer1", 9), 9003),
        (attribute("Device.Time.NTPServer1", 1, ["Everybody"]), 9003),
        (attribute("Device.DeviceInfo.UpTime", 2), 9009),
        (attribute("Device.IP.Interface.1.Stats.BytesSent", 2), 9009),
        (attribute("Device.DeviceInfo.SoftwareVersion", 0), 9009),
    ],
)
def test_attributes_are_all_or_nothing(device, wish, expected):
    good = attribute("Device.Time.NTPServer2", 2)
    assert code(ask(device, m.SetParameterAttributes((good, wish)))) == expected
    assert device.tree.notification(good.name) == 0


# --- Objects ---------------------------------------------------------------------------------


def test_an_added_object_can_be_set_and_deleted(device):
    answer = ask(device, m.AddObject(MAPPING, "k1"))
    assert answer == m.AddObjectResponse(3, 0)
    assert device.tree.value(KEY) == "k1"
    assert ask(device, m.DeleteObject(f"{MAPPING}3.", "k2")) == m.DeleteObjectResponse(0)
    assert device.tree.value(KEY) == "k2"
    assert code(ask(device, m.GetParameterValues((f"{MAPPING}3.",)))) == 9005


@pytest.mark.parametrize(
    "path",
    ["Device.Nope.", "Device.NAT.", "Device.NAT.PortMapping", "Device.Hosts.Host.", f"{MAPPING}1."],
)
def test_only_a_writable_table_takes_new_objects(device, path):
    assert code(ask(device, m.AddObject(path))) == 9005


@pytest.mark.parametrize(
    "path", ["Device.NAT.", MAPPING, f"{MAPPING}9.", "Device.Hosts.Host.1.", f"{MAPPING}1"]
)
def test_only_a_writable_instance_can_be_deleted(device, path):
    assert code(ask(device, m.DeleteObject(path))) == 9005


def test_a_full_table_is_9004(device):
    while len(device.tree.children(MAPPING)) < behaviour.MAX_INSTANCES:
        device.tree.add(MAPPING)
    assert code(ask(device, m.AddObject(MAPPING))) == 9004


# --- Files -----------------------------------------------------------------------------------


def download(key="d1", url="http://files.example.net/fw-2.0.bin", file_type=IMAGE):
    return m.Download(key, file_type, url, "u", "p", 10, "", 5)


def test_a_download_is_queued_and_started(device):
    answer = behaviour.answer(device, download())
    assert answer.message == m.DownloadResponse(1)
    [effect] = answer.effects
    assert isinstance(effect, StartTransfer)
    assert (effect.transfer.method, effect.transfer.delay_s) == ("Download", 5)
    assert device.transfers == [effect.transfer]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (download(url="ftp://files.example.net/x"), 9013),
        (download(url="http://user:pass@files.example.net/x"), 9003),
        (download(file_type="99 Coffee"), 9003),
        (m.Upload("u", "9 Nothing", "http://files.example.net/x"), 9003),
        (m.ScheduleDownload("s", IMAGE, "http://files.example.net/x"), 9003),
    ],
)
def test_transfers_that_cannot_be_are_refused(device, request_, expected):
    assert code(ask(device, request_)) == expected
    assert device.transfers == []


def test_windows_must_be_in_order(device):
    def windows(*edges):
        return tuple(m.TimeWindowStruct(start, end, "1 At Any Time") for start, end in edges)

    url = "http://files.example.net/x"
    overlapping = m.ScheduleDownload("s", IMAGE, url, time_window_list=windows((0, 100), (50, 200)))
    assert code(ask(device, overlapping)) == 9003
    fine = m.ScheduleDownload("s", IMAGE, url, time_window_list=windows((60, 100), (100, 200)))
    assert ask(device, fine) == m.ScheduleDownloadResponse()
    assert device.transfers[0].delay_s == 60


def test_the_queue_is_listed_and_bounded(device):
    for number in range(behaviour.MAX_TRANSFERS):
        ask(device, download(f"d{number}"))
    assert code(ask(device, download("one too many"))) == 9004
    listed = ask(device, m.GetQueuedTransfers()).transfer_list
    assert [(one.command_key, one.state) for one in listed][:2] == [("d0", 1), ("d1", 1)]
    [first, *_] = ask(device, m.GetAllQueuedTransfers()).transfer_list
    assert (first.is_download, first.file_type, first.file_size) == (True, IMAGE, 10)


def test_a_waiting_transfer_can_be_cancelled_a_running_one_not(device):
    ask(device, download("d1"))
    ask(device, download("d2"))
    device.transfers[1].state = TransferState.RUNNING
    assert ask(device, m.CancelTransfer("d1")) == m.CancelTransferResponse()
    assert code(ask(device, m.CancelTransfer("d2"))) == 9021
    assert [one.command_key for one in device.transfers] == ["d2"]


# --- The rest --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "effect"),
    [
        (m.Reboot("r1"), RebootAfterSession("r1")),
        (m.FactoryReset(), ResetAfterSession()),
        (m.ScheduleInform(30, "s1"), ScheduleInformIn(30, "s1")),
        (
            m.ChangeDUState((m.UninstallOpStruct("x"),), "c1"),
            ChangeUnits((m.UninstallOpStruct("x"),), "c1"),
        ),
    ],
)
def test_what_happens_later_is_an_effect(device, request_, effect):
    answer = behaviour.answer(device, request_)
    assert type(answer.message).__name__ == f"{type(request_).__name__}Response"
    assert answer.effects == (effect,)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (m.ScheduleInform(0, "s1"), 9003),
        (m.ChangeDUState(()), 9003),
        (m.UnknownMethod("X_00D09E_Dance"), 9000),
        (m.SetVouchers(("AA==",)), 9000),
        (m.GetOptions(), 9000),
    ],
)
def test_what_cannot_be_asked(device, request_, expected):
    assert code(ask(device, request_)) == expected


def test_an_older_device_does_not_know_newer_methods():
    old = Device(Tree(load("tr098-gateway")), version=(1, 0))
    spoken = ask(old, m.GetRPCMethods()).method_list
    assert "Download" in spoken
    assert "ChangeDUState" not in spoken
    assert code(ask(old, m.ChangeDUState((m.UninstallOpStruct("x"),)))) == 9000


def test_every_cpe_method_of_the_product_is_spoken(device):
    assert set(ask(device, m.GetRPCMethods()).method_list) == {
        "GetRPCMethods",
        "GetParameterValues",
        "SetParameterValues",
        "GetParameterNames",
        "GetParameterAttributes",
        "SetParameterAttributes",
        "AddObject",
        "DeleteObject",
        "Reboot",
        "FactoryReset",
        "Download",
        "Upload",
        "ScheduleInform",
        "ScheduleDownload",
        "CancelTransfer",
        "GetQueuedTransfers",
        "GetAllQueuedTransfers",
        "ChangeDUState",
    }
