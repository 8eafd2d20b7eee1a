"""Download and Upload are sent once; a lost answer is decided by the URL and the queue."""

from dataclasses import replace

import pytest

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    AllQueuedTransferStruct,
    Download,
    DownloadResponse,
    GetAllQueuedTransfers,
    GetAllQueuedTransfersResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    GetQueuedTransfers,
    GetQueuedTransfersResponse,
    ParameterValueStruct,
    QueuedTransferStruct,
    Upload,
    UploadResponse,
)
from acs.procedures.steps import AwaitEvent, Done, Failed
from acs.procedures.transfers import download, upload
from inventory.transfers import Transfer

BASE = "http://acs.example"
IMAGE = Transfer(
    token="t0ken",
    file_type="1 Firmware Upgrade Image",
    file_name="gateway.bin",
    size_bytes=7,
    version="2.0",
    version_before="1.0",
)
FOREIGN = replace(IMAGE, url="http://files.example/x", version=None)
LOG = Transfer(token="t0ken", file_type="2 Vendor Log File")
DOWNLOAD = Download(
    command_key="op_1",
    file_type="1 Firmware Upgrade Image",
    url="http://acs.example/files/1.t0ken/gateway.bin",
    file_size=7,
)
UPLOAD = Upload(
    command_key="op_1", file_type="2 Vendor Log File", url="http://acs.example/files/1.t0ken"
)
SENT = {"sent": "Download", "at": 900.0, "token": "t0ken"}
WAITS = AwaitEvent("M Download")
VERSION = "Device.DeviceInfo.SoftwareVersion"
ASK_ALL, ASK_SOME = GetAllQueuedTransfers(), GetQueuedTransfers()


def queued(*keys):
    return GetAllQueuedTransfersResponse(tuple(map(AllQueuedTransferStruct, keys)))


@pytest.fixture
def script(operation, subject):
    """Makes a download's or an upload's script."""

    def make(file=IMAGE, evidence=None, kind="download", base=BASE, **known):
        run = {"download": download, "upload": upload}[kind]
        known = subject(transfer=file, base_url=base, **known)
        return run(operation(kind, evidence=evidence), known)

    return make


def test_what_will_prove_its_effect_is_noted_before_it_leaves(play, script):
    outcome, notes = play(script(), (DOWNLOAD, DownloadResponse(1)))
    assert outcome == WAITS
    assert notes == [
        {"token": "t0ken", "file_type": IMAGE.file_type, "version": "2.0", "before": "1.0"}
    ]


def test_an_upload_is_told_where_to(play, script):
    outcome, _ = play(script(LOG, kind="upload"), (UPLOAD, UploadResponse(1)))
    assert outcome == AwaitEvent("M Upload")


def test_a_name_that_makes_the_url_too_long_is_left_out(play, script):
    file = replace(IMAGE, file_name="x" * 250)
    short = replace(DOWNLOAD, url="http://acs.example/files/1.t0ken")
    play(script(file), (short, DownloadResponse(1)))


def test_a_name_cannot_lead_elsewhere(play, script):
    file = replace(IMAGE, file_name="../a b")
    named = replace(DOWNLOAD, url="http://acs.example/files/1.t0ken/..%2Fa%20b")
    play(script(file), (named, DownloadResponse(1)))


def test_a_base_that_leaves_no_room_for_the_url_fails(play, script):
    outcome, _ = play(script(base="http://" + "x" * 250))
    assert outcome.error.code == "url_too_long"


def test_a_refusal_fails_with_its_fault(play, script):
    outcome, _ = play(script(), (DOWNLOAD, fault(9004)))
    assert outcome.error.code == "9004"


def test_status_0_is_believed_with_the_version(play, script):
    shown = GetParameterValuesResponse((ParameterValueStruct(VERSION, "2.0"),))
    outcome, _ = play(
        script(), (DOWNLOAD, DownloadResponse(0)), (GetParameterValues((VERSION,)), shown)
    )
    assert isinstance(outcome, Done)


@pytest.mark.parametrize(
    "shown",
    [fault(9005), GetParameterValuesResponse((ParameterValueStruct(VERSION, "1.0"),))],
)
def test_status_0_without_the_version_waits_for_it(play, script, shown):
    outcome, _ = play(
        script(), (DOWNLOAD, DownloadResponse(0)), (GetParameterValues((VERSION,)), shown)
    )
    assert outcome == AwaitEvent("M Download", evidence={"reported": 1000.0})


# --- Lost answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("proof", ["fetched", "reported"])
def test_the_use_of_its_url_or_a_report_proves_receipt_without_a_question(play, script, proof):
    outcome, _ = play(script(evidence={**SENT, proof: 950.0}))
    assert outcome == WAITS


def test_a_queued_transfer_proves_receipt(play, script):
    outcome, _ = play(script(evidence=SENT), (ASK_ALL, queued("other", "op_1")))
    assert outcome == WAITS


def test_an_older_device_is_asked_in_the_older_way(play, script):
    some = GetQueuedTransfersResponse((QueuedTransferStruct("op_1", 2),))
    outcome, _ = play(script(evidence=SENT), (ASK_ALL, fault(9000)), (ASK_SOME, some))
    assert outcome == WAITS


def test_what_is_neither_queued_nor_fetched_is_sent_again(play, script):
    outcome, _ = play(
        script(evidence=SENT), (ASK_ALL, queued("other")), (DOWNLOAD, DownloadResponse(1))
    )
    assert outcome == WAITS


def test_a_device_that_does_not_tell_is_never_sent_it_again(play, script):
    outcome, _ = play(script(evidence=SENT), (ASK_ALL, fault(9000)), (ASK_SOME, fault(9000)))
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "outcome_unknown"


def test_a_file_of_another_server_may_be_done_with_already(play, script):
    outcome, _ = play(script(FOREIGN, evidence=SENT), (ASK_ALL, queued()))
    assert outcome.error.code == "outcome_unknown"


def test_an_upload_is_never_sent_blindly_twice_either(play, script):
    outcome, _ = play(
        script(LOG, evidence={**SENT, "sent": "Upload"}, kind="upload"),
        (ASK_ALL, fault(9000)),
        (ASK_SOME, fault(9000)),
    )
    assert outcome.error.code == "outcome_unknown"
