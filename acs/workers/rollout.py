"""Tells changed types to their devices."""

from dataclasses import dataclass

from inventory import applying
from inventory.secrets import Vault
from inventory.store import Store


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far each type is stands in the store; the operations are due over some minutes."""

    store: Store
    vault: Vault
    interval_s: int  # of devices that have none of their own or of their type

    async def step(self, now: float) -> int:
        """One round: everything that there is to tell; returns in how many units."""
        units = 0
        while await self.store.write_later(applying.roll_out, self.vault, self.interval_s, now):
            units += 1
        return units
