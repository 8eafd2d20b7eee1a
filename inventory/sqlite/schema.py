"""Brings a database file to the present schema: the numbered files of ``migrations/``, in order.

sqlite-utils keeps the list of what was applied (table ``_sqlite_migrations``); it is imported only
when something is due, for it costs 14 MB of memory. Each migration runs in one transaction.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_SET = "inventory"
LOCK_S = 30.0  # another process may be migrating the same file


class DatabaseTooNew(Exception):
    def __init__(self, path: Path, unknown: set[str]) -> None:
        super().__init__(
            f"{path} was written by a newer version of this program"
            f" (unknown migrations: {', '.join(sorted(unknown))})."
        )
        self.path, self.unknown = path, unknown


class MigrationFailed(Exception):
    """Nothing of the migration was kept."""


def prepare(path: Path, migrations: Path = MIGRATIONS) -> None:
    """Creates the file if need be (readable by its owner alone) and applies what is due."""
    path.touch(mode=0o600)
    database = sqlite3.connect(path, timeout=LOCK_S)
    try:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only before the first page counts
        database.execute("PRAGMA journal_mode = WAL")
        known = {file.stem: file for file in sorted(migrations.glob("*.sql"))}
        done = applied(database)
        if unknown := done - known.keys():
            raise DatabaseTooNew(path, unknown)
        if known.keys() - done:
            apply(database, known)
    finally:
        database.close()


def applied(database: sqlite3.Connection) -> set[str]:
    """The names of the migrations that the database has had."""
    if not database.execute(
        "SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"
    ).fetchone():
        return set()
    return {
        name
        for (name,) in database.execute(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (MIGRATION_SET,)
        )
    }


def apply(database: sqlite3.Connection, files: dict[str, Path]) -> None:
    """Applies the files that are due, each whole or not at all."""
    from sqlite_utils import Database, Migrations  # noqa: PLC0415  see the module's docstring

    # References are checked after each file: rebuilding a table needs them off meanwhile.
    database.execute("PRAGMA foreign_keys = OFF")
    for name, file in files.items():
        due = Migrations(MIGRATION_SET)
        due(name=name)(script(file))
        database.execute("BEGIN IMMEDIATE")  # one process at a time
        try:
            due.apply(Database(database, execute_plugins=False))
            database.execute("COMMIT")
        except Exception as error:
            database.execute("ROLLBACK")
            raise MigrationFailed(f"Migration {name} failed: {error}") from error


def script(file: Path) -> Callable[[Any], None]:
    """A migration that runs the file's statements and then checks all references."""

    def migrate(database: Any) -> None:
        for statement in statements(file.read_text(encoding="utf-8")):
            database.conn.execute(statement)
        if broken := database.conn.execute("PRAGMA foreign_key_check").fetchall():
            raise sqlite3.IntegrityError(f"{len(broken)} references lead nowhere")

    return migrate


def statements(sql: str) -> Iterator[str]:
    """Splits a script; ``executescript`` would commit what runs before it."""
    statement = ""
    for piece in sql.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.removesuffix(";").strip():
        yield statement  # not closed properly: SQLite says what is wrong with it
