"""The parameter cache's rows: names, sections, searched values, refused names."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.sections import Layout, Stored, end_of
from inventory.store import Row, Transaction

CHUNK = 100  # names in one statement; chunks are filled up, so that there is one text to prepare


@dataclass(frozen=True, slots=True)
class Model:
    """Devices that have the same parameters: one product with one software version."""

    manufacturer: str
    oui: str
    product_class: str
    software_version: str


# --- Names -----------------------------------------------------------------------------------

_MARKS = tuple(f"n{number}" for number in range(CHUNK))
_LIST = ", ".join(f":{mark}" for mark in _MARKS)
_ROWS = ", ".join(f"(:{mark})" for mark in _MARKS)
FIND = f"SELECT path, id FROM parameter_names WHERE path IN ({_LIST})"
SPELL = f"SELECT id, path FROM parameter_names WHERE id IN ({_LIST})"
INTERN = f"""
INSERT INTO parameter_names (path) VALUES {_ROWS} ON CONFLICT (path) DO NOTHING RETURNING path, id
"""


def _chunks(items: Iterable[Any]) -> Iterator[dict[str, Any]]:
    left = list(items)
    for start in range(0, len(left), CHUNK):
        chunk = left[start : start + CHUNK]
        yield dict(zip(_MARKS, chunk + chunk[-1:] * (CHUNK - len(chunk)), strict=True))


def find_names(tx: Transaction, paths: Iterable[str]) -> dict[str, int]:
    """The ids of the paths that have one."""
    return {path: key for chunk in _chunks(paths) for path, key in tx.all(FIND, **chunk)}


def spell_names(tx: Transaction, ids: Iterable[int]) -> dict[int, str]:
    """The paths of the ids."""
    return {key: path for chunk in _chunks(ids) for key, path in tx.all(SPELL, **chunk)}


def intern_names(tx: Transaction, paths: Sequence[str]) -> dict[str, int]:
    """The ids of the paths, made where there was none."""
    made = {path: key for chunk in _chunks(paths) for path, key in tx.all(INTERN, **chunk)}
    return made | find_names(tx, [path for path in paths if path not in made])


def names_below(tx: Transaction, partial_path: str) -> dict[str, int]:
    """The ids of everything below an object."""
    rows = tx.all(
        "SELECT path, id FROM parameter_names WHERE path > :start AND path < :end",
        start=partial_path,
        end=end_of(partial_path),
    )
    return {row["path"]: row["id"] for row in rows}


# --- Sections --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A section's new body (None: it goes), valid while its version is still ``version``.

    Version 0 means that the section did not exist.
    """

    section: str
    version: int
    names: int
    body: bytes | None


class LostRace(Exception):
    """A section has changed since it was read; nothing of the unit is kept."""


class Shelf:
    """A table of sections, by owner."""

    def __init__(self, table: str, owner: str) -> None:
        mine = f"{owner} = :owner AND section = :section"
        self._layout = f"SELECT section, version, names FROM {table} WHERE {owner} = :owner"
        self._body = f"SELECT body FROM {table} WHERE {mine}"
        self._insert = f"""
            INSERT INTO {table} ({owner}, section, version, names, body)
            VALUES (:owner, :section, :next, :names, :body) ON CONFLICT DO NOTHING"""
        self._update = f"""
            UPDATE {table} SET version = :next, names = :names, body = :body
            WHERE {mine} AND version = :version"""
        self._delete = f"DELETE FROM {table} WHERE {mine} AND version = :version"
        self._clear = f"DELETE FROM {table} WHERE {owner} = :owner"

    def layout(self, tx: Transaction, owner: int) -> Layout:
        rows = tx.all(self._layout, owner=owner)
        return Layout({section: Stored(version, names) for section, version, names in rows})

    def body(self, tx: Transaction, owner: int, section: str) -> bytes:
        """The document of a section that the layout shows."""
        row = tx.one(self._body, owner=owner, section=section)
        assert row is not None
        body: bytes = row["body"]
        return body

    def change(self, tx: Transaction, owner: int, changes: Iterable[Change]) -> None:
        """Compares and sets all of them, or raises :class:`LostRace`."""
        for change in changes:
            mine = {"owner": owner, "section": change.section}
            new = {"next": _next(change), "names": change.names, "body": change.body}
            if change.body is None and change.version == 0:
                continue
            if change.body is None:
                done = tx.run(self._delete, **mine, version=change.version)
            elif change.version == 0:
                done = tx.run(self._insert, **mine, **new)
            else:
                done = tx.run(self._update, **mine, **new, version=change.version)
            if not done:
                raise LostRace

    def clear(self, tx: Transaction, owner: int) -> None:
        tx.run(self._clear, owner=owner)


