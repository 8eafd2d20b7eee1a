"""What the API needs of the rest of the server, as values and callables; it imports none of it."""

from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from inventory.actions.rehearsing import Rehearsal, Stage
from inventory.devices import Setup
from inventory.operations import Kind


@dataclass(frozen=True, slots=True)
class House:
    setup: Setup
    image_folder: Path
    """Where the bytes of firmware images lie."""
    upload_folder: Path
    """Where the files lie that devices have sent."""
    ask_to_inform: Callable[[Sequence[int]], Awaitable[None]]
    """Sends these devices a connection request each; returns when they have informed, or after a
    bounded wait. It never fails."""
    rehearse: Callable[[Stage], Rehearsal]
    """Which requests an operation would send, if the device is as the inventory believes."""
    ping: Callable[[str, int, float], Awaitable[Sequence[float | None]]]
    """Pings an IP address so many times, each with that timeout: seconds until each reply, None
    where none came. Raises Unavailable where the system does not allow it."""
    carries_out: Set[Kind]
    """The operations that the server can carry out; what else is asked for is refused."""
    judge_webhook: Callable[[str], Awaitable[str | None]]
    """What is wrong with sending webhooks to that URL; None when nothing is."""
    read_values: Callable[[int, Sequence[str]], Awaitable[None]]
    """Reads these parameters (none: all) from a device into the inventory; a bounded wait too."""


HOUSE = web.AppKey("house", House)
