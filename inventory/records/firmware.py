"""Rows of the firmware images."""

from dataclasses import dataclass, fields
from typing import Any

from inventory.query import Page, Window
from inventory.query import tag as tag_of
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of a file whose bytes lie in the image directory, under its SHA-256."""

    id: int
    name: str
    version: str
    file_type: str
    """CWMP FileType, e.g. ``1 Firmware Upgrade Image``."""
    file_name: str
    size_bytes: int
    sha256: str
    description: str | None
    created: float
    last_change: float

    @property
    def tag(self) -> str:
        return tag_of("firmware image", self)


COLUMNS = ", ".join(field.name for field in fields(Image))
SELECT = f"SELECT {COLUMNS} FROM firmware_images"
INSERT = f"""
INSERT INTO firmware_images (name, version, file_type, file_name, size_bytes, sha256, description,
    created, last_change)
VALUES (:name, :version, :file_type, :file_name, :size_bytes, :sha256, :description, :now, :now)
RETURNING {COLUMNS}"""
UPDATE = f"""
UPDATE firmware_images SET name = :name, version = :version, file_type = :file_type,
    file_name = :file_name, description = :description, last_change = :now
WHERE id = :id RETURNING {COLUMNS}"""


def by_id(tx: Transaction, image_id: int) -> Image | None:
    return _maybe(tx.one(f"{SELECT} WHERE id = :id", id=image_id))


def by_name(tx: Transaction, name: str) -> Image | None:
    return _maybe(tx.one(f"{SELECT} WHERE name = :name", name=name))


def page(tx: Transaction, where: Where, window: Window) -> Page[Image]:
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
    """Whether a device waits for this image."""
    row = tx.one(
        """SELECT 1 FROM devices WHERE firmware_image_is_pending AND firmware_image_id = :id
           LIMIT 1""",
        id=image_id,
    )
    return row is not None


def others_with(tx: Transaction, sha256: str, image_id: int) -> bool:
    """Whether another record tells of the same bytes."""
    row = tx.one(
        "SELECT 1 FROM firmware_images WHERE sha256 = :sha256 AND id <> :id LIMIT 1",
        sha256=sha256,
        id=image_id,
    )
    return row is not None


def _maybe(row: Row | None) -> Image | None:
    return None if row is None else Image(*row)


def _one(row: Row | None) -> Image:
    assert row is not None
    return Image(*row)
