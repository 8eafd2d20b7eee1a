"""What a health check looks at, and the limits that it judges by."""

from collections.abc import Mapping
from typing import Any

CHECKS = ("connectivity", "memory", "disk", "cpu", "temperature")
"""What is checked when nothing is named."""

ALSO_CALLED: Mapping[str, str] = {
    "network": "connectivity",
    "disk_space": "disk",
    "disk_usage": "disk",
    "storage": "disk",
    "memory_usage": "memory",
    "cpu_usage": "cpu",
}
DEFAULT_PERCENT = 90
MOST_DEGREES = 90  # Celsius, of a sensor without an alarm value of its own


def asked(flags: Mapping[str, bool]) -> list[str]:
    """The checks that flags name (``memory`` of ``check_memory``); those that are off are not.

    When none is on, all known ones are meant but those that are off.
    """
    named = {ALSO_CALLED.get(name, name): is_on for name, is_on in flags.items()}
    on = [name for name, is_on in named.items() if is_on]
    return on or [name for name in CHECKS if name not in named]


def limits(request: Mapping[str, Any]) -> dict[str, float]:
    """What each check's value is to stay under: percent, or degrees Celsius."""
    return {
        "memory": request.get("memory_threshold_percent", DEFAULT_PERCENT),
        "disk": request.get("disk_threshold_percent", DEFAULT_PERCENT),
        "cpu": DEFAULT_PERCENT,
        "temperature": MOST_DEGREES,
    }
