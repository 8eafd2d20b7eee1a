"""A changed periodic inform interval is told to the device, in the place of an older one."""

from inventory import operations
from inventory.operations import Kind, Origin, Priority, State
from inventory.records.devices import Device
from inventory.store import Transaction

PURPOSE = "update_frequency"


def tell(
    tx: Transaction,
    device: Device,
    interval_s: int,
    now: float,
    *,
    created_by: str | None = None,
    due: float | None = None,
) -> None:
    """A device that was never seen gets its interval with its enrolment. One that is ``due`` at a
    later time goes behind persons' operations."""
    if device.unique_identifier is None:
        return
    for waiting in operations.open_sets(tx, device.id, PURPOSE):
        if waiting.state is not State.RUNNING:
            operations.cancel(tx, waiting.id, now)
    variable = {
        "variable_name": f"{device.root or 'Device.'}ManagementServer.PeriodicInformInterval",
        "value": str(interval_s),
        "value_type": "unsignedInt",
    }
    operations.queue(
        tx,
        device.id,
        Kind.SET,
        {"variables": [variable], "purpose": PURPOSE},
        now,
        origin=Origin.SYSTEM,
        priority=Priority.PERSON if due is None else Priority.LOW,
        due=due,
        created_by=created_by,
    )
