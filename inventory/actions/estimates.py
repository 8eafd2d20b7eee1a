"""How long an operation will probably take once the device is there: as past ones did."""

import math
from collections.abc import Mapping
from statistics import median

from inventory.operations import MINUTE_S, Kind
from inventory.records import history
from inventory.store import Transaction

PAST_RUNS = 20  # the newest of a kind; more would say little and cost more

_UNTRIED_S: Mapping[Kind, float] = {
    Kind.REBOOT: 2 * MINUTE_S,
    Kind.FACTORY: 5 * MINUTE_S,
    Kind.DEVICE_FACTORY: 5 * MINUTE_S,
    Kind.DOWNLOAD: 10 * MINUTE_S,
    Kind.UPLOAD: 2 * MINUTE_S,
    Kind.SYNC: MINUTE_S,
    Kind.RECONF: MINUTE_S,
}
_QUICK_S = 5.0  # reading and setting


def seconds(tx: Transaction, kind: Kind) -> int:
    """Whole seconds, at least one."""
    past = history.durations(tx, kind, PAST_RUNS)
    return max(1, math.ceil(median(past) if past else _UNTRIED_S.get(kind, _QUICK_S)))
