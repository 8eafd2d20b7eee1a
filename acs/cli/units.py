"""Runs a command's work on the inventory, beside a server that may be running."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from acs.config import Settings, StorageSettings
from inventory.access import Caller, of_the_house
from inventory.devices import Setup
from inventory.errors import InventoryError
from inventory.keys import open_vault
from inventory.secrets import SecretsError
from inventory.sqlite.connection import SqliteTooOld
from inventory.sqlite.holding import InUse
from inventory.sqlite.schema import DatabaseTooNew, MigrationFailed
from inventory.sqlite.store import SqliteStore

T = TypeVar("T")

OPERATOR: Caller = of_the_house("cli")

# What keeps a command from working at all, and is the operator's to mend.
UNUSABLE = (
    OSError,
    sqlite3.Error,
    SecretsError,
    SqliteTooOld,
    DatabaseTooNew,
    MigrationFailed,
    InUse,
)


@dataclass(frozen=True, slots=True)
class Office:
    """What a command works with."""

    store: SqliteStore
    setup: Setup


Work = Callable[[Office], Awaitable[T]]


def run(storage: StorageSettings, unit: Callable[..., T], /, *args: Any) -> T:
    """The unit's result; what is refused or cannot be opened ends the command with exit code 1."""

    async def once() -> T:
        async with await _open(storage) as store:
            return await store.write(unit, *args)

    return _ended(once)


def run_in_office(settings: Settings, work: Work[T]) -> T:
    """The same for work that takes several units, or knows secrets."""

    async def whole() -> T:
        storage = settings.storage
        async with await _open(storage) as store:
            vault = await open_vault(store, storage.key_path, storage.secret_names)
            return await work(Office(store, Setup(vault, settings.cwmp.inform_interval_s)))

    return _ended(whole)


async def _open(storage: StorageSettings) -> SqliteStore:
    storage.path.parent.mkdir(parents=True, exist_ok=True)
    return await SqliteStore.open(storage.path)


def _ended(work: Callable[[], Awaitable[T]]) -> T:
    async def awaited() -> T:
        return await work()

    try:
        return asyncio.run(awaited())
    except (InventoryError, *UNUSABLE) as error:
        raise click.ClickException(str(error)) from None
