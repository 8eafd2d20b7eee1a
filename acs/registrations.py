"""How many new devices may register within an hour: in all, and from one address."""

from dataclasses import dataclass, field

HOUR_S = 3600.0
MAX_SOURCES = 10_000


@dataclass(slots=True)
class _Window:
    """Registrations since a moment."""

    since: float
    count: int = 0


@dataclass(slots=True)
class Registrations:
    """Counts registrations in windows of an hour; zero means no limit."""

    per_source: int = 0
    in_all: int = 0
    _all: _Window = field(default_factory=lambda: _Window(0.0))
    _sources: dict[str, _Window] = field(default_factory=dict)

    def has_room(self, address: str, now: float) -> bool:
        """Whether one more device may register from there."""
        if self.in_all and _count(self._all, now) >= self.in_all:
            return False
        source = self._sources.get(address)
        return not self.per_source or source is None or _count(source, now) < self.per_source

    def spend(self, address: str, now: float) -> None:
        """A device has registered from there."""
        if self.in_all:
            _add(self._all, now)
        if not self.per_source:
            return
        if address not in self._sources and len(self._sources) >= MAX_SOURCES:
            self._sources.pop(next(iter(self._sources)))
        _add(self._sources.setdefault(address, _Window(now)), now)


def _count(window: _Window, now: float) -> int:
    return window.count if now - window.since < HOUR_S else 0


def _add(window: _Window, now: float) -> None:
    if now - window.since >= HOUR_S:
        window.since, window.count = now, 0
    window.count += 1
