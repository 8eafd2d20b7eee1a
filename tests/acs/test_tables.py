"""Files of rows: what is written is read back, and what is broken is named by its line."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs import tables
from acs.tables import CsvWriter, JsonWriter

NAMES = ["name", "description", "type"]


def read(data, form="csv"):
    return list(tables.read(io.BytesIO(data), form))


def written(writer_of, rows):
    file = io.StringIO()
    writer = writer_of(file, NAMES)
    for row in rows:
        writer.write(dict(zip(NAMES, row, strict=True)))
    writer.end()
    return file.getvalue().encode()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ROWS = st.lists(st.tuples(TEXT.filter(bool), TEXT.filter(bool), st.none()), max_size=5)


@given(ROWS)
def test_csv_is_read_as_it_was_written(rows):
    back = read(written(CsvWriter, rows))
    assert [tuple(row.fields.values()) for row in back] == rows
    assert not any(row.fault for row in back)


@given(ROWS)
def test_json_is_read_as_it_was_written(rows):
    data = written(JsonWriter, rows)
    json.loads(data)
    assert [tuple(row.fields.values()) for row in read(data, "json")] == rows


@pytest.mark.parametrize("text", ["=1+1", "+49", "-1", "@SUM(A1)", "'x", "\t=1"])
def test_what_a_spreadsheet_would_take_for_a_formula_is_not_changed(text):
    data = written(CsvWriter, [("a", text, None)])
    assert read(data)[0].fields["description"] == text


def test_rows_know_the_line_that_they_begin_in():
    data = b'name,description\r\na,"two\r\nlines"\r\n\r\nb,\r\n'
    assert [(row.line, row.fields["name"]) for row in read(data)] == [(2, "a"), (5, "b")]
    objects = b'[\n{"name": "a",\n "type": 1},\n\n{"name": "b"}\n]\n'
    assert [(row.line, row.fields["name"]) for row in read(objects, "json")] == [(2, "a"), (5, "b")]


@pytest.mark.parametrize(
    "data", [b"name;type\na;7\n", b"name\ttype\na\t7\n", b"\xef\xbb\xbfname,type\na,7"]
)
def test_what_spreadsheets_write_is_understood(data):
    assert [row.fields for row in read(data)] == [{"name": "a", "type": "7"}]


def test_objects_may_stand_one_after_another():
    data = b'{"name": "a"}\n{"name": "b"} {"name": "c"}'
    assert [row.fields["name"] for row in read(data, "json")] == ["a", "b", "c"]


def test_a_row_of_the_wrong_length_is_a_fault_and_the_next_one_is_read():
    first, second = read(b"name,type\na\nb,7\n")
    assert (first.line, first.fault) == (2, "1 cells under 2 names.")
    assert second.fields == {"name": "b", "type": "7"}


@pytest.mark.parametrize(
    ("data", "form", "line", "text"),
    [
        (b"", "csv", 1, "no names of fields"),
        (b"name,name\na,b\n", "csv", 1, "given more than once: name"),
        (b'name\na\n"b" c\n', "csv", 3, "no CSV"),
        (b'name\na\n"' + b"x" * 200_000, "csv", 3, "no CSV"),
        (b'[{"name": "a"},\n{"name": ]', "json", 2, "no JSON object"),
        (b'[{"name": "a"}\n{"name": "b"}]', "json", 2, "a comma or the end"),
        (b'[{"name": "a"},', "json", 1, "the array has no end"),
        (b"7", "json", 1, "an object was expected"),
        (b'[{"name": "' + b"x" * 2_000_000, "json", 1, "no JSON object"),
        (b'{"a":' * 5_000, "json", 1, "no JSON object"),
    ],
)
def test_where_a_file_breaks_off_it_is_said_and_what_stood_before_is_kept(data, form, line, text):
    *_, last = read(data, form)
    assert last.line == line
    assert text in last.fault


@pytest.mark.parametrize(
    "text", ['{"name": "a", "name": "b"}', '{"name": NaN}', '{"name": "\\ud800"}']
)
def test_an_object_is_held_to_the_rules_of_the_api(text):
    (row,) = read(text.encode(), "json")
    assert row.fault.startswith("JSON parse error - ")


def test_bytes_that_are_no_utf_8_spoil_their_row_alone():
    first, second = read(b'{"name": "M\xfcller"}\n{"name": "b"}', "json")
    assert "utf-8" in first.fault
    assert second.fields == {"name": "b"}


def test_a_long_file_is_read_without_being_held_in_memory():
    class Endless(io.RawIOBase):
        taken = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            Endless.taken += len(buffer)
            buffer[:] = (b'{"name": "a"}\n' * (len(buffer) // 14 + 1))[: len(buffer)]
            return len(buffer)

    rows = tables.read(io.BufferedReader(Endless()), "json")
    for _ in range(100):
        next(rows)
    assert Endless.taken < 1 << 20
