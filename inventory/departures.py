"""What becomes of a device's operations before the device is deleted.

The schema would take them away with it, and then nobody would ever be told of their end: neither
who ordered them, nor a bulk job, nor the others of an order for several devices.
"""

from inventory import operations
from inventory.records import groups
from inventory.records import operations as records
from inventory.store import Transaction

ENDED_AT_ONCE = 50
RUNS_AT_ONCE = 500


def depart(tx: Transaction, device_id: int, now: float) -> bool:
    """A bounded part of it, to be repeated while it returns True.

    The ends come first, so that an order for several devices is told with this device in it.
    """
    waiting = records.some_open(tx, device_id, ENDED_AT_ONCE)
    for operation_id in waiting:
        operations.give_up(tx, operation_id, now)
    return bool(waiting) or _leave_group(tx, device_id)


def _leave_group(tx: Transaction, device_id: int) -> bool:
    """Of one order; its runs follow to its next first operation before it leaves."""
    member = groups.membership(tx, device_id)
    if member is None:
        return False
    if not groups.pass_runs_on(tx, member, RUNS_AT_ONCE):
        groups.leave(tx, member)
    return True
