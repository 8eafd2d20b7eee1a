"""SQL of devices as people see and change them; what an Inform writes is in ``sightings``.

A list is two statements: the exact count on one index, and the window's ids on one index, joined
to everything that a device shows. ``presence`` and ``device_search`` stand in for ``devices`` where
a filter needs nothing else, because a join costs more than the filter itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from inventory.query import Page, Scope, Window
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Device:
    """A device with what it inherits and what waits for it; times are Unix seconds."""

    id: int
    uuid: str
    name: str
    organization_id: int
    organization_name: str
    type_id: int | None
    type_short_name: str | None
    type_name: str | None
    type_update_frequency: int | None
    location_id: int | None
    location_name: str | None
    location_short_name: str | None
    location_latitude: str | None
    location_longitude: str | None
    customer_id: str | None
    description: str | None
    is_active: bool
    debug: bool
    latitude: str | None
    longitude: str | None
    update_frequency: int | None
    firmware_image_id: int | None
    firmware_image_is_pending: bool
    unique_identifier: str | None
    manufacturer: str | None
    oui: str | None
    product_class: str | None
    serial_number: str | None
    serial_number_alt: str | None
    identity_conflict: float | None
    onboarding_approved: float | None
    root: str | None
    software_version: str | None
    hardware_version: str | None
    address: str | None
    connection_request_url: str | None
    username: str | None
    drift_since: float | None
    reboot_wanted: float | None
    settings_pending: float | None
    last_configuration: float | None
    last_change: float
    created: float
    version: int
    is_up: bool
    status_change: float
    last_inform: float | None
    interval_s: int
    waiting: int
    """A sum of the bits of :data:`WAITING`."""


WAITING: Mapping[str, int] = {
    "reboot": 1,
    "factory": 2,
    "device_factory": 4,
    "sync": 8,
    "reconf": 16,
    "download": 32,
}
"""The operations that a device's record tells of while they are open, each with its bit."""

_OPEN = "state IN ('scheduled', 'pending', 'running')"
# Word for word the condition of the index operations_waiting.
_WAITING = (
    f"{_OPEN} AND kind IN ('reboot', 'factory', 'device_factory', 'sync', 'reconf')"
    " AND COALESCE(awaits, '') <> 'schedule'"  # of a recurring one only the runs wait
)
# With that of operations_images, and for the same reason.
_DOWNLOADING = f"image_id IS NOT NULL AND {_OPEN} AND COALESCE(awaits, '') <> 'schedule'"
# Word for word the condition of the index devices_pending.
_RECORD_WAITS = """firmware_image_is_pending
    OR reboot_wanted IS NOT NULL OR drift_since IS NOT NULL OR settings_pending IS NOT NULL"""
_BIT = "CASE kind " + " ".join(f"WHEN '{k}' THEN {bit}" for k, bit in WAITING.items()) + " END"

_FOREIGN = {
    "organization_name": "o.name",
    "type_short_name": "t.short_name",
    "type_name": "t.name",
    "type_update_frequency": "t.update_frequency",
    "location_name": "l.name",
    "location_short_name": "l.short_name",
    "location_latitude": "l.latitude",
    "location_longitude": "l.longitude",
    "is_up": "p.is_up",
    "status_change": "p.status_change",
    "last_inform": "p.last_inform",
    "interval_s": "p.interval_s",
    "waiting": f"""(SELECT COALESCE(SUM(DISTINCT {_BIT}), 0) FROM operations
                    WHERE device_id = d.id AND {_WAITING})
                 + (SELECT COALESCE(MAX({_BIT}), 0) FROM operations
                    WHERE device_id = d.id AND {_DOWNLOADING})""",
}
_BOOLEANS = tuple(
    index for index, field in enumerate(fields(Device)) if field.type in (bool, "bool")
)

_COLUMNS = ", ".join(f"{_FOREIGN.get(f.name, 'd.' + f.name)} AS {f.name}" for f in fields(Device))
_JOINS = """
JOIN organizations AS o ON o.id = d.organization_id
JOIN presence AS p ON p.device_id = d.id
LEFT JOIN device_types AS t ON t.id = d.type_id
LEFT JOIN locations AS l ON l.id = d.location_id
"""
_SELECT = f"SELECT {_COLUMNS} FROM devices AS d {_JOINS}"


