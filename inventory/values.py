"""The parameter cache: what devices have told, to be read again without asking them.

Values stand by device and section (:mod:`inventory.sections`), each with its type and with when and
how it was learned; secret ones are sealed one by one. Types and writable flags are also kept once
per model and software version (:mod:`inventory.model_parameters`).
"""

from collections.abc import Sequence

from inventory.model_parameters import (
    known_types,
    mark_unknown,
    remember_names,
    unknown,
)
from inventory.parameters import (
    Found,
    HeldValue,
    Reported,
    Source,
    pack_reported,
    unpack_reported,
)
from inventory.paths import Selection, select
from inventory.recalling import recall, search
from inventory.records import values as records
from inventory.records.values import DEVICES, Change, Model
from inventory.remembering import remember
from inventory.sections import decode, encode
from inventory.store import Transaction

__all__ = [
    "Found",
    "HeldValue",
    "Model",
    "Reported",
    "Source",
    "forget",
    "known_types",
    "mark_unknown",
    "pack_reported",
    "recall",
    "remember",
    "remember_names",
    "search",
    "unknown",
    "unpack_reported",
]


def forget(tx: Transaction, device_id: int, paths: Sequence[str] = ()) -> None:
    """Drops values: all of them after a reset, those below a partial path with its object.

    What the last Inform told stands in the device's row and is not touched.
    """
    if not paths:
        DEVICES.clear(tx, device_id)
        records.clear_index(tx, device_id)
        return
    selection = select(paths)
    layout = DEVICES.layout(tx, device_id)
    changes = [
        change
        for section in filter(selection.reaches, layout)
        for change in _without(tx, device_id, section, layout[section].version, selection)
    ]
    DEVICES.change(tx, device_id, changes)
    indexed = records.indexed_names(tx, device_id)
    lost = [name_id for path, name_id in indexed if selection.has(path)]
    records.unindex(tx, device_id, lost)


def _without(
    tx: Transaction, device_id: int, section: str, version: int, selection: Selection
) -> list[Change]:
    if section.startswith(selection.objects):
        return [Change(section, version, 0, None)]
    columns = decode(DEVICES.body(tx, device_id, section))
    spelled = records.spell_names(tx, columns.ids)
    kept = [row for row, key in enumerate(columns.ids) if not selection.has(spelled[key])]
    if len(kept) == len(columns):
        return []
    body = encode(columns.taken(kept)) if kept else None
    return [Change(section, version, len(kept), body)]
