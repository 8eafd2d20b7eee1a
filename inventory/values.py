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
from inventory.planning import change
from inventory.recalling import recall, search
from inventory.records import values as records
from inventory.records.values import DEVICES, Model
from inventory.remembering import keep_told, remember
from inventory.sections import Columns, decode
from inventory.store import Transaction

__all__ = [
    "Found",
    "HeldValue",
    "Model",
    "Reported",
    "Source",
    "forget",
    "keep_told",
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
        change(key, layout, _without(tx, device_id, key, selection))
        for key in layout.reached(selection)
    ]
    DEVICES.change(tx, device_id, changes)
    indexed = records.indexed_names(tx, device_id)
    lost = [name_id for path, name_id in indexed if selection.has(path)]
    records.unindex(tx, device_id, lost)


def _without(tx: Transaction, device_id: int, key: str, selection: Selection) -> Columns:
    """A section without what was selected."""
    columns = decode(DEVICES.body(tx, device_id, key))
    spelled = records.spell_names(tx, columns.ids)
    return columns.taken(
        [row for row, name_id in enumerate(columns.ids) if not selection.has(spelled[name_id])]
    )
