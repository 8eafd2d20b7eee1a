"""SQL of a live session."""

import json
from typing import Any

from inventory.errors import NotFound
from inventory.store import Row, Transaction


def is_current(tx: Transaction, device_id: int, session_id: str) -> bool:
    found = tx.one(
        "SELECT 1 AS one FROM presence WHERE device_id = :device_id AND session_id = :session_id",
        device_id=device_id,
        session_id=session_id,
    )
    return found is not None


def standing(tx: Transaction, device_id: int) -> Row:
    """Whether operations may run on the device at all, and which."""
    row = tx.one("SELECT is_active, identity_conflict FROM devices WHERE id = :id", id=device_id)
    if row is None:
        raise NotFound("device", device_id)
    return row


def set_outstanding_key(tx: Transaction, device_id: int, key: str) -> None:
    tx.run("UPDATE devices SET key_outstanding = :key WHERE id = :id", id=device_id, key=key)


def confirm_key(tx: Transaction, device_id: int, key: str, now: float) -> None:
    tx.run(
        """UPDATE devices SET key_confirmed = :key, key_outstanding = NULL,
               last_configuration = :now WHERE id = :id""",
        id=device_id,
        key=key,
        now=now,
    )


def drop_outstanding_key(tx: Transaction, device_id: int, key: str) -> None:
    tx.run(
        "UPDATE devices SET key_outstanding = NULL WHERE id = :id AND key_outstanding = :key",
        id=device_id,
        key=key,
    )


def want_reboot(tx: Transaction, device_id: int, now: float) -> None:
    tx.run(
        "UPDATE devices SET reboot_wanted = COALESCE(reboot_wanted, :now) WHERE id = :id",
        id=device_id,
        now=now,
    )


def set_interval(tx: Transaction, device_id: int, interval_s: int) -> None:
    """The interval that the device really informs at; presence is judged by it."""
    tx.run(
        "UPDATE presence SET interval_s = :interval_s WHERE device_id = :id",
        id=device_id,
        interval_s=interval_s,
    )


def set_facts(
    tx: Transaction,
    device_id: int,
    *,
    software_version: str | None = None,
    hardware_version: str | None = None,
    manufacturer: str | None = None,
) -> None:
    """What is not told stays, and what is known is not written again."""
    tx.run(
        """UPDATE devices SET manufacturer = COALESCE(:manufacturer, manufacturer),
               software_version = COALESCE(:software_version, software_version),
               hardware_version = COALESCE(:hardware_version, hardware_version)
           WHERE id = :id AND (
               COALESCE(:manufacturer, manufacturer, '') <> COALESCE(manufacturer, '')
               OR COALESCE(:software_version, software_version, '')
                   <> COALESCE(software_version, '')
               OR COALESCE(:hardware_version, hardware_version, '')
                   <> COALESCE(hardware_version, ''))""",
        id=device_id,
        software_version=software_version,
        hardware_version=hardware_version,
        manufacturer=manufacturer,
    )


def set_batch(tx: Transaction, device_id: int, names: int) -> None:
    tx.run("UPDATE devices SET get_batch = :names WHERE id = :id", id=device_id, names=names)


def add_session(tx: Transaction, device_id: int, **columns: Any) -> None:
    """The device may be gone by now; then there is nothing to write."""
    tx.run(
        """INSERT INTO sessions (session_id, device_id, started, ended, outcome, address, events,
               retry_count, rpcs, faults, notes, transcript)
           SELECT :session_id, id, :started, :ended, :outcome, :address, :events,
               :retry_count, :rpcs, :faults, :notes, :transcript
           FROM devices WHERE id = :device_id""",
        device_id=device_id,
        **{
            name: value
            if isinstance(value, str | int | float | bytes | None)
            else json.dumps(value)
            for name, value in columns.items()
        },
    )
