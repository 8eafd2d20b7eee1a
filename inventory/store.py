"""The port to storage: what the rest of the house may ask of a database.

The only way in is a *unit*: a plain function that gets a :class:`Transaction` and does one whole
piece of work. The promises of a store:

- a unit is atomic, and durable when ``write`` returns; results and errors leave only after COMMIT;
- units are run one after another, never mixed; several may share one COMMIT;
- a unit may be run again from its start (after a full disk, say), so it must have no effect besides
  its statements, must not wait, and takes at most 10 ms or 500 rows: longer work loops over units;
- an error raised by a unit undoes that unit alone.

SQL keeps to what SQLite and PostgreSQL share: named parameters (``:name``), ``RETURNING``,
``ON CONFLICT``. Times are Unix seconds as REAL; device values are TEXT.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Row(Protocol):
    """One result row: columns by name or position."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def keys(self) -> list[str]: ...


class Transaction(Protocol):
    """What a unit may do. In a read unit only the queries work."""

    def run(self, sql: str, /, **parameters: Any) -> int:
        """Runs one statement; returns how many rows it changed."""
        ...

    def run_many(self, sql: str, rows: Sequence[Mapping[str, Any]], /) -> None:
        """Runs one statement once per row of parameters."""
        ...

    def one(self, sql: str, /, **parameters: Any) -> Row | None:
        """The first row, or None. Also for ``… RETURNING``."""
        ...

    def all(self, sql: str, /, **parameters: Any) -> Sequence[Row]:
        """All rows."""
        ...

    def lock_device(self, device_id: int, /) -> None:
        """Makes this unit the only one that works on the device (nothing to do in SQLite)."""
        ...


class Store(Protocol):
    """A database that keeps the promises above."""

    async def write(self, unit: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Runs ``unit(tx, *args, **kwargs)`` in the lane of sessions and people."""
        ...

    async def write_later(self, unit: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """The same behind the first lane: imports, bulk planning, deletion, trimming."""
        ...

    async def read(self, query: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Runs ``query(tx, *args, **kwargs)`` on a snapshot, beside the writers."""
        ...

    async def glance(self, query: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """The same for a query that only looks up a few rows by their keys, at once."""
        ...
