"""The operations that a person triggers on a device's record by a word alone.

The same trigger already waiting is not queued twice, and a reset takes the place of a waiting
reboot, because it restarts the device anyway. What is planned for later counts as another wish.
"""

from collections.abc import Collection

from inventory import operations
from inventory.operations import Kind, Operation, Origin, Priority, State
from inventory.records import operations as records
from inventory.store import Transaction

TRIGGERS = (Kind.REBOOT, Kind.FACTORY, Kind.DEVICE_FACTORY, Kind.SYNC, Kind.RECONF)
RESETS = frozenset({Kind.FACTORY, Kind.DEVICE_FACTORY})


def pull(
    tx: Transaction,
    device_id: int,
    kinds: Collection[Kind],
    now: float,
    *,
    created_by: str | None,
    origin: Origin = Origin.PERSON,
) -> list[Operation]:
    """Queues one operation of each kind that is not waiting already; returns the new ones."""
    wanted = set(kinds)
    if wanted & RESETS:
        wanted.discard(Kind.REBOOT)
        _withdraw(tx, device_id, Kind.REBOOT, now)
    priority = Priority.PERSON if origin is Origin.PERSON else Priority.NORMAL
    return [
        operations.queue(
            tx,
            device_id,
            kind,
            {},
            now,
            origin=origin,
            priority=priority,
            created_by=created_by,
        )
        for kind in TRIGGERS
        if kind in wanted and not _waiting(tx, device_id, kind, now)
    ]


def _withdraw(tx: Transaction, device_id: int, kind: Kind, now: float) -> None:
    for operation in _waiting(tx, device_id, kind, now):
        operations.cancel(tx, operation.id, now)


def _waiting(tx: Transaction, device_id: int, kind: Kind, now: float) -> list[Operation]:
    """Due and not started."""
    found = [operations.read(row) for row in records.open_kinds(tx, device_id, {kind})]
    return [
        each
        for each in found
        if each.state is not State.RUNNING and each.due <= now and not each.is_recurring
    ]
