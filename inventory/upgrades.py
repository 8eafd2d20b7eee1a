"""The firmware image that a device should run, and whether it is on its way there.

``firmware_image_is_pending`` is a person's switch: turned on, a Download is queued; turned off, a
Download that has not started is taken back, and so it is when another image is chosen, for the
switch was turned on for the one before. Turned on again, it queues a Download where none is open
any more. The server turns it off when the device has reported success and the version, and when
somebody takes the last Download of the image back (``inventory.endings``).
"""

from dataclasses import dataclass

from inventory import operations
from inventory.errors import OperationInProgress
from inventory.operations import Kind, State
from inventory.query import EVERYTHING
from inventory.records import devices as device_records
from inventory.records import transfers as records
from inventory.records.devices import Device
from inventory.records.firmware import Image
from inventory.store import Transaction


@dataclass(frozen=True, slots=True)
class Wish:
    """What a body asks for, beside what there was."""

    image: Image | None
    is_asked: bool
    """The body itself says that the image is to be downloaded."""
    is_pending: bool
    image_is_new: bool
    was_pending: bool

    def takes_back(self) -> bool:
        return self.was_pending and (not self.is_pending or self.image_is_new)


def needs_download(tx: Transaction, device: Device, wish: Wish, now: float) -> bool:
    """Unless the device reports the image already, or a Download of it is due or running."""
    if not wish.is_asked or wish.image is None or wish.image.version == device.software_version:
        return False
    return not records.downloads_now(tx, device.id, wish.image.id, now)


def queue(tx: Transaction, device: Device, wish: Wish, now: float, created_by: str) -> None:
    assert wish.image is not None
    request = {"firmware_image": wish.image.id}
    operations.queue(tx, device.id, Kind.DOWNLOAD, request, now, created_by=created_by)


def is_pending(tx: Transaction, device: Device, wish: Wish, now: float) -> bool:
    """Whether the wished image is on its way, when what it needs has been queued."""
    if wish.image is None or not wish.is_asked:
        return wish.is_pending
    return bool(records.downloads_now(tx, device.id, wish.image.id, now))


def drop_choice(tx: Transaction, device_id: int, now: float) -> list[int]:
    """The device's own image and interval are gone, and with them the Downloads of that image that
    have not started; returns their ids."""
    device = device_records.by_id(tx, EVERYTHING, device_id)
    if device is None:
        return []
    device_records.drop_choices(tx, device_id)
    image_id = device.firmware_image_id
    due = [] if image_id is None else records.downloads_now(tx, device_id, image_id, now)
    unstarted = [download.id for download in due if download.state != State.RUNNING]
    for operation_id in unstarted:
        operations.cancel(tx, operation_id, now)
    return unstarted


def take_back(tx: Transaction, device: Device, wish: Wish, now: float) -> None:
    """Cancels the Downloads of the image that the device had before.

    Raises NotCancellable or OperationInProgress when one runs already.
    """
    if device.firmware_image_id is None:
        return
    for download in records.downloads_now(tx, device.id, device.firmware_image_id, now):
        if download.state == State.RUNNING and wish.is_pending:
            raise OperationInProgress(device.name, Kind.DOWNLOAD, download.key)
        operations.cancel(tx, download.id, now)
