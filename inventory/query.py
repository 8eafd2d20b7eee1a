"""What every question to the inventory carries: whose objects, which part of a list, which version.

Queries over things that belong to an organization take a :class:`Scope`; there is no default, so a
new query cannot forget it. SQL is made from these values in ``inventory.records``.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from inventory.errors import PreconditionFailed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scope:
    """The organizations whose objects are seen; None means all of them."""

    organizations: frozenset[int] | None

    def covers(self, organization_id: int | None) -> bool:
        """Global things (None) are covered only where nothing is hidden."""
        return self.organizations is None or organization_id in self.organizations


EVERYTHING = Scope(None)
"""For the server's own work; a caller's scope comes from the caller."""


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that is wanted."""

    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One window of a list, and how long the whole list is."""

    items: Sequence[T]
    count: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What If-Match asks for: one of these tags, any version (``*``), or nothing at all (None)."""

    tags: frozenset[str] | None = None

    def check(self, tag: str) -> None:
        """Called in the unit of the effect; raises PreconditionFailed."""
        if self.tags is not None and "*" not in self.tags and tag not in self.tags:
            raise PreconditionFailed


ANY_VERSION = Expected()


def tag(*facts: object) -> str:
    """An entity tag that changes exactly when one of the facts does."""
    # SQLite's RETURNING gives a whole REAL as an integer, its SELECT as a float.
    equal = [float(fact) if isinstance(fact, int) else fact for fact in facts]
    return hashlib.sha256(repr(equal).encode()).hexdigest()[:20]
