"""Marks devices down whose Inform is overdue."""

from dataclasses import dataclass

from inventory import absence
from inventory.store import Store


@dataclass(frozen=True, slots=True)
class Watch:
    """``server_start``: nobody is overdue for the time that the server was away."""

    store: Store
    server_start: float

    async def step(self, now: float) -> int:
        """One round; returns how many devices went down."""
        down = 0
        overdue = await self.store.read(absence.overdue, self.server_start, now)
        for at in range(0, len(overdue), absence.BATCH):
            batch = overdue[at : at + absence.BATCH]
            down += await self.store.write_later(absence.mark_down, batch, self.server_start, now)
        return down
