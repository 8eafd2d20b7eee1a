"""The audit: who did what, when, from where, and how it ended. Append-only.

A row is written in the unit of the effect that it tells of: there is no effect without its row, and
no row of something that was rolled back. Secrets never stand in ``details``.
"""

from collections.abc import Mapping
from typing import Any

from inventory.access import Caller
from inventory.errors import NotFound
from inventory.query import Page, Window
from inventory.records import audit as records
from inventory.records.audit import Entry, Filter
from inventory.store import Transaction

__all__ = ["Entry", "Filter", "get", "list_entries", "record"]


def record(
    tx: Transaction,
    caller: Caller,
    action: str,
    object: str,
    key: object,
    organization_id: int | None,
    outcome: str,
    details: Mapping[str, Any] | None,
    now: float,
) -> None:
    """Writes one row: ``record(tx, caller, "create", "device", name, 1, "done", None, now)``."""
    records.insert(
        tx,
        details,
        time=now,
        actor=caller.name,
        source=caller.source,
        request_id=caller.request_id,
        action=action,
        object=object,
        object_key=str(key),
        organization_id=organization_id,
        outcome=outcome,
    )


def list_entries(tx: Transaction, caller: Caller, filter: Filter, window: Window) -> Page[Entry]:
    if filter.organization_id is not None:
        caller.may_name(filter.organization_id)
    return records.page(tx, caller.scope, filter, window)


def get(tx: Transaction, caller: Caller, entry_id: int) -> Entry:
    entry = records.by_id(tx, caller.scope, entry_id)
    if entry is None:
        raise NotFound("audit entry", entry_id)
    return entry
