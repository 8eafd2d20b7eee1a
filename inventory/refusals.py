"""Devices that were not let in, for people to see.

Whoever knows a device's identity can have it refused as often as he likes. So refusals are counted
in memory and written now and then, into one row of the device; its log has a line of them once an
hour.
"""

from dataclasses import dataclass, replace

from inventory.errors import WrongCredentials
from inventory.records import log
from inventory.records import refusals as records
from inventory.records.refusals import Refused
from inventory.store import Transaction

WRITTEN_S = 60.0  # between two writes of one device
LOGGED_S = 3600.0
MAX_DEVICES = 10_000

_TEXTS = {
    True: "asks to be let in by onboarding credentials",
    False: "refused with 401: wrong credentials",
}


@dataclass(slots=True)
class _Count:
    """Refusals that are not written yet."""

    written: float
    waiting: int = 0


class Refusals:
    """The refusals of the last while, by device and kind."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, bool], _Count] = {}

    def due(self, refused: WrongCredentials, now: float) -> int:
        """Takes note of one more; how many are to be written now (0: not yet)."""
        key = refused.device_id, refused.is_onboarding
        found = self._counts.get(key)
        if found is None:
            if len(self._counts) >= MAX_DEVICES:
                self._counts.pop(next(iter(self._counts)))
            self._counts[key] = _Count(now)
            return 1
        found.waiting += 1
        if now - found.written < WRITTEN_S:
            return 0
        count, found.written, found.waiting = found.waiting, now, 0
        return count


def note(tx: Transaction, refused: WrongCredentials, count: int, address: str, now: float) -> None:
    """Writes so many refusals, the last of which is this one."""
    device_id, is_onboarding = refused.device_id, refused.is_onboarding
    logged = records.last_logged(tx, device_id, is_onboarding)
    if logged is None or now - logged >= LOGGED_S:
        logged = now
    row = Refused(is_onboarding, now, now, count, address, logged)
    for before in records.standing(tx, device_id):
        if before.is_onboarding == is_onboarding:
            row = replace(row, since=before.since, count=before.count + count)
    if records.keep(tx, device_id, row) and logged == now:
        details = {"address": address, "count": row.count}
        log.add(tx, device_id, "alert", _TEXTS[is_onboarding], now, details)
