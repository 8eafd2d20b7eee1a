"""A copy of the database while it is in use, and its return in place of the database."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from inventory.sqlite.connection import configure
from inventory.sqlite.holding import alone
from inventory.sqlite.schema import MIGRATIONS, DatabaseTooNew, applied
from inventory.sqlite.upkeep import copy_snapshot, find_damage


class NotABackup(Exception):
    """The file cannot take the database's place."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} {why}.")


def backup(path: Path, target: Path) -> None:
    """Writes the present state to ``target``, whole or not at all, for its owner's eyes.

    The schema is left as it is, so that this also serves before an upgrade.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        with closing(open_to_read(path)) as source:
            configure(source, reads_only=True)
            copy_snapshot(source, part)
        part.replace(target)
        sync_folder(target)
    finally:
        part.unlink(missing_ok=True)


def restore(file: Path, path: Path) -> None:
    """Puts the backup in place of the database, which nobody may have open.

    Raises InUse, NotABackup or DatabaseTooNew; the database is then what it was.
    """
    with alone(path):
        replace(file, path)


def replace(file: Path, path: Path) -> None:
    """The same for somebody who has the database alone already."""
    part = path.with_name(f"{path.name}.part")
    try:
        _copy(file, part)
        check(file, part)
        _finish(path)
        part.replace(path)
        sync_folder(path)
    finally:
        part.unlink(missing_ok=True)


def check(file: Path, copy: Path) -> None:
    """Whether ``copy``, whose origin is ``file``, is a sound database of this program."""
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?immutable=1", uri=True)) as raw:
            done = applied(raw)
            damage = find_damage(raw)
    except sqlite3.DatabaseError as error:
        raise NotABackup(file, f"is no database: {error}") from None
    if not done:
        raise NotABackup(file, "is no database of this program")
    if unknown := done - {migration.stem for migration in MIGRATIONS.glob("*.sql")}:
        raise DatabaseTooNew(file, unknown)
    if damage:
        raise NotABackup(file, f"is damaged: {damage[0]}")


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; nothing is made where there is no file."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _copy(file: Path, part: Path) -> None:
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and log.stat().st_size:
        raise NotABackup(file, "is a database in use, with a log beside it: back it up first")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with file.open("rb") as source, part.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())


def _finish(path: Path) -> None:
    """Leaves no log of the old database, which would be taken for the new one's.

    The old one is written back to its file first, as far as it still can be: a crash behind this
    leaves it whole.
    """
    if path.exists():
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Makes the file's name durable."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
