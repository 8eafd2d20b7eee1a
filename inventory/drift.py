"""Wanted values that devices were found not to have.

A finding stays until the device has the value. One that was set and read back different three
times is set aside: it is told with both values, and no longer sent. One that reads back empty right
after it was taken is write-only, and no drift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory import types
from inventory.access import Caller
from inventory.query import Page, Window
from inventory.records import settings as records
from inventory.records.settings import Drift
from inventory.secrets import Vault
from inventory.store import Transaction

__all__ = ["Drift", "Finding", "Look", "keep", "of_type"]

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

    def as_json(self) -> Mapping[str, Any]:
        return {
            "parameter": self.path,
            "wanted": self.wanted,
            "found": self.found,
            "corrected": self.is_corrected or self.is_write_only,
        }


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the device showed: all that was compared, and what differed."""

    looked_at: tuple[str, ...]
    found: tuple[Finding, ...]


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
            patience=MAX_CORRECTIONS,
            now=now,
        )
    records.set_drift(tx, device_id, now)


def of_type(
    tx: Transaction, caller: Caller, vault: Vault, type_id: int, window: Window
) -> Page[Drift]:
    """Of the type's devices that the caller sees, by device; raises NotFound."""
    types.get(tx, caller, vault, type_id)
    return records.drift_of_type(tx, caller.scope, type_id, window)
