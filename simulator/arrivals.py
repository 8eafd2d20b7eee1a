"""When the CPEs of a fleet come: for each the seconds after the start, in order."""

from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from random import Random


def steady(count: int, over_s: float, random: Random) -> Iterator[float]:
    """One after another at an even rate, each a little at random."""
    gap = over_s / count
    for number in range(count):
        yield (number + random.random()) * gap


def burst(count: int, over_s: float, random: Random) -> Iterator[float]:  # noqa: ARG001
    """All at once, as after a power cut in a whole town."""
    yield from [0.0] * count


def ramp(count: int, over_s: float, random: Random) -> Iterator[float]:  # noqa: ARG001
    """At a rate that grows from nothing."""
    for number in range(count):
        yield over_s * sqrt(number / count)


KINDS: Mapping[str, Callable[[int, float, Random], Iterator[float]]] = {
    "steady": steady,
    "burst": burst,
    "ramp": ramp,
}
