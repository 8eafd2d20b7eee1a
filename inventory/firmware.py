"""Firmware images: what is known of them. Their bytes lie in a folder, each under its own name.

Images belong to nobody: callers who are bound to organizations only read them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inventory import audit
from inventory.access import Caller
from inventory.complaints import taken
from inventory.errors import Conflict, Invalid, NotFound
from inventory.query import Expected, Page, Window
from inventory.records import bulk
from inventory.records import firmware as records
from inventory.records.firmware import Filter, Image
from inventory.store import Transaction

__all__ = ["DEFAULTS", "Filter", "Image", "change", "create", "delete", "get", "open_path", "page"]

DETACHED_AT_ONCE = 500
Fields = Mapping[str, Any]
DEFAULTS: Fields = {"file_type": "1 Firmware Upgrade Image", "description": None}
"""What a field is that a POST or PUT leaves out."""

_CHANGED = ("name", "version", "file_type", "file_name", "description")


def open_path(folder: Path, image: Image) -> Path:
    """Where the image's bytes are."""
    return folder / image.stored_as


def page(tx: Transaction, _caller: Caller, wanted: Filter, window: Window) -> Page[Image]:
    return records.page(tx, wanted, window)


def get(tx: Transaction, _caller: Caller, image_id: int) -> Image:
    image = records.by_id(tx, image_id)
    if image is None:
        raise NotFound("firmware image", image_id)
    return image


def create(tx: Transaction, caller: Caller, fields: Fields, now: float) -> Image:
    """``fields`` are all columns of an image whose file is in its place."""
    _must_be_free(tx, fields["name"])
    image = records.insert(tx, now, **{**DEFAULTS, **fields})
    _record(tx, caller, "create", image, {"name": image.name, "sha256": image.sha256}, now)
    return image


def change(
    tx: Transaction, caller: Caller, image_id: int, fields: Fields, expected: Expected, now: float
) -> Image:
    """Changes what is said of the image; its bytes stay what they are."""
    before = get(tx, caller, image_id)
    expected.check(before.tag)
    held = {name: getattr(before, name) for name in _CHANGED}
    columns = {**held, **fields}
    if columns == held:
        return before
    if columns["name"] != before.name:
        _must_be_free(tx, columns["name"])
    image = records.update(tx, image_id, now, **columns)
    _record(tx, caller, "change", image, fields, now)
    return image


def detach_some(tx: Transaction, caller: Caller, image_id: int, expected: Expected) -> bool:
    """Takes the image from some of its devices, before it is deleted; whether more may be.

    Raises Conflict while a device waits for it, or an operation or a bulk job is about it.
    """
    _unneeded(tx, caller, image_id, expected)
    return records.detach(tx, image_id, DETACHED_AT_ONCE)


def delete(tx: Transaction, caller: Caller, image_id: int, expected: Expected, now: float) -> Image:
    """Deletes the record; its file is then nobody's. Raises Conflict like ``detach_some``."""
    image = _unneeded(tx, caller, image_id, expected)
    records.delete(tx, image_id)
    _record(tx, caller, "delete", image, {"name": image.name}, now)
    return image


def _unneeded(tx: Transaction, caller: Caller, image_id: int, expected: Expected) -> Image:
    image = get(tx, caller, image_id)
    expected.check(image.tag)
    if records.is_wanted(tx, image_id):
        raise Conflict(f"Firmware image {image.name} is on its way to devices.")
    if bulk.name_image(tx, image_id):
        raise Conflict(f"Firmware image {image.name} is needed by a bulk job.")
    return image


def _must_be_free(tx: Transaction, name: str) -> None:
    if records.by_name(tx, name):
        raise Invalid({"name": [taken("firmware image", "name")]})


def _record(
    tx: Transaction, caller: Caller, action: str, image: Image, details: Fields, now: float
) -> None:
    audit.record(tx, caller, action, "firmware image", image.id, None, "done", details, now)