def _device(row: Row) -> Device:
    values = list(row)
    for index in _BOOLEANS:
        values[index] = bool(values[index])
    return Device(*values)


# --- One device ------------------------------------------------------------------------------


def by_id(tx: Transaction, scope: Scope, device_id: int) -> Device | None:
    return _first(tx, Where(scope, "d.organization_id").equal("d.id", device_id))


def by_name(tx: Transaction, scope: Scope, name: str) -> Device | None:
    return _first(tx, Where(scope, "d.organization_id").equal("d.name", name))


def by_serial(tx: Transaction, scope: Scope, serial_number: str, limit: int) -> list[Device]:
    where = Where(scope, "d.organization_id").equal("d.serial_number", serial_number)
    rows = tx.all(f"{_SELECT} {where.sql} ORDER BY d.id LIMIT :n", n=limit, **where.parameters)
    return [_device(row) for row in rows]


def behind(tx: Transaction, scope: Scope, after: int, limit: int) -> list[Device]:
    where = Where(scope, "d.organization_id").holds("d.id > :after", after=after)
    rows = tx.all(f"{_SELECT} {where.sql} ORDER BY d.id LIMIT :n", n=limit, **where.parameters)
    return [_device(row) for row in rows]


def _first(tx: Transaction, where: Where) -> Device | None:
    row = tx.one(f"{_SELECT} {where.sql}", **where.parameters)
    return None if row is None else _device(row)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the device proves itself with toward the ACS; passwords are sealed."""

    username: str | None
    password: bytes | None
    previous_username: str | None
    previous_password: bytes | None


def credentials(tx: Transaction, device_id: int) -> Credentials:
    row = tx.one(
        """SELECT username, password, previous_username, previous_password
           FROM devices WHERE id = :id""",
        id=device_id,
    )
    assert row is not None
    return Credentials(*row)


def name_is_taken(tx: Transaction, name: str) -> bool:
    """Whoever's it is: names are unique over all organizations."""
    return tx.one("SELECT 1 FROM devices WHERE name = :name", name=name) is not None


def same_identity(
    tx: Transaction, oui: str, product_class: str | None, serial_number: str
) -> int | None:
    """The device with this CWMP identity, told by itself or by a person."""
    row = tx.one(
        """SELECT id FROM devices WHERE serial_number = :serial_number AND upper(oui) = :oui
               AND COALESCE(product_class, '') = :product_class LIMIT 1""",
        serial_number=serial_number,
        oui=oui.upper(),
        product_class=product_class or "",
    )
    return None if row is None else int(row[0])


def insert(tx: Transaction, interval_s: int, now: float, columns: Mapping[str, Any]) -> int:
    """A device that nobody has seen yet; returns its id."""
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    row = tx.one(
        f"""INSERT INTO devices ({names}, last_change, created)
            VALUES ({values}, :now, :now) RETURNING id""",
        now=now,
        **columns,
    )
    assert row is not None
    tx.run(
        """INSERT INTO presence (device_id, is_up, status_change, interval_s)
           VALUES (:id, FALSE, :now, :interval_s)""",
        id=row[0],
        interval_s=interval_s,
        now=now,
    )
    return int(row[0])


def update(tx: Transaction, device_id: int, now: float, columns: Mapping[str, Any]) -> None:
    """A change of the record: it has a new version then."""
    changes = "".join(f"{name} = :{name}, " for name in columns)
    tx.run(
        f"""UPDATE devices SET {changes} last_change = :now, version = version + 1
            WHERE id = :id""",
        id=device_id,
        now=now,
        **columns,
    )


# What a device may leave in great numbers, and the key of each row.
_KEYED = {
    "operations": "id",
    "sessions": "id",
    "device_log": "id",
    "device_settings": "device_id, path",
    "drift": "device_id, path",
    "device_values": "device_id, section",
    "parameter_index": "name_id, value, device_id",
}


def forget_previous_credentials(tx: Transaction, device_id: int) -> None:
    """The newest pair toward the ACS is the only one from now on."""
    tx.run(
        "UPDATE devices SET previous_username = NULL, previous_password = NULL WHERE id = :id",
        id=device_id,
    )


