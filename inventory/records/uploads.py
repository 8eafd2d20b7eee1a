"""SQL of the files that devices have sent."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from inventory.query import EVERYTHING, Page, Window
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Upload:
    """What is known of a file, whose bytes lie in the upload folder."""

    id: int
    device_id: int
    operation_id: int | None
    file_type: str
    """CWMP FileType, e.g. ``2 Vendor Log File``."""
    file_name: str
    size_bytes: int
    sha256: str
    stored_as: str
    """Name of the file in the upload folder."""
    created: float


COLUMNS = ", ".join(field.name for field in fields(Upload))

# A device that sends its file twice for one operation has sent a better one.
_KEEP = f"""
INSERT INTO uploads (device_id, operation_id, file_type, file_name, size_bytes, sha256, stored_as,
    created)
VALUES (:device_id, :operation_id, :file_type, :file_name, :size_bytes, :sha256, :stored_as,
    :created)
ON CONFLICT (operation_id) DO UPDATE SET file_name = excluded.file_name,
    size_bytes = excluded.size_bytes, sha256 = excluded.sha256, stored_as = excluded.stored_as,
    created = excluded.created
RETURNING {COLUMNS}"""

_TRIM = """
DELETE FROM uploads WHERE id IN (
    SELECT id FROM uploads WHERE created < :before ORDER BY created LIMIT :batch)"""

_TRIM_DEVICE = """
DELETE FROM uploads WHERE device_id = :device_id AND id <= (
    SELECT id FROM uploads WHERE device_id = :device_id ORDER BY id DESC LIMIT 1 OFFSET :kept)"""


def keep(tx: Transaction, **columns: Any) -> Upload:
    """Writes the row of a file that has arrived, in place of an earlier one of its operation."""
    row = tx.one(_KEEP, **columns)
    assert row is not None
    return Upload(*row)


def by_id(tx: Transaction, device_id: int, upload_id: int) -> Upload | None:
    return _maybe(
        tx.one(
            f"SELECT {COLUMNS} FROM uploads WHERE id = :id AND device_id = :device_id",
            id=upload_id,
            device_id=device_id,
        )
    )


def of_operation(tx: Transaction, operation_id: int) -> Upload | None:
    return _maybe(
        tx.one(f"SELECT {COLUMNS} FROM uploads WHERE operation_id = :id", id=operation_id)
    )


def page(tx: Transaction, device_id: int, window: Window) -> Page[Upload]:
    """The newest first."""
    where = Where(EVERYTHING).equal("device_id", device_id)
    count = tx.one(f"SELECT count(*) FROM uploads {where.sql}", **where.parameters)
    assert count is not None
    rows = tx.all(
        f"SELECT {COLUMNS} FROM uploads {where.sql} ORDER BY id DESC LIMIT :limit OFFSET :offset",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    return Page([Upload(*row) for row in rows], count[0])


def trim(tx: Transaction, before: float, batch: int) -> int:
    """Removes rows older than ``before``, so many at most; returns how many."""
    return tx.run(_TRIM, before=before, batch=batch)


def trim_device(tx: Transaction, device_id: int, kept: int) -> int:
    """Removes all but the newest rows of a device; returns how many."""
    return tx.run(_TRIM_DEVICE, device_id=device_id, kept=kept)


def known(tx: Transaction, names: Collection[str]) -> set[str]:
    """Which of these files belong to a row."""
    where = Where(EVERYTHING).among("stored_as", sorted(names))
    rows = tx.all(f"SELECT stored_as FROM uploads {where.sql}", **where.parameters)
    return {row["stored_as"] for row in rows}


def _maybe(row: Row | None) -> Upload | None:
    return None if row is None else Upload(*row)
