"""What a session costs the server: CPU of the real process, against a bare aiohttp handler.

A session is a fresh TCP connection with an Inform of 8 parameters and an empty POST; 50 run at
once, from another process. ``known`` is the periodic session of an enrolled device, recorded
durably before InformResponse; ``new`` registers its device; ``first`` goes on until the device is
enrolled. The servers take turns, as these machines drift, and each ratio is the median of the
ratios of one turn.

Run: ``python -m benchmarks sessions [sessions per turn] [turns]``
"""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.fleet import inform, known, prepare
from benchmarks.load import (
    Session,
    cost_us,
    first_session,
    quiet_session,
    registration,
    three_posts,
)
from benchmarks.processes import Served

FEW, MANY = 1_000, 100_000
NEW_SHARE = 4  # of the sessions of a turn, one in so many: those of new devices take longer


def newcomers() -> Iterator[bytes]:
    """First Informs of devices that nobody knows, without end."""
    return (inform(f"NEW{number:07d}", "0 BOOTSTRAP") for number in count())


async def compare(sessions: int = 1_500, turns: int = 5) -> None:
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        few, many = folder / "few.db", folder / "many.db"
        await prepare(few, FEW)
        await prepare(many, MANY)
        bare, small, large = [await servers.start(kind) for kind in ("bare", few, many)]
        for served in (bare, small, large):
            opened.push_async_callback(served.stop)
        measured = await take_turns(bare, small, large, sessions, turns)
    two, three = "bare, two POSTs", "bare, three POSTs"
    for name, reference in (
        (two, two),
        (f"known, {FEW:,} devices", two),
        (f"known, {MANY:,} devices", two),
        ("new, two POSTs", two),
        (three, three),
        ("first, three POSTs", three),
    ):
        ratio = median(map(divide, measured[name], measured[reference]))
        print(f"{name:24} {median(measured[name]):6.0f} µs CPU a session, {ratio:5.2f} x bare")
    growth = median(
        map(divide, measured[f"known, {MANY:,} devices"], measured[f"known, {FEW:,} devices"])
    )
    print(f"{MANY:,} devices cost {growth:.2f} times what {FEW:,} cost")


async def take_turns(
    bare: Served, small: Served, large: Served, sessions: int, turns: int
) -> dict[str, list[float]]:
    """Microseconds of each turn, by name; the first turn warms up and is not told."""
    new = newcomers()
    plan: dict[str, tuple[Served, Session, Iterator[bytes], int]] = {
        "bare, two POSTs": (bare, quiet_session, known(FEW), sessions),
        f"known, {FEW:,} devices": (small, quiet_session, known(FEW), sessions),
        f"known, {MANY:,} devices": (large, quiet_session, known(MANY), sessions),
        "new, two POSTs": (small, registration, new, sessions // NEW_SHARE),
        "bare, three POSTs": (bare, three_posts, known(FEW), sessions),
        "first, three POSTs": (small, first_session, new, sessions // NEW_SHARE),
    }
    measured: dict[str, list[float]] = {name: [] for name in plan}
    for turn in range(turns + 1):
        for name, (served, session, bodies, amount) in plan.items():
            cost = await cost_us(served, amount, session, bodies)
            if turn:
                measured[name].append(cost)
    return measured


def divide(cost: float, reference: float) -> float:
    return cost / reference


def main(*arguments: str) -> None:
    asyncio.run(compare(*map(int, arguments)))
