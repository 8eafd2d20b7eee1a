"""What a request to the API may ask of devices: to show themselves, or to tell values, now.

Each wait is bounded, and a device that stays silent is no error: the inventory then shows what it
knew before (behind NAT a device cannot even be called).
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from acs.cwmp.values import ROOTS
from acs.reach.calling import Reach
from acs.reach.slots import Lane
from inventory import operations
from inventory.operations import Kind, Operation
from inventory.signals import Signals
from inventory.store import Store, Transaction
from inventory.waiting import Waiting


class Asking:
    """Waits for news of devices that it has asked."""

    def __init__(
        self,
        store: Store,
        signals: Signals,
        reach: Reach,
        clock: Callable[[], float],
        patience_s: float = 10.0,
    ) -> None:
        """``patience_s`` is for all devices of a request together."""
        self._store, self._signals, self._reach, self._clock = store, signals, reach, clock
        self._patience_s = patience_s
        self._informs = Waiting()
        self._ends = Waiting()
        signals.on_inform(self._informs.happened)
        signals.on_finish(self._ends.happened)

    async def to_inform(self, device_ids: Sequence[int], lane: Lane = Lane.HELPER) -> None:
        """Calls these devices; returns when they have informed or cannot be reached."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                asked = [self._to_inform(device_id, lane) for device_id in device_ids]
                await asyncio.gather(*asked, return_exceptions=True)

    async def for_values(self, device_id: int, names: Sequence[str]) -> None:
        """Reads these parameters (none: all) into the inventory, as an operation in its queue."""
        wanted = [{"variable_name": name} for name in names or ROOTS]
        operation = await self._store.write(
            _queue_get, device_id, wanted, self._patience_s, self._clock()
        )
        with self._ends.expected(operation.id) as end, contextlib.suppress(TimeoutError):
            self._signals.work(device_id)
            await asyncio.wait_for(end, self._patience_s)

    async def _to_inform(self, device_id: int, lane: Lane) -> None:
        with self._informs.expected(device_id) as inform:
            outcome = await self._reach.call(device_id, lane)
            if outcome.is_accepted:
                await inform


def _queue_get(
    tx: Transaction,
    device_id: int,
    wanted: list[dict[str, str]],
    patience_s: float,
    now: float,
) -> Operation:
    request = {"variables": wanted}
    return operations.queue(tx, device_id, Kind.GET, request, now, timeout_s=patience_s)
