"""Where parameters live, and the documents that hold them.

The parameters of a device (or of a model) are one list in the order of their paths. It is cut into
sections of at most :data:`MOST_NAMES`, so that changing ten values never rewrites thousands; a
section has the first path that it may hold for its key, and reaches up to the next key.

A section's document is a deflated msgpack of columns. Names stand as ids, each as the difference to
the one before (most were interned one after another); types, and moments with their source, stand
once and are pointed at.
"""

import sys
import zlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import sub
from typing import Any, TypeVar

import msgpack

from inventory.paths import Selection

T = TypeVar("T")

MOST_NAMES = 256  # in a section; see benchmarks/storage.py for what other sizes cost
AFTER_SPLIT = 128  # in each part, so that the parts can grow
FIRST_KEY = ""
DEFLATE_LEVEL = 1  # higher ones win 2 % of size for a tenth more time (benchmarks/storage.py)
RAW_DEFLATE = -15

Moment = tuple[int, str]  # Unix time in milliseconds, source
Row = tuple[int, Any, str, Moment]  # name id, value, type, when and how it was learned


@dataclass(frozen=True, slots=True)
class Stored:
    """A section as it was read: its version, and how many names it holds."""

    version: int
    names: int


@dataclass(slots=True)
class Columns:
    """A section's rows, column by column: row ``n`` is ``ids[n]``, ``values[n]`` and so on."""

    ids: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    types: list[int] = field(default_factory=list)  # places in type_names
    moments: list[int] = field(default_factory=list)  # places in all_moments
    type_names: list[str] = field(default_factory=list)
    all_moments: list[Moment] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    def places(self) -> dict[int, int]:
        """The row of each name id."""
        return dict(zip(self.ids, range(len(self.ids)), strict=True))

    def put(self, row: int | None, name_id: int, value: Any, value_type: int, moment: int) -> None:
        """Writes one row, or appends it when it is None."""
        if row is None:
            self.ids.append(name_id)
            self.values.append(value)
            self.types.append(value_type)
            self.moments.append(moment)
        else:
            self.values[row], self.types[row], self.moments[row] = value, value_type, moment

    def taken(self, rows: Sequence[int]) -> "Columns":
        """These rows alone."""
        return Columns(
            list(map(self.ids.__getitem__, rows)),
            list(map(self.values.__getitem__, rows)),
            list(map(self.types.__getitem__, rows)),
            list(map(self.moments.__getitem__, rows)),
            list(self.type_names),
            list(self.all_moments),
        )

    def row(self, row: int) -> Row:
        return (
            self.ids[row],
            self.values[row],
            self.type_names[self.types[row]],
            self.all_moments[self.moments[row]],
        )

    def rows(self) -> Iterator[Row]:
        types = map(self.type_names.__getitem__, self.types)
        moments = map(self.all_moments.__getitem__, self.moments)
        return zip(self.ids, self.values, types, moments, strict=True)


def place(known: list[T], item: T) -> int:
    """Where the item stands in the list, which it joins if need be."""
    try:
        return known.index(item)
    except ValueError:
        known.append(item)
        return len(known) - 1


def encode(columns: Columns) -> bytes:
    """The document; moments that no row points at any longer are left out."""
    ids = columns.ids
    used = sorted(set(columns.moments))
    moments = columns.moments
    if len(used) < len(columns.all_moments):
        moments = list(map({old: new for new, old in enumerate(used)}.__getitem__, moments))
    document = (
        [*ids[:1], *map(sub, ids[1:], ids)],
        columns.values,
        columns.types,
        moments,
        columns.type_names,
        [columns.all_moments[old] for old in used],
    )
    return zlib.compress(msgpack.packb(document), DEFLATE_LEVEL, RAW_DEFLATE)


def decode(body: bytes) -> Columns:
    steps, values, types, moments, type_names, all_moments = msgpack.unpackb(
        zlib.decompress(body, RAW_DEFLATE)
    )
    stamped = [(time, source) for time, source in all_moments]
    return Columns(list(accumulate(steps)), values, types, moments, type_names, stamped)


# --- Which section -----------------------------------------------------------------------------


class Layout:
    """The sections that exist, by key, with what is known of each."""

    def __init__(self, stored: Mapping[str, Stored]) -> None:
        self._stored = stored
        self._keys = sorted(stored)

    def get(self, key: str) -> Stored | None:
        return self._stored.get(key)

    @property
    def names(self) -> int:
        """How many names all sections hold together."""
        return sum(stored.names for stored in self._stored.values())

    def home(self, path: str) -> str:
        """The key of the section that the path belongs to, whether it exists or not."""
        after = bisect_right(self._keys, path)
        return self._keys[after - 1] if after else FIRST_KEY

    def homes(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """The paths by the section that each belongs to."""
        homes: defaultdict[str, list[str]] = defaultdict(list)
        for path in paths:
            homes[self.home(path)].append(path)
        return homes

    def reached(self, selection: Selection) -> list[str]:
        """The keys of the sections that may hold what was asked for."""
        found = {self.home(path) for path in selection.names} & self._stored.keys()
        for partial_path in (*selection.objects, *selection.heads):
            first = max(bisect_right(self._keys, partial_path) - 1, 0)
            found.update(self._keys[first : bisect_left(self._keys, end_of(partial_path))])
        return sorted(found)


def end_of(partial_path: str) -> str:
    """What sorts right behind everything below an object (below none: behind everything)."""
    return partial_path[:-1] + chr(ord(".") + 1) if partial_path else chr(sys.maxunicode)


def split(key: str, columns: Columns, paths: Mapping[int, str]) -> dict[str, Columns]:
    """The section as it is, or when it is too large, itself and those that follow it now."""
    if len(columns) <= MOST_NAMES:
        return {key: columns}
    spelled = list(map(paths.__getitem__, columns.ids))
    rows = sorted(range(len(columns)), key=spelled.__getitem__)
    parts = [rows[at : at + AFTER_SPLIT] for at in range(0, len(rows), AFTER_SPLIT)]
    return {key if part is parts[0] else spelled[part[0]]: columns.taken(part) for part in parts}
