"""Download and Upload: sent once, proved by TransferComplete or by what the device shows later.

A lost answer is decided by the device's use of the URL, which is its own, and by its list of
queued transfers; where neither tells, nobody knows, and nothing is sent again. A device that has
reported success and booted, but did not tell its version, is asked for that before it is believed.
"""

from collections.abc import Generator
from enum import Enum
from typing import Any
from urllib.parse import quote

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AcsRequest,
    Download,
    DownloadResponse,
    GetAllQueuedTransfers,
    GetAllQueuedTransfersResponse,
    GetQueuedTransfers,
    GetQueuedTransfersResponse,
    Upload,
    UploadResponse,
)
from acs.procedures.reading import discover_root, read_one
from acs.procedures.steps import (
    OUTCOME_UNKNOWN,
    AwaitEvent,
    Done,
    Failed,
    Once,
    Outcome,
    Procedure,
    Step,
    Subject,
    refusal,
)
from inventory.operations import Error, Operation
from inventory.transfers import Transfer, mismatch, ticket_of

FILES = "/files/"
MAX_URL = 256  # A.3.2.8
APPLIED = 0  # Status: done, and no TransferComplete follows


class Receipt(Enum):
    """Whether the device has received the request."""

    PROVED = "proved"
    DISPROVED = "disproved"
    UNKNOWN = "unknown"


def download(operation: Operation, subject: Subject) -> Procedure:
    file = subject.transfer
    if file is None:
        return Failed(Error("image_gone", "The firmware image is not here any more."))
    request = Download(
        command_key=operation.key,
        file_type=file.file_type,
        url=url_of(operation, file, subject.base_url),
        username=file.username,
        password=file.password,
        file_size=file.size_bytes,
        target_file_name=file.target_file_name,
        delay_seconds=file.delay_s,
    )
    return (yield from _send_once(operation, subject, file, request, "M Download"))


def upload(operation: Operation, subject: Subject) -> Procedure:
    file = subject.transfer
    assert file is not None
    request = Upload(
        command_key=operation.key,
        file_type=file.file_type,
        url=url_of(operation, file, subject.base_url),
        username=file.username,
        password=file.password,
        delay_seconds=file.delay_s,
    )
    return (yield from _send_once(operation, subject, file, request, "M Upload"))


def url_of(operation: Operation, file: Transfer, base_url: str) -> str:
    """Where the file is, or where it is to be sent. Its name stands last where there is room:
    some devices look at it, we never do."""
    if file.url is not None:
        return file.url
    short = f"{base_url}{FILES}{ticket_of(operation.id, file.token)}"
    named = f"{short}/{quote(file.file_name, safe='')}"
    return named if file.file_name and len(named) <= MAX_URL else short


def _send_once(
    operation: Operation,
    subject: Subject,
    file: Transfer,
    request: Download | Upload,
    event: str,
) -> Procedure:
    if len(request.url) > MAX_URL:
        text = f"The URL of the file is longer than {MAX_URL} characters."
        return Failed(Error("url_too_long", text))
    evidence = operation.evidence or {}
    if "booted" in evidence:
        return (yield from _booted(evidence["version"], subject))
    if "at" in evidence:
        receipt = yield from _received(operation, file)
        if receipt is Receipt.PROVED:
            return AwaitEvent(event)
        if receipt is Receipt.UNKNOWN:
            text = f"Nobody knows whether the device has received the {operation.kind}."
            return Failed(Error(OUTCOME_UNKNOWN, text))
    try:
        answer: DownloadResponse | UploadResponse = yield Once(request, _evidence(file))
    except CwmpFault as refused:
        return Failed(refusal(refused))
    if answer.status != APPLIED:
        return AwaitEvent(event)
    return (yield from _applied(file, subject, event))


def _evidence(file: Transfer) -> dict[str, Any]:
    return {
        "token": file.token,
        "file_type": file.file_type,
        "version": file.version,
        "before": file.version_before,
    }


def _applied(file: Transfer, subject: Subject, event: str) -> Generator[Step, Any, Outcome]:
    """Status 0 reports success. An image's version may show at once, or after a restart."""
    if file.version is not None:
        version = yield from _version(subject)
        if version == file.version:
            return Done({"proof": "Status 0", "software_version": version})
    return AwaitEvent(event, evidence={"reported": subject.clock()})


def _booted(wanted: str, subject: Subject) -> Procedure:
    """The device has reported success, and has restarted since."""
    version = yield from _version(subject)
    if version and version != wanted:
        return Failed(mismatch(version, wanted))
    return Done({"proof": "TransferComplete", "software_version": version})


def _version(subject: Subject) -> Generator[Step, Any, str | None]:
    """What the device runs now, where it tells."""
    root = subject.root or (yield from discover_root())
    return None if root is None else (yield from read_one(f"{root}DeviceInfo.SoftwareVersion"))


def _received(operation: Operation, file: Transfer) -> Generator[Step, Any, Receipt]:
    """What proves that a request without an answer was received, or that it was not.

    Only a list that the device really gives disproves it, and for a file of ours alone: of another
    server's the device may have taken all there was, and forgotten it.
    """
    if {"fetched", "reported"} & (operation.evidence or {}).keys():
        return Receipt.PROVED
    keys = yield from _queued_keys()
    if keys is None:
        return Receipt.UNKNOWN
    if operation.key in keys:
        return Receipt.PROVED
    return Receipt.DISPROVED if file.url is None else Receipt.UNKNOWN


def _queued_keys() -> Generator[Step, Any, set[str] | None]:
    """The CommandKeys of all transfers that the device has not done with; None: it won't tell."""
    asked: tuple[AcsRequest, ...] = (GetAllQueuedTransfers(), GetQueuedTransfers())
    for request in asked:
        try:
            answer: GetAllQueuedTransfersResponse | GetQueuedTransfersResponse = yield request
        except CwmpFault:
            continue
        return {queued.command_key for queued in answer.transfer_list}
    return None
