"""``acs db``: the database itself. What only looks at it opens it for reading alone."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import click

from acs.cli import options
from acs.cli.units import UNUSABLE
from inventory.sqlite import schema, upkeep
from inventory.sqlite.backups import open_to_read
from inventory.sqlite.holding import alone
from inventory.sqlite.store import SqliteStore

ROWS = 100


@click.group("db")
def command() -> None:
    """Look after the database file."""


@command.command()
@options.where
def check(db: Path | None, config: Path | None) -> None:
    """Say whether the file is sound. Exit status 1 when it is not."""
    with _reading(db, config) as (_, raw):
        damage = upkeep.find_damage(raw)
    for text in damage:
        click.echo(text)
    if damage:
        raise click.ClickException("The database is damaged: restore a backup.")
    click.echo("sound")


@command.command()
@options.where
def size(db: Path | None, config: Path | None) -> None:
    """Tell what the database takes on disk, and how many rows its tables have."""
    from sqlite_utils import Database  # noqa: PLC0415  14 MB

    with _reading(db, config) as (path, raw):
        taken = upkeep.measure(raw, path)
        click.echo(f"{taken.database_bytes:>14,} bytes in {path}")
        click.echo(f"{taken.free_bytes:>14,} of them free")
        click.echo(f"{taken.wal_bytes:>14,} bytes in its log")
        for table in Database(raw, execute_plugins=False).tables:
            if "device_search_" not in table.name:
                click.echo(f"{table.count:>14,} rows in {table.name}")


@command.command()
@options.where
def vacuum(db: Path | None, config: Path | None) -> None:
    """Give free pages back to the file system, a few at a time."""
    storage = options.settings(db, config).storage
    options.must_exist(storage.path)

    async def whole() -> int:
        async with await SqliteStore.open(storage.path) as store:
            before = (await store.size()).free_bytes
            while await store.vacuum_step():
                pass
            return before

    try:
        click.echo(f"{asyncio.run(whole()):,} bytes given back")
    except UNUSABLE as error:
        raise click.ClickException(str(error)) from None


@command.command()
@options.where
def migrate(db: Path | None, config: Path | None) -> None:
    """Bring the schema up to date, as the server does at its start; it must not be running."""
    path = options.settings(db, config).storage.path
    options.must_exist(path)
    try:
        with alone(path):
            before = _applied(path)
            schema.prepare(path)
            news = sorted(_applied(path) - before)
    except UNUSABLE as error:
        raise click.ClickException(str(error)) from None
    click.echo("\n".join(f"applied {name}" for name in news) or "up to date")


@command.command()
@click.argument("table")
@click.option("--limit", type=click.IntRange(1), default=ROWS, show_default=True, help="Rows.")
@click.option("--where", "condition", help="SQL condition.")
@options.where
def rows(
    table: str, limit: int, condition: str | None, db: Path | None, config: Path | None
) -> None:
    """Print rows of TABLE, an object in each line; of bytes only how many they are."""
    from sqlite_utils import Database  # noqa: PLC0415  14 MB

    with _reading(db, config) as (_, raw):
        database = Database(raw, execute_plugins=False)
        if table not in database.table_names():
            raise click.ClickException(f"There is no table {table}.")
        found = database[table].rows_where(condition, limit=limit)
        for row in islice(found, limit):
            click.echo(json.dumps({name: _shown(cell) for name, cell in row.items()}))


@contextmanager
def _reading(db: Path | None, config: Path | None) -> Iterator[tuple[Path, sqlite3.Connection]]:
    path = options.settings(db, config).storage.path
    options.must_exist(path)
    try:
        with closing(open_to_read(path)) as raw:
            yield path, raw
    except sqlite3.Error as error:
        raise click.ClickException(str(error)) from None


def _applied(path: Path) -> set[str]:
    with closing(open_to_read(path)) as raw:
        return schema.applied(raw)


def _shown(cell: Any) -> Any:
    return f"<{len(cell)} bytes>" if isinstance(cell, bytes) else cell
