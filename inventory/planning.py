"""New documents for sections: computed on a snapshot, put in place if nothing has changed since.

All changes of one plan go into one unit: owners are bounded, so they are some two hundred at most.
"""

from collections.abc import Callable, Iterable, Sequence

from inventory.names import Names
from inventory.records.values import Change, Shelf
from inventory.sections import MOST_NAMES, Columns, Layout, decode, encode, split
from inventory.store import Transaction

MOST_NAMES_OF_AN_OWNER = 50_000  # real devices have 250 to 6,400

Edit = Callable[[Columns, Sequence[str]], bool]
"""Writes what is known of these paths into a section's columns; tells whether it changed them."""


def plan(
    tx: Transaction,
    shelf: Shelf,
    owner: int,
    layout: Layout,
    paths: Iterable[str],
    edit: Edit,
    names: Names,
) -> list[Change]:
    """What ``edit`` makes of the sections that the paths belong to. In a read unit."""
    changes: list[Change] = []
    for key, group in layout.homes(paths).items():
        columns = decode(shelf.body(tx, owner, key)) if layout.get(key) else Columns()
        if edit(columns, group):
            spelled = names.spell(tx, columns.ids) if len(columns) > MOST_NAMES else {}
            for part, rows in split(key, columns, spelled).items():
                changes.append(change(part, layout, rows))
    return changes


def change(key: str, layout: Layout, columns: Columns) -> Change:
    """The row that a section becomes; without names it goes."""
    stored = layout.get(key)
    body = encode(columns) if columns else None
    return Change(key, stored.version if stored else 0, len(columns), body)
