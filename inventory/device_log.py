"""What happened on devices, for those who may see them."""

from inventory import devices
from inventory.access import Caller
from inventory.devices import Key
from inventory.query import Page, Window
from inventory.records import device_log as records
from inventory.records.device_log import Entry, Filter, Session
from inventory.store import Transaction

__all__ = ["Entry", "Filter", "Session", "page", "sessions"]


def page(tx: Transaction, caller: Caller, wanted: Filter, window: Window) -> Page[Entry]:
    return records.page(tx, caller.scope, wanted, window)


def sessions(tx: Transaction, caller: Caller, key: Key, window: Window) -> Page[Session]:
    """Raises NotFound or Ambiguous."""
    return records.sessions(tx, devices.get(tx, caller, key).id, window)
