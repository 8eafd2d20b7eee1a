"""Two devices that claim one identity show themselves by alternating.

A device that moves (a new address, a new connection request URL) does not come back to the old
place again and again; two devices with the same serial number do, in turns. Only devices that moved
lately are remembered here.
"""

from collections import deque

from inventory.records import log
from inventory.records import sightings as records
from inventory.store import Transaction

WINDOW_S = 3600.0
ALTERNATIONS = 3  # A to B, B to A, A to B
MAX_DEVICES = 10_000


class Movements:
    """Where devices went during the last hour."""

    def __init__(self) -> None:
        self._moves: dict[int, deque[tuple[float, str, str]]] = {}

    def moved(self, device_id: int, origin: str, place: str, now: float) -> bool:
        """Takes note of a move; True when the device alternates between two places."""
        if device_id not in self._moves and len(self._moves) >= MAX_DEVICES:
            self._moves.pop(next(iter(self._moves)))
        moves = self._moves.setdefault(device_id, deque(maxlen=ALTERNATIONS))
        moves.append((now, origin, place))
        if len(moves) < ALTERNATIONS or now - moves[0][0] > WINDOW_S:
            return False
        return all(
            (earlier[1], earlier[2]) == (later[2], later[1])
            for earlier, later in zip(moves, list(moves)[1:], strict=False)
        )


def flag_conflict(tx: Transaction, device_id: int, places: tuple[str, str], now: float) -> None:
    """Changes to the device stop until a person has decided."""
    if records.set_identity_conflict(tx, device_id, now):
        text = "identity_conflict: two devices claim this identity"
        log.add(tx, device_id, "alert", text, now, {"places": list(places)})
