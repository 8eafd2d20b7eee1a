"""Rows of the device types, their match rules and templates."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from inventory.query import Page, Window
from inventory.query import tag as tag_of
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Rule:
    """A type's match rule; None means that the property does not matter."""

    type_id: int
    manufacturer: str | None = None
    oui: str | None = None
    product_class: str | None = None
    software_version: str | None = None
    hardware_version: str | None = None

    @property
    def has_pattern(self) -> bool:
        return any(
            pattern is not None
            for pattern in (
                self.manufacturer,
                self.oui,
                self.product_class,
                self.software_version,
                self.hardware_version,
            )
        )


RULES = """
SELECT id, match_manufacturer, match_oui, match_product_class,
       match_software_version, match_hardware_version
FROM device_types ORDER BY match_order, id
"""


def rules(tx: Transaction) -> Sequence[Rule]:
    """Every type's rule, in the order in which they are asked."""
    return [Rule(*row) for row in tx.all(RULES)]


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a device has from its type where it has nothing of its own."""

    firmware_image_id: int | None
    update_frequency: int | None
    """Seconds."""


def inherited(tx: Transaction, type_id: int) -> Inherited | None:
    row = tx.one(
        "SELECT firmware_image_id, update_frequency FROM device_types WHERE id = :id", id=type_id
    )
    return None if row is None else Inherited(*row)


def services_of(tx: Transaction, device_id: int) -> Mapping[str, Any]:
    """What the type of a device defines for restart_service, by the service's name."""
    row = tx.one(
        """SELECT t.services FROM devices AS d JOIN device_types AS t ON t.id = d.type_id
           WHERE d.id = :id""",
        id=device_id,
    )
    found: Mapping[str, Any] = {} if row is None else json.loads(row["services"])
    return found


# --- Types as people see and change them ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceType:
    """A type without its template and its secrets; times are Unix seconds."""

    id: int
    short_name: str
    name: str
    description: str | None
    match_manufacturer: str | None
    match_oui: str | None
    match_product_class: str | None
    match_software_version: str | None
    match_hardware_version: str | None
    match_order: int
    firmware_image_id: int | None
    update_frequency: int | None
    services: Mapping[str, Any]
    """Name of a service -> the variables that are set to restart it, secret values sealed."""
    username: str | None
    onboarding_policy: str
    onboarding_username: str | None
    allow_basic_connection_request: bool
    revision: int
    """Counts changes of the template."""
    created: float
    last_change: float

    @property
    def tag(self) -> str:
        return tag_of("device type", self.id, self.revision, self.last_change)


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter of a template; a secret value is sealed."""

    path: str
    value: str | None
    sealed: bytes | None
    value_type: str | None
    notification: int | None


_COLUMNS = ", ".join(field.name for field in fields(DeviceType))
_SELECT = f"SELECT {_COLUMNS} FROM device_types"


def by_id(tx: Transaction, type_id: int) -> DeviceType | None:
    return _maybe(tx.one(f"{_SELECT} WHERE id = :id", id=type_id))


def by_short_name(tx: Transaction, short_name: str) -> DeviceType | None:
    return _maybe(tx.one(f"{_SELECT} WHERE short_name = :name", name=short_name))


def page(tx: Transaction, short_name: str | None, window: Window) -> Page[DeviceType]:
    where = "" if short_name is None else "WHERE short_name = :short_name"
    given = {} if short_name is None else {"short_name": short_name}
    count = tx.one(f"SELECT count(*) FROM device_types {where}", **given)
    assert count is not None
    rows = tx.all(
        f"{_SELECT} {where} ORDER BY id LIMIT :limit OFFSET :offset",
        limit=window.limit,
        offset=window.offset,
        **given,
    )
    return Page([_one(row) for row in rows], count[0])


def insert(tx: Transaction, now: float, columns: Mapping[str, Any]) -> int:
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    row = tx.one(
        f"""INSERT INTO device_types ({names}, created, last_change)
            VALUES ({values}, :now, :now) RETURNING id""",
        now=now,
        **columns,
    )
    assert row is not None
    return int(row[0])


def update(tx: Transaction, type_id: int, now: float, columns: Mapping[str, Any]) -> None:
    changes = "".join(f"{name} = :{name}, " for name in columns)
    tx.run(
        f"UPDATE device_types SET {changes} last_change = :now WHERE id = :id",
        id=type_id,
        now=now,
        **columns,
    )


def detach(tx: Transaction, type_id: int, limit: int) -> list[int]:
    """Takes the type from so many devices at most; their ids."""
    rows = tx.all(
        """UPDATE devices SET type_id = NULL, version = version + 1
           WHERE id IN (SELECT id FROM devices WHERE type_id = :id LIMIT :limit) RETURNING id""",
        id=type_id,
        limit=limit,
    )
    return [row[0] for row in rows]


def delete(tx: Transaction, type_id: int) -> None:
    tx.run("DELETE FROM device_types WHERE id = :id", id=type_id)


def template(tx: Transaction, type_id: int) -> list[Line]:
    """By path."""
    rows = tx.all(
        """SELECT path, value, sealed, value_type, notification FROM device_type_parameters
           WHERE type_id = :type_id ORDER BY path""",
        type_id=type_id,
    )
    return [Line(*row) for row in rows]


def set_template(tx: Transaction, type_id: int, lines: Iterable[Line]) -> None:
    """The whole template."""
    tx.run("DELETE FROM device_type_parameters WHERE type_id = :type_id", type_id=type_id)
    tx.run_many(
        """INSERT INTO device_type_parameters
               (type_id, path, value, sealed, value_type, notification)
           VALUES (:type_id, :path, :value, :sealed, :value_type, :notification)""",
        [{"type_id": type_id} | _columns_of(line) for line in lines],
    )
    tx.run("UPDATE device_types SET revision = revision + 1 WHERE id = :id", id=type_id)


def roll_out(tx: Transaction, type_id: int, *, notifies: bool, tells_interval: bool) -> None:
    """Its devices are to be told, from the first one on; with what is still to be told to some."""
    tx.run(
        """UPDATE device_types SET rollout_after = 0,
               rollout_notifies = rollout_notifies OR :notifies,
               rollout_interval = rollout_interval OR :tells_interval WHERE id = :id""",
        id=type_id,
        notifies=notifies,
        tells_interval=tells_interval,
    )


def _columns_of(line: Line) -> dict[str, Any]:
    return {field.name: getattr(line, field.name) for field in fields(Line)}


def _maybe(row: Row | None) -> DeviceType | None:
    return None if row is None else _one(row)


def _one(row: Row) -> DeviceType:
    values = dict(zip(row.keys(), row, strict=True))
    values["services"] = json.loads(values["services"])
    basic = bool(values["allow_basic_connection_request"])
    return DeviceType(**{**values, "allow_basic_connection_request": basic})
