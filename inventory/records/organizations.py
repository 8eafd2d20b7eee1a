"""Rows of the organizations."""

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.query import Page, Scope, Window
from inventory.query import tag as tag_of
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Organization:
    id: int
    name: str
    description: str | None
    is_default: bool
    """Devices that register themselves belong to this one."""
    created: float
    last_change: float

    @property
    def tag(self) -> str:
        return tag_of("organization", self.id, self.name, self.description, self.last_change)


SELECT = "SELECT id, name, description, is_default, created, last_change FROM organizations"
COUNT = "SELECT count(*) FROM organizations"
INSERT = """
INSERT INTO organizations (name, description, is_default, created, last_change)
VALUES (:name, :description, FALSE, :now, :now)
RETURNING id, name, description, is_default, created, last_change
"""
A_DEVICE = "SELECT 1 FROM devices WHERE organization_id = :id LIMIT 1"
A_LOCATION = "SELECT 1 FROM locations WHERE organization_id = :id LIMIT 1"
UPDATE = """
UPDATE organizations SET name = :name, description = :description, last_change = :now
WHERE id = :id RETURNING id, name, description, is_default, created, last_change
"""


def by_id(tx: Transaction, scope: Scope, organization_id: int) -> Organization | None:
    where = Where(scope, "id").equal("id", organization_id)
    row = tx.one(f"{SELECT} {where.sql}", **where.parameters)
    return _organization(row) if row else None


def by_name(tx: Transaction, name: str) -> Organization | None:
    row = tx.one(f"{SELECT} WHERE name = :name", name=name)
    return _organization(row) if row else None


def default(tx: Transaction) -> Organization:
    row = tx.one(f"{SELECT} WHERE is_default ORDER BY id")
    assert row is not None
    return _organization(row)


def page(tx: Transaction, scope: Scope, name: str | None, window: Window) -> Page[Organization]:
    where = Where(scope, "id").equal("name", name)
    rows = tx.all(
        f"{SELECT} {where.sql} ORDER BY id LIMIT :limit OFFSET :offset",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    count = tx.one(f"{COUNT} {where.sql}", **where.parameters)
    assert count is not None
    return Page([_organization(row) for row in rows], count[0])


def missing(tx: Transaction, organization_ids: Sequence[int]) -> list[int]:
    """Those of the ids that no organization has."""
    return [
        number
        for number in organization_ids
        if tx.one(f"{SELECT} WHERE id = :id", id=number) is None
    ]


def insert(tx: Transaction, name: str, description: str | None, now: float) -> Organization:
    row = tx.one(INSERT, name=name, description=description, now=now)
    assert row is not None
    return _organization(row)


def update(
    tx: Transaction, organization_id: int, name: str, description: str | None, now: float
) -> Organization:
    row = tx.one(UPDATE, id=organization_id, name=name, description=description, now=now)
    assert row is not None
    return _organization(row)


def delete(tx: Transaction, organization_id: int) -> None:
    tx.run("DELETE FROM organizations WHERE id = :id", id=organization_id)


def has_devices(tx: Transaction, organization_id: int) -> bool:
    return tx.one(A_DEVICE, id=organization_id) is not None


def has_locations(tx: Transaction, organization_id: int) -> bool:
    return tx.one(A_LOCATION, id=organization_id) is not None


def _organization(row: Row) -> Organization:
    number, name, description, is_default, created, last_change = row
    return Organization(number, name, description, bool(is_default), created, last_change)
