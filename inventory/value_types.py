"""Whether a text can be a value of a type, before any device is asked.

A value that is kept (in a template, as a setting, for a service) goes out again and again, so one
that no device could take is refused when it is written. ``acs.cwmp.values`` judges by the same
rules once more when a value goes out; a test holds the two together.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime

RANGES: Mapping[str, tuple[int, int]] = {
    "int": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedLong": (0, 2**64 - 1),
}
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*+")
# A year before 1000 counts from the boot of the device, 0001-01-01T00:00:00Z is no time (TR-106).
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?",
    re.ASCII,
)


def complaint(value: str, value_type: str | None) -> str | None:
    """What is wrong with the value; None where nothing is, or the device is to name the type."""
    kind = value_type or ""
    if kind in RANGES:
        low, high = RANGES[kind]
        is_one = _INTEGER.fullmatch(value) is not None and low <= int(value) <= high
        return None if is_one else f"This is not a value of type {kind} ({low} to {high})."
    fits = _FITS.get(kind)
    return None if fits is None or fits(value) else f"This is not a value of type {kind}."


def _is_time(value: str) -> bool:
    found = _TIME.fullmatch(value)
    try:
        return found is not None and datetime.fromisoformat(found.group(1)) is not None
    except ValueError:
        return False


def _is_base64(value: str) -> bool:
    try:
        b64decode("".join(value.split()), validate=True)
    except ValueError:
        return False
    return True


_FITS: Mapping[str, Callable[[str], bool]] = {
    "boolean": lambda value: value.lower() in {"0", "1", "false", "true"},
    "dateTime": _is_time,
    "base64": _is_base64,
    "base64Binary": _is_base64,
    "hexBinary": lambda value: _HEX.fullmatch(value) is not None,
    "decimal": lambda value: _DECIMAL.fullmatch(value) is not None,
}
