"""Devices that should have informed and did not.

A device is Down when now > max(last Inform, server start) + 3 x its interval + 60 s. An unanswered
connection request alone never sets it Down.
"""

from collections.abc import Sequence

from inventory.records import absence as records
from inventory.records import log
from inventory.store import Transaction

BATCH = 200


def overdue(tx: Transaction, server_start: float, now: float) -> list[int]:
    """Ids of the devices that are Up and overdue."""
    return records.overdue(tx, server_start, now)


def mark_down(tx: Transaction, device_ids: Sequence[int], server_start: float, now: float) -> int:
    """Marks them Down, unless they informed meanwhile; returns how many went down."""
    down = 0
    for device_id in device_ids:
        if records.mark_down(tx, device_id, server_start, now):
            log.add(tx, device_id, "status", "Down", now)
            down += 1
    return down
