"""Rows of the locations."""

from dataclasses import dataclass, fields
from typing import Any

from inventory.query import Page, Scope, Window
from inventory.query import tag as tag_of
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Location:
    """A place of an organization; coordinates are decimals as text, times Unix seconds."""

    id: int
    organization_id: int
    name: str
    short_name: str | None
    description: str | None
    address: str | None
    latitude: str | None
    longitude: str | None
    created: float
    last_change: float

    @property
    def tag(self) -> str:
        return tag_of("location", self)


COLUMNS = ", ".join(field.name for field in fields(Location))
SELECT = f"SELECT {COLUMNS} FROM locations"
INSERT = f"""
INSERT INTO locations (organization_id, name, short_name, description, address, latitude, longitude,
    created, last_change)
VALUES (:organization_id, :name, :short_name, :description, :address, :latitude, :longitude,
    :now, :now)
RETURNING {COLUMNS}"""
UPDATE = f"""
UPDATE locations SET organization_id = :organization_id, name = :name, short_name = :short_name,
    description = :description, address = :address, latitude = :latitude, longitude = :longitude,
    last_change = :now
WHERE id = :id RETURNING {COLUMNS}"""


def by_id(tx: Transaction, scope: Scope, location_id: int) -> Location | None:
    where = Where(scope).equal("id", location_id)
    return _maybe(tx.one(f"{SELECT} {where.sql}", **where.parameters))


def by_name(tx: Transaction, organization_id: int, name: str) -> Location | None:
    return _maybe(
        tx.one(
            f"{SELECT} WHERE organization_id = :organization_id AND name = :name",
            organization_id=organization_id,
            name=name,
        )
    )


def page(
    tx: Transaction, scope: Scope, organization_id: int | None, name: str | None, window: Window
) -> Page[Location]:
    where = Where(scope).equal("organization_id", organization_id).equal("name", name)
    count = tx.one(f"SELECT count(*) FROM locations {where.sql}", **where.parameters)
    assert count is not None
    rows = tx.all(
        f"{SELECT} {where.sql} ORDER BY id LIMIT :limit OFFSET :offset",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    return Page([Location(*row) for row in rows], count[0])


def insert(tx: Transaction, now: float, **columns: Any) -> Location:
    return _one(tx.one(INSERT, now=now, **columns))


def update(tx: Transaction, location_id: int, now: float, **columns: Any) -> Location:
    return _one(tx.one(UPDATE, id=location_id, now=now, **columns))


def detach(tx: Transaction, location_id: int, limit: int) -> bool:
    """Takes the location from so many devices at most; whether there may be more."""
    changed = tx.run(
        """UPDATE devices SET location_id = NULL, version = version + 1
           WHERE id IN (SELECT id FROM devices WHERE location_id = :id LIMIT :limit)""",
        id=location_id,
        limit=limit,
    )
    return changed == limit


def delete(tx: Transaction, location_id: int) -> None:
    tx.run("DELETE FROM locations WHERE id = :id", id=location_id)


def _maybe(row: Row | None) -> Location | None:
    return None if row is None else Location(*row)


def _one(row: Row | None) -> Location:
    assert row is not None
    return Location(*row)
