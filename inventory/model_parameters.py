"""What all devices of a model have in common: types, writable flags, and names that do not exist.

Kept once per model and software version, for devices that have not told theirs. The first type told
stays: one odd device does not speak for its model.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from inventory.names import Guard, Names, intern, names_of
from inventory.paths import Selection, select
from inventory.planning import MOST_NAMES_OF_AN_OWNER, plan
from inventory.records import values as records
from inventory.records.values import DEVICES, MODELS, Change, LostRace, Model
from inventory.sections import Columns, Moment, decode, place
from inventory.store import Store, Transaction
from inventory.text import storable

UNKNOWN_S = 86_400.0  # a name refused with 9005 is not asked for again this long
ALWAYS: Moment = (0, "")  # these documents have no times
_INSTANCE = re.compile(r"\.[0-9]+\.")


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a parameter or object of a model; None where it is not."""

    value_type: str | None = None
    writable: bool | None = None


NOTHING = Fact()


async def remember_names(
    store: Store, model: Model, names: Iterable[tuple[str, bool]], guard: Guard | None = None
) -> None:
    """Keeps what GetParameterNames told: parameters and objects, and whether they are writable."""
    facts = {storable(path): Fact(writable=writable) for path, writable in names if path}
    if not facts:
        return
    ids = await intern(store, facts, guard)
    await learn(store, model, facts, ids, guard)


async def learn(
    store: Store,
    model: Model,
    facts: Mapping[str, Fact],
    ids: Mapping[str, int],
    guard: Guard | None = None,
) -> None:
    """Adds what was not known of the model before."""
    while True:
        changes = await store.read(_plan, model, facts, ids, names_of(store))
        try:
            if changes:
                await store.write(_learn, model, changes, guard)
        except LostRace:
            continue
        return


def are_typed(tx: Transaction, model: Model, ids: Mapping[str, int]) -> bool:
    """Whether the types of all these parameters are known of the model."""
    facts = known_facts(tx, model, select(list(ids)))
    return all(facts.get(name_id, NOTHING).value_type for name_id in ids.values())


def _plan(
    tx: Transaction, model: Model, facts: Mapping[str, Fact], ids: Mapping[str, int], names: Names
) -> list[Change]:
    nobody = 0  # has no sections: the model is added when they are written
    owner = records.model_id(tx, model) or nobody
    layout = MODELS.layout(tx, owner)
    if layout.names + len(facts) > MOST_NAMES_OF_AN_OWNER:
        return []

    def write(columns: Columns, paths: Sequence[str]) -> bool:
        held = {row[0]: Fact(row[2] or None, row[1]) for row in columns.rows()}
        rows, moment = columns.places(), place(columns.all_moments, ALWAYS)
        news = [path for path in paths if _adds(held.get(ids[path]), facts[path])]
        for path in news:
            name_id, fact, before = ids[path], facts[path], held.get(ids[path], NOTHING)
            writable = before.writable if fact.writable is None else fact.writable
            value_type = place(columns.type_names, before.value_type or fact.value_type or "")
            columns.put(rows.get(name_id), name_id, writable, value_type, moment)
        return bool(news)

    return plan(tx, MODELS, owner, layout, facts, write, names)


def _adds(held: Fact | None, fact: Fact) -> bool:
    return (
        held is None
        or (held.value_type is None and bool(fact.value_type))
        or (fact.writable is not None and fact.writable != held.writable)
    )


def _learn(tx: Transaction, model: Model, changes: Sequence[Change], guard: Guard | None) -> None:
    if guard is not None:
        guard(tx)
    MODELS.change(tx, records.add_model(tx, model), changes)


# --- Asking ----------------------------------------------------------------------------------


def known_facts(tx: Transaction, model: Model, selection: Selection) -> dict[int, Fact]:
    """What is known of the parameters, by name id, and of others that stand beside them."""
    model_id = records.model_id(tx, model)
    if model_id is None:
        return {}
    facts: dict[int, Fact] = {}
    for section in MODELS.layout(tx, model_id).reached(selection):
        facts |= _facts(MODELS.body(tx, model_id, section))
    return facts


@lru_cache(maxsize=64)
def _facts(body: bytes) -> Mapping[int, Fact]:
    """A section's facts; the same few documents are read for every device of a model."""
    return {
        name_id: Fact(value_type or None, writable)
        for name_id, writable, value_type, _ in decode(body).rows()
    }


def known_types(
    tx: Transaction, model: Model, paths: Sequence[str], device_id: int | None = None
) -> dict[str, tuple[str | None, bool | None]]:
    """Type and writable flag of the parameters that are known; of a device, its own types first."""
    selection = select(paths)
    facts = known_facts(tx, model, selection)
    own = {} if device_id is None else _own_types(tx, device_id, selection)
    return {
        path: (own.get(key) or facts.get(key, NOTHING).value_type, facts.get(key, NOTHING).writable)
        for path, key in records.find_names(tx, paths).items()
        if key in facts or key in own
    }


def _own_types(tx: Transaction, device_id: int, selection: Selection) -> dict[int, str]:
    types: dict[int, str] = {}
    for section in DEVICES.layout(tx, device_id).reached(selection):
        columns = decode(DEVICES.body(tx, device_id, section))
        types.update((name_id, value_type) for name_id, _, value_type, _ in columns.rows())
    return types


# --- Names that do not exist ------------------------------------------------------------------


def mark_unknown(tx: Transaction, model: Model, paths: Iterable[str], now: float) -> None:
    """A device of the model has refused these names (fault 9005).

    Names with an instance number are not marked: another device may have the instance.
    """
    refused = [path for path in paths if not _INSTANCE.search(path)]
    if refused:
        model_id = records.add_model(tx, model)
        records.drop_old_unknown(tx, model_id, now - UNKNOWN_S)
        records.mark_unknown(tx, model_id, refused, now)


def unknown(tx: Transaction, model: Model, paths: Iterable[str], now: float) -> set[str]:
    """Which of the names were refused within the last day."""
    model_id = records.model_id(tx, model)
    if model_id is None:
        return set()
    since = now - UNKNOWN_S
    return {path for path in paths if records.is_unknown(tx, model_id, path, since)}
