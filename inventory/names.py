"""Names of parameters as small numbers, kept in memory as far as they are committed.

A name is never deleted and its number never used again, so what is kept here cannot become wrong;
it comes from snapshots and from units that have returned.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from weakref import WeakKeyDictionary

from inventory.records import values as records
from inventory.store import Store, Transaction

Guard = Callable[[Transaction], None]

MOST_KEPT = 65_536  # some 20 MB; the names that most of a fleet shares are far fewer
INTERNED_AT_ONCE = 500  # rows in one unit
AT_A_GLANCE = 32  # names whose values are looked up on the loop's thread: 2 ms at the worst


class Names:
    """The names of one store, by path and by id; used from several threads."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._paths: dict[int, str] = {}

    def find(self, tx: Transaction, paths: Collection[str]) -> dict[str, int]:
        """The ids of the paths that have one. For read units only."""
        found = self.known(paths)
        if len(found) < len(paths):
            new = records.find_names(tx, [path for path in paths if path not in found])
            self.keep(new)
            found |= new
        return found

    def spell(self, tx: Transaction, ids: Collection[int]) -> dict[int, str]:
        """The paths of the ids. For read units only."""
        known = self._paths
        found = {key: path for key in ids if (path := known.get(key)) is not None}
        if len(found) < len(ids):
            new = records.spell_names(tx, [key for key in ids if key not in found])
            self.keep({path: key for key, path in new.items()})
            found |= new
        return found

    def known(self, paths: Iterable[str]) -> dict[str, int]:
        """The ids of the paths, as far as they are in memory."""
        known = self._ids
        return {path: key for path in paths if (key := known.get(path)) is not None}

    def keep(self, ids: dict[str, int]) -> None:
        """Remembers committed names, and when they become too many nothing else."""
        if len(self._ids) + len(ids) > MOST_KEPT:
            self._ids, self._paths = {}, {}
        self._ids.update(ids)
        self._paths.update(zip(ids.values(), ids, strict=True))


_names_of: WeakKeyDictionary[Store, Names] = WeakKeyDictionary()


def names_of(store: Store) -> Names:
    """What is known of this store's names; forgotten together with it."""
    return _names_of.setdefault(store, Names())


async def intern(
    store: Store, paths: Collection[str], guard: Guard | None = None
) -> dict[str, int]:
    """The ids of all the paths, made where there was none."""
    names = names_of(store)
    found = names.known(paths)
    if len(found) < len(paths):
        look = store.glance if len(paths) <= AT_A_GLANCE else store.read
        found = await look(names.find, paths)
    missing = [path for path in paths if path not in found]
    for start in range(0, len(missing), INTERNED_AT_ONCE):
        some = missing[start : start + INTERNED_AT_ONCE]
        made = await store.write(_intern, some, guard)
        names.keep(made)
        found |= made
    return found


def _intern(tx: Transaction, paths: Sequence[str], guard: Guard | None) -> dict[str, int]:
    if guard is not None:
        guard(tx)
    return records.intern_names(tx, paths)
