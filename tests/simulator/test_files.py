"""Downloads and uploads: real HTTP, and every course that a TransferComplete may take."""

import pytest

from acs.cwmp import messages as m
from simulator.mischief import (
    DownloadsAtOnce,
    ForgetsKey,
    NeverReports,
    ReportsBeforeReboot,
    ReportsTwice,
    TransferFails,
)

IMAGE = "1 Firmware Upgrade Image"
VERSION = "Device.DeviceInfo.SoftwareVersion"


@pytest.fixture
def order(acs):
    def order(path="/fw.bin", file_type=IMAGE, size=0, url=None):
        url = url or f"http://127.0.0.1:{acs.port}{path}"
        return m.Download("d1", file_type, url, "user", "pass", size)

    return order


def completions(acs):
    return acs.heard_of(m.TransferComplete)


async def test_new_firmware_runs_after_a_reboot_and_is_told_with_it(acs, cpe, order):
    acs.files["/fw.bin"] = b"version=4.0.0\n" + bytes(5000)
    await cpe.start()
    acs.to_ask = [order(size=5014)]
    answered = await cpe.session()
    assert answered.sent(m.DownloadResponse) == [m.DownloadResponse(1)]
    record = await cpe.told("M Download", "d1")
    assert [event.event_code for event in record.events] == [
        "1 BOOT",
        "4 VALUE CHANGE",
        "7 TRANSFER COMPLETE",
        "M Download",
    ]
    values = {value.name: value.value for value in record.sent(m.Inform)[0].parameter_list}
    assert values[VERSION] == "4.0.0"
    [complete] = completions(acs)
    assert (complete.command_key, complete.fault_struct.fault_code) == ("d1", 0)
    assert complete.start_time <= complete.complete_time
    assert cpe.device.transfers == []


async def test_the_version_may_stand_in_the_files_name(acs, cpe, order):
    acs.files["/EN-7200_4.1.2.bin"] = bytes(100)
    await cpe.start()
    acs.to_ask = [order("/EN-7200_4.1.2.bin")]
    await cpe.session()
    await cpe.told("M Download", "d1")
    assert cpe.tree.value(VERSION) == "4.1.2"


async def test_new_firmware_survives_a_factory_reset(acs, cpe, order):
    acs.files["/fw.bin"] = b"version=4.0.0\n"
    await cpe.start()
    acs.to_ask = [order()]
    await cpe.session()
    await cpe.told("M Download", "d1")
    acs.to_ask = [m.FactoryReset()]
    await cpe.session()
    first = cpe.sessions[0]
    await cpe.session_where(lambda one: one is not first and one.told("0 BOOTSTRAP"))
    assert cpe.tree.value(VERSION) == "4.0.0"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 9016),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 9012),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 9010),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 9018),
        (b"garbage\r\n\r\n", 9017),
    ],
)
async def test_what_goes_wrong_is_told_by_its_fault(acs, cpe, order, raw, expected):
    await cpe.start()
    acs.raw_files["/fw.bin"] = [raw]
    acs.to_ask = [order(size=5014)]
    await cpe.session()
    await cpe.told("M Download", "d1")
    [complete] = completions(acs)
    assert complete.fault_struct.fault_code == expected
    assert complete.start_time == m.UNKNOWN_TIME
    assert cpe.boot_count == 1


async def test_an_unreachable_server_is_9015(acs, cpe, order):
    await cpe.start()
    acs.to_ask = [order(url="http://127.0.0.1:1/fw.bin")]
    await cpe.session()
    await cpe.told("M Download", "d1")
    assert completions(acs)[0].fault_struct.fault_code == 9015


async def test_a_completion_that_nobody_confirmed_is_told_again(acs, cpe, order):
    acs.hangs_up_on = [m.TransferComplete]
    await cpe.start()
    acs.to_ask = [order("/missing")]
    await cpe.session()
    record = await cpe.session_where(lambda one: one.is_complete and one.told("M Download", "d1"))
    assert record.sent(m.Inform)[0].retry_count == 1
    assert len(completions(acs)) == 2
    assert cpe.device.transfers == []


async def test_status_0_means_done_and_no_completion_follows(acs, make_cpe, order):
    acs.files["/fw.bin"] = b"version=4.0.0\n"
    cpe = make_cpe(mischief=[DownloadsAtOnce()])
    await cpe.start()
    acs.to_ask = [order(), m.GetQueuedTransfers()]
    record = await cpe.session()
    [answer] = record.sent(m.DownloadResponse)
    assert answer.status == 0
    assert answer.complete_time != m.UNKNOWN_TIME
    assert record.sent(m.GetQueuedTransfersResponse) == [m.GetQueuedTransfersResponse(())]
    assert cpe.tree.value(VERSION) == "4.0.0"


