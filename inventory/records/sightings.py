"""SQL of an Inform: the hot path from socket to row.

A quiet Inform is two statements, :func:`known` and :func:`touch`. The tables ``devices`` and
``presence`` are written here by what a device tells; people's changes are in ``records.devices``.
"""

from typing import Any

from inventory.store import Row, Transaction

# Only what is asked for: each column of the hot path's one query costs as much as a small function,
# and each look into a row goes through its columns in turn, hence the frequent ones first.
_KNOWN_COLUMNS = """
    d.id, p.told, p.is_up, d.password, t.password AS type_password,
    d.key_confirmed, d.key_outstanding, d.key_reported, d.keeps_key, d.drift_since,
    d.name, d.is_active, d.debug, d.root, d.get_batch, d.software_version,
    EXISTS (SELECT 1 FROM operations AS o WHERE o.device_id = d.id
            AND o.state IN ('scheduled', 'pending', 'running')) AS has_work,
    d.address, d.connection_request_url, p.last_events, p.interval_s,
    d.bootstrap_day, d.bootstrap_count,
    d.username, d.previous_username, d.previous_password, d.onboarded, t.username AS type_username,
    t.onboarding_policy, t.onboarding_username, t.onboarding_password
"""

_FROM = """
FROM devices AS d JOIN presence AS p ON p.device_id = d.id
LEFT JOIN device_types AS t ON t.id = d.type_id
"""

_KNOWN = f"SELECT {_KNOWN_COLUMNS} {_FROM} WHERE d.unique_identifier = :unique_identifier"
_BY_ID = f"SELECT {_KNOWN_COLUMNS} {_FROM} WHERE d.id = :id"

# Exactly one record without a CWMP identity, whose OUI and class agree where they are given.
_PREREGISTERED = f"""SELECT {_KNOWN_COLUMNS} {_FROM}
WHERE (d.serial_number = :serial_number OR d.serial_number_alt = :serial_number)
    AND d.unique_identifier IS NULL
    AND (d.oui IS NULL OR upper(d.oui) = :oui)
    AND (d.product_class IS NULL OR d.product_class = :product_class)
LIMIT 2"""

_BY_USERNAME = f"""SELECT {_KNOWN_COLUMNS} {_FROM}
WHERE d.username = :username AND d.unique_identifier IS NULL AND d.password IS NOT NULL
LIMIT 2"""

_TOUCH = """
UPDATE presence SET last_inform = :now, session_id = :session_id, last_events = :last_events
WHERE device_id = :device_id"""

_APPEAR = """
UPDATE presence SET last_inform = :now, session_id = :session_id, last_events = :last_events,
    told = :told, interval_s = :interval_s,
    status_change = CASE WHEN is_up THEN status_change ELSE :now END, is_up = TRUE
WHERE device_id = :device_id"""


def known(tx: Transaction, unique_identifier: str) -> Row | None:
    return tx.one(_KNOWN, unique_identifier=unique_identifier)


def by_id(tx: Transaction, device_id: int) -> Row | None:
    return tx.one(_BY_ID, id=device_id)


def awaits_by_username(tx: Transaction) -> bool:
    """Whether a record waits for its device and names nothing but a user name to know it by."""
    row = tx.one(
        """SELECT 1 FROM devices WHERE username IS NOT NULL AND password IS NOT NULL
               AND unique_identifier IS NULL AND serial_number IS NULL LIMIT 1"""
    )
    return row is not None


def preregistered(tx: Transaction, serial_number: str, oui: str, product_class: str) -> list[Row]:
    return list(
        tx.all(_PREREGISTERED, serial_number=serial_number, oui=oui, product_class=product_class)
    )


def by_username(tx: Transaction, username: str) -> list[Row]:
    return list(tx.all(_BY_USERNAME, username=username))


def touch(tx: Transaction, device_id: int, session_id: str, last_events: str, now: float) -> None:
    tx.run(_TOUCH, device_id=device_id, session_id=session_id, last_events=last_events, now=now)


def appear(
    tx: Transaction,
    device_id: int,
    session_id: str,
    last_events: str,
    told: int,
    interval_s: int,
    now: float,
) -> None:
    tx.run(
        _APPEAR,
        device_id=device_id,
        session_id=session_id,
        last_events=last_events,
        told=told,
        interval_s=interval_s,
        now=now,
    )


