"""Every documented course of a Download and an Upload, and what may go wrong with each."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from inventory import access, devices, operations, timekeeping, transfers
from inventory.devices import Family, Key, Setup
from inventory.errors import NotCancellable, NotFound
from inventory.operations import Kind, State
from inventory.query import ANY_VERSION
from inventory.records import firmware

ACCEPTED = m.DownloadResponse(1)
APPLIED = m.DownloadResponse(0)
FAILED = m.FaultStruct(9010, "")
IMAGE = {
    "name": "image",
    "version": "2.0",
    "file_type": "1 Firmware Upgrade Image",
    "file_name": "gateway 2.0.bin",
    "size_bytes": 1234,
    "sha256": "0" * 64,
    "stored_as": "stored",
    "description": None,
}


@pytest.fixture
async def image(office):
    return await office.store.write(firmware.insert, office.clock(), **IMAGE)


@pytest.fixture
async def begin(cpe, office, image):
    """Queues a download of the image, and returns its id and the request that reaches the CPE."""

    async def make(*events, **request):
        await cpe.enrol()
        request = request or {"firmware_image": image.id}
        operation_id = await office.queue("download", **request)
        await cpe.inform(*events)
        asked = await cpe.say(None)
        office.clock.pass_(1)
        return operation_id, asked

    return make


@pytest.fixture
async def begin_upload(cpe, office):
    async def make():
        await cpe.enrol()
        operation_id = await office.queue("upload", file_type="2 Vendor Log File")
        await cpe.inform()
        return operation_id, await cpe.say(None)

    return make


async def report(cpe, operation, ending=None, key=None):
    """A TransferComplete, which must be answered whatever it tells."""
    key = operation.key if key is None else key
    said = await cpe.say(m.TransferComplete(key, ending or m.FaultStruct()))
    assert said.envelope.body == m.TransferCompleteResponse()


async def state(office, operation_id):
    return (await office.operation(operation_id)).state


def ticket(url):
    return url.removeprefix("http://acs.example:7547/files/").partition("/")[0]


# --- What the device is told -----------------------------------------------------------------


async def test_the_request_carries_key_type_size_and_a_short_url_of_its_own(begin, office, image):
    operation_id, asked = await begin()
    operation = await office.operation(operation_id)
    download = asked.envelope.body
    assert download.command_key == operation.key
    assert download.file_type == "1 Firmware Upgrade Image"
    assert download.file_size == 1234
    assert download.url.startswith("http://acs.example:7547/files/")
    assert download.url.endswith("/gateway%202.0.bin")
    assert len(download.url) <= 256
    slot = await office.store.read(
        transfers.slot, ticket(download.url), Kind.DOWNLOAD, office.clock()
    )
    assert slot.image == image


async def test_a_url_of_somebody_else_goes_out_with_its_credentials(begin, office):
    sealed = office.policy.vault.seal("secret").hex()
    _, asked = await begin(
        url="http://files.example/x",
        username="cpe",
        sealed_password=sealed,
        file_type="3 Vendor Configuration File",
        file_size=7,
        target_file_name="x.cfg",
        delay_seconds=60,
    )
    download = asked.envelope.body
    assert download.url == "http://files.example/x"
    assert (download.username, download.password) == ("cpe", "secret")
    assert download.file_type == "3 Vendor Configuration File"
    assert (download.file_size, download.target_file_name) == (7, "x.cfg")
    assert download.delay_seconds == 60


async def test_a_url_that_no_device_could_take_is_not_sent(begin, office):
    operation_id, asked = await begin(url="http://files.example/" + "x" * 300)
    assert asked.status == 204
    operation = await office.operation(operation_id)
    assert operation.error["code"] == "url_too_long"


async def test_an_image_that_is_gone_fails_the_download(begin, office):
    operation_id, asked = await begin(firmware_image=999)
    assert asked.status == 204
    assert (await office.operation(operation_id)).error["code"] == "image_gone"


# --- Status 1 --------------------------------------------------------------------------------


async def test_success_is_reported_in_a_later_session_and_the_version_comes_with_the_boot(
    cpe, office, begin
):
    operation_id, asked = await begin()
    assert (await cpe.answer(asked, ACCEPTED)).status == 204
    operation = await office.operation(operation_id)
    assert operation.awaits == "M Download"
    await cpe.inform("7 TRANSFER COMPLETE", f"M Download|{operation.key}")
    await report(cpe, operation)
    assert await state(office, operation_id) is State.RUNNING
    await cpe.say(None)
    cpe.version = "2.0"
    await cpe.inform("1 BOOT")
    assert await state(office, operation_id) is State.COMPLETED


async def test_success_and_version_are_reported_together_after_the_reboot(cpe, office, begin):
    operation_id, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    operation = await office.operation(operation_id)
    cpe.version = "2.0"
    await cpe.inform("1 BOOT", "7 TRANSFER COMPLETE", f"M Download|{operation.key}")
    assert await state(office, operation_id) is State.RUNNING  # not before it has told us
    await report(cpe, operation)
    assert await state(office, operation_id) is State.COMPLETED


async def test_the_end_is_durable_before_it_is_confirmed(cpe, office, begin):
    operation_id, asked = await begin(url="http://files.example/x")
    await cpe.answer(asked, ACCEPTED)
    finished = []
    office.signals.on_finish(finished.append)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id))
    office.restart()  # a crash right after the confirmation
    assert await state(office, operation_id) is State.COMPLETED
    assert finished == [operation_id]


async def test_a_report_after_our_last_word_in_the_same_session_counts(cpe, office, begin):
    operation_id, asked = await begin(url="http://files.example/x")
    assert (await cpe.answer(asked, ACCEPTED)).status == 204
    await report(cpe, await office.operation(operation_id))
    assert await state(office, operation_id) is State.COMPLETED
    assert (await cpe.say(None)).status == 204


async def test_what_else_is_said_after_our_last_word_is_refused(cpe, begin):
    _, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    assert (await cpe.say(m.GetRPCMethods())).status == 400


async def test_a_session_that_was_left_long_ago_takes_no_report(cpe, office, begin):
    operation_id, asked = await begin(url="http://files.example/x")
    await cpe.answer(asked, ACCEPTED)
    office.clock.pass_(60)
    await office.sessions.sweep()
    said = await cpe.say(m.TransferComplete((await office.operation(operation_id)).key))
    assert said.status == 400
    assert await state(office, operation_id) is State.RUNNING


async def test_a_report_in_the_middle_of_our_next_request_counts(cpe, office, begin):
    operation_id, asked = await begin(url="http://files.example/x")
    await office.queue("get", ["X"])
    asked = await cpe.answer(asked, ACCEPTED)
    assert isinstance(asked.envelope.body, m.GetParameterValues)
    await report(cpe, await office.operation(operation_id))
    assert await state(office, operation_id) is State.COMPLETED
    answer = m.GetParameterValuesResponse((m.ParameterValueStruct("Device.X", "1"),))
    assert (await cpe.answer(asked, answer)).status == 204


async def test_a_report_before_the_answer_to_the_download_counts(cpe, office, begin):
    operation_id, asked = await begin()
    await report(cpe, await office.operation(operation_id))
    assert (await cpe.answer(asked, ACCEPTED)).status == 204
    operation = await office.operation(operation_id)
    assert "reported" in operation.evidence
    cpe.version = "2.0"
    await cpe.inform("1 BOOT")
    assert await state(office, operation_id) is State.COMPLETED


async def test_reads_go_on_while_a_transfer_runs_and_a_reboot_waits_for_its_end(cpe, office, begin):
    operation_id, asked = await begin(url="http://files.example/x")
    reboot = await office.queue("reboot")
    await office.queue("get", ["X"])
    asked = await cpe.answer(asked, ACCEPTED)
    assert isinstance(asked.envelope.body, m.GetParameterValues)
    answer = m.GetParameterValuesResponse((m.ParameterValueStruct("Device.X", "1"),))
    assert (await cpe.answer(asked, answer)).status == 204
    assert await state(office, reboot) is State.PENDING
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id))
    assert isinstance((await cpe.say(None)).envelope.body, m.Reboot)


# --- Status 0 --------------------------------------------------------------------------------


async def test_a_file_that_was_applied_at_once_needs_no_report(cpe, office, begin):
    operation_id, asked = await begin(url="http://files.example/x")
    assert (await cpe.answer(asked, APPLIED)).status == 204
    assert await state(office, operation_id) is State.COMPLETED


async def test_an_image_that_was_applied_at_once_is_believed_by_its_version(cpe, office, begin):
    operation_id, asked = await begin()
    asked = await cpe.answer(asked, APPLIED)
    version = "Device.DeviceInfo.SoftwareVersion"
    assert asked.envelope.body.parameter_names == (version,)
    shown = m.GetParameterValuesResponse((m.ParameterValueStruct(version, "2.0"),))
    assert (await cpe.answer(asked, shown)).status == 204
    assert await state(office, operation_id) is State.COMPLETED


async def test_an_image_that_was_applied_at_once_may_need_a_boot_to_show(cpe, office, begin):
    operation_id, asked = await begin()
    asked = await cpe.answer(asked, APPLIED)
    await cpe.answer(asked, fault(9005))
    assert await state(office, operation_id) is State.RUNNING
    cpe.version = "2.0"
    await cpe.inform("4 VALUE CHANGE")
    assert await state(office, operation_id) is State.COMPLETED


# --- What goes wrong -------------------------------------------------------------------------


async def test_a_refused_download_fails_with_the_fault(cpe, office, begin):
    operation_id, asked = await begin()
    assert (await cpe.answer(asked, fault(9004))).status == 204
    assert (await office.operation(operation_id)).error["code"] == "9004"


@pytest.mark.parametrize("code", [9001, 9010, 9016, 9018, 9800])
async def test_a_transfer_that_fails_is_told_by_its_fault(cpe, office, begin, code):
    operation_id, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id), m.FaultStruct(code, ""))
    operation = await office.operation(operation_id)
    assert operation.state is State.FAILED
    assert operation.error["code"] == str(code)
    assert operation.error["message"]


@pytest.mark.parametrize("key", ["", "unknown", "(null)"])
async def test_a_wrong_key_means_the_only_transfer_there_is(cpe, office, begin, key):
    operation_id, asked = await begin(url="http://files.example/x")
    await cpe.answer(asked, ACCEPTED)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id), key=key)
    assert await state(office, operation_id) is State.COMPLETED


async def test_the_key_of_another_operation_does_not_mean_this_one(cpe, office, begin):
    await cpe.enrol()
    await office.queue("reboot")
    await cpe.inform()
    asked = await cpe.say(None)
    older = asked.envelope.body.command_key
    await cpe.answer(asked, m.RebootResponse())
    await cpe.inform("1 BOOT", f"M Reboot|{older}")
    operation_id = await office.queue("download", url="http://files.example/x")
    await cpe.answer(await cpe.say(None), ACCEPTED)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id), key=older)
    assert await state(office, operation_id) is State.RUNNING


async def test_a_report_about_nothing_is_answered_and_changes_nothing(cpe, office):
    await cpe.enrol()
    await cpe.inform("7 TRANSFER COMPLETE")
    said = await cpe.say(m.TransferComplete("whatever", FAILED))
    assert said.envelope.body == m.TransferCompleteResponse()
    assert await office.rows("SELECT id FROM operations WHERE kind = 'download'") == []


async def test_a_second_report_is_answered_and_changes_nothing(cpe, office, begin):
    operation_id, asked = await begin(url="http://files.example/x")
    await cpe.answer(asked, ACCEPTED)
    await cpe.inform("7 TRANSFER COMPLETE")
    operation = await office.operation(operation_id)
    await report(cpe, operation)
    await report(cpe, operation, FAILED)
    await cpe.say(None)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, operation, FAILED)
    assert await state(office, operation_id) is State.COMPLETED


async def test_without_a_report_the_boot_into_the_wanted_version_is_believed(cpe, office, begin):
    operation_id, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    cpe.version = "2.0"
    await cpe.inform("1 BOOT")
    assert await state(office, operation_id) is State.COMPLETED


async def test_a_boot_into_the_version_that_was_there_before_proves_nothing(cpe, office, begin):
    cpe.version = "2.0"
    operation_id, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    await cpe.inform("1 BOOT")
    assert await state(office, operation_id) is State.RUNNING


async def test_a_boot_before_the_download_disproves_nothing(cpe, office, begin):
    operation_id, asked = await begin("1 BOOT")
    await cpe.answer(asked, ACCEPTED)
    await report(cpe, await office.operation(operation_id))
    assert await state(office, operation_id) is State.RUNNING


@pytest.mark.parametrize("is_together", [True, False])
async def test_success_and_a_boot_into_another_version_is_a_failure(
    cpe, office, begin, is_together
):
    operation_id, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    operation = await office.operation(operation_id)
    events = ["7 TRANSFER COMPLETE", f"M Download|{operation.key}"]
    if is_together:
        cpe.version = "1.5"
        await cpe.inform("1 BOOT", *events)
        await report(cpe, operation)
    else:
        await cpe.inform(*events)
        await report(cpe, operation)
        await cpe.say(None)
        cpe.version = "1.5"
        await cpe.inform("1 BOOT")
    error = (await office.operation(operation_id)).error
    assert error["code"] == "version_mismatch"
    assert "1.5" in error["message"]
    assert "2.0" in error["message"]


# --- A device whose Inform does not tell its version -----------------------------------------

VERSION = "Device.DeviceInfo.SoftwareVersion"


def shows(version):
    return m.GetParameterValuesResponse((m.ParameterValueStruct(VERSION, version),))


@pytest.fixture
def boot(cpe, office, begin):
    """A download that was answered with this; the device boots and reports its success, and then
    is asked for its version."""

    async def make(answer):
        operation_id, asked = await begin()
        cpe.version = None
        asked = await cpe.answer(asked, answer)
        if asked.status == 200:  # Status 0: the old version still runs
            assert (await cpe.answer(asked, shows("1.0"))).status == 204
            await cpe.inform("1 BOOT")
        else:
            await cpe.inform("1 BOOT", "7 TRANSFER COMPLETE")
            await report(cpe, await office.operation(operation_id))
        assert await state(office, operation_id) is State.RUNNING
        asked = await cpe.say(None)
        assert asked.envelope.body == m.GetParameterValues((VERSION,))
        return operation_id, asked

    return make


@pytest.mark.parametrize("answer", [ACCEPTED, APPLIED])
@pytest.mark.parametrize("told", [shows("2.0"), shows(""), fault(9005)])
async def test_success_is_believed_unless_another_version_is_read(cpe, office, boot, answer, told):
    operation_id, asked = await boot(answer)
    assert (await cpe.answer(asked, told)).status == 204
    assert await state(office, operation_id) is State.COMPLETED


@pytest.mark.parametrize("answer", [ACCEPTED, APPLIED])
async def test_another_version_that_is_read_after_the_boot_is_a_failure(cpe, office, boot, answer):
    operation_id, asked = await boot(answer)
    assert (await cpe.answer(asked, shows("1.5"))).status == 204
    error = (await office.operation(operation_id)).error
    assert error["code"] == "version_mismatch"
    assert "1.5" in error["message"]


async def test_a_boot_after_the_report_has_the_version_read(cpe, office, begin):
    operation_id, asked = await begin()
    cpe.version = None
    await cpe.answer(asked, ACCEPTED)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id))
    assert (await cpe.say(None)).status == 204  # nothing is asked before the boot
    await cpe.inform("2 PERIODIC")
    assert (await cpe.say(None)).status == 204
    await cpe.inform("1 BOOT")
    asked = await cpe.say(None)
    await cpe.answer(asked, shows("2.0"))
    assert await state(office, operation_id) is State.COMPLETED


async def test_a_question_for_the_version_that_was_lost_is_asked_again(cpe, office, boot):
    operation_id, _ = await boot(ACCEPTED)
    asked = await again(cpe, office)
    await cpe.answer(asked, shows("2.0"))
    assert await state(office, operation_id) is State.COMPLETED


async def test_a_version_that_comes_by_itself_after_all_is_believed(cpe, office, boot):
    operation_id, _ = await boot(ACCEPTED)
    cpe.lose_connection()
    cpe.version = "2.0"
    await cpe.inform("4 VALUE CHANGE")
    assert await state(office, operation_id) is State.COMPLETED


async def test_a_device_that_never_told_any_version_is_believed_in_the_end(cpe, office, begin):
    cpe.version = None
    operation_id, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id))
    await overdue(office)
    assert await state(office, operation_id) is State.COMPLETED


# --- Time ------------------------------------------------------------------------------------


async def overdue(office):
    """Six hours later."""
    office.clock.pass_(6 * 3600 + 1)
    await office.store.write(timekeeping.advance, office.clock())


async def test_a_transfer_that_never_ends_fails_after_six_hours(cpe, office, begin):
    operation_id, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    office.clock.pass_(6 * 3600 - 60)
    await office.store.write(timekeeping.advance, office.clock())
    assert await state(office, operation_id) is State.RUNNING
    await overdue(office)
    assert (await office.operation(operation_id)).error["code"] == "timeout"


async def test_a_delay_on_the_device_does_not_count_as_silence(cpe, office, begin):
    operation_id, asked = await begin(url="http://files.example/x", delay_seconds=86400)
    await cpe.answer(asked, ACCEPTED)
    await overdue(office)
    assert await state(office, operation_id) is State.RUNNING


async def test_the_wanted_version_is_believed_in_the_end_without_boot_and_report(
    cpe, office, begin
):
    operation_id, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    cpe.version = "2.0"
    await cpe.inform("4 VALUE CHANGE")
    assert await state(office, operation_id) is State.RUNNING
    await overdue(office)
    assert await state(office, operation_id) is State.COMPLETED


# --- Lost answers ----------------------------------------------------------------------------


async def again(cpe, office):
    """The device comes back after its line broke, and says that it has nothing to say."""
    office.clock.pass_(5)
    cpe.lose_connection()
    await cpe.inform("2 PERIODIC", retry_count=1)
    return await cpe.say(None)


async def test_a_download_whose_answer_was_lost_is_asked_about_and_not_sent_again(
    cpe, office, begin
):
    operation_id, sent = await begin()
    asked = await again(cpe, office)
    assert isinstance(asked.envelope.body, m.GetAllQueuedTransfers)
    queued = m.AllQueuedTransferStruct(sent.envelope.body.command_key, 2, True)
    answer = m.GetAllQueuedTransfersResponse((queued,))
    assert (await cpe.answer(asked, answer)).status == 204
    assert (await office.operation(operation_id)).awaits == "M Download"
    cpe.version = "2.0"
    await cpe.inform("1 BOOT")
    assert await state(office, operation_id) is State.COMPLETED


async def test_a_device_of_the_first_version_is_asked_in_its_words(cpe, office, begin):
    operation_id, _ = await begin()
    office.clock.pass_(5)
    cpe.lose_connection()
    await cpe.inform(namespace="urn:dslforum-org:cwmp-1-0")
    asked = await cpe.say(None)
    assert asked.envelope.namespace == "urn:dslforum-org:cwmp-1-0"
    assert asked.envelope.body == m.GetQueuedTransfers()
    assert (await cpe.answer(asked, fault(9000))).status == 204
    assert (await office.operation(operation_id)).error["code"] == "outcome_unknown"


async def test_a_download_that_was_fetched_needs_no_question(cpe, office, begin):
    operation_id, sent = await begin()
    used = ticket(sent.envelope.body.url)
    await office.store.write(transfers.note_use, used, Kind.DOWNLOAD, office.clock())
    assert (await again(cpe, office)).status == 204
    assert (await office.operation(operation_id)).awaits == "M Download"


async def test_a_fetch_before_the_answer_is_not_forgotten(cpe, office, begin):
    operation_id, sent = await begin()
    used = ticket(sent.envelope.body.url)
    await office.store.write(transfers.note_use, used, Kind.DOWNLOAD, office.clock())
    await cpe.answer(sent, ACCEPTED)
    assert "fetched" in (await office.operation(operation_id)).evidence


async def test_a_download_that_never_arrived_is_sent_again_under_the_same_url(cpe, office, begin):
    operation_id, sent = await begin()
    asked = await again(cpe, office)
    asked = await cpe.answer(asked, m.GetAllQueuedTransfersResponse())
    assert asked.envelope.body == sent.envelope.body
    await cpe.answer(asked, ACCEPTED)
    assert (await office.operation(operation_id)).attempts == 2


async def test_a_device_that_cannot_tell_is_left_alone_and_its_url_ends(cpe, office, begin):
    operation_id, sent = await begin()
    asked = await again(cpe, office)
    asked = await cpe.answer(asked, fault(9000))
    assert isinstance(asked.envelope.body, m.GetQueuedTransfers)
    assert (await cpe.answer(asked, fault(9000))).status == 204
    assert (await office.operation(operation_id)).error["code"] == "outcome_unknown"
    used = ticket(sent.envelope.body.url)
    with pytest.raises(NotFound):
        await office.store.read(transfers.slot, used, Kind.DOWNLOAD, office.clock())


async def test_a_crash_of_the_server_leaves_no_download_behind(cpe, office, begin):
    operation_id, sent = await begin()
    office.restart()
    asked = await again(cpe, office)
    assert isinstance(asked.envelope.body, m.GetAllQueuedTransfers)
    await report(cpe, await office.operation(operation_id))
    cpe.version = "2.0"
    await cpe.inform("1 BOOT")
    assert await state(office, operation_id) is State.COMPLETED
    assert (await cpe.say(None)).status == 204
    assert sent.envelope.body.command_key == (await office.operation(operation_id)).key


# --- Uploads ---------------------------------------------------------------------------------


async def send_file(office, sent):
    return await office.store.write(
        transfers.keep_upload,
        ticket(sent.envelope.body.url),
        office.clock(),
        file_name="messages.log",
        size_bytes=3,
        sha256="0" * 64,
        stored_as="stored",
    )


async def test_an_upload_is_completed_by_its_report_when_the_file_is_here(
    cpe, office, begin_upload
):
    operation_id, sent = await begin_upload()
    assert sent.envelope.body.file_type == "2 Vendor Log File"
    await cpe.answer(sent, m.UploadResponse(1))
    await send_file(office, sent)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id))
    assert await state(office, operation_id) is State.COMPLETED
    result = await office.store.read(operations.result_of, operation_id)
    assert result == {
        "upload": 1,
        "file_type": "2 Vendor Log File",
        "file_name": "messages.log",
        "size_bytes": 3,
        "sha256": "0" * 64,
    }


async def test_an_upload_that_is_done_at_once_is_completed_with_its_answer(
    cpe, office, begin_upload
):
    operation_id, sent = await begin_upload()
    await send_file(office, sent)
    finished = []
    office.signals.on_finish(finished.append)
    assert (await cpe.answer(sent, m.UploadResponse(0))).status == 204
    assert await state(office, operation_id) is State.COMPLETED
    assert finished == [operation_id]


async def test_success_without_a_file_is_a_failure(cpe, office, begin_upload):
    operation_id, sent = await begin_upload()
    await cpe.answer(sent, m.UploadResponse(1))
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id))
    assert (await office.operation(operation_id)).error["code"] == "not_received"


async def test_a_file_whose_report_never_comes_is_believed_in_the_end(cpe, office, begin_upload):
    operation_id, sent = await begin_upload()
    await cpe.answer(sent, m.UploadResponse(1))
    await send_file(office, sent)
    await overdue(office)
    assert await state(office, operation_id) is State.COMPLETED


# --- The device's own image ------------------------------------------------------------------


@pytest.fixture
async def pend(cpe, office, image):
    """The device is to run the image: its download is queued. Returns the operation's id."""

    async def make():
        await cpe.enrol()
        fields = {"firmware_image": image.id, "firmware_image_is_pending": True}
        await change(office, fields)
        office.signals.work(1)
        ((operation_id,),) = await office.rows("SELECT id FROM operations WHERE kind = 'download'")
        return operation_id

    return make