def onboarding_is_approved(tx: Transaction, device_id: int) -> bool:
    """Whether a person has said that the device may come by onboarding credentials, once."""
    row = tx.one(
        "SELECT 1 FROM devices WHERE id = :id AND onboarding_approved IS NOT NULL", id=device_id
    )
    return row is not None


def take_onboarding(tx: Transaction, device_id: int, now: float) -> None:
    """The device has come by onboarding credentials; the approval that it may have had is used up.

    Its pairs stay what they are: a stranger may have come in its name.
    """
    tx.run(
        "UPDATE devices SET onboarded = :now, onboarding_approved = NULL WHERE id = :id",
        id=device_id,
        now=now,
    )


def end_onboarding(tx: Transaction, device_id: int) -> None:
    """The device has proved its pair: onboarding credentials are nothing to it any more."""
    tx.run("UPDATE devices SET onboarded = NULL WHERE id = :id", id=device_id)


def may_log_onboarding(tx: Transaction, device_id: int, now: float, every_s: float) -> bool:
    """Whether the device's log is due for a line of it; it counts as written then."""
    changed = tx.run(
        """UPDATE devices SET onboarding_logged = :now
           WHERE id = :id AND (onboarding_logged IS NULL OR onboarding_logged <= :until)""",
        id=device_id,
        now=now,
        until=now - every_s,
    )
    return changed == 1


def drop_choices(tx: Transaction, device_id: int) -> None:
    """The device's own firmware and interval; its type's count from now on."""
    tx.run(
        """UPDATE devices SET firmware_image_id = NULL, firmware_image_is_pending = FALSE,
               update_frequency = NULL, version = version + 1
           WHERE id = :id""",
        id=device_id,
    )


def delete_history(tx: Transaction, device_id: int, limit: int) -> bool:
    """Deletes at most this many rows of what the device has left; whether there may be more."""
    left = limit
    for table, key in _KEYED.items():
        left -= tx.run(
            f"""DELETE FROM {table} WHERE ({key}) IN (
                    SELECT {key} FROM {table} WHERE device_id = :id LIMIT :left)""",
            id=device_id,
            left=left,
        )
    return left <= 0


def delete(tx: Transaction, device_id: int) -> None:
    """The row and, by the schema, whatever refers to it."""
    tx.run("DELETE FROM devices WHERE id = :id", id=device_id)


# --- Lists -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None leaves a condition out."""

    type_id: int | None = None
    is_up: bool | None = None
    status_changed_from: float | None = None
    organization_id: int | None = None
    is_pending: bool | None = None
    search: str | None = None
    serial_number: str | None = None
    customer_id: str | None = None
    product_class: str | None = None
    manufacturer: str | None = None
    software_version: str | None = None
    address: str | None = None
    is_active: bool | None = None
    location_id: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """By one of :data:`ORDERINGS`, or by nothing, and then by id; unknown values come first."""

    by: str | None = None
    descending: bool = False

    def reverse(self) -> "Order":
        return replace(self, descending=not self.descending)


ORDERINGS: Mapping[str, str] = {
    "name": "d.name",
    "created": "d.created",
    "status_change": "p.status_change",
    "last_connection": "p.last_inform",
}

_EQUALS = (
    "type_id",
    "organization_id",
    "serial_number",
    "customer_id",
    "product_class",
    "manufacturer",
    "software_version",
    "address",
    "is_active",
    "location_id",
)
_PENDING = f"""
SELECT id FROM devices WHERE {_RECORD_WAITS}
UNION SELECT device_id FROM operations WHERE {_WAITING}
UNION SELECT device_id FROM operations WHERE {_DOWNLOADING}"""
IS_PENDING = f"""({_RECORD_WAITS}
    OR EXISTS (SELECT 1 FROM operations WHERE device_id = d.id AND {_WAITING})
    OR EXISTS (SELECT 1 FROM operations WHERE device_id = d.id AND {_DOWNLOADING}))"""
"""The same of one device of a query, called ``d`` there."""
_FOUND = "SELECT rowid FROM device_search WHERE device_search MATCH :search"
_TABLES = {"d": "devices AS d", "p": "presence AS p", "s": "device_search AS s"}
_KEYS = {"d": "d.id", "p": "p.device_id", "s": "s.rowid"}
TRIGRAM = 3
"""Characters that the search index needs at least."""


