"""The firmware image that a device should run, and whether it is on its way there.

``firmware_image_is_pending`` is a person's switch: turned on, a Download is queued; turned off, a
Download that has not started is taken back. The server turns it off when the device has reported
success and the version.
"""

from dataclasses import dataclass

from inventory import operations
from inventory.errors import OperationInProgress
from inventory.operations import Kind, Operation, State
from inventory.records import operations as operation_records
from inventory.records.devices import Device
from inventory.records.firmware import Image
from inventory.store import Transaction


@dataclass(frozen=True, slots=True)
class Wish:
    """What a body asks for, beside what there was."""

    image: Image | None
    is_pending: bool
    image_is_new: bool
    was_pending: bool

    def needs_download(self, software_version: str | None) -> bool:
        asked = self.is_pending and (self.image_is_new or not self.was_pending)
        return asked and self.image is not None and self.image.version != software_version

    def takes_back(self) -> bool:
        return self.was_pending and (not self.is_pending or self.image_is_new)


def carry_out(tx: Transaction, device: Device, wish: Wish, now: float, created_by: str) -> bool:
    """Queues or takes back what the wish needs; returns whether an image is pending then.

    Raises NotCancellable or OperationInProgress when a Download runs already.
    """
    if wish.is_pending and wish.was_pending and not wish.image_is_new:
        return True
    if wish.takes_back():
        _take_back(tx, device, wish, now)
    if not wish.needs_download(device.software_version):
        return False
    assert wish.image is not None
    request = {"firmware_image": wish.image.id}
    operations.queue(tx, device.id, Kind.DOWNLOAD, request, now, created_by=created_by)
    return True


def _take_back(tx: Transaction, device: Device, wish: Wish, now: float) -> None:
    for operation in _downloads(tx, device.id):
        if operation.state is State.RUNNING and wish.is_pending:
            raise OperationInProgress(device.name, operation.kind, operation.key)
        operations.cancel(tx, operation.id, now)


def _downloads(tx: Transaction, device_id: int) -> list[Operation]:
    """Unfinished ones of an image; other downloads (files, configurations) are nobody's here."""
    rows = operation_records.open_kinds(tx, device_id, {Kind.DOWNLOAD})
    return [operations.read(row) for row in rows if "firmware_image" in row["request"]]
