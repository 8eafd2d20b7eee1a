"""The kinds of field: what they read, and the words in which they refuse."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from pydantic import Field

from api.fields import (
    Boolean,
    Id,
    Integer,
    Latitude,
    Name,
    RawText,
    Text,
    Time,
    format_time,
    parse_time,
)
from api.models import Body, Query, Representation, body_of, names_of, query_of
from api.words import TIME
from inventory.access import Role
from inventory.errors import Invalid


class Inner(Body):
    name: Name
    value: RawText | None = None


class Everything(Body):
    read_only = frozenset({"id", "created"})

    name: Name
    note: Text = ""
    password: RawText | None = None
    number: Annotated[Integer, Field(ge=1)] = 1
    owner: Id | None = None
    flag: Boolean = False
    role: Role = Role.VIEWER
    at: Time | None = None
    patience: Annotated[float, Field(le=60)] = 0
    latitude: Latitude | None = None
    inner: Inner | None = None
    inners: Annotated[list[Inner], Field(default_factory=list)]
    ids: Annotated[list[Id], Field(default_factory=list, max_length=3)]


def test_no_body_at_all_and_one_that_is_no_object_are_told_apart():
    for body, words in (
        (None, "No data provided"),
        ([], "Invalid data. Expected a dictionary, but got list."),
    ):
        with pytest.raises(Invalid) as refused:
            body_of(Everything, body)
        assert refused.value.fields == {"non_field_errors": [words]}


def refusals(**fields):
    with pytest.raises(Invalid) as refused:
        body_of(Everything, {"name": "a", **fields})
    return refused.value.fields


def read(**fields):
    return body_of(Everything, {"name": "a", **fields})


def test_all_errors_of_a_body_are_told_at_once_in_the_documented_words():
    with pytest.raises(Invalid) as refused:
        body_of(
            Everything,
            {
                "note": None,
                "number": "x",
                "flag": "maybe",
                "role": "king",
                "at": "soon",
                "inner": {"value": 1, "nmae": "b"},
                "inners": [{"name": "a"}, {"name": ""}, "x"],
                "ids": [1, "x", 0],
                "colour": "red",
            },
        )
    assert refused.value.fields == {
        "name": ["This field is required."],
        "note": ["This field may not be null."],
        "number": ["A valid integer is required."],
        "flag": ["Must be a valid boolean."],
        "role": ['"king" is not a valid choice.'],
        "at": [TIME],
        "inner": {"name": ["This field is required."], "nmae": ["Unknown field."]},
        "inners": [
            {},
            {"name": ["This field may not be blank."]},
            {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]},
        ],
        "ids": {
            1: ["A valid integer is required."],
            2: ["Ensure this value is greater than or equal to 1."],
        },
        "colour": ["Unknown field."],
    }


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "This field may not be blank."),
        ("name", "   ", "This field may not be blank."),
        ("name", None, "This field may not be null."),
        ("name", "x" * 256, "Ensure this field has no more than 255 characters."),
        ("name", ["a"], "Not a valid string."),
        ("name", True, "Not a valid string."),
        ("name", "a\0b", "Null characters are not allowed."),
        ("number", True, "A valid integer is required."),
        ("number", 1.5, "A valid integer is required."),
        ("number", "1.5", "A valid integer is required."),
        ("number", "١", "A valid integer is required."),
        ("number", [], "A valid integer is required."),
        ("number", 0, "Ensure this value is greater than or equal to 1."),
        ("number", 2**63, f"Ensure this value is less than or equal to {2**63 - 1}."),
        ("patience", 61, "Ensure this value is less than or equal to 60."),
        ("latitude", True, "A valid number is required."),
        ("latitude", {}, "A valid number is required."),
        ("latitude", 90.5, "Ensure this value is less than or equal to 90."),
        ("flag", "yes please", "Must be a valid boolean."),
        ("flag", 2, "Must be a valid boolean."),
        ("flag", None, "This field may not be null."),
        ("role", 7, '"7" is not a valid choice.'),
        ("at", 1700000000, TIME),
        ("inner", 3, None),
        ("inners", {}, 'Expected a list of items but got type "dict".'),
        ("ids", [1, 2, 3, 4], "Ensure this field has no more than 3 elements."),
    ],
)
def test_a_refused_value_is_told_in_the_documented_words(field, value, words):
    told = refusals(**{field: value})[field]
    if words is None:
        words = "Invalid data. Expected a dictionary, but got int."
        told = told["non_field_errors"]
    assert told == [words]


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        ("name", 12, "12"),
        ("name", " a ", "a"),
        ("password", " a ", " a "),
        ("number", "12", 12),
        ("number", " 12.0 ", 12),
        ("number", 12.0, 12),
        ("flag", "TRUE", True),
        ("flag", "0", False),
        ("flag", 1, True),
        ("owner", None, None),
        ("at", "2000-01-01", 946684800.0),
    ],
)
def test_what_the_documented_service_reads_is_read(field, value, meant):
    assert getattr(read(**{field: value}), field) == meant


def test_an_unknown_field_is_unknown_also_where_it_is_null():
    assert refusals(colour=None) == {"colour": ["Unknown field."]}


def test_read_only_fields_are_ignored_and_given_ones_are_known():
    body = read(id="nonsense", created=[], note="n")
    assert body.given() == {"name": "a", "note": "n"}


def test_a_body_that_is_no_object_is_refused():
    with pytest.raises(Invalid) as refused:
        body_of(Everything, [])
    assert refused.value.fields == {
        "non_field_errors": ["Invalid data. Expected a dictionary, but got list."]
    }


def test_the_names_of_an_answer_are_what_a_body_may_carry_back():
    class Answer(Representation):
        id: int
        name: str

    assert names_of(Answer) == {"id", "name"}


class Filters(Query):
    flag: Boolean | None = None
    at: Time | None = None


def test_unknown_bad_and_repeated_parameters_are_refused_under_their_names():
    with pytest.raises(Invalid) as refused:
        query_of(Filters, MultiDict([("flag", "x"), ("colour", "red")]))
    assert refused.value.fields == {
        "flag": ["Must be a valid boolean."],
        "colour": ["Unknown field."],
    }
    with pytest.raises(Invalid) as refused:
        query_of(Filters, MultiDict([("flag", "1"), ("flag", "0")]))
    assert refused.value.fields == {"flag": ["Given more than once."]}
    with pytest.raises(Invalid):
        query_of(None, MultiDict([("flag", "1")]))


@pytest.mark.parametrize(
    "text",
    [
        "2000-01-01T00:01:00Z",
        "2000-01-01t00:01:00z",
        "2000-01-01 00:01:00",
        "2000-01-01T00:01",
        "2000-01-01T02:01:00+02:00",
        "2000-01-01T02:01:00 02:00",
        "2000-01-01T02:01:00+0200",
        "2000-01-01T02:01:00+02",
        "1999-12-31 19:01:00-05:00",
        "2000-01-01 00:01:00.000Z",
    ],
)
def test_every_documented_form_of_a_time_is_understood(text):
    assert parse_time(text) == 946684860.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2000-13-01",
        "2000-02-30T00:00:00Z",
        "2000-01-01T25:00:00Z",
        "2000-01-01T00:00:00+99:00",
        "20000101",
        "2000-W01-1",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2000-01-01T00:00:00ZZ",
        "２000-01-01",
        "946684860",
        "2000-01-01T02:01:0002:00",
    ],
)
def test_what_is_no_time_is_refused(text):
    assert refusals(at=text)["at"] == [TIME]


def test_what_is_counted_from_the_last_of_all_times_stays_within_the_calendar():
    last = parse_time("9999-12-31T23:59:59Z")
    assert format_time(last) == format_time(last + 86400) == "9999-12-31T23:59:59Z"


@given(st.integers(0, 4_000_000_000_000_000).map(lambda us: us / 1_000_000))
def test_a_time_that_was_told_is_understood_as_the_same_time(seconds):
    assert parse_time(format_time(seconds)) == seconds
