"""Calls devices: once and with an answer, or again and again until they Inform."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from random import Random
from time import time
from typing import Any, TypeVar

from acs.reach.destination import Network
from acs.reach.directory import Directory
from acs.reach.knocking import Knocker
from acs.reach.outcomes import Kind, Outcome
from acs.reach.slots import Lane, Slots

log = logging.getLogger("acs.reach")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a device is asked; seconds, to which chance adds up to half."""

    settle_s: float = 30  # what TR-069 3.2.2 gives the device to open its session
    first_wait_s: float = 5  # after a failure; each further one doubles it
    longest_wait_s: float = 300
    attempts: int = 6  # then the device is left to its periodic Inform
    most_waking: int = 10_000  # devices of a lane pursued at a time; the same holds past it

    def wait_s(self, outcome: Outcome, attempt: int, chance: Random) -> float:
        """From this attempt (the first is 0) to the next."""
        backoff_s = min(self.first_wait_s * 2.0**attempt, self.longest_wait_s)
        least_s = self.settle_s if outcome.is_accepted else 0
        return max(least_s, backoff_s) * (1 + chance.random() / 2)


class Reach:
    """Connection requests for all devices: one at a time for each, so many at a time in a lane."""

    def __init__(
        self,
        directory: Directory,
        *,
        concurrency: int = 50,
        timeout_s: float = 5,
        allowed: Sequence[Network] = (),
        pace: Pace | None = None,
        clock: Callable[[], float] = time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Random | None = None,
    ) -> None:
        self._directory = directory
        self._knocker = Knocker(timeout_s, allowed)
        self._slots = Slots(concurrency)
        self._pace = pace or Pace()
        self._clock = clock
        self._sleep = sleep
        self._chance = chance or Random()  # noqa: S311
        self._tasks: set[asyncio.Task[Any]] = set()
        self._attempts: dict[int, asyncio.Task[Outcome]] = {}
        self._pursuits: dict[int, asyncio.Task[None]] = {}
        self._pursued: Counter[Lane] = Counter()  # by the lane that they were begun in
        self._lanes: dict[int, Lane] = {}
        self._accepted_at: dict[int, float] = {}  # and no Inform since

    def wake(self, device_id: int, lane: Lane = Lane.PERSON) -> None:
        """Has the device called until it Informs, or patience ends. Returns at once."""
        if device_id in self._pursuits:
            self._hurry(device_id, lane)
        elif self._pursued[lane] < self._pace.most_waking:
            self._hurry(device_id, lane)
            self._pursued[lane] += 1
            task = self._start(self._pursuits, device_id, self._pursue(device_id))
            task.add_done_callback(lambda _: self._pursued.subtract([lane]))

    async def call(self, device_id: int, lane: Lane = Lane.HELPER) -> Outcome:
        """One attempt now; whoever calls while one is under way shares its outcome."""
        self._hurry(device_id, lane)
        return await self._call(device_id)

    def informed(self, device_id: int) -> None:
        """The device has called: it needs no waking, and may be called at once the next time."""
        self._accepted_at.pop(device_id, None)
        self._attempts.pop(device_id, None)  # it goes on, and what it hears is of the past
        if pursuit := self._pursuits.pop(device_id, None):
            pursuit.cancel()

    async def close(self) -> None:
        """Ends everything under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._knocker.close()

    def _hurry(self, device_id: int, lane: Lane) -> None:
        """The fastest lane that somebody has asked for counts as long as the device is called."""
        self._lanes[device_id] = min(lane, self._lanes.get(device_id, lane))
        self._slots.hurry(device_id, lane)

    async def _pursue(self, device_id: int) -> None:
        await self._let_settle(device_id)
        for attempt in range(self._pace.attempts):
            outcome = await self._call(device_id)
            if not outcome.is_worth_repeating:
                return
            await self._sleep(self._pace.wait_s(outcome, attempt, self._chance))

    async def _let_settle(self, device_id: int) -> None:
        accepted_at = self._accepted_at.get(device_id)
        if accepted_at is not None:
            await self._sleep(max(0, accepted_at + self._pace.settle_s - self._clock()))

    async def _call(self, device_id: int) -> Outcome:
        if device_id not in self._attempts:
            self._start(self._attempts, device_id, self._attempt(device_id))
        return await asyncio.shield(self._attempts[device_id])

    async def _attempt(self, device_id: int) -> Outcome:
        slot = await self._slots.take(device_id, self._lanes.get(device_id, Lane.PERSON))
        try:
            target = await self._directory.target(device_id)
            if target is None:
                outcome = Outcome(Kind.NO_URL, "The device has told no connection request URL.")
            else:
                outcome = await self._knocker.knock(target)
        finally:
            self._slots.give_back(slot)
        now = self._clock()
        if outcome.is_accepted and self._attempts.get(device_id) is asyncio.current_task():
            self._accepted_at[device_id] = now
        await self._directory.report(device_id, outcome, now)
        return outcome

    def _start(
        self,
        register: dict[int, asyncio.Task[T]],
        device_id: int,
        work: Coroutine[None, None, T],
    ) -> asyncio.Task[T]:
        """Runs work that stands in this register as long as it runs and is not taken out."""
        task = register[device_id] = asyncio.create_task(work)
        self._tasks.add(task)

        def end(_: asyncio.Task[T]) -> None:
            self._tasks.discard(task)
            if register.get(device_id) is task:
                del register[device_id]
            if device_id not in self._attempts and device_id not in self._pursuits:
                self._lanes.pop(device_id, None)
            if not task.cancelled() and task.exception():
                log.error("Calling device %d failed", device_id, exc_info=task.exception())

        task.add_done_callback(end)
        return task
