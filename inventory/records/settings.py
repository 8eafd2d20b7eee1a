"""Rows of the settings that devices have of their own, and of what was found to differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.query import Page, Scope, Window
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Own:
    """A device's own wanted value; a secret one is sealed."""

    path: str
    value: str | None
    sealed: bytes | None
    value_type: str | None
    last_change: float


@dataclass(frozen=True, slots=True)
class Drift:
    """A wanted value that the device was found not to have."""

    device_id: int
    device_name: str
    path: str
    wanted: str | None
    found: str | None
    since: float
    corrections: int
    is_set_aside: bool


def own(tx: Transaction, device_id: int) -> list[Own]:
    """By path."""
    rows = tx.all(
        """SELECT path, value, sealed, value_type, last_change FROM device_settings
           WHERE device_id = :device_id ORDER BY path""",
        device_id=device_id,
    )
    return [Own(*row) for row in rows]


def keep(tx: Transaction, device_id: int, settings: Iterable[Own]) -> None:
    tx.run_many(
        """INSERT INTO device_settings (device_id, path, value, sealed, value_type, last_change)
           VALUES (:device_id, :path, :value, :sealed, :value_type, :last_change)
           ON CONFLICT (device_id, path) DO UPDATE SET value = excluded.value,
               sealed = excluded.sealed, value_type = excluded.value_type,
               last_change = excluded.last_change""",
        [
            {
                "device_id": device_id,
                "path": each.path,
                "value": each.value,
                "sealed": each.sealed,
                "value_type": each.value_type,
                "last_change": each.last_change,
            }
            for each in settings
        ],
    )


def drop(tx: Transaction, device_id: int, paths: Iterable[str]) -> None:
    tx.run_many(
        "DELETE FROM device_settings WHERE device_id = :device_id AND path = :path",
        [{"device_id": device_id, "path": path} for path in paths],
    )


def set_pending(tx: Transaction, device_id: int, is_pending: bool, now: float) -> None:
    """Since when settings of the device wait to be confirmed, or that none does any more."""
    if is_pending:
        tx.run(
            """UPDATE devices SET settings_pending = :now
               WHERE id = :id AND settings_pending IS NULL""",
            id=device_id,
            now=now,
        )
    else:
        tx.run(
            """UPDATE devices SET settings_pending = NULL
               WHERE id = :id AND settings_pending IS NOT NULL""",
            id=device_id,
        )


def is_pending(tx: Transaction, device_id: int) -> bool:
    row = tx.one(
        "SELECT 1 FROM devices WHERE id = :id AND settings_pending IS NOT NULL", id=device_id
    )
    return row is not None


def rolling_out(tx: Transaction) -> tuple[int, int] | None:
    """A type whose changed template is being told to its devices, and to which id that is done."""
    row = tx.one(
        """SELECT id, rollout_after FROM device_types WHERE rollout_after IS NOT NULL
           ORDER BY id LIMIT 1"""
    )
    return None if row is None else (row[0], row[1])


def next_of_type(tx: Transaction, type_id: int, after: int, limit: int) -> Sequence[int]:
    """Ids of devices of a type."""
    rows = tx.all(
        """SELECT id FROM devices WHERE type_id = :type_id AND id > :after
           ORDER BY id LIMIT :limit""",
        type_id=type_id,
        after=after,
        limit=limit,
    )
    return [row[0] for row in rows]


def rolled_out(tx: Transaction, type_id: int, after: int | None) -> None:
    """How far it is now; None: at the end."""
    tx.run("UPDATE device_types SET rollout_after = :after WHERE id = :id", id=type_id, after=after)


def drift_of_type(tx: Transaction, scope: Scope, type_id: int, window: Window) -> Page[Drift]:
    """By device and path."""
    where = Where(scope, "d.organization_id").equal("d.type_id", type_id)
    source = f"""FROM devices AS d JOIN drift AS f
        ON f.device_id = d.id AND NOT f.is_write_only {where.sql}"""
    count = tx.one(f"SELECT count(*) {source}", **where.parameters)
    assert count is not None
    rows = tx.all(
        f"""SELECT d.id AS device_id, d.name AS device_name, f.path, f.wanted, f.found, f.since,
                f.corrections, f.set_aside AS is_set_aside
            {source} ORDER BY d.id, f.path LIMIT :limit OFFSET :offset""",
        limit=window.limit,
        offset=window.offset,
        **where.parameters,
    )
    return Page([_drift(row) for row in rows], count[0])


def forget_drift(tx: Transaction, device_id: int, paths: Iterable[str]) -> None:
    tx.run_many(
        "DELETE FROM drift WHERE device_id = :device_id AND path = :path",
        [{"device_id": device_id, "path": path} for path in paths],
    )


def keep_drift(tx: Transaction, device_id: int, *, patience: int, **columns: Any) -> None:
    """The first finding has its time; each further one counts as a correction in vain."""
    tx.run(
        """INSERT INTO drift (device_id, path, wanted, found, since, corrections, set_aside,
               is_write_only)
           VALUES (:device_id, :path, :wanted, :found, :now, 1, :is_write_only, :is_write_only)
           ON CONFLICT (device_id, path) DO UPDATE SET found = excluded.found,
               since = CASE WHEN drift.wanted = excluded.wanted THEN drift.since
                            ELSE excluded.since END,
               corrections = CASE WHEN drift.wanted = excluded.wanted THEN drift.corrections + 1
                                  ELSE 1 END,
               set_aside = excluded.is_write_only
                   OR (drift.wanted = excluded.wanted AND drift.corrections + 1 >= :patience),
               is_write_only = excluded.is_write_only, wanted = excluded.wanted""",
        device_id=device_id,
        patience=patience,
        **columns,
    )


def set_drift(tx: Transaction, device_id: int, now: float) -> None:
    """Whether the device differs from what is wanted, and since when; write-only is no drift."""
    tx.run(
        """UPDATE devices SET drift_since = CASE WHEN EXISTS (
                   SELECT 1 FROM drift WHERE device_id = :id AND NOT is_write_only)
               THEN COALESCE(drift_since, :now) ELSE NULL END
           WHERE id = :id""",
        id=device_id,
        now=now,
    )


def set_aside(tx: Transaction, device_id: int) -> list[str]:
    rows = tx.all(
        "SELECT path FROM drift WHERE device_id = :device_id AND set_aside", device_id=device_id
    )
    return [row[0] for row in rows]


def has_wanted(tx: Transaction, device_id: int) -> bool:
    """Whether anything is wanted of the device, by its type or by itself."""
    row = tx.one(
        """SELECT 1 FROM devices AS d WHERE d.id = :id AND (
               EXISTS (SELECT 1 FROM device_settings WHERE device_id = d.id)
               OR EXISTS (SELECT 1 FROM device_type_parameters WHERE type_id = d.type_id))""",
        id=device_id,
    )
    return row is not None


def drop_own(tx: Transaction, device_id: int) -> None:
    """All settings that the device has of its own."""
    tx.run("DELETE FROM device_settings WHERE device_id = :device_id", device_id=device_id)
    tx.run("DELETE FROM drift WHERE device_id = :device_id", device_id=device_id)


def _drift(row: Row) -> Drift:
    values = dict(zip(row.keys(), row, strict=True))
    return Drift(**{**values, "is_set_aside": bool(values["is_set_aside"])})
