"""What the cache holds is told again: of one device, or of all that have a certain value."""

from collections.abc import Iterable, Mapping, Sequence

from inventory.errors import Invalid
from inventory.model_parameters import NOTHING, Fact, known_facts
from inventory.names import AT_A_GLANCE, Names, names_of
from inventory.parameters import Found, HeldValue, Source, unpack_reported
from inventory.paths import Selection, natural, select
from inventory.records import values as records
from inventory.records.values import DEVICES, Model
from inventory.searched import is_searched
from inventory.secrets import Vault
from inventory.sections import Row, decode
from inventory.store import Store, Transaction

NO_NAME = 0  # the id of a name that has none
_SOURCES = {source.value: source for source in Source}


async def recall(
    store: Store,
    vault: Vault,
    device_id: int,
    model: Model,
    paths: Sequence[str] = (),
    *,
    limit: int | None = None,
    offset: int = 0,
) -> list[HeldValue]:
    """The values of exact names, partial paths and wildcards (:func:`inventory.paths.select`).

    No paths mean all. Sorted by path, instance numbers as numbers.
    """
    end = None if limit is None else offset + limit
    selection = select(paths)
    is_brief = selection.is_exact and len(selection.names) <= AT_A_GLANCE
    look = store.glance if is_brief else store.read
    return await look(
        _recall, vault, device_id, model, selection, slice(offset, end), names_of(store)
    )


def recall_in(
    tx: Transaction,
    vault: Vault,
    device_id: int,
    model: Model,
    selection: Selection,
    names: Names | None = None,
) -> list[HeldValue]:
    """The same inside a unit of the caller's; ``names`` are the store's, for read units only."""
    return _recall(tx, vault, device_id, model, selection, slice(None), names or Names())


def _recall(
    tx: Transaction,
    vault: Vault,
    device_id: int,
    model: Model,
    selection: Selection,
    window: slice,
    names: Names,
) -> list[HeldValue]:
    rows = _stored(tx, device_id, selection, names)
    _merge_inform(tx, device_id, selection, rows, names)
    facts = known_facts(tx, model, selection)
    paths = sorted(rows, key=natural)[window]
    return [_held(path, rows[path], facts, vault) for path in paths]


def _stored(tx: Transaction, device_id: int, selection: Selection, names: Names) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for section in DEVICES.layout(tx, device_id).reached(selection):
        columns = decode(DEVICES.body(tx, device_id, section))
        if selection.is_exact:
            at, ids = columns.places(), names.find(tx, selection.names)
            rows |= {path: columns.row(at[key]) for path, key in ids.items() if key in at}
        else:
            spelled, has = names.spell(tx, columns.ids), selection.has
            rows |= {path: row for row in columns.rows() if has(path := spelled[row[0]])}
    return rows


def _merge_inform(
    tx: Transaction, device_id: int, selection: Selection, rows: dict[str, Row], names: Names
) -> None:
    """Adds what the last Inform told, where that is newer."""
    inform = records.inform(tx, device_id)
    if inform is None or inform.values is None or inform.time is None:
        return
    moment = (round(inform.time * 1000), Source.INFORM.value)
    told = [each for each in unpack_reported(inform.values) if selection.has(each.path)]
    ids = names.find(tx, [each.path for each in told])
    for each in told:
        held = rows.get(each.path)
        if held is None or held[3] < moment:
            rows[each.path] = (ids.get(each.path, NO_NAME), each.value, each.value_type, moment)


def _held(path: str, row: Row, facts: Mapping[int, Fact], vault: Vault) -> HeldValue:
    name_id, value, value_type, (time, source) = row
    fact = facts.get(name_id, NOTHING)
    return HeldValue(
        path,
        vault.open(value) if isinstance(value, bytes) else value,
        value_type or fact.value_type or "",
        fact.writable,
        time / 1000,
        _SOURCES[source],
    )


# --- The whole fleet -------------------------------------------------------------------------


async def search(
    store: Store, path: str, value: str, *, after: int = 0, limit: int = 100
) -> list[Found]:
    """Where a parameter has exactly this value: all hits of the next ``limit`` devices by id.

    ``path`` is one that is searched by (:mod:`inventory.searched`), with instance numbers, ``*`` or
    ``{i}``; :class:`Invalid` otherwise.
    """
    path = path.replace("{i}", "*")
    if not is_searched(path):
        raise Invalid({"path": [f"Devices cannot be searched by {path!r}."]})
    return await store.read(_search, path, value, after, limit)


def _search(tx: Transaction, path: str, value: str, after: int, limit: int) -> list[Found]:
    found = [
        Found(device_id, name, value)
        for name, name_id in _names_like(tx, path)
        for device_id in records.devices_with(tx, name_id, value, after, limit)
    ]
    found.sort(key=lambda each: (each.device_id, natural(each.path)))
    devices = set(sorted({each.device_id for each in found})[:limit])
    return [each for each in found if each.device_id in devices]


def _names_like(tx: Transaction, path: str) -> Iterable[tuple[str, int]]:
    if "*" not in path:
        return records.find_names(tx, [path]).items()
    rule = select([path])
    (head,) = rule.heads
    return [each for each in records.names_below(tx, head).items() if rule.has(each[0])]