async def change(office, fields):
    await office.store.write(
        devices.change,
        access.of_the_house("tests"),
        Key(Family.ID, 1),
        fields,
        Setup(office.policy.vault),
        ANY_VERSION,
        office.clock(),
    )


async def pending(office):
    ((is_pending,),) = await office.rows("SELECT firmware_image_is_pending FROM devices")
    return bool(is_pending)


async def test_the_image_is_pending_until_success_and_version_are_there(cpe, office, pend):
    operation_id = await pend()
    await cpe.inform()
    await cpe.answer(await cpe.say(None), ACCEPTED)
    assert await pending(office)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id))
    assert await pending(office)
    cpe.version = "2.0"
    await cpe.inform("1 BOOT")
    assert not await pending(office)


async def test_an_image_that_failed_stays_pending_until_the_version_is_seen(cpe, office, pend):
    operation_id = await pend()
    await cpe.inform()
    await cpe.answer(await cpe.say(None), ACCEPTED)
    await cpe.inform("7 TRANSFER COMPLETE")
    await report(cpe, await office.operation(operation_id), FAILED)
    assert await pending(office)
    cpe.version = "2.0"
    await cpe.inform("1 BOOT")
    assert not await pending(office)


async def test_a_running_download_cannot_be_taken_back(cpe, office, pend):
    await pend()
    await cpe.inform()
    await cpe.say(None)
    with pytest.raises(NotCancellable):
        await change(office, {"firmware_image_is_pending": False})
    assert await pending(office)


