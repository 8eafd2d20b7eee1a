"""One device with all that is shown of it alone: its vitals, and what waits for it one by one."""

from dataclasses import dataclass

from inventory import devices, pending, vitals
from inventory.access import Caller
from inventory.configuration import model_of
from inventory.devices import Key
from inventory.names import Names
from inventory.pending import Details
from inventory.recalling import recall_in
from inventory.records.devices import Device
from inventory.secrets import Vault
from inventory.store import Transaction
from inventory.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Portrait:
    device: Device
    vitals: Vitals
    details: Details | None


def draw(
    tx: Transaction, caller: Caller, key: Key, vault: Vault, names: Names, *, with_details: bool
) -> Portrait:
    """In a read unit. Raises NotFound or Ambiguous."""
    device = devices.get(tx, caller, key)
    held = recall_in(tx, vault, device.id, model_of(device), vitals.selection(device.root), names)
    details = pending.details(tx, device, vault) if with_details else None
    return Portrait(device, vitals.vitals(held), details)
