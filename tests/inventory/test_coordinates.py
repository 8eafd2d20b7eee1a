"""Coordinates: exact decimals, in and out as text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.coordinates import BadCoordinate, is_same, parse


@given(st.decimals(-90, 90, allow_nan=False, places=7))
def test_a_latitude_keeps_its_value(number):
    assert Decimal(parse("latitude", str(number))) == number


@given(st.text(max_size=40))
def test_what_is_no_decimal_is_refused_and_nothing_else_happens(text):
    try:
        shown = parse("longitude", text)
    except BadCoordinate:
        return
    assert -180 <= Decimal(shown) <= 180
    assert "e" not in shown.lower()


@pytest.mark.parametrize("text", ["180.0001", "-181", "1_0", "0x10", "1e999", "9" * 40])
def test_what_is_out_of_range_or_no_number_is_refused(text):
    with pytest.raises(BadCoordinate):
        parse("longitude", text)


def test_the_same_number_may_be_written_differently():
    assert is_same("40.50", "40.5")
    assert not is_same("40.5", None)
    assert is_same(None, None)