async def test_a_download_that_has_not_started_is_taken_back(cpe, office, pend):
    operation_id = await pend()
    await change(office, {"firmware_image_is_pending": False})
    assert await state(office, operation_id) is State.CANCELLED
    assert not await pending(office)
    await cpe.inform()
    assert (await cpe.say(None)).status == 204


# --- Secrets ---------------------------------------------------------------------------------


async def kept(office):
    """All that is kept of a report, as one text."""
    rows = await office.rows("SELECT error FROM operations WHERE kind IN ('download', 'update')")
    return f"{rows} {await office.rows('SELECT text, details FROM device_log')}"


@pytest.mark.parametrize("names_it", [True, False], ids=["named", "without its key"])
async def test_a_password_that_a_device_echoes_at_the_end_of_a_transfer_is_kept_nowhere(
    cpe, begin, office, names_it
):
    sealed = office.policy.vault.seal("s3cret").hex()
    url = "http://files.example/x?sig=abcdef"
    operation_id, asked = await begin(url=url, username="cpe", sealed_password=sealed)
    await cpe.answer(asked, ACCEPTED)
    operation = await office.operation(operation_id)
    ending = m.FaultStruct(9016, f"cannot get {url} with cpe:s3cret")
    await report(cpe, operation, ending, key=None if names_it else "")
    told = await kept(office)
    assert "cannot get http://files.example/x?******** with cpe:********" in told
    assert "s3cret" not in told
    assert "abcdef" not in told


