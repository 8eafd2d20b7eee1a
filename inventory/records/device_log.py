"""What is read of a device's history: its log and its sessions. They are written elsewhere."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from inventory.query import Page, Scope, Window
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened on a device."""

    id: int
    device_id: int
    device_name: str
    time: float
    kind: str
    text: str
    details: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Filter:
    """None leaves a condition out; times are Unix seconds, both ends included."""

    device_id: int | None = None
    device_name: str | None = None
    kind: str | None = None
    time_from: float | None = None
    time_to: float | None = None


def page(tx: Transaction, scope: Scope, wanted: Filter, window: Window) -> Page[Entry]:
    """The newest first."""
    where = (
        Where(scope, "d.organization_id")
        .equal("g.device_id", wanted.device_id)
        .equal("d.name", wanted.device_name)
        .equal("g.kind", wanted.kind)
        .at_least("g.time", wanted.time_from)
        .at_most("g.time", wanted.time_to)
    )
    needs_device = scope.organizations is not None or wanted.device_name is not None
    device = "JOIN devices AS d ON d.id = g.device_id"
    count = tx.one(
        f"SELECT count(*) FROM device_log AS g {device if needs_device else ''} {where.sql}",
        **where.parameters,
    )
    assert count is not None
    rows = tx.all(
        f"""SELECT g.id, g.device_id, d.name AS device_name, g.time, g.kind, g.text, g.details
            FROM device_log AS g {device} {where.sql}
            ORDER BY g.id DESC LIMIT :limit OFFSET :offset""",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    return Page([_entry(row) for row in rows], count[0])


def _entry(row: Row) -> Entry:
    values = dict(zip(row.keys(), row, strict=True))
    if values["details"] is not None:
        values["details"] = json.loads(values["details"])
    return Entry(**values)


# --- Sessions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """One SOAP message of a session, its secrets redacted."""

    speaker: str
    time: float
    text: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session that had something to tell."""

    id: int
    session_id: str
    started: float
    ended: float
    outcome: str
    address: str
    events: Sequence[str]
    retry_count: int
    rpcs: Sequence[dict[str, Any]]
    faults: int
    notes: Sequence[str]
    transcript: Sequence[Said] | None


def sessions(tx: Transaction, device_id: int, window: Window) -> Page[Session]:
    """The newest first."""
    count = tx.one("SELECT count(*) FROM sessions WHERE device_id = :id", id=device_id)
    assert count is not None
    rows = tx.all(
        """SELECT id, session_id, started, ended, outcome, address, events, retry_count, rpcs,
               faults, notes, transcript
           FROM sessions WHERE device_id = :id ORDER BY id DESC LIMIT :limit OFFSET :offset""",
        id=device_id,
        limit=window.limit,
        offset=window.offset,
    )
    return Page([_session(row) for row in rows], count[0])


def _session(row: Row) -> Session:
    values = dict(zip(row.keys(), row, strict=True))
    for name in ("events", "rpcs", "notes"):
        values[name] = json.loads(values[name])
    return Session(**{**values, "transcript": _transcript(values["transcript"])})


def _transcript(packed: bytes | None) -> list[Said] | None:
    if packed is None:
        return None
    return [Said(*line) for line in msgpack.unpackb(zlib.decompress(packed))]