def _next(change: Change) -> int:
    """A version that this section never had, not even before it went and came again."""
    return change.version + 1 if change.version else secrets.randbits(48) + 1


DEVICES = Shelf("device_values", "device_id")
MODELS = Shelf("model_parameters", "model_id")


# --- Models ----------------------------------------------------------------------------------


def model_id(tx: Transaction, model: Model) -> int | None:
    row = tx.one(
        """SELECT id FROM models WHERE oui = :oui AND product_class = :product_class
           AND software_version = :software_version AND manufacturer = :manufacturer""",
        **_columns(model),
    )
    return None if row is None else int(row["id"])


def add_model(tx: Transaction, model: Model) -> int:
    """The model's id, made where there was none."""
    tx.run(
        """INSERT INTO models (oui, product_class, software_version, manufacturer)
           VALUES (:oui, :product_class, :software_version, :manufacturer)
           ON CONFLICT DO NOTHING""",
        **_columns(model),
    )
    added = model_id(tx, model)
    assert added is not None
    return added


def _columns(model: Model) -> dict[str, str]:
    return {
        "oui": model.oui,
        "product_class": model.product_class,
        "software_version": model.software_version,
        "manufacturer": model.manufacturer,
    }


# --- Values that the fleet is searched by ----------------------------------------------------


def index(tx: Transaction, device_id: int, values: Mapping[int, str]) -> None:
    """The device now has these values, by name id; empty ones are not searched for."""
    unindex(tx, device_id, values)
    tx.run_many(
        """INSERT INTO parameter_index (name_id, value, device_id)
           VALUES (:name_id, :value, :device_id)""",
        [
            {"name_id": name_id, "value": value, "device_id": device_id}
            for name_id, value in values.items()
            if value
        ],
    )


def unindex(tx: Transaction, device_id: int, name_ids: Iterable[int]) -> None:
    tx.run_many(
        "DELETE FROM parameter_index WHERE device_id = :device_id AND name_id = :name_id",
        [{"device_id": device_id, "name_id": name_id} for name_id in name_ids],
    )


def indexed_names(tx: Transaction, device_id: int) -> Sequence[Row]:
    """Path and id of the names that the device can be found by."""
    return tx.all(
        """SELECT path, id FROM parameter_index JOIN parameter_names ON id = name_id
           WHERE device_id = :device_id""",
        device_id=device_id,
    )


def clear_index(tx: Transaction, device_id: int) -> None:
    tx.run("DELETE FROM parameter_index WHERE device_id = :device_id", device_id=device_id)


def devices_with(
    tx: Transaction, name_id: int, value: str, after: int, limit: int
) -> Sequence[int]:
    """Ids of devices, in order, that have this value; from the one behind ``after``."""
    return [
        row["device_id"]
        for row in tx.all(
            """SELECT device_id FROM parameter_index
               WHERE name_id = :name_id AND value = :value AND device_id > :after
               ORDER BY device_id LIMIT :limit""",
            name_id=name_id,
            value=value,
            after=after,
            limit=limit,
        )
    ]


# --- Names that a model does not know (fault 9005) ------------------------------------------


def mark_unknown(tx: Transaction, model_id: int, paths: Iterable[str], now: float) -> None:
    tx.run_many(
        """INSERT INTO unknown_names (model_id, path, seen) VALUES (:model_id, :path, :now)
           ON CONFLICT (model_id, path) DO UPDATE SET seen = excluded.seen""",
        [{"model_id": model_id, "path": path, "now": now} for path in paths],
    )


def drop_old_unknown(tx: Transaction, model_id: int, before: float) -> None:
    tx.run(
        "DELETE FROM unknown_names WHERE model_id = :model_id AND seen < :before",
        model_id=model_id,
        before=before,
    )


def is_unknown(tx: Transaction, model_id: int, path: str, since: float) -> bool:
    return (
        tx.one(
            """SELECT 1 FROM unknown_names
               WHERE model_id = :model_id AND path = :path AND seen >= :since""",
            model_id=model_id,
            path=path,
            since=since,
        )
        is not None
    )


# --- What the last Inform told ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Inform:
    """The last Inform's parameters, packed, and its time; None before the first."""

    values: bytes | None
    time: float | None


def inform(tx: Transaction, device_id: int) -> Inform | None:
    """What stands in the device's row; None when there is no such device."""
    row = tx.one(
        """SELECT inform_values, last_inform FROM devices
           JOIN presence ON presence.device_id = devices.id WHERE devices.id = :id""",
        id=device_id,
    )
    return None if row is None else Inform(*row)
