"""What is read to say why something is not applied on a device."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from inventory.store import Transaction


@dataclass(frozen=True, slots=True)
class Called:
    """What became of the last connection request."""

    time: float
    outcome: str
    detail: str


def called(tx: Transaction, device_id: int) -> Called | None:
    row = tx.one(
        "SELECT time, outcome, detail FROM connection_requests WHERE device_id = :id", id=device_id
    )
    return None if row is None else Called(*row)


@dataclass(frozen=True, slots=True)
class Differing:
    """A wanted value that the device was found not to have."""

    path: str
    wanted: str | None
    found: str | None
    since: float
    is_set_aside: bool


def differing(tx: Transaction, device_id: int, limit: int) -> list[Differing]:
    """By path; what is write-only does not differ."""
    rows = tx.all(
        """SELECT path, wanted, found, since, set_aside FROM drift
           WHERE device_id = :device_id AND NOT is_write_only ORDER BY path LIMIT :limit""",
        device_id=device_id,
        limit=limit,
    )
    return [
        Differing(row["path"], row["wanted"], row["found"], row["since"], bool(row["set_aside"]))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Cut:
    """Sessions in a row, up to the last one, that ended too early."""

    count: int
    since: float


def cut_short(
    tx: Transaction, device_id: int, note: str, limit: int, *, counts_from: float
) -> Cut | None:
    """Those that carry the note.

    None when the device's last session is none of them, unless it may still be under way: then
    those count that ended not before ``counts_from``.
    """
    rows = tx.all(
        """SELECT s.started, s.ended, s.notes, s.session_id = p.session_id AS is_last
           FROM sessions AS s JOIN presence AS p ON p.device_id = s.device_id
           WHERE s.device_id = :device_id ORDER BY s.id DESC LIMIT :limit""",
        device_id=device_id,
        limit=limit,
    )
    if not rows or not (rows[0]["is_last"] or rows[0]["ended"] >= counts_from):
        return None
    run = _while_noted([(row["started"], json.loads(row["notes"])) for row in rows], note)
    return Cut(len(run), run[-1]) if run else None


def _while_noted(sessions: Sequence[tuple[float, list[str]]], note: str) -> list[float]:
    run: list[float] = []
    for started, notes in sessions:
        if note not in notes:
            break
        run.append(started)
    return run
