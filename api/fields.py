"""The kinds of field that bodies, queries and answers are declared with.

Each one reads what the documented service reads (numbers as text, text as numbers, blanks around;
see also ``api.models.READING``) and no more. Inside the house a time is Unix seconds; outside it is
RFC 3339 in UTC.
"""

import re
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from api.words import BOOLEAN, INTEGER, NUMBER, TIME
from inventory import coordinates

MAX_INTEGER = 2**63 - 1  # what the database holds
LAST_MOMENT = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp()
NEXT_TO_NOTHING = 1e-15  # degrees; what is nearer to zero comes from somebody's arithmetic
WHOLE_NUMBERS = 2**64  # unsignedLong; beyond it a float's digits are not what somebody wrote
NO_NUL = r"^[^\x00]*$"

_INTEGER = re.compile(r"\s*[+-]?\d{1,30}(\.0*)?\s*", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)"
    r"(?:\s?([Zz])|\s?([+-]|(?<=\d)\s)(\d\d):?(\d\d)?)?)?",
    re.ASCII,
)
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})


def _as_integer(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and not _INTEGER.fullmatch(value)):
        raise PydanticCustomError("integer", INTEGER)
    return int(value.strip().partition(".")[0]) if isinstance(value, str) else value


def _as_boolean(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    if isinstance(value, bool) or value is None or (isinstance(value, int) and value in {0, 1}):
        return value
    raise PydanticCustomError("boolean", BOOLEAN)


def as_text(value: Any) -> Any:
    """A parameter's value is text to the device: booleans and numbers as JSON spells them, and a
    whole number without a fraction (``311.0``), which no integer of a device takes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE_NUMBERS:
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def _as_time(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, str):
        raise PydanticCustomError("time", TIME)
    return parse_time(value)


def parse_time(text: str, zone: tzinfo = UTC) -> float:
    """Unix seconds of an RFC 3339 time, a date, or a time without offset (then of ``zone``).

    A blank before the last hours and minutes is a ``+`` that was not percent-encoded in a URL.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise PydanticCustomError("time", TIME)
    date, clock, zulu, sign, hours, minutes = match.groups()
    offset = f"{'-' if sign == '-' else '+'}{hours}:{minutes or '00'}" if hours else ""
    try:
        moment = datetime.fromisoformat(f"{date}T{clock or '00:00'}{'+00:00' if zulu else offset}")
        return (
            (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).timestamp()
        )
    except (ValueError, OverflowError):
        raise PydanticCustomError("time", TIME) from None


def format_time(seconds: float) -> str:
    """RFC 3339 in UTC, with microseconds where there are some.

    What is counted from the last of all times stays within the calendar.
    """
    return datetime.fromtimestamp(min(seconds, LAST_MOMENT), UTC).isoformat().replace("+00:00", "Z")


Text = Annotated[str, StringConstraints(pattern=NO_NUL)]
"""Text without the blanks around it (the models strip them)."""

RawText = Annotated[str, StringConstraints(pattern=NO_NUL, strip_whitespace=False)]
"""Text as it came: for passwords and values of parameters."""

Name = Annotated[str, StringConstraints(pattern=NO_NUL, min_length=1, max_length=255)]

Integer = Annotated[int, BeforeValidator(_as_integer), Field(ge=-MAX_INTEGER - 1, le=MAX_INTEGER)]

Id = Annotated[int, BeforeValidator(_as_integer), Field(ge=1, le=MAX_INTEGER)]

Boolean = Annotated[
    bool,
    BeforeValidator(_as_boolean),
    WithJsonSchema({"enum": [True, False, "true", "false", 1, 0, "1", "0"]}),
]

Time = Annotated[
    float,
    BeforeValidator(_as_time),
    PlainSerializer(format_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""For bodies and queries; answers, which are not validated again, use :data:`Moment`."""

Moment = Annotated[
    float,
    PlainSerializer(format_time, return_type=str, when_used="json"),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2024-01-15T10:30:00Z"]},
    ),
]
"""A time in an answer."""


def _as_coordinate(axis: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticCustomError("coordinate", NUMBER)
    if isinstance(value, float) and abs(value) < NEXT_TO_NOTHING:
        value = 0
    try:
        return coordinates.parse(axis, str(value).strip())
    except coordinates.BadCoordinate as error:
        raise PydanticCustomError("coordinate", "{words}", {"words": str(error)}) from None


def _degrees(axis: str, pattern: str) -> Any:
    limit = coordinates.LIMITS[axis]
    schema = {
        "type": ["string", "number"],
        "pattern": rf"^[+-]?{pattern}(\.\d{{1,10}})?$",
        "minimum": -limit,
        "maximum": limit,
        "description": "A decimal as text or number.",
        "examples": ["40.7128"],
    }
    return Annotated[str, BeforeValidator(partial(_as_coordinate, axis)), WithJsonSchema(schema)]


Latitude = _degrees("latitude", r"[0-8]?\d")
Longitude = _degrees("longitude", r"(1[0-7]\d|\d{1,2})")
"""Decimals as plain text, with the digits that were given."""
