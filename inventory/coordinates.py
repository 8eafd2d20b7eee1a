"""Latitude and longitude: exact decimals as plain text, own or inherited from the location."""

import re
from decimal import Decimal

LIMITS = {"latitude": 90, "longitude": 180}
MAX_LENGTH = 32  # characters; ten decimals are a hundredth of a millimetre
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


class BadCoordinate(ValueError):
    """The text says what is wrong, in the documented words."""


def parse(axis: str, given: str) -> str:
    """The coordinate as plain text (``"40.7128"``); raises BadCoordinate."""
    if len(given) > MAX_LENGTH:
        raise BadCoordinate(f"Ensure this field has no more than {MAX_LENGTH} characters.")
    if not NUMBER.fullmatch(given):
        raise BadCoordinate("A valid number is required.")
    number = Decimal(given)
    if number.adjusted() < -MAX_LENGTH:
        raise BadCoordinate("A valid number is required.")
    limit = LIMITS[axis]
    if number > limit:
        raise BadCoordinate(f"Ensure this value is less than or equal to {limit}.")
    if number < -limit:
        raise BadCoordinate(f"Ensure this value is greater than or equal to -{limit}.")
    return format(number, "f")


def is_same(one: str | None, other: str | None) -> bool:
    """Whether two coordinates are the same number, however they are written."""
    if one is None or other is None:
        return one is other
    return Decimal(one) == Decimal(other)
