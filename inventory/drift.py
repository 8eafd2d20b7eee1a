"""Wanted values that devices were found not to have.

A finding stays until the device has the value, or another one is wanted. A value that was taken and
read back different three times is set aside: it is told with both values, and no sync corrects it
any more. One that reads back empty right after it was taken is write-only, and no drift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory import devices, types
from inventory.access import Caller
from inventory.devices import Key
from inventory.query import Page, Window
from inventory.records import settings as records
from inventory.records.settings import Drift
from inventory.secrets import Vault
from inventory.store import Transaction

__all__ = ["Drift", "Finding", "Look", "keep", "of_device", "of_type"]

MAX_CORRECTIONS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """A wanted value that the device did not have, and what it shows after it was set."""

    path: str
    wanted: str | None
    found: str | None
    now: str | None
    is_corrected: bool
    is_write_only: bool
    was_set: bool = True

    def as_json(self) -> Mapping[str, Any]:
        return {
            "parameter": self.path,
            "wanted": self.wanted,
            "found": self.found,
            "corrected": self.is_corrected or self.is_write_only,
        }


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the device showed: all that was compared, what differed, and whether anything
    was set then."""

    looked_at: tuple[str, ...]
    found: tuple[Finding, ...]
    has_set: bool = True


def keep(tx: Transaction, device_id: int, look: Look, now: float) -> None:
    """Keeps what still differs, forgets what does not, and tells whether the device drifts."""
    left = [each for each in look.found if not each.is_corrected]
    differing = {each.path for each in left}
    records.forget_drift(tx, device_id, [path for path in look.looked_at if path not in differing])
    for each in left:
        records.keep_drift(
            tx,
            device_id,
            path=each.path,
            wanted=each.wanted,
            found=each.now if each.now is not None else each.found,
            is_write_only=each.is_write_only,
            corrections=int(each.was_set),
            patience=MAX_CORRECTIONS,
            now=now,
        )
    records.set_drift(tx, device_id, now)
    if not look.has_set:  # else the device shows our key with its next Inform
        records.accept_key(tx, device_id)


def of_device(tx: Transaction, caller: Caller, key: Key, window: Window) -> Page[Drift]:
    """By path; raises NotFound or Ambiguous."""
    return records.drift_of_device(tx, devices.get(tx, caller, key).id, window)


def of_type(
    tx: Transaction, caller: Caller, vault: Vault, type_id: int, window: Window
) -> Page[Drift]:
    """Of the type's devices that the caller sees, by device; raises NotFound."""
    types.get(tx, caller, vault, type_id)
    return records.drift_of_type(tx, caller.scope, type_id, window)
