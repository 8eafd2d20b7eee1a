"""Carries bulk jobs on: fixes their targets, keeps their devices busy, ends them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from inventory import bulk
from inventory.bulk import Cleared, Manner, State
from inventory.records import bulk as records
from inventory.signals import Signals
from inventory.store import Store, Transaction

log = logging.getLogger(__name__)

PERIOD_S = 1.0
BREATH_S = 0.05  # between two rounds, however much news there is
CALLED_AT_ONCE = 50  # the contract's number, for status helpers
LOST_EVERY_S = 60.0


@dataclass(slots=True)
class Bulk:
    """Everything that matters is in the store; the ends of operations only bring rounds forward."""

    store: Store
    signals: Signals
    ask_to_inform: Callable[[Sequence[int]], Awaitable[None]]
    clock: Callable[[], float]
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _calls: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _looked_for_lost: float = 0.0
    _is_active: bool = False

    async def run(self) -> None:
        """Round after round, for ever."""
        self.signals.on_finish(self._hear)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), PERIOD_S)
            self._news.clear()
            try:
                await self.step(self.clock())
            except Exception:
                log.exception("bulk jobs")
            await asyncio.sleep(BREATH_S)

    def _hear(self, _: int) -> None:
        if self._is_active:
            self._news.set()

    async def step(self, now: float) -> None:
        """One round over all jobs that are not settled, the urgent ones first."""
        jobs = await self.store.read(records.unsettled)
        self._is_active = bool(jobs)
        looks_for_lost = now >= self._looked_for_lost + LOST_EVERY_S
        if looks_for_lost:
            self._looked_for_lost = now
        for job_id in jobs:
            await self._advance(job_id, now, looks_for_lost=looks_for_lost)

    async def finish_calls(self) -> None:
        """Waits for the calls under way."""
        await asyncio.gather(*self._calls.values(), return_exceptions=True)

    async def stop(self) -> None:
        for task in self._calls.values():
            task.cancel()
        await self.finish_calls()

    async def _advance(self, job_id: int, now: float, *, looks_for_lost: bool) -> None:
        later = self.store.write_later
        job = await self.store.read(records.by_id, job_id)
        if job is not None and job.state == State.SCHEDULED and job.due <= now:
            await later(bulk.begin_due, job_id, now)
        while await later(bulk.plan, job_id, now):
            pass
        if looks_for_lost:
            await self._until_clear(bulk.find_lost, job_id, now)
        await later(bulk.review, job_id, now)
        if job is not None and bulk.manner(job) is Manner.CALL:
            await self._call(job_id, now)
        else:
            await self._feed(job_id, now)
        await later(bulk.review, job_id, now)
        await self._until_clear(bulk.clear, job_id, now)

    async def _feed(self, job_id: int, now: float) -> None:
        while (devices := await self.store.write_later(bulk.feed, job_id, now)) is not None:
            for device_id in devices:
                self.signals.bulk_work(device_id)

    async def _until_clear(
        self, unit: Callable[[Transaction, int, float], Cleared], job_id: int, now: float
    ) -> None:
        while True:
            cleared = await self.store.write_later(unit, job_id, now)
            for operation_id in cleared.operations:
                self.signals.finished(operation_id)
            if cleared.is_clear:
                return

    async def _call(self, job_id: int, now: float) -> None:
        """Calls take their time: they are made beside the rounds, one lot after the other."""
        if job_id in self._calls:
            return
        await self.store.write_later(records.reopen_calls, job_id)
        devices = await self.store.write_later(bulk.take_calls, job_id, CALLED_AT_ONCE, now)
        if devices:
            task = self._calls[job_id] = asyncio.create_task(self._talk(job_id, devices))
            task.add_done_callback(partial(self._end_calls, job_id))

    def _end_calls(self, job_id: int, task: asyncio.Task[None]) -> None:
        """Should the calls have failed, their devices wait again."""
        del self._calls[job_id]
        if not task.cancelled() and task.exception():
            log.error("calling devices of job %d failed", job_id, exc_info=task.exception())
        self._news.set()

    async def _talk(self, job_id: int, devices: tuple[int, ...]) -> None:
        since = self.clock()
        await self.ask_to_inform(devices)
        await self.store.write_later(bulk.conclude_calls, job_id, devices, since, self.clock())
