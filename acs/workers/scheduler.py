"""Operations whose time has come: due, due again, expired, overdue, or to be tried again."""

from dataclasses import dataclass

from inventory import recurring, timekeeping
from inventory.records import operations as records
from inventory.signals import Signals
from inventory.store import Store

WOKEN_AT_ONCE = 500  # read in one query


@dataclass(slots=True)
class Scheduler:
    """Remembers up to when retries have been looked for; everything else is in the store."""

    store: Store
    signals: Signals
    retries_until: float = 0.0

    async def step(self, now: float) -> int:
        """One round; returns how many operations it touched. Full batches go on at once."""
        touched = 0
        while True:
            round_ = await self.store.write_later(timekeeping.advance, now)
            for operation_id in round_.ended:
                self.signals.finished(operation_id)
            for device_id in round_.due_devices:
                self.signals.work(device_id)
            touched += len(round_.ended) + len(round_.due_devices)
            if not round_.is_full:
                break
        touched += await self._run_recurring(now)
        await self._retry(now)
        return touched

    async def _run_recurring(self, now: float) -> int:
        runs = 0
        while True:
            round_ = await self.store.write_later(recurring.run_due, now)
            for device_id in round_.devices:
                self.signals.work(device_id)
            runs += len(round_.devices)
            if not round_.is_full:
                return runs

    async def _retry(self, now: float) -> None:
        """Wakes devices whose unanswered operation may be tried again from now on."""
        devices = await self.store.read(timekeeping.retries, self.retries_until, now)
        self.retries_until = now
        for device_id in devices:
            self.signals.work(device_id)


async def call_those_waiting(store: Store, signals: Signals, now: float) -> int:
    """Once, at the start: whoever was being called before is called by nobody now.

    Devices that are Up and have work that is due; returns how many.
    """
    called, after = 0, 0
    while found := await store.read(records.waiting_devices, now, after, WOKEN_AT_ONCE):
        for device_id, is_bulk in found:
            (signals.bulk_work if is_bulk else signals.work)(device_id)
        called, after = called + len(found), found[-1][0]
    return called
