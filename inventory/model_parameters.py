"""What all devices of a model have in common: types, writable flags, and names that do not exist.

Kept once per model and software version, for devices that have not told theirs. The first type told
stays: one odd device does not speak for its model.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inventory.names import Guard, Names, intern, names_of
from inventory.planning import WRITTEN_AT_ONCE, by_section, plan
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
        for start in range(0, len(changes), WRITTEN_AT_ONCE):
            some = changes[start : start + WRITTEN_AT_ONCE]
            try:
                await store.write(_learn, model, some, guard)
            except LostRace:
                break
        else:
            return


def _plan(
    tx: Transaction,
    model: Model,
    facts: Mapping[str, Fact],
    ids: Mapping[str, int],
    names: Names,
) -> list[Change]:
    def write(columns: Columns, paths: Sequence[str]) -> bool:
        rows, moment = columns.places(), place(columns.all_moments, ALWAYS)
        news = [
            (rows.get(ids[path]), ids[path], facts[path])
            for path in paths
            if _adds(columns, rows.get(ids[path]), facts[path])
        ]
        for row, name_id, fact in news:
            held = Fact() if row is None else _fact(columns, row)
            writable = held.writable if fact.writable is None else fact.writable
            value_type = place(columns.type_names, held.value_type or fact.value_type or "")
            columns.put(row, name_id, writable, value_type, moment)
        return bool(news)

    nobody = 0  # has no sections: the model is added when they are written
    return plan(tx, MODELS, records.model_id(tx, model) or nobody, facts, write, names)


def _adds(columns: Columns, row: int | None, fact: Fact) -> bool:
    held = Fact() if row is None else _fact(columns, row)
    tells_type = bool(fact.value_type) and not held.value_type
    tells_writable = fact.writable is not None and fact.writable != held.writable
    return row is None or tells_type or tells_writable


def _fact(columns: Columns, row: int) -> Fact:
    return Fact(columns.type_names[columns.types[row]] or None, columns.values[row])


def _learn(tx: Transaction, model: Model, changes: Sequence[Change], guard: Guard | None) -> None:
    if guard is not None:
        guard(tx)
    MODELS.change(tx, records.add_model(tx, model), changes)


# --- Asking ----------------------------------------------------------------------------------


def known_facts(tx: Transaction, model: Model, ids: Mapping[str, int]) -> dict[str, Fact]:
    """What is known of these parameters, by path; those that the model does not have are absent."""
    model_id = records.model_id(tx, model)
    if model_id is None:
        return {}
    facts: dict[str, Fact] = {}
    layout = MODELS.layout(tx, model_id)
    for section, paths in by_section(ids, layout).items():
        if section in layout:
            columns = decode(MODELS.body(tx, model_id, section))
            rows = columns.places()
            facts |= {path: _fact(columns, rows[ids[path]]) for path in paths if ids[path] in rows}
    return facts


def known_types(
    tx: Transaction, model: Model, paths: Sequence[str], device_id: int | None = None
) -> dict[str, tuple[str | None, bool | None]]:
    """Type and writable flag of the parameters that are known; of a device, its own types first."""
    ids = records.find_names(tx, paths)
    facts = known_facts(tx, model, ids)
    known = {path: (fact.value_type, fact.writable) for path, fact in facts.items()}
    if device_id is not None:
        for path, value_type in _own_types(tx, device_id, ids).items():
            known[path] = (value_type, facts.get(path, Fact()).writable)
    return known


def _own_types(tx: Transaction, device_id: int, ids: Mapping[str, int]) -> dict[str, str]:
    types: dict[str, str] = {}
    layout = DEVICES.layout(tx, device_id)
    for section, paths in by_section(ids, layout).items():
        if section in layout:
            columns = decode(DEVICES.body(tx, device_id, section))
            rows = columns.places()
            for path in paths:
                row = rows.get(ids[path])
                if row is not None and (value_type := columns.type_names[columns.types[row]]):
                    types[path] = value_type
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
