"""SQL of what tells how a file transfer went: what the device shows, and which keys were ours."""

from dataclasses import dataclass

from inventory.store import Row, Transaction


def shown(tx: Transaction, device_id: int) -> Row:
    """The version that the device reports, and time and events of its last Inform."""
    row = tx.one(
        """SELECT d.software_version, p.last_inform, p.last_events
           FROM devices AS d JOIN presence AS p ON p.device_id = d.id WHERE d.id = :id""",
        id=device_id,
    )
    assert row is not None
    return row


def was_ours(tx: Transaction, device_id: int, key: str) -> bool:
    """Whether an operation of the device has or had this key."""
    row = tx.one(
        "SELECT 1 FROM operations WHERE key = :key AND device_id = :device_id",
        key=key,
        device_id=device_id,
    )
    return row is not None


def end_wait_for_image(tx: Transaction, device_id: int, image_id: int, now: float) -> None:
    """The device runs the image, or is not to get it: it is no longer on its way."""
    tx.run(
        """UPDATE devices SET firmware_image_is_pending = FALSE, version = version + 1,
               last_change = :now
           WHERE id = :id AND firmware_image_id = :image_id AND firmware_image_is_pending""",
        id=device_id,
        image_id=image_id,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Download:
    """One that has not ended."""

    id: int
    key: str
    state: str


def downloads_now(tx: Transaction, device_id: int, image_id: int, now: float) -> list[Download]:
    """Downloads of the image that are due or running: what is planned for later is another wish,
    and of a recurring one only the runs download anything."""
    rows = tx.all(
        """SELECT id, key, state FROM operations
           WHERE device_id = :id AND image_id = :image_id
               AND state IN ('scheduled', 'pending', 'running')
               AND (state = 'running' OR due <= :now) AND COALESCE(awaits, '') <> 'schedule'
           ORDER BY id""",
        id=device_id,
        image_id=image_id,
        now=now,
    )
    return [Download(row["id"], row["key"], row["state"]) for row in rows]


def wanted_version_shown(tx: Transaction, device_id: int, version: str, now: float) -> None:
    """The same for a device that shows the version while no download of it is open."""
    tx.run(
        """UPDATE devices SET firmware_image_is_pending = FALSE, version = version + 1,
               last_change = :now
           WHERE id = :id AND firmware_image_is_pending
               AND firmware_image_id IN (SELECT id FROM firmware_images WHERE version = :version)
               AND NOT EXISTS (
                   SELECT 1 FROM operations WHERE device_id = :id AND kind = 'download'
                       AND state IN ('scheduled', 'pending', 'running'))""",
        id=device_id,
        version=version,
        now=now,
    )
