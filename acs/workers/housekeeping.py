"""Trims history by age and count, and gives the room back to the file system."""

from dataclasses import dataclass

from inventory import trimming
from inventory.store import Store


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Keeps ``history_days`` of finished work and logs, and at most ``history_rows`` of each."""

    store: Store
    history_days: int
    history_rows: int

    async def step(self, now: float) -> int:
        """One round; returns how many rows went."""
        removed = 0
        limits = trimming.Limits(now - self.history_days * 86400.0, self.history_rows)
        while count := await self.store.write_later(trimming.trim_targets, limits):
            removed += count
        for table in trimming.TABLES:
            while count := await self.store.write_later(trimming.trim, table, limits):
                removed += count
        removed += await self.store.write_later(trimming.forget_answers, now)
        return removed
