"""Wanted values that devices were found not to have."""

from inventory import types
from inventory.access import Caller
from inventory.query import Page, Window
from inventory.records import settings as records
from inventory.records.settings import Drift
from inventory.secrets import Vault
from inventory.store import Transaction

__all__ = ["Drift", "of_type"]


def of_type(
    tx: Transaction, caller: Caller, vault: Vault, type_id: int, window: Window
) -> Page[Drift]:
    """Of the type's devices that the caller sees, by device; raises NotFound."""
    types.get(tx, caller, vault, type_id)
    return records.drift_of_type(tx, caller.scope, type_id, window)
