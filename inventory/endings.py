"""What follows from the end of an operation, in the unit in which it ends.

Every way for an operation to end goes through ``inventory.operations`` and leads here, so that
nobody is left untold, neither a person nor a bulk job, whatever happens to the process next.
"""

from inventory import notifications, tallies
from inventory.records.operations import End
from inventory.store import Transaction


def follow(tx: Transaction, end: End, now: float) -> None:
    if end.notifies:
        notifications.queue(tx, end, now)
    if end.job_id is not None:
        tallies.count(tx, end, now)