async def test_status_0_that_fails_is_a_fault(acs, make_cpe, order):
    cpe = make_cpe(mischief=[DownloadsAtOnce()])
    acs.to_ask = [order("/missing")]
    record = await cpe.session()
    assert [one.fault_code for one in record.sent(m.Fault)] == [9016]


async def test_some_report_first_and_reboot_then(acs, make_cpe, order):
    acs.files["/fw.bin"] = b"version=4.0.0\n"
    cpe = make_cpe(mischief=[ReportsBeforeReboot()])
    await cpe.start()
    acs.to_ask = [order()]
    await cpe.session()
    record = await cpe.told("M Download", "d1")
    assert not record.told("1 BOOT")
    await cpe.session_where(lambda one: one.told("1 BOOT") and one.started >= record.started)
    await cpe.told("4 VALUE CHANGE")
    assert cpe.tree.value(VERSION) == "4.0.0"


async def test_some_never_report(acs, make_cpe, order):
    acs.files["/fw.bin"] = b"version=4.0.0\n"
    cpe = make_cpe(mischief=[NeverReports()])
    await cpe.start()
    acs.to_ask = [order()]
    await cpe.session()
    await cpe.told("4 VALUE CHANGE")
    assert completions(acs) == []


async def test_some_report_twice(acs, make_cpe, order):
    cpe = make_cpe(mischief=[ReportsTwice()])
    await cpe.start()
    acs.to_ask = [order("/missing")]
    await cpe.session()
    await cpe.told("M Download", "d1")
    assert [one.command_key for one in completions(acs)] == ["d1", "d1"]


async def test_some_forget_the_key(acs, make_cpe, order):
    cpe = make_cpe(mischief=[ForgetsKey()])
    await cpe.start()
    acs.to_ask = [order("/missing")]
    await cpe.session()
    await cpe.told("M Download", "")
    assert [one.command_key for one in completions(acs)] == [""]
    assert cpe.device.transfers == []


async def test_a_chosen_fault(acs, make_cpe, order):
    cpe = make_cpe(mischief=[TransferFails("9019")])
    await cpe.start()
    acs.to_ask = [order()]
    await cpe.session()
    await cpe.told("M Download", "d1")
    assert completions(acs)[0].fault_struct.fault_code == 9019


async def test_a_download_survives_a_power_cut(acs, cpe, order):
    acs.files["/fw.bin"] = b"version=4.0.0\n"
    await cpe.start()
    acs.to_ask = [
        m.Download(
            "d1", IMAGE, f"{acs.url}/../fw.bin".replace("/acs/..", ""), "", "", delay_seconds=60
        )
    ]
    await cpe.session()
    cpe.power_cut()
    await cpe.told("M Download", "d1")
    assert cpe.tree.value(VERSION) == "4.0.0"
    assert cpe.counts["Download"] == 1


async def test_a_configuration_file_goes_up_and_comes_back(acs, cpe):
    await cpe.start()
    name = "Device.Time.NTPServer1"
    cpe.tree.set(name, "saved.example.net")
    url = f"http://127.0.0.1:{acs.port}/backup.cfg"
    acs.to_ask = [m.Upload("u1", "1 Vendor Configuration File", url)]
    await cpe.session()
    await cpe.told("M Upload", "u1")
    assert f"{name}=saved.example.net".encode() in acs.files["/backup.cfg"]
    cpe.tree.set(name, "spoiled")
    acs.to_ask = [m.Download("d1", "3 Vendor Configuration File", url)]
    await cpe.session()
    await cpe.told("M Download", "d1")
    assert cpe.tree.value(name) == "saved.example.net"
    assert cpe.boot_count == 1


async def test_no_secret_leaves_with_the_configuration_file(acs, cpe):
    await cpe.start()
    url = f"http://127.0.0.1:{acs.port}/backup.cfg"
    acs.to_ask = [m.Upload("u1", "1 Vendor Configuration File", url)]
    await cpe.session()
    await cpe.told("M Upload", "u1")
    assert b"example-passphrase" not in acs.files["/backup.cfg"]


async def test_the_log_file_says_what_happened(acs, cpe):
    await cpe.start()
    acs.to_ask = [m.Upload("u1", "2 Vendor Log File", f"http://127.0.0.1:{acs.port}/log")]
    await cpe.session()
    await cpe.told("M Upload", "u1")
    assert b"boot" in acs.files["/log"]


async def test_the_file_server_may_ask_for_digest(acs, cpe, order):
    acs.files["/fw.bin"] = b"version=4.0.0\n"
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
    acs.raw_files["/fw.bin"] = [
        f"HTTP/1.1 401 No\r\n{challenge}\r\nContent-Length: 0\r\n\r\n".encode()
    ]
    await cpe.start()
    acs.to_ask = [order()]
    await cpe.session()
    await cpe.told("M Download", "d1")
    credentials = [one.headers.get("authorization") for one in acs.requests if one.method == "GET"]
    assert credentials[0] is None
    assert credentials[1].startswith('Digest username="user"')
