"""The inventory as the address book of connection requests, and who is to be called when."""

from dataclasses import dataclass
from functools import partial

from acs.reach.calling import Reach
from acs.reach.directory import Target
from acs.reach.outcomes import Outcome
from acs.reach.slots import Lane
from acs.sessions import Sessions
from inventory import reachability
from inventory.secrets import Vault
from inventory.signals import Signals
from inventory.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class InventoryDirectory:
    """Fulfils :class:`acs.reach.directory.Directory`."""

    store: Store
    vault: Vault

    async def target(self, device_id: int) -> Target | None:
        found = await self.store.glance(reachability.whereabouts, device_id, self.vault)
        if found is None:
            return None
        return Target(
            url=found.url,
            username=found.username,
            passwords=found.passwords,
            peer_address=found.address,
            allow_basic=found.allow_basic,
        )

    async def report(self, device_id: int, outcome: Outcome, now: float) -> None:
        await self.store.write(_keep, device_id, outcome, now)


def _keep(tx: Transaction, device_id: int, outcome: Outcome, now: float) -> None:
    reachability.report(tx, device_id, outcome.kind, outcome.detail, now)
    if outcome.proves_newest:
        reachability.prove_newest(tx, device_id)


def connect(signals: Signals, sessions: Sessions, reach: Reach) -> None:
    """Work on a device that is not in a session has it called; its Inform ends the calling."""

    def wake(lane: Lane, device_id: int) -> None:
        if not sessions.is_live(device_id):
            reach.wake(device_id, lane)

    signals.on_work(partial(wake, Lane.PERSON))
    signals.on_bulk_work(partial(wake, Lane.BULK))
    signals.on_inform(reach.informed)
