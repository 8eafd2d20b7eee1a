"""Where parameters live, and the documents that hold them.

A parameter lives in the longest section that is a prefix of its path. A section begins as an
object of the second level (``Device.WiFi.``); when it holds more than :data:`MOST_NAMES`, the
objects below it become sections of their own, so that changing ten values never rewrites thousands.

A section's document is a deflated msgpack of columns. Names stand as ids, each as the difference to
the one before (most were interned one after another); types, and moments with their source, stand
once and are pointed at.
"""

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import sub
from typing import Any, TypeVar

import msgpack

T = TypeVar("T")

MOST_NAMES = 512  # in a section that can be split; one value changes in about 0.2 ms there
DEFLATE_LEVEL = 1  # higher ones win 2 % of size for a tenth more time (benchmarks/storage.py)
RAW_DEFLATE = -15

Moment = tuple[int, str]  # Unix time in milliseconds, source


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

    def rows(self) -> Iterator[tuple[int, Any, str, Moment]]:
        """Name id, value, type and moment of each row."""
        types = map(self.type_names.__getitem__, self.types)
        moments = map(self.all_moments.__getitem__, self.moments)
        return zip(self.ids, self.values, types, moments, strict=True)


def place(known: list[T], item: T) -> int:
    """Where the item stands in the list, which it joins if need be."""
    if item not in known:
        known.append(item)
    return known.index(item)


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


def object_of(path: str) -> str:
    """The object that holds a parameter or an object: ``A.B.`` for ``A.B.c`` and for ``A.B.C.``."""
    above, dot, _ = path.removesuffix(".").rpartition(".")
    return above + dot


def home_of(held_by: str, layout: Collection[str]) -> str:
    """The section for what this object holds, among those that exist; else a new one."""
    section = held_by
    while section not in layout and section.count(".") > 2:
        section = object_of(section)
    return section


def spread(section: str, columns: Columns, paths: Mapping[int, str]) -> dict[str, Columns]:
    """The section as it is, or when it is too large, itself and those that its objects become."""
    if len(columns) <= MOST_NAMES:
        return {section: columns}
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for row, name_id in enumerate(columns.ids):
        groups[_child(section, paths[name_id])].append(row)
    parts = {section: columns.taken(groups.pop(section, ()))}
    for child, rows in groups.items():
        parts |= spread(child, columns.taken(rows), paths)
    return parts


def _child(section: str, path: str) -> str:
    end = path.find(".", len(section)) + 1
    return path[:end] if 0 < end < len(path) else section
