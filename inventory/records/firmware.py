"""Rows of the firmware images."""

from dataclasses import dataclass, fields
from typing import Any

from inventory.query import EVERYTHING, Page, Window
from inventory.query import tag as tag_of
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of a file, whose bytes lie in the image folder."""

    id: int
    name: str
    version: str
    file_type: str
    """CWMP FileType, e.g. ``1 Firmware Upgrade Image``."""
    file_name: str
    size_bytes: int
    sha256: str
    stored_as: str
    """Name of the file in the image folder."""
    description: str | None
    created: float
    last_change: float

    @property
    def tag(self) -> str:
        return tag_of("firmware image", self)


COLUMNS = ", ".join(field.name for field in fields(Image))
SELECT = f"SELECT {COLUMNS} FROM firmware_images"
INSERT = f"""
INSERT INTO firmware_images (name, version, file_type, file_name, size_bytes, sha256, stored_as,
    description, created, last_change)
VALUES (:name, :version, :file_type, :file_name, :size_bytes, :sha256, :stored_as,
    :description, :now, :now)
RETURNING {COLUMNS}"""
UPDATE = f"""
UPDATE firmware_images SET name = :name, version = :version, file_type = :file_type,
    file_name = :file_name, description = :description, last_change = :now
WHERE id = :id RETURNING {COLUMNS}"""


def by_id(tx: Transaction, image_id: int) -> Image | None:
    return _maybe(tx.one(f"{SELECT} WHERE id = :id", id=image_id))


def by_name(tx: Transaction, name: str) -> Image | None:
    return _maybe(tx.one(f"{SELECT} WHERE name = :name", name=name))


@dataclass(frozen=True, slots=True)
class Filter:
    """None leaves a condition out."""

    name: str | None = None
    version: str | None = None
    file_type: str | None = None


def page(tx: Transaction, wanted: Filter, window: Window) -> Page[Image]:
    where = Where(EVERYTHING)
    for column in fields(Filter):
        where.equal(column.name, getattr(wanted, column.name))
    count = tx.one(f"SELECT count(*) FROM firmware_images {where.sql}", **where.parameters)
    assert count is not None
    rows = tx.all(
        f"{SELECT} {where.sql} ORDER BY id LIMIT :limit OFFSET :offset",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    return Page([Image(*row) for row in rows], count[0])


def insert(tx: Transaction, now: float, **columns: Any) -> Image:
    return _one(tx.one(INSERT, now=now, **columns))


def update(tx: Transaction, image_id: int, now: float, **columns: Any) -> Image:
    return _one(tx.one(UPDATE, id=image_id, now=now, **columns))


def delete(tx: Transaction, image_id: int) -> None:
    tx.run("DELETE FROM firmware_images WHERE id = :id", id=image_id)


def is_wanted(tx: Transaction, image_id: int) -> bool:
    """Whether a device waits for this image, or an operation that has not ended is about it."""
    row = tx.one(
        """SELECT 1 FROM devices WHERE firmware_image_is_pending AND firmware_image_id = :id
           LIMIT 1""",
        id=image_id,
    )
    return row is not None or _is_ordered(tx, image_id)


def _is_ordered(tx: Transaction, image_id: int) -> bool:
    row = tx.one(
        """SELECT 1 FROM operations WHERE image_id = :id
               AND state IN ('scheduled', 'pending', 'running') LIMIT 1""",
        id=image_id,
    )
    return row is not None


def detach(tx: Transaction, image_id: int, limit: int) -> bool:
    """Takes the image from so many devices at most; whether there may be more."""
    changed = tx.run(
        """UPDATE devices SET firmware_image_id = NULL, version = version + 1
           WHERE id IN (SELECT id FROM devices WHERE firmware_image_id = :id LIMIT :limit)""",
        id=image_id,
        limit=limit,
    )
    return changed == limit


def _maybe(row: Row | None) -> Image | None:
    return None if row is None else Image(*row)


def _one(row: Row | None) -> Image:
    assert row is not None
    return Image(*row)
