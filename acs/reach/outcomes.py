"""What became of one connection request."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    ACCEPTED = "accepted"  # the device will open a session, within 30 s; only its Inform proves it
    BUSY_503 = "busy"  # in a session, or asked too often
    REFUSED_401 = "refused"  # none of our credentials is accepted, or asked for in an unsafe way
    UNREACHABLE = "unreachable"  # refused, timed out, no such name
    UNEXPECTED = "unexpected"  # an answer that no standard foresees
    NO_URL = "no_url"  # the device has not told where it listens
    FORBIDDEN_URL = "forbidden_url"  # it leads neither to the device nor to an allowed network


_NOT_WORTH_REPEATING = {Kind.REFUSED_401, Kind.NO_URL, Kind.FORBIDDEN_URL}


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: Kind
    detail: str = ""  # for people
    proves_newest: bool = False  # the device has accepted the newest of our passwords

    @property
    def is_accepted(self) -> bool:
        return self.kind is Kind.ACCEPTED

    @property
    def is_worth_repeating(self) -> bool:
        """May the same request succeed later, though nothing that we know has changed?"""
        return self.kind not in _NOT_WORTH_REPEATING


class NotReached(Exception):
    """Ends an attempt early, with this outcome."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.outcome = Outcome(kind, detail)
