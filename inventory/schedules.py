"""When recurring work is next due: a cron expression, read from the clock on a time zone's wall.

A local time that a change of the clocks skips means the first moment after the gap, once however
many such times there are; one that comes twice means its first coming. Work of every hour
(``0 * * * *``) is about time that passes, and takes the clock's changes as they come.

Five fields, in the language of Debian's cron, with its ``L`` (last day) and ``#`` (nth weekday).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

MAX_CRON = 100  # characters
_FIELD = r"[0-9A-Za-z*,/#-]+"
_CRON = re.compile(rf"{_FIELD}(?: +{_FIELD}){{4}}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Again and again: a cron expression and the IANA name of its time zone."""

    cron: str
    timezone: str = "UTC"

    @classmethod
    def read(cls, schedule: Mapping[str, Any] | None) -> Self | None:
        """What a stored ``schedule`` says; None when it is not recurring."""
        if schedule is None or schedule.get("type") != "recurring":
            return None
        return cls(schedule["cron"], schedule.get("timezone") or "UTC")

    def next_after(self, moment: float) -> float | None:
        """Unix seconds of the first time after ``moment``; None when there is none in 50 years."""
        try:
            return self._next_after(moment)
        except CronSimError:  # none of its months has the day
            return None

    def _next_after(self, moment: float) -> float | None:
        zone = ZoneInfo(self.timezone)
        start = datetime.fromtimestamp(moment, zone)
        if self.cron.split()[1] == "*":
            return next((each.timestamp() for each in CronSim(self.cron, start)), None)
        local = CronSim(self.cron, start.replace(tzinfo=None))
        moments = (_moment(each, zone) for each in local)
        # Within an hour that comes twice, its first coming may be over already.
        return next((each for each in moments if each > moment), None)


def _moment(local: datetime, zone: ZoneInfo) -> float:
    while (moment := local.replace(tzinfo=zone)) and not _exists(moment):
        local += timedelta(minutes=1)
    return moment.timestamp()


def _exists(moment: datetime) -> bool:
    there_and_back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return there_and_back.replace(tzinfo=None) == moment.replace(tzinfo=None)


def is_cron(text: str) -> bool:
    """Whether the text is a cron expression of five fields, be it of a day that never comes."""
    if len(text) > MAX_CRON or _CRON.fullmatch(text) is None:
        return False
    minute, hour, day, month, weekday = text.split()
    return all(map(_is_read, (f"{minute} {hour} {day} * {weekday}", f"* * * {month} *")))


def _is_read(cron: str) -> bool:
    try:
        CronSim(cron, datetime(2000, 1, 1))  # noqa: DTZ001  wall clock, nowhere in particular
    except CronSimError:
        return False
    return True


def is_timezone(name: str) -> bool:
    """Whether it is the IANA name of a time zone, such as ``Europe/Prague``."""
    if _ZONE.fullmatch(name) is None:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no key at all, a folder of zones
        return False
    return True
