"""Tells changed templates to the devices of their types."""

from dataclasses import dataclass

from inventory import configuration
from inventory.secrets import Vault
from inventory.store import Store


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far each template is stands in the store; the operations are due over some minutes."""

    store: Store
    vault: Vault

    async def step(self, now: float) -> int:
        """One round: everything that there is to tell; returns in how many units."""
        units = 0
        while await self.store.write_later(configuration.roll_out, self.vault, now):
            units += 1
        return units
