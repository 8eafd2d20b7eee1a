"""A part of a unit that is undone by itself, so that the rest of the unit can be kept."""

from collections.abc import Iterator
from contextlib import contextmanager

from inventory.store import Transaction


@contextmanager
def part(tx: Transaction) -> Iterator[None]:
    """What is run inside is undone when it raises; the error goes on."""
    tx.run("SAVEPOINT part")
    try:
        yield
    except BaseException:
        tx.run("ROLLBACK TO SAVEPOINT part")
        raise
    finally:
        tx.run("RELEASE SAVEPOINT part")
