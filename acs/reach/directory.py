"""What calling a device needs to know of it: a port, which the inventory fills."""

from dataclasses import dataclass, field
from typing import Protocol

from acs.reach.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how a device takes connection requests."""

    url: str  # ManagementServer.ConnectionRequestURL as the device reported it: hostile input
    username: str
    passwords: tuple[str, ...] = field(repr=False)  # the new one first, then the old one
    peer_address: str | None  # where its last Inform came from
    allow_basic: bool = False


class Directory(Protocol):
    async def target(self, device_id: int) -> Target | None:
        """``None`` when the device is unknown or has told no URL."""
        ...

    async def report(self, device_id: int, outcome: Outcome, now: float) -> None:
        """Keeps what became of an attempt; ``now`` is Unix time."""
        ...
