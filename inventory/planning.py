"""New documents for sections: computed on a snapshot, put in place if nothing has changed since."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from inventory.names import Names
from inventory.records.values import Change, Shelf, Stored
from inventory.sections import (
    MOST_NAMES,
    Columns,
    decode,
    encode,
    home_of,
    object_of,
    spread,
)
from inventory.store import Transaction

WRITTEN_AT_ONCE = 100  # sections in one unit, a few milliseconds

Layout = Mapping[str, Stored]
Edit = Callable[[Columns, Sequence[str]], bool]
"""Writes what is known of these paths into a section's columns; tells whether it changed them."""


def plan(
    tx: Transaction, shelf: Shelf, owner: int, paths: Iterable[str], edit: Edit, names: Names
) -> list[Change]:
    """What ``edit`` makes of the sections that the paths belong to. In a read unit."""
    layout = shelf.layout(tx, owner)
    changes: list[Change] = []
    for section, group in by_section(paths, layout).items():
        columns = decode(shelf.body(tx, owner, section)) if section in layout else Columns()
        if edit(columns, group):
            spelled = names.spell(tx, columns.ids) if len(columns) > MOST_NAMES else {}
            changes += replacement(section, spread(section, columns, spelled), layout)
    return changes


def by_section(paths: Iterable[str], layout: Layout) -> dict[str, list[str]]:
    """The paths by the section that each belongs to."""
    by_object: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_object[object_of(path)].append(path)
    sections: defaultdict[str, list[str]] = defaultdict(list)
    for held_by, group in by_object.items():
        sections[home_of(held_by, layout)] += group
    return sections


def replacement(section: str, parts: Mapping[str, Columns], layout: Layout) -> list[Change]:
    """The rows that a section becomes; those split off first, so that nothing is ever missing.

    A part that exists already was split off before, and holds newer values than its old section.
    """
    changes = [
        Change(part, 0, len(columns), encode(columns))
        for part, columns in parts.items()
        if part not in layout and columns and part != section
    ]
    left, before = parts[section], layout.get(section)
    if left or before:
        version = before.version if before else 0
        changes.append(Change(section, version, len(left), encode(left) if left else None))
    return changes
