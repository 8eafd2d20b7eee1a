"""SQL over everything that is kept sealed, wherever it stands; for the change of keys.

A new column that holds sealed texts belongs into :data:`PLACES`, or it would be lost with its key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from inventory.store import Row, Transaction

Key = tuple[Any, ...]


class Form(Enum):
    """How sealed texts stand in a column."""

    SEALED = "one sealed text"
    JSON = "JSON with variables in it"
    RESULT = "compressed msgpack with variables in it"
    SECTION = "a section of the parameter cache"


@dataclass(frozen=True, slots=True)
class Place:
    """A column with sealed texts; ``versioned`` where others compare a version before they set."""

    table: str
    key: tuple[str, ...]
    column: str
    form: Form = Form.SEALED
    versioned: bool = False


PLACES = (
    Place("devices", ("id",), "password"),
    Place("devices", ("id",), "previous_password"),
    Place("devices", ("id",), "request_password"),
    Place("devices", ("id",), "previous_request_password"),
    Place("device_types", ("id",), "password"),
    Place("device_types", ("id",), "onboarding_password"),
    Place("device_types", ("id",), "services", Form.JSON),
    Place("device_type_parameters", ("type_id", "path"), "sealed"),
    Place("device_settings", ("device_id", "path"), "sealed"),
    Place("operations", ("id",), "request", Form.JSON),
    Place("bulk_jobs", ("id",), "request", Form.JSON),
    Place("operation_results", ("operation_id",), "body", Form.RESULT),
    Place("device_values", ("device_id", "section"), "body", Form.SECTION, versioned=True),
)


def some(tx: Transaction, place: Place, after: Key | None, limit: int) -> Sequence[Row]:
    """The next rows behind a key, by key: its columns, and then the one that matters."""
    keys = ", ".join(place.key)
    marks = ", ".join(f":k{at}" for at in range(len(place.key)))
    behind = f"AND ({keys}) > ({marks})" if after is not None else ""
    return tx.all(
        f"""SELECT {keys}, {place.column} FROM {place.table}
            WHERE {place.column} IS NOT NULL {behind} ORDER BY {keys} LIMIT :limit""",
        limit=limit,
        **_parameters(after or ()),
    )


def one(tx: Transaction, place: Place, key: Key) -> Any:
    """What the column holds; None where the row is gone."""
    row = tx.one(
        f"SELECT {place.column} FROM {place.table} WHERE {_is_it(place)}", **_parameters(key)
    )
    return None if row is None else row[0]


def put(tx: Transaction, place: Place, key: Key, value: Any) -> None:
    version = ", version = version + 1" if place.versioned else ""
    tx.run(
        f"UPDATE {place.table} SET {place.column} = :value {version} WHERE {_is_it(place)}",
        value=value,
        **_parameters(key),
    )


def any_one(tx: Transaction) -> bytes | None:
    """Some text that is sealed, if there is one."""
    for place in PLACES:
        if place.form is Form.SEALED and (rows := some(tx, place, None, 1)):
            return bytes(rows[0][place.column])
    return None


def _is_it(place: Place) -> str:
    return " AND ".join(f"{name} = :k{at}" for at, name in enumerate(place.key))


def _parameters(key: Key) -> dict[str, Any]:
    return {f"k{at}": value for at, value in enumerate(key)}
