"""Tells people and systems what they asked to be told."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Protocol

from inventory import deliveries
from inventory.deliveries import RECEIVERS, Delivery, Outcome, State
from inventory.notifications import Channel
from inventory.records import deliveries as records
from inventory.store import Store

log = logging.getLogger(__name__)

Receiver = tuple[str, str]  # channel, and URL or address


class Sender(Protocol):
    async def send(self, delivery: Delivery, now: float) -> Outcome: ...


@dataclass(slots=True)
class Deliveries:
    """Each receiver is told one thing after the other, so that a slow one holds up nobody else."""

    store: Store
    senders: Mapping[Channel, Sender]
    clock: Callable[[], float]
    chance: Random
    _talking: dict[Receiver, asyncio.Task[None]] = field(default_factory=dict)

    async def step(self) -> int:
        """One round: begins to talk to whoever is to be told something; returns to how many."""
        due = await self.store.read(records.receivers_due, self.clock(), 2 * RECEIVERS)
        free = RECEIVERS - len(self._talking)
        fresh = [receiver for receiver in due if receiver not in self._talking][:free]
        for receiver in fresh:
            task = self._talking[receiver] = asyncio.create_task(self._talk(*receiver))
            task.add_done_callback(partial(self._end, receiver))
        return len(fresh)

    def _end(self, receiver: Receiver, task: asyncio.Task[None]) -> None:
        del self._talking[receiver]
        if not task.cancelled() and task.exception():
            log.error("telling %s failed", receiver[0], exc_info=task.exception())

    async def finish(self) -> None:
        """Waits until nobody is being told anything."""
        while self._talking:
            await asyncio.gather(*self._talking.values(), return_exceptions=True)

    async def stop(self) -> None:
        """What was under way is pending still, and will be sent again."""
        for task in self._talking.values():
            task.cancel()
        await self.finish()

    async def _talk(self, channel: str, target: str) -> None:
        """Everything that is due, until something does not arrive."""
        while True:
            now = self.clock()
            delivery = await self.store.read(records.next_for, channel, target, now)
            if delivery is None:
                return
            outcome = await self.senders[Channel(channel)].send(delivery, now)
            state = await self.store.write_later(
                deliveries.settle, delivery, outcome, self.chance.random(), self.clock()
            )
            if state is not State.DELIVERED:
                return