def register(tx: Transaction, now: float, **columns: Any) -> int:
    """A new device in the default organization, with its type's image and all that it has told.

    Returns its id. One statement, because each further change of the row would have its search
    text indexed again.
    """
    row = tx.one(
        """INSERT INTO devices (uuid, name, organization_id, type_id, firmware_image_id,
               unique_identifier, manufacturer, oui, product_class, serial_number,
               root, protocol, address, software_version, hardware_version,
               connection_request_url, inform_values, key_reported,
               request_username, request_password, last_change, created)
           VALUES (:uuid, :name, (SELECT id FROM organizations WHERE is_default), :type_id,
               (SELECT firmware_image_id FROM device_types WHERE id = :type_id),
               :unique_identifier, :manufacturer, :oui, :product_class, :serial_number,
               :root, :protocol, :address, :software_version, :hardware_version,
               :connection_request_url, :inform_values, :key_reported,
               :request_username, :request_password, :now, :now)
           RETURNING id""",
        now=now,
        **columns,
    )
    assert row is not None
    return int(row["id"])


def add_presence(
    tx: Transaction,
    device_id: int,
    session_id: str,
    last_events: str,
    told: int,
    interval_s: int,
    now: float,
) -> None:
    """A device that is up since now."""
    tx.run(
        """INSERT INTO presence (device_id, is_up, status_change, last_inform, session_id,
               last_events, told, interval_s)
           VALUES (:device_id, TRUE, :now, :now, :session_id, :last_events, :told, :interval_s)""",
        device_id=device_id,
        session_id=session_id,
        last_events=last_events,
        told=told,
        interval_s=interval_s,
        now=now,
    )


def name_is_taken(tx: Transaction, name: str) -> bool:
    return tx.one("SELECT id FROM devices WHERE name = :name", name=name) is not None


def adopt_identity(tx: Transaction, device_id: int, now: float, **columns: Any) -> None:
    """A pre-registered record takes over the identity that its device has shown."""
    tx.run(
        """UPDATE devices SET unique_identifier = :unique_identifier, manufacturer = :manufacturer,
               oui = :oui, product_class = :product_class, serial_number = :serial_number,
               serial_number_alt = CASE WHEN serial_number <> :serial_number
                   THEN COALESCE(serial_number_alt, serial_number) ELSE serial_number_alt END,
               type_id = COALESCE(type_id, :type_id), version = version + 1, last_change = :now,
               firmware_image_id = CASE WHEN type_id IS NULL AND firmware_image_id IS NULL
                   THEN (SELECT firmware_image_id FROM device_types WHERE id = :type_id)
                   ELSE firmware_image_id END
           WHERE id = :id""",
        id=device_id,
        now=now,
        **columns,
    )


def update_told(tx: Transaction, device_id: int, **columns: Any) -> None:
    """What the device itself says of itself; a value that was not told stays."""
    tx.run(
        """UPDATE devices SET manufacturer = :manufacturer, root = COALESCE(:root, root),
               protocol = :protocol, address = :address, inform_values = :inform_values,
               software_version = COALESCE(:software_version, software_version),
               hardware_version = COALESCE(:hardware_version, hardware_version),
               connection_request_url = COALESCE(:connection_request_url, connection_request_url)
           WHERE id = :id""",
        id=device_id,
        **columns,
    )


def update_keys(tx: Transaction, device_id: int, **columns: Any) -> None:
    """That a key was foreign stays until a sync, or a reset."""
    tx.run(
        """UPDATE devices SET key_confirmed = :confirmed, key_outstanding = :outstanding,
               key_reported = :reported, keeps_key = :keeps, drift_since = :drift_since,
               key_is_foreign = :is_foreign OR (key_is_foreign AND NOT :is_reset)
           WHERE id = :id""",
        id=device_id,
        **columns,
    )


def set_boot(tx: Transaction, device_id: int, now: float) -> None:
    """The device has started anew, so nothing waits for a reboot any more."""
    tx.run(
        "UPDATE devices SET last_boot = :now, reboot_wanted = NULL WHERE id = :id",
        id=device_id,
        now=now,
    )


def set_bootstraps(tx: Transaction, device_id: int, day: int, count: int) -> None:
    tx.run(
        "UPDATE devices SET bootstrap_day = :day, bootstrap_count = :count WHERE id = :id",
        id=device_id,
        day=day,
        count=count,
    )


def any_credentials(tx: Transaction) -> bool:
    """Whether any device or type demands credentials of its own."""
    row = tx.one(
        """SELECT EXISTS (SELECT 1 FROM devices WHERE username IS NOT NULL AND password IS NOT NULL)
               OR EXISTS (SELECT 1 FROM device_types WHERE password IS NOT NULL) AS found"""
    )
    return row is not None and bool(row["found"])


def set_identity_conflict(tx: Transaction, device_id: int, since: float) -> bool:
    """False when it was flagged before."""
    changed = tx.run(
        """UPDATE devices SET identity_conflict = :since, version = version + 1
           WHERE id = :id AND identity_conflict IS NULL""",
        id=device_id,
        since=since,
    )
    return changed == 1
