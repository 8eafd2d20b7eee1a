"""Operations whose time has come: due, due again, expired, overdue, or to be tried again."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from inventory import recurring, timekeeping
from inventory.records import operations as records
from inventory.signals import Signals
from inventory.store import Store

CALLED_AT_ONCE, CALLED_EVERY_S = 500, 5.0  # at a start, however many devices wait


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
            tell_of_work(self.signals, round_.due_devices)
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
        tell_of_work(self.signals, devices)


def tell_of_work(signals: Signals, devices: Iterable[tuple[int, bool]]) -> None:
    """Of devices, and whether their work may wait for others'."""
    for device_id, may_wait in devices:
        (signals.bulk_work if may_wait else signals.work)(device_id)


async def call_those_waiting(store: Store, signals: Signals, now: float) -> int:
    """Once, at the start: whoever was being called before is called by nobody now.

    Devices that are Up and have work that is due, not more of them at a time than are called in
    that time; returns how many.
    """
    called, after = 0, 0
    while found := await store.read(records.waiting_devices, now, after, CALLED_AT_ONCE):
        tell_of_work(signals, found)
        called, after = called + len(found), found[-1][0]
        if len(found) == CALLED_AT_ONCE:
            await asyncio.sleep(CALLED_EVERY_S)
    return called
