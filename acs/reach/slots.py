"""Room for connection requests: so many at a time, for each of three lanes.

A device that does not answer holds its slot until the timeout, and an outage leaves hundreds of
those. So what a bulk job wakes never stands in the way of what persons wait for: each lane has
slots of its own, and what waits in a slower one is moved when somebody asks for the same device in
a faster one.
"""

import asyncio
from enum import IntEnum
from itertools import count


class Lane(IntEnum):
    """Who wants a device called; the lower the faster."""

    PERSON = 0  # single operations, and the server's own
    HELPER = 1  # status helpers, for whole pages of devices
    BULK = 2  # jobs over many devices


class Slots:
    """The slots of all lanes, and who waits for one."""

    def __init__(self, each: int) -> None:
        self._free = dict.fromkeys(Lane, each)
        self._waiting: dict[Lane, dict[int, asyncio.Future[Lane]]] = {lane: {} for lane in Lane}
        self._places: dict[int, tuple[Lane, int]] = {}  # by device
        self._numbers = count()

    async def take(self, device_id: int, lane: Lane) -> Lane:
        """Waits for a slot; returns the lane that it is of, for :meth:`give_back`."""
        if self._free[lane]:
            self._free[lane] -= 1
            return lane
        slot: asyncio.Future[Lane] = asyncio.get_running_loop().create_future()
        self._stand(device_id, lane, slot)
        try:
            return await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():  # it was given in the same moment
                self.give_back(slot.result())
            raise

    def hurry(self, device_id: int, lane: Lane) -> None:
        """Who waits for this device in a slower lane waits in this one from now on."""
        slower, number = self._places.get(device_id, (lane, 0))
        if slower <= lane or (slot := self._waiting[slower].pop(number, None)) is None:
            return
        if slot.done():  # nobody waits any more
            return
        if self._free[lane]:
            self._free[lane] -= 1
            slot.set_result(lane)
        else:
            self._stand(device_id, lane, slot)

    def give_back(self, lane: Lane) -> None:
        """The one that has waited longest in the lane is next."""
        waiting = self._waiting[lane]
        while waiting:
            slot = waiting.pop(next(iter(waiting)))
            if not slot.done():
                slot.set_result(lane)
                return
        self._free[lane] += 1

    def _stand(self, device_id: int, lane: Lane, slot: asyncio.Future[Lane]) -> None:
        number = next(self._numbers)
        self._waiting[lane][number] = slot
        self._places[device_id] = lane, number
        slot.add_done_callback(lambda _: self._forget(device_id, number))

    def _forget(self, device_id: int, number: int) -> None:
        if self._places.get(device_id, (None, -1))[1] == number:
            del self._places[device_id]
