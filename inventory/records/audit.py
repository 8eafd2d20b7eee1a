"""Rows of the audit: written once, never changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from inventory.query import Page, Scope, Window
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to which object, from where, and how it ended."""

    id: int
    time: float
    actor: str
    source: str | None
    request_id: str | None
    action: str
    object: str
    object_key: str
    organization_id: int | None
    outcome: str
    details: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Filter:
    """None leaves a condition out; times are Unix seconds, both ends included."""

    actor: str | None = None
    action: str | None = None
    object: str | None = None
    object_key: str | None = None
    organization_id: int | None = None
    request_id: str | None = None
    outcome: str | None = None
    time_from: float | None = None
    time_to: float | None = None


SELECT = """
SELECT id, time, actor, source, request_id, action, object, object_key, organization_id,
       outcome, details
FROM audit
"""
COUNT = "SELECT count(*) FROM audit"

INSERT = """
INSERT INTO audit (time, actor, source, request_id, action, object, object_key, organization_id,
                   outcome, details)
VALUES (:time, :actor, :source, :request_id, :action, :object, :object_key, :organization_id,
        :outcome, :details)
"""


def insert(tx: Transaction, details: Mapping[str, Any] | None, **columns: Any) -> None:
    tx.run(INSERT, details=json.dumps(details) if details else None, **columns)


def page(tx: Transaction, scope: Scope, filter: Filter, window: Window) -> Page[Entry]:
    """The newest first."""
    where = _where(scope, filter)
    rows = tx.all(
        f"{SELECT} {where.sql} ORDER BY id DESC LIMIT :limit OFFSET :offset",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    count = tx.one(f"{COUNT} {where.sql}", **where.parameters)
    assert count is not None
    return Page([_entry(row) for row in rows], count[0])


def by_id(tx: Transaction, scope: Scope, entry_id: int) -> Entry | None:
    where = Where(scope).equal("id", entry_id)
    row = tx.one(f"{SELECT} {where.sql}", **where.parameters)
    return _entry(row) if row else None


def _where(scope: Scope, filter: Filter) -> Where:
    return (
        Where(scope)
        .equal("actor", filter.actor)
        .equal("action", filter.action)
        .equal("object", filter.object)
        .equal("object_key", filter.object_key)
        .equal("organization_id", filter.organization_id)
        .equal("request_id", filter.request_id)
        .equal("outcome", filter.outcome)
        .at_least("time", filter.time_from)
        .at_most("time", filter.time_to)
    )


def _entry(row: Row) -> Entry:
    details = json.loads(row["details"]) if row["details"] else None
    return replace(Entry(*row), details=details)
