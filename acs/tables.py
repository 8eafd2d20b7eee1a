"""CSV and JSON as rows of named fields, read and written as a stream: a row at a time is in memory.

A CSV cell is a text; an empty one is null, for CSV knows no other. JSON is an array of objects, or
objects one after another (JSON Lines), and is held to the same rules as a body of the API.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, TextIO

from api.reading import ParseError, parse

LONGEST_ROW = 1 << 20  # characters of JSON
LONGEST_CELL = 128 << 10  # characters; the longest field of a device has 10,000
READ_AT_ONCE = 64 << 10
DELIMITERS = ",;\t"

_GAP = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Row:
    """A row, and the line that it begins in; ``fault`` says why it has no fields."""

    line: int
    fields: Mapping[str, Any]
    fault: str | None = None


class _Unreadable(Exception):
    """The file cannot be read any further; ``line`` is where."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def read(file: IO[bytes], form: str) -> Iterator[Row]:
    """The rows of a file in the form ``csv`` or ``json``.

    Where it cannot be read any further the last row says so.
    """
    # Bytes that are no UTF-8 get as far as the field that they stand in, which is refused then.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield from _read_csv(text) if form == "csv" else _JsonReader(text).rows()
    except _Unreadable as error:
        yield Row(error.line, {}, f"The file cannot be read from here: {error}")
    finally:
        text.detach()


def _read_csv(text: TextIO) -> Iterator[Row]:
    head = text.readline(LONGEST_CELL)
    delimiter = max(DELIMITERS, key=head.count)
    csv.field_size_limit(LONGEST_CELL)
    names = next(csv.reader([head], delimiter=delimiter), [])
    _check_names(names)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    begin = 2
    try:
        for cells in reader:
            if cells:
                yield _csv_row(begin, names, cells)
            begin = reader.line_num + 2
    except csv.Error as error:
        raise _Unreadable(begin, f"no CSV: {error}") from None


def _check_names(names: Sequence[str]) -> None:
    if not any(names):
        raise _Unreadable(1, "the first line holds no names of fields")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise _Unreadable(1, f"given more than once: {', '.join(sorted(twice))}")


def _csv_row(line: int, names: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(names):
        return Row(line, {}, f"{len(cells)} cells under {len(names)} names.")
    return Row(line, {name: cell or None for name, cell in zip(names, cells, strict=True)})


class _JsonReader:
    """Cuts the text into objects; each is then parsed by the rules of the API."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer, self._at, self._line = "", 0, 1
        self._decoder = json.JSONDecoder()

    def rows(self) -> Iterator[Row]:
        is_array = self._next() == "["
        if is_array:
            self._at += 1
        while (mark := self._next()) not in ("", "]"):
            if mark != "{":
                raise _Unreadable(self._line, f"an object was expected, not {mark!r}")
            yield self._row()
            if is_array and self._next() == ",":
                self._at += 1
            elif is_array and self._next() != "]":
                raise _Unreadable(self._line, "a comma or the end of the array was expected")
        if is_array and self._next() != "]":
            raise _Unreadable(self._line, "the array has no end")

    def _next(self) -> str:
        """The next character that is no gap, which is skipped; empty at the end of the file."""
        while True:
            gap = _GAP.match(self._buffer, self._at)
            assert gap is not None
            self._line += self._buffer.count("\n", self._at, gap.end())
            self._at = gap.end()
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._read_on():
                return ""

    def _row(self) -> Row:
        line = self._line
        end = self._end_of_object()
        text = self._buffer[self._at : end]
        self._line += text.count("\n")
        self._at = end
        try:
            return Row(line, parse(text.encode("utf-8", "surrogateescape")))
        except ParseError as error:
            return Row(line, {}, f"JSON parse error - {error}")

    def _end_of_object(self) -> int:
        """Reads on until the object is whole: a piece of JSON cannot be told from a broken one."""
        while True:
            try:
                return self._decoder.raw_decode(self._buffer, self._at)[1]
            except (ValueError, RecursionError) as error:
                is_long = len(self._buffer) - self._at > LONGEST_ROW
                if is_long or isinstance(error, RecursionError) or not self._read_on():
                    raise _Unreadable(self._line, f"no JSON object: {error}") from None

    def _read_on(self) -> bool:
        more = self._text.read(READ_AT_ONCE)
        self._buffer, self._at = self._buffer[self._at :] + more, 0
        return bool(more)


class CsvWriter:
    """Values as they are, quoted where CSV needs it: what is read back is what was written."""

    def __init__(self, file: TextIO, names: Sequence[str]) -> None:
        # RFC 4180's line ends; with them, all of a cell's own line ends are quoted too.
        self._writer = csv.writer(file, lineterminator="\r\n")
        self._writer.writerow(names)

    def write(self, row: Mapping[str, Any]) -> None:
        self._writer.writerow(map(_cell, row.values()))

    def end(self) -> None:
        """CSV ends with its last row."""


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class JsonWriter:
    """An array with an object in each line."""

    def __init__(self, file: TextIO, _names: Sequence[str]) -> None:
        self._file = file
        self._before = "[\n"

    def write(self, row: Mapping[str, Any]) -> None:
        self._file.write(self._before + json.dumps(row, ensure_ascii=False))
        self._before = ",\n"

    def end(self) -> None:
        self._file.write("\n]\n" if self._before == ",\n" else "[]\n")


WRITERS: Mapping[str, type[CsvWriter] | type[JsonWriter]] = {"csv": CsvWriter, "json": JsonWriter}
