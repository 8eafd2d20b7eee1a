"""What follows from the end of an operation, in the unit in which it ends.

Every way for an operation to end goes through ``inventory.operations`` and leads here, so that
nobody is left untold, neither a person nor a bulk job, whatever happens to the process next.
A device whose Download is taken back does not go on waiting for the image.
"""

from inventory import notifications, tallies
from inventory.records import operations, transfers
from inventory.records.operations import End
from inventory.store import Transaction


def follow(tx: Transaction, end: End, now: float) -> None:
    _tell(tx, end, now)
    if end.job_id is not None:
        tallies.count(tx, end, now)
    if end.kind == "download" and end.state == "cancelled":
        _give_up_image(tx, end, now)


def follow_deletion(tx: Transaction, end: End, now: float) -> None:
    """Where the end comes of the device's deletion: the device itself is changed no more, for its
    deletion goes on only while it is in the version that was to be deleted."""
    _tell(tx, end, now)
    if end.job_id is not None:
        tallies.count_deleted(tx, end, now)


def _tell(tx: Transaction, end: End, now: float) -> None:
    if end.notifies and end.group_id is not None:
        notifications.queue_of_all(tx, end.group_id, now)
    elif end.notifies:
        notifications.queue(tx, end, now)


def _give_up_image(tx: Transaction, end: End, now: float) -> None:
    """Unless another Download of it goes on. One that failed or expired is still wanted."""
    row = operations.by_id(tx, end.id)
    image_id = None if row is None else row["request"].get("firmware_image")
    if image_id is None or transfers.downloads_now(tx, end.device_id, image_id, now):
        return
    transfers.end_wait_for_image(tx, end.device_id, image_id, now)