async def test_a_late_report_of_a_transfer_that_has_ended_tells_no_password_either(
    cpe, begin, office
):
    sealed = office.policy.vault.seal("s3cret").hex()
    operation_id, asked = await begin(url="http://files.example/x", sealed_password=sealed)
    await cpe.answer(asked, ACCEPTED)
    await office.store.write(operations.complete, operation_id, None, office.clock())
    ending = m.FaultStruct(9016, "not with s3cret")
    await report(cpe, await office.operation(operation_id), ending)
    assert "not with ********" in await kept(office)


async def test_what_opens_our_own_url_is_not_kept_of_a_report(cpe, begin, office):
    operation_id, asked = await begin()
    await cpe.answer(asked, ACCEPTED)
    url = asked.envelope.body.url
    await report(cpe, await office.operation(operation_id), m.FaultStruct(9016, f"404 at {url}"))
    told = await kept(office)
    assert "404 at http://acs.example:7547/files/********/gateway%202.0.bin" in told
    assert ticket(url).partition(".")[2] not in told


async def test_a_password_that_is_echoed_in_the_end_of_a_package_is_kept_nowhere(cpe, office):
    sealed = office.policy.vault.seal("s3cret").hex()
    package = {"operation": "install", "url": "http://x.example/p", "sealed_password": sealed}
    await cpe.enrol()
    await office.queue("update", packages=[package])
    await cpe.inform()
    asked = await cpe.say(None)
    assert asked.envelope.body.operations[0].password == "s3cret"
    await cpe.answer(asked, m.ChangeDUStateResponse())
    failed = m.DeploymentUnitFaultStruct(9016, "401 for s3cret")
    result = m.OpResultStruct(uuid="u", current_state="Failed", fault=failed)
    await cpe.inform()
    await cpe.say(m.DUStateChangeComplete((result,), asked.envelope.body.command_key))
    told = await kept(office)
    assert "401 for ********" in told
    assert "s3cret" not in told
