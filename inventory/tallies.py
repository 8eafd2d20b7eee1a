"""How a bulk job counts its targets: each once, in the unit in which its operation ends."""

from inventory.records import bulk as records
from inventory.records.operations import End
from inventory.store import Transaction

TIMEOUT, REFUSED, FAULT = "connection_timeouts", "authentication_failures", "cwmp_faults"
CANCELLED, INACTIVE, DELETED = "cancelled", "inactive_devices", "deleted_devices"
NO_IMAGE, OTHER = "no_firmware_image", "other_failures"
CAUSES = {
    TIMEOUT: "The device did not come, or did not answer, in its time.",
    REFUSED: "The device refused the connection request's credentials.",
    FAULT: "The device answered with a fault.",
    CANCELLED: "Somebody cancelled the operation on the device.",
    INACTIVE: "No operation runs on an inactive device.",
    DELETED: "The device is deleted.",
    NO_IMAGE: "No firmware image is named, by the job or by the device.",
    OTHER: "The operation failed.",
}
_SILENCE = frozenset({"no_answer", "timeout"})


def count(tx: Transaction, end: End, now: float) -> None:
    assert end.job_id is not None
    target = records.Target(end.job_id, end.device_id, end.id)
    if end.state == "completed":
        records.settle(tx, target, "completed", None, now)
    elif end.state == "cancelled":
        records.settle(tx, target, "failed", CANCELLED, now)
    else:
        records.settle(tx, target, "failed", _cause(tx, end), now)


def count_deleted(tx: Transaction, end: End, now: float) -> None:
    """One that ended because its device is being deleted, whatever it had come to."""
    assert end.job_id is not None
    target = records.Target(end.job_id, end.device_id, end.id)
    records.settle(tx, target, "failed", DELETED, now)


def _cause(tx: Transaction, end: End) -> str:
    code = records.error_code(tx, end.id)
    if code is not None and code.isdigit():
        return FAULT
    if code is not None and code not in _SILENCE:
        return OTHER
    return unreached(tx, end.device_id)


def unreached(tx: Transaction, device_id: int) -> str:
    """Why a device was not reached, as its last connection request showed."""
    return REFUSED if records.last_call(tx, device_id) == "refused" else TIMEOUT
