"""Runs a unit of work on the inventory for a command, beside a server that may be running."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import click

from acs.config import StorageSettings
from inventory.access import Caller, of_the_house
from inventory.errors import InventoryError
from inventory.secrets import SecretsError
from inventory.sqlite.connection import SqliteTooOld
from inventory.sqlite.schema import DatabaseTooNew, MigrationFailed
from inventory.sqlite.store import SqliteStore

T = TypeVar("T")

OPERATOR: Caller = of_the_house("console")

# What keeps a command from working at all, and is the operator's to mend.
UNUSABLE = (OSError, SecretsError, SqliteTooOld, DatabaseTooNew, MigrationFailed)


def run(storage: StorageSettings, unit: Callable[..., T], /, *args: Any) -> T:
    """The unit's result; what is refused or cannot be opened ends the command with exit code 1."""

    async def once() -> T:
        storage.path.parent.mkdir(parents=True, exist_ok=True)
        async with await SqliteStore.open(storage.path) as store:
            return await store.write(unit, *args)

    try:
        return asyncio.run(once())
    except (InventoryError, *UNUSABLE) as error:
        raise click.ClickException(str(error)) from None
