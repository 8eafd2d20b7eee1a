"""Rows of the settings that devices have of their own, and of what was found to differ."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.query import EVERYTHING, Page, Scope, Window
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


@dataclass(frozen=True, slots=True)
class Rollout:
    """A type whose change is being told to its devices; ``after`` is the id up to which it was."""

    type_id: int
    after: int
    notifies: bool
    tells_interval: bool


def rolling_out(tx: Transaction) -> Rollout | None:
    row = tx.one(
        """SELECT id, rollout_after, rollout_notifies, rollout_interval FROM device_types
           WHERE rollout_after IS NOT NULL ORDER BY id LIMIT 1"""
    )
    return None if row is None else Rollout(row[0], row[1], bool(row[2]), bool(row[3]))


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
    if after is not None:
        tx.run(
            "UPDATE device_types SET rollout_after = :after WHERE id = :id",
            id=type_id,
            after=after,
        )
        return
    tx.run(
        """UPDATE device_types SET rollout_after = NULL, rollout_notifies = FALSE,
               rollout_interval = FALSE WHERE id = :id""",
        id=type_id,
    )


def drift_of_type(tx: Transaction, scope: Scope, type_id: int, window: Window) -> Page[Drift]:
    """By device and path."""
    return _drift_page(tx, Where(scope, "d.organization_id").equal("d.type_id", type_id), window)


def drift_of_device(tx: Transaction, device_id: int, window: Window) -> Page[Drift]:
    """By path."""
    return _drift_page(tx, Where(EVERYTHING).equal("d.id", device_id), window)


def _drift_page(tx: Transaction, where: Where, window: Window) -> Page[Drift]:
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
    """The first finding has its time. ``corrections`` is 1 when the value was set in vain, else 0;
    they are added up as long as the same value is wanted, and ``patience`` of them set it aside."""
    is_same = "COALESCE(drift.wanted, '') = COALESCE(excluded.wanted, '')"
    tx.run(
        f"""INSERT INTO drift (device_id, path, wanted, found, since, corrections, set_aside,
               is_write_only)
           VALUES (:device_id, :path, :wanted, :found, :now, :corrections, :is_write_only,
               :is_write_only)
           ON CONFLICT (device_id, path) DO UPDATE SET found = excluded.found,
               since = CASE WHEN {is_same} THEN drift.since ELSE excluded.since END,
               corrections = excluded.corrections
                   + CASE WHEN {is_same} THEN drift.corrections ELSE 0 END,
               set_aside = excluded.is_write_only OR ({is_same} AND (drift.set_aside
                   OR drift.corrections + excluded.corrections >= :patience)),
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
               THEN COALESCE(drift_since, :now) ELSE NULL END,
               key_is_foreign = FALSE
           WHERE id = :id""",
        id=device_id,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What the last look at a wanted value has found; ``wanted`` is None of a secret one."""

    wanted: str | None
    found: str | None
    since: float
    is_set_aside: bool
    is_write_only: bool


def found(tx: Transaction, device_id: int) -> dict[str, Found]:
    """Of each value that was found to differ, by path."""
    rows = tx.all(
        """SELECT path, wanted, found, since, set_aside, is_write_only FROM drift
           WHERE device_id = :device_id""",
        device_id=device_id,
    )
    return {row[0]: Found(row[1], row[2], row[3], bool(row[4]), bool(row[5])) for row in rows}


def forget_found_except(tx: Transaction, device_id: int, paths: Collection[str]) -> None:
    """What was found about other values goes, and with the last of it the device's drift, unless
    somebody else's ParameterKey speaks of one."""
    gone = [path for path in found(tx, device_id) if path not in paths]
    if not gone:
        return
    forget_drift(tx, device_id, gone)
    tx.run(
        """UPDATE devices SET drift_since = NULL
           WHERE id = :id AND NOT EXISTS (
                   SELECT 1 FROM drift WHERE device_id = :id AND NOT is_write_only)
               AND NOT key_is_foreign""",
        id=device_id,
    )


def accept_key(tx: Transaction, device_id: int) -> None:
    """The device was found to be as it is wanted: the key that it shows stands for that."""
    tx.run(
        """UPDATE devices SET key_confirmed = key_reported
           WHERE id = :id AND keeps_key AND key_outstanding IS NULL
               AND key_reported IS NOT NULL AND key_confirmed IS NOT NULL""",
        id=device_id,
    )


def has_wanted(tx: Transaction, device_id: int) -> bool:
    """Whether anything is wanted of the device, by its type or by itself."""
    row = tx.one(
        """SELECT 1 FROM devices AS d WHERE d.id = :id AND (
               EXISTS (SELECT 1 FROM device_settings WHERE device_id = d.id)
               OR EXISTS (SELECT 1 FROM device_type_parameters WHERE type_id = d.type_id))""",
        id=device_id,
    )
    return row is not None


def wanted_paths(tx: Transaction, device_id: int) -> frozenset[str]:
    """Of all that is wanted of the device; the paths of an Inform are no parameters of a query, for
    a hostile one has tens of thousands."""
    rows = tx.all(
        """SELECT path FROM device_settings WHERE device_id = :id
           UNION ALL
           SELECT path FROM device_type_parameters
           WHERE type_id = (SELECT type_id FROM devices WHERE id = :id)""",
        id=device_id,
    )
    return frozenset(row[0] for row in rows)


def drop_own(tx: Transaction, device_id: int) -> None:
    """All settings that the device has of its own."""
    tx.run("DELETE FROM device_settings WHERE device_id = :device_id", device_id=device_id)
    tx.run("DELETE FROM drift WHERE device_id = :device_id", device_id=device_id)


def _drift(row: Row) -> Drift:
    values = dict(zip(row.keys(), row, strict=True))
    return Drift(**{**values, "is_set_aside": bool(values["is_set_aside"])})