def page(
    tx: Transaction, scope: Scope, wanted: Filter, order: Order, window: Window
) -> Page[Device]:
    """One window of the devices that the filter lets through, and how many there are in all."""
    count = _count(tx, scope, wanted)
    if window.offset >= count:
        return Page([], count)
    limit = min(window.limit, count - window.offset)
    after = count - window.offset - limit
    if after >= window.offset:
        return Page(_window(tx, scope, wanted, order, Window(limit, window.offset)), count)
    # Nearer to the end: what is skipped costs, so it is counted from there.
    return Page(_window(tx, scope, wanted, order.reverse(), Window(limit, after))[::-1], count)


def _count(tx: Transaction, scope: Scope, wanted: Filter) -> int:
    """Those with nothing pending are counted as the rest: the others are few and indexed."""
    if wanted.is_pending is False:
        everyone, waiting = replace(wanted, is_pending=None), replace(wanted, is_pending=True)
        return _count(tx, scope, everyone) - _count(tx, scope, waiting)
    hits = _Hits(scope, wanted)
    row = tx.one(f"SELECT count(*) {hits.sql}", **hits.parameters)
    assert row is not None
    return int(row[0])


def _window(
    tx: Transaction, scope: Scope, wanted: Filter, order: Order, window: Window
) -> list[Device]:
    column = ORDERINGS[order.by] if order.by else None
    hits = _Hits(scope, wanted, column)
    direction = "DESC" if order.descending else "ASC"
    first = f"{column} {direction}, " if column else ""
    rows = tx.all(
        f"""SELECT {_COLUMNS}
            FROM (SELECT {hits.key} AS id {hits.sql}
                  ORDER BY {first}{hits.key} {direction} LIMIT :limit OFFSET :offset) AS page
            JOIN devices AS d ON d.id = page.id {_JOINS}
            ORDER BY {first}d.id {direction}""",
        limit=window.limit,
        offset=window.offset,
        **hits.parameters,
    )
    return [_device(row) for row in rows]


class _Hits:
    """FROM and WHERE of the devices that a filter lets through, of as few tables as possible."""

    def __init__(self, scope: Scope, wanted: Filter, sorted_by: str | None = None) -> None:
        self._where = Where(scope, "d.organization_id")
        self._used = {sorted_by.partition(".")[0]} if sorted_by else set()
        if scope.organizations is not None:
            self._used.add("d")
        self._narrow_by_record(wanted)
        self._narrow_by_presence(wanted)
        if wanted.search is not None:
            self._search(wanted.search)
        tables = self._tables
        if wanted.is_pending is not None:
            self._where.holds(f"{self.key} {'' if wanted.is_pending else 'NOT'} IN ({_PENDING})")
        joins = [f"JOIN {_TABLES[table]} ON {_KEYS[table]} = {self.key}" for table in tables[1:]]
        self.sql = f"FROM {_TABLES[tables[0]]} {' '.join(joins)} {self._where.sql}"

    @property
    def _tables(self) -> list[str]:
        return [table for table in _TABLES if table in self._used] or ["p"]

    @property
    def key(self) -> str:
        """The column that holds the device's id."""
        return _KEYS[self._tables[0]]

    @property
    def parameters(self) -> dict[str, Any]:
        return self._where.parameters

    def _narrow_by_record(self, wanted: Filter) -> None:
        for name in _EQUALS:
            value = getattr(wanted, name)
            if value is not None:
                self._used.add("d")
                self._where.equal(f"d.{name}", value)

    def _narrow_by_presence(self, wanted: Filter) -> None:
        if wanted.is_up is not None:
            self._used.add("p")
            self._where.holds("p.is_up" if wanted.is_up else "NOT p.is_up")
        if wanted.status_changed_from is not None:
            self._used.add("p")
            self._where.at_least("p.status_change", wanted.status_changed_from)

    def _search(self, text: str) -> None:
        phrase = '"' + text.replace('"', '""') + '"'
        if len(text) < TRIGRAM:
            self._used.add("d")
            self._where.holds("instr(d.search_text, lower(:search)) > 0", search=text)
        elif not self._used:
            self._used.add("s")
            self._where.holds("s.device_search MATCH :search", search=phrase)
        else:
            # As a list: joined, the index would be asked once for each device of the other side.
            self._where.holds(f"{self.key} IN ({_FOUND})", search=phrase)
