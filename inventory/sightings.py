"""An Inform in the inventory's words: who was seen, where, and what it told."""

from collections.abc import Callable
from dataclasses import dataclass

from inventory.admission import Proof
from inventory.values import Reported


@dataclass(frozen=True, slots=True)
class Event:
    """A CWMP event in the standard's spelling, e.g. ``1 BOOT`` or ``M Reboot`` with its key."""

    code: str
    command_key: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An Inform in the inventory's words. ``told`` is a digest of all that lasts in it."""

    unique_identifier: str
    manufacturer: str
    oui: str
    product_class: str
    serial_number: str
    address: str
    events: tuple[Event, ...]
    retry_count: int
    protocol: str
    parameters: Callable[[], tuple[Reported, ...]]  # made only when they are to be written
    told: int
    root: str | None = None
    software_version: str | None = None
    hardware_version: str | None = None
    connection_request_url: str | None = None
    parameter_key: str | None = None
    interval_s: int | None = None
    proof: Proof | None = None

    def has(self, code: str) -> bool:
        return any(event.code == code for event in self.events)
