"""What a unit or a query holds of the database while it runs.

All text enters the database here, so this is where characters go that SQLite or UTF-8 cannot hold:
NUL and lone surrogates become U+FFFD.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from inventory.text import is_storable, storable


class TransactionLost(Exception):
    """SQLite gave up the whole transaction earlier in this unit; nothing more may run in it."""


class SqliteTransaction:
    """The :class:`inventory.store.Transaction` of SQLite, used for each unit in turn."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, /, **parameters: Any) -> int:
        self._require_transaction()
        return self._connection.execute(sql, bound(parameters)).rowcount

    def run_many(self, sql: str, rows: Sequence[Mapping[str, Any]], /) -> None:
        self._require_transaction()
        self._connection.executemany(sql, map(bound, rows))

    def one(self, sql: str, /, **parameters: Any) -> sqlite3.Row | None:
        self._require_transaction()
        cursor = self._connection.execute(sql, bound(parameters))
        row: sqlite3.Row | None = cursor.fetchone()
        cursor.close()  # an unfinished statement with RETURNING would stand in COMMIT's way
        return row

    def all(self, sql: str, /, **parameters: Any) -> Sequence[sqlite3.Row]:
        self._require_transaction()
        return self._connection.execute(sql, bound(parameters)).fetchall()

    def lock_device(self, device_id: int, /) -> None:
        """Nothing to do: units already run one after another."""

    def _require_transaction(self) -> None:
        # A unit that swallows "disk full" would otherwise go on, each statement committed alone.
        if not self._connection.in_transaction:
            raise TransactionLost


def bound(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same parameters, with replacements where a text cannot be stored as it is."""
    for value in parameters.values():
        if value.__class__ is str and not is_storable(value):
            return {
                name: storable(value) if isinstance(value, str) else value
                for name, value in parameters.items()
            }
    return parameters
