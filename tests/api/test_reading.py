"""Bytes of a body to data: what is refused before anything else looks at it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.reading import MAX_DEPTH, ParseError, parse


def test_the_place_of_a_mistake_is_told_by_line_and_column():
    with pytest.raises(ParseError, match="line 2 column 8"):
        parse(b'{"a": 1,\n  "b": }')


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_no_body_is_an_empty_object(body):
    assert parse(body) == {}


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": {"name": "a"}}',
        b'{"data": "{\\"name\\": \\"a\\"}"}',
        b'\xef\xbb\xbf{"name": "a"}',
    ],
)
def test_an_object_in_data_and_one_behind_a_byte_order_mark_are_found(body):
    assert parse(body) == {"name": "a"}


def test_data_beside_other_keys_is_a_field_like_any_other():
    assert parse(b'{"data": {"x": 1}, "name": "a"}') == {"data": {"x": 1}, "name": "a"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "out of range"),
        (b'{"a": ' + b"9" * 5000 + b"}", "limit"),
        (b'{"a": 1, "a": 2}', 'duplicate key "a"'),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'{"data": "{\\"a\\": NaN}"}', "NaN"),
        (b'{"a": "\xff"}', "utf-8"),
        (b"[" * 1_000_000, "nested|Expecting"),
        (b"[" * 200 + b"]" * 200, "nested"),
        (b"{'a': 1}", "line 1 column 2"),
        (b'{"a": 1} x', "Extra data"),
        (b'{"a": "tab\there"}', "control character"),
    ],
)
def test_what_is_no_clean_json_is_refused_with_its_reason(body, reason):
    with pytest.raises(ParseError, match=reason):
        parse(body)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"NaN": "NaN",\n "b": NaN}', "line 2 column 7 (char 21)"),
        (b'{"a": [1, -Infinity]}', "line 1 column 11 (char 10)"),
        (b'{"a": 1e999}', "line 1 column 7 (char 6)"),
        (b'{"a": ' + b"9" * 5000 + b"}", "line 1 column 7 (char 6)"),
        (b'{"a": {"a": 1, "b": "a"}, "b": 2,\n"b" : 3, "b": 4}', "line 2 column 1 (char 34)"),
        (b'{"a": "\\u00e9", "b": "\\ud800"}', "line 1 column 22 (char 21)"),
        (b'{"a": "\xc3\xa9\n\xff"}', "line 2 column 1 (char 9)"),
        (b"[" * 1_000_000, "line 1 column 33 (char 32)"),
        (b"[" * 200 + b"]" * 200, "line 1 column 33 (char 32)"),
    ],
)
def test_what_is_refused_for_its_meaning_is_told_by_line_and_column_too(body, place):
    with pytest.raises(ParseError) as refusal:
        parse(body)
    assert str(refusal.value).endswith(place)


def test_many_flat_objects_are_not_deep():
    assert len(parse(b"[" + b",".join([b"{}"] * 5000) + b"]")) == 5000


def test_the_deepest_allowed_body_is_read():
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


@given(st.binary(max_size=200))
def test_any_bytes_are_data_or_a_parse_error(body):
    with suppress(ParseError):
        parse(body)
