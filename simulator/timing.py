"""When things happen in the life of a CPE: how long they take, and what TR-069 prescribes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from acs.cwmp.values import parse_boolean, parse_datetime
from simulator.tree import Tree

LAST_GROWING_RETRY = 10  # TR-069 3.2.1.1: from the tenth on the wait grows no more
CLOCKS_APART = 0.01  # of a period: the loop's clock may fire that much before the wall's is due


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a CPE takes for things, in seconds; ``speed`` shortens all of them.

    Periodic Informs have a speed of their own: an ACS counts on their interval. UpTime and
    CurrentTime always go by the real clock.
    """

    speed: float = 1
    periodic_speed: float = 1
    boot_s: float = 30
    install_s: float = 20  # to write a new firmware
    diagnostics_s: float = 5

    def wait(self, seconds: float) -> float:
        return seconds / self.speed


REAL_TIME = Pace()


def until_periodic_s(tree: Tree, now: float, booted_at: float) -> float | None:
    """Seconds to the next periodic Inform; None when they are switched off.

    PeriodicInformTime is the phase, if it is set; else the boot.
    """
    if not parse_boolean(tree.get("ManagementServer.PeriodicInformEnable", "false")):
        return None
    interval_s = int(tree.get("ManagementServer.PeriodicInformInterval", "300")) or 1
    phase = parse_datetime(tree.get("ManagementServer.PeriodicInformTime"))
    start = phase.timestamp() if phase else booted_at
    wait_s = interval_s - (now - start) % interval_s
    return wait_s if wait_s >= interval_s * CLOCKS_APART else wait_s + interval_s


def until_retry_s(tree: Tree, failures: int, random: Random) -> float:
    """TR-069 3.2.1.1: at random within a range that grows with each failure."""
    least_s = float(tree.get("ManagementServer.CWMPRetryMinimumWaitInterval", "5"))
    factor = float(tree.get("ManagementServer.CWMPRetryIntervalMultiplier", "2000")) / 1000
    growth = factor ** (min(failures, LAST_GROWING_RETRY) - 1)
    return random.uniform(least_s * growth, least_s * growth * factor)


def stamp(moment: float) -> str:
    """Unix seconds as CWMP writes them."""
    time = datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(moment))
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
