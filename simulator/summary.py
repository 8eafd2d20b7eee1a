"""What a fleet has been through, in numbers: sessions a second, latencies, what failed."""

from collections import Counter, deque
from collections.abc import Iterable

from acs.cwmp.messages import Inform
from simulator.dialogue import SessionRecord

SAMPLE = 100_000  # the latest of each latency; memory stays small however long a fleet runs


class Summary:
    """Gathers the records of ended sessions; times are seconds."""

    def __init__(self) -> None:
        self.sessions = 0
        self.failed: Counter[str] = Counter()  # by reason
        self.events: Counter[str] = Counter()  # told, by code
        self.exchanges = 0
        self._informs_s: deque[float] = deque(maxlen=SAMPLE)
        self._sessions_s: deque[float] = deque(maxlen=SAMPLE)

    def add(self, record: SessionRecord) -> None:
        self.sessions += 1
        self.exchanges += len(record.exchanges)
        if record.is_complete:
            self._sessions_s.append(record.duration_s)
        else:
            self.failed[record.error] += 1
        for event in record.events:
            self.events[event.event_code] += 1
        for exchange in record.exchanges[:1]:
            if isinstance(exchange.sent, Inform):
                self._informs_s.append(exchange.latency_s)

    @property
    def failures(self) -> int:
        return self.failed.total()

    def line(self, elapsed_s: float) -> str:
        """The state in one line, for progress."""
        rate = self.sessions / elapsed_s if elapsed_s else 0
        return (
            f"{self.sessions} sessions ({rate:.0f}/s), {self.failures} failed, "
            f"Inform answered in {_milliseconds(self._informs_s)}"
        )

    def lines(self, elapsed_s: float) -> list[str]:
        """The whole account."""
        rate = self.sessions / elapsed_s if elapsed_s else 0
        account = [
            f"sessions        {self.sessions} in {elapsed_s:.1f} s, {rate:.1f}/s",
            f"exchanges       {self.exchanges}",
            f"Inform answered {_milliseconds(self._informs_s)}",
            f"whole session   {_milliseconds(self._sessions_s)}",
            f"failed          {self.failures}",
        ]
        account += [f"  {count:6} {reason}" for reason, count in self.failed.most_common(10)]
        account += [f"  {count:6} {code}" for code, count in sorted(self.events.items())]
        return account


def percentile(values: Iterable[float], percent: float) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    ranked = sorted(values)
    if not ranked:
        return None
    return ranked[min(len(ranked) - 1, int(len(ranked) * percent / 100))]


def _milliseconds(values: deque[float]) -> str:
    if not values:
        return "-"
    ranked = {percent: percentile(values, percent) or 0 for percent in (50, 95, 99)}
    return ", ".join(f"p{percent} {value * 1000:.1f} ms" for percent, value in ranked.items())
