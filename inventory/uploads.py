"""Files that devices have sent. Their bytes lie in a folder, each under its own name.

The rows decide: a file that no row names is nobody's, and housekeeping sweeps it away. So a file
goes when its device is deleted, when a better one takes its place, and when its time is over.
"""

from collections.abc import Sequence
from pathlib import Path

from inventory import devices
from inventory.access import Caller
from inventory.devices import Key
from inventory.errors import NotFound
from inventory.query import Page, Window
from inventory.records import uploads as records
from inventory.records.uploads import Upload
from inventory.store import Transaction

__all__ = ["Upload", "get", "open_path", "ownerless", "page", "trim"]

BATCH = 200


def open_path(folder: Path, upload: Upload) -> Path:
    """Where the file's bytes are."""
    return folder / upload.stored_as


def page(tx: Transaction, caller: Caller, key: Key, window: Window) -> Page[Upload]:
    """One device's, the newest first; raises NotFound or Ambiguous when there is no such device."""
    return records.page(tx, devices.get(tx, caller, key).id, window)


def get(tx: Transaction, caller: Caller, key: Key, upload_id: int) -> Upload:
    """Raises NotFound, also for another device's."""
    upload = records.by_id(tx, devices.get(tx, caller, key).id, upload_id)
    if upload is None:
        raise NotFound("upload", upload_id)
    return upload


def trim(tx: Transaction, before: float) -> int:
    """Removes rows older than ``before``, so many at most; 0 when there are none left."""
    return records.trim(tx, before, BATCH)


def ownerless(tx: Transaction, names: Sequence[str]) -> list[str]:
    """Which of these files, at most :data:`BATCH`, no row names."""
    known = records.known(tx, names)
    return [name for name in names if name not in known]
