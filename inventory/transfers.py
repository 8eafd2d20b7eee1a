"""Files that devices are asked to fetch or to send: what they are told, and what proves the end.

What must survive stands in the operation's evidence. Before the request leaves: the ``token`` of
the file's URL, the ``version`` that an image will show and the one shown ``before``. Then, as Unix
seconds: ``fetched`` (the device has used the URL), ``reported`` (it has told of its success) and
``booted`` (it came back after that without telling its version, which is then asked for).

A firmware image has arrived when the device reports success and the image's version. Until it
shows that version, success alone proves nothing; a device that boots into another one has failed.
An unknown version contradicts nothing: a device that will not tell it is believed. What is in the
record may be older than the boot, so it can confirm and never contradict.
One that never reports is believed when it boots into the version that it did not have before.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory import operations
from inventory.errors import NotFound
from inventory.operations import Error, Kind, Operation, State
from inventory.records import firmware, log, uploads
from inventory.records import operations as operation_records
from inventory.records import transfers as records
from inventory.records.firmware import Image
from inventory.records.uploads import Upload
from inventory.secrets import Vault
from inventory.sightings import Sighting
from inventory.store import Row, Transaction

KINDS = frozenset({Kind.DOWNLOAD, Kind.UPLOAD})
FIRMWARE = "1 Firmware Upgrade Image"
CONFIGURATION = "1 Vendor Configuration File"
MAX_PER_DEVICE = 100  # files that a device has sent and we keep
NOT_RECEIVED = Error("not_received", "The device reports success, but its file has not arrived.")


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a device is told. ``url`` is somebody else's; without one the file is ours to serve."""

    token: str
    file_type: str
    file_name: str = ""
    url: str | None = None
    username: str = ""
    password: str = ""
    size_bytes: int = 0
    target_file_name: str = ""
    delay_s: int = 0
    version: str | None = None
    version_before: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A TransferComplete; fault code 0 is success."""

    command_key: str
    fault_code: int
    fault_string: str


def prepare(tx: Transaction, operation: Operation, vault: Vault) -> Transfer | None:
    """What the request says; None when the image is gone that it was to be about."""
    request = operation.request
    image = None
    if request.get("firmware_image") is not None:
        image = firmware.by_id(tx, request["firmware_image"])
        if image is None:
            return None
    default_type = CONFIGURATION if operation.kind is Kind.UPLOAD else FIRMWARE
    file_type = request.get("file_type") or (image.file_type if image else default_type)
    sealed = request.get("sealed_password")
    return Transfer(
        token=(operation.evidence or {}).get("token") or secrets.token_urlsafe(18),
        file_type=file_type,
        file_name=image.file_name if image else "",
        url=request.get("url"),
        username=request.get("username") or "",
        password=vault.open(bytes.fromhex(sealed)) if sealed else "",
        size_bytes=image.size_bytes if image else request.get("file_size") or 0,
        target_file_name=request.get("target_file_name") or "",
        delay_s=request.get("delay_seconds") or 0,
        version=image.version if image and file_type == FIRMWARE else None,
        version_before=records.shown(tx, operation.device_id)["software_version"],
    )


# --- What the device tells -------------------------------------------------------------------


def complete(
    tx: Transaction, device_id: int, told: Told, version: str | None, now: float
) -> list[int]:
    """A TransferComplete was heard; returns the ids of the operations that ended by it.

    One about an operation that has ended already, or about nothing of ours, changes nothing.
    ``version`` is what the session's Inform has told, if it did.
    """
    row = _meant(tx, device_id, told.command_key.strip())
    if row is None:
        return []
    evidence = row["evidence"]
    if told.fault_code and "reported" not in evidence:
        text = told.fault_string or "The transfer has failed."
        return _fail(tx, row, Error(str(told.fault_code), text), now)
    return _conclude(tx, _noted(tx, row, "reported", now), version, now)


def conclude_running(tx: Transaction, operation_id: int, now: float) -> list[int]:
    """The same for an operation that reports success with its answer (Status 0)."""
    row = operation_records.by_id(tx, operation_id)
    is_open = row is not None and row["state"] == State.RUNNING
    return _conclude(tx, row, None, now) if row is not None and is_open else []


def _conclude(
    tx: Transaction, row: Mapping[str, Any], version: str | None, now: float
) -> list[int]:
    """The device has told of its success: is it to be believed? Returns what ended by it."""
    if row["kind"] == Kind.UPLOAD:
        return _end_upload(tx, row, now)
    shown = records.shown(tx, row["device_id"])
    if version is None and shown["software_version"] == row["evidence"].get("version"):
        version = shown["software_version"]
    has_booted = _has_booted_since(row["evidence"]["at"], shown)
    return _judge(tx, row, version, now, has_booted=has_booted)


def _has_booted_since(sent: float, shown: Row) -> bool:
    """Whether the present session was opened by a boot that came after the request."""
    events = shown["last_events"].split(",")
    return shown["last_inform"] > sent and any(each.startswith("1 BOOT:") for each in events)


def _meant(tx: Transaction, device_id: int, key: str) -> operation_records.OperationRow | None:
    """By its key; devices that lose keys mean the only transfer that they were sent."""
    sent = [row for row in operation_records.running(tx, device_id) if _is_sent(row)]
    for row in sent:
        if row["key"] == key:
            return row
    if len(sent) != 1 or (key and records.was_ours(tx, device_id, key)):
        return None
    return sent[0]


def _is_sent(row: Mapping[str, Any]) -> bool:
    return row["kind"] in KINDS and "sent" in (row["evidence"] or {})


def witness(tx: Transaction, row: Mapping[str, Any], sighting: Sighting, now: float) -> list[int]:
    """What an Inform shows of a running transfer; returns the ids of what ended by it."""
    if row["kind"] != Kind.DOWNLOAD or not _is_sent(row):
        return []
    if sighting.has("7 TRANSFER COMPLETE"):
        return []  # the device is about to tell us
    evidence = row["evidence"]
    has_booted = sighting.has("1 BOOT")
    if "reported" in evidence:
        return _judge(tx, row, sighting.software_version, now, has_booted=has_booted)
    if has_booted and _has_changed(evidence, sighting.software_version):
        return _succeed(tx, row, _proof("SoftwareVersion", sighting.software_version), now)
    return []


def believe(tx: Transaction, operation_id: int, now: float) -> bool:
    """The time of a transfer is over: does what is known speak for its success?"""
    row = operation_records.by_id(tx, operation_id)
    if row is None or row["state"] != State.RUNNING or not _is_sent(row):
        return False
    if row["kind"] == Kind.UPLOAD:
        return uploads.of_operation(tx, operation_id) is not None and bool(
            _end_upload(tx, row, now)
        )
    version = records.shown(tx, row["device_id"])["software_version"]
    is_unknown = version is None and "reported" in row["evidence"]
    if not is_unknown and not _has_changed(row["evidence"], version):
        return False
    return bool(_succeed(tx, row, _proof("SoftwareVersion", version), now))


def _has_changed(evidence: Mapping[str, Any], version: str | None) -> bool:
    """Whether the device shows the wanted version, and did not before."""
    wanted = evidence.get("version")
    return wanted is not None and version == wanted != evidence.get("before")


def _judge(
    tx: Transaction, row: Mapping[str, Any], version: str | None, now: float, *, has_booted: bool
) -> list[int]:
    """Success is believed with the wanted version; the boot into another one disproves it, and
    after a boot into an unknown one the device is asked."""
    wanted = row["evidence"].get("version")
    if wanted is None or version == wanted:
        return _succeed(tx, row, _proof("TransferComplete", version), now)
    if "booted" not in row["evidence"] and not has_booted:
        operation_records.set_awaits(tx, row["id"], "1 BOOT", None)
    elif version is not None:
        return _fail(tx, row, mismatch(version, wanted), now)
    elif "booted" not in row["evidence"]:
        operations.resume(tx, row["id"], now, {**row["evidence"], "booted": now})
    return []


def mismatch(version: str, wanted: str) -> Error:
    text = f"The device reports success, but runs version {version} instead of {wanted}."
    return Error("version_mismatch", text)


def _proof(proof: str, version: str | None) -> dict[str, Any]:
    return {"proof": proof, "software_version": version}


def _end_upload(tx: Transaction, row: Mapping[str, Any], now: float) -> list[int]:
    if row["request"].get("url") is not None:
        return _succeed(tx, row, {"proof": "TransferComplete"}, now)
    upload = uploads.of_operation(tx, row["id"])
    if upload is None:
        return _fail(tx, row, NOT_RECEIVED, now)
    return _succeed(tx, row, described(upload), now)


def described(upload: Upload) -> dict[str, Any]:
    """A file that has arrived, as the result of its operation."""
    names = ("file_type", "file_name", "size_bytes", "sha256")
    return {"upload": upload.id, **{name: getattr(upload, name) for name in names}}


def _noted(tx: Transaction, row: Mapping[str, Any], fact: str, now: float) -> dict[str, Any]:
    """Adds a fact to what is known; the first time counts."""
    evidence = {fact: now, **row["evidence"]}
    operations.note(tx, row["id"], evidence)
    return {**row, "evidence": evidence}


def _succeed(tx: Transaction, row: Mapping[str, Any], result: Any, now: float) -> list[int]:
    if not operations.complete(tx, row["id"], result, now):
        return []
    log.operation_ended(tx, row["device_id"], row["kind"], row["key"], State.COMPLETED, now)
    arrived(tx, row["device_id"], row["kind"], row["request"], now)
    return [row["id"]]


def _fail(tx: Transaction, row: Mapping[str, Any], error: Error, now: float) -> list[int]:
    if not operations.fail(tx, row["id"], error, now):
        return []
    told = error.as_json()
    log.operation_ended(tx, row["device_id"], row["kind"], row["key"], State.FAILED, now, told)
    return [row["id"]]


def arrived(
    tx: Transaction, device_id: int, kind: str, request: Mapping[str, Any], now: float
) -> None:
    """A transfer has succeeded: its image is no longer on its way to the device."""
    if kind == Kind.DOWNLOAD and request.get("firmware_image") is not None:
        records.end_wait_for_image(tx, device_id, request["firmware_image"], now)


def see_version(tx: Transaction, device_id: int, version: str | None, now: float) -> None:
    """The device shows another version: an image whose download has ended may have come late."""
    if version is not None:
        records.wanted_version_shown(tx, device_id, version, now)


# --- The files themselves --------------------------------------------------------------------


def ticket_of(operation_id: int, token: str) -> str:
    """The part of a URL that opens it: whose it is, and what nobody can guess."""
    return f"{operation_id}.{token}"


@dataclass(frozen=True, slots=True)
class Slot:
    """What the bearer of a URL may do: fetch this image, or send a file where there is none."""

    image: Image | None
    is_used: bool


def slot(tx: Transaction, ticket: str, kind: Kind, now: float) -> Slot:
    """Raises NotFound for a URL that is wrong, or whose time is over."""
    row = _holder(tx, ticket, kind, now)
    image_id = row["request"].get("firmware_image")
    image = None if image_id is None else firmware.by_id(tx, image_id)
    if kind is Kind.DOWNLOAD and image is None:
        raise NotFound("file", ticket)
    return Slot(image, "fetched" in row["evidence"])


def note_use(tx: Transaction, ticket: str, kind: Kind, now: float) -> None:
    """The device has used its URL, so it has received the request; raises NotFound."""
    row = _noted(tx, _holder(tx, ticket, kind, now), "fetched", now)
    log.add(tx, row["device_id"], "event", f"{kind} begun", now, {"id": row["key"]})


def keep_upload(tx: Transaction, ticket: str, now: float, **columns: Any) -> str | None:
    """Keeps a file that has arrived; raises NotFound when the URL's time is over by now.

    Returns what an earlier file of the operation was stored as: this one takes its place.
    """
    row = _holder(tx, ticket, Kind.UPLOAD, now)
    earlier = uploads.of_operation(tx, row["id"])
    upload = uploads.keep(
        tx,
        device_id=row["device_id"],
        operation_id=row["id"],
        file_type=row["evidence"]["file_type"],
        created=now,
        **columns,
    )
    uploads.trim_device(tx, row["device_id"], MAX_PER_DEVICE)
    log.add(tx, row["device_id"], "event", "file received", now, described(upload))
    return None if earlier is None else earlier.stored_as


def _holder(tx: Transaction, ticket: str, kind: Kind, now: float) -> operation_records.OperationRow:
    """The running operation that a URL belongs to."""
    number, _, token = ticket.partition(".")
    row = None
    if number.isascii() and number.isdecimal() and len(number) <= 18:
        row = operation_records.by_id(tx, int(number))
    if row is None or row["kind"] != kind or row["state"] != State.RUNNING:
        raise NotFound("file", ticket)
    known = (row["evidence"] or {}).get("token") or ""
    if not known or not hmac.compare_digest(known.encode(), token.encode()):
        raise NotFound("file", ticket)
    if row["deadline"] is not None and row["deadline"] <= now:
        raise NotFound("file", ticket)
    return row
