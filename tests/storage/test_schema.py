"""A database file is brought to the present schema whole, or left as it was."""

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from inventory.sqlite.schema import (
    MIGRATIONS,
    DatabaseTooNew,
    MigrationFailed,
    prepare,
    statements,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    return tmp_path / "migrations"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "inventory.db"


def tables(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        rows: Iterable[tuple[str]] = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
        )
        return {name for (name,) in rows}


def test_migrations_are_applied_once_and_in_order(folder: Path, database: Path) -> None:
    (folder / "0002_second.sql").write_text("INSERT INTO a VALUES (2);")
    (folder / "0001_first.sql").write_text("CREATE TABLE a (x); INSERT INTO a VALUES (1);")
    prepare(database, folder)
    prepare(database, folder)
    (folder / "0003_third.sql").write_text("INSERT INTO a VALUES (3);")
    prepare(database, folder)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT x FROM a").fetchall() == [(1,), (2,), (3,)]


def test_a_failing_migration_leaves_nothing_half(folder: Path, database: Path) -> None:
    (folder / "0001_first.sql").write_text("CREATE TABLE a (x);")
    (folder / "0002_second.sql").write_text(
        "CREATE TABLE b (x); DROP TABLE a; INSERT INTO nowhere VALUES (1);"
    )
    with pytest.raises(MigrationFailed, match=r"0002_second.*nowhere"):
        prepare(database, folder)
    assert tables(database) == {"a"}
    (folder / "0002_second.sql").write_text("CREATE TABLE b (x);")
    prepare(database, folder)
    assert tables(database) == {"a", "b"}


def test_a_migration_may_rebuild_a_table_that_others_refer_to(folder: Path, database: Path) -> None:
    (folder / "0001_first.sql").write_text(
        "CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1);"
        "CREATE TABLE b (a INTEGER REFERENCES a ON DELETE CASCADE); INSERT INTO b VALUES (1);"
    )
    (folder / "0002_rebuild.sql").write_text(
        "CREATE TABLE new (id INTEGER PRIMARY KEY, x); INSERT INTO new (id) SELECT id FROM a;"
        "DROP TABLE a; ALTER TABLE new RENAME TO a;"
    )
    prepare(database, folder)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT a FROM b").fetchall() == [(1,)]


def test_a_migration_that_breaks_a_reference_is_undone(folder: Path, database: Path) -> None:
    (folder / "0001_first.sql").write_text(
        "CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1);"
        "CREATE TABLE b (a INTEGER REFERENCES a); INSERT INTO b VALUES (1);"
    )
    (folder / "0002_break.sql").write_text("DELETE FROM a;")
    with pytest.raises(MigrationFailed, match="refer"):
        prepare(database, folder)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT id FROM a").fetchall() == [(1,)]


def test_a_database_of_a_newer_version_is_refused_untouched(folder: Path, database: Path) -> None:
    (folder / "0001_first.sql").write_text("CREATE TABLE a (x);")
    newer = folder / "0002_of_tomorrow.sql"
    newer.write_text("CREATE TABLE b (x);")
    prepare(database, folder)
    newer.unlink()
    with pytest.raises(DatabaseTooNew, match=r"newer version.*0002_of_tomorrow"):
        prepare(database, folder)
    assert tables(database) == {"a", "b"}


def test_scripts_are_split_where_statements_end_and_nowhere_else() -> None:
    script = """
    -- a comment; with a semicolon
    CREATE TABLE a (x TEXT DEFAULT ';'); /* one; more */ INSERT INTO a VALUES ('a;b');
    CREATE TRIGGER t AFTER INSERT ON a BEGIN
        DELETE FROM a; SELECT 1;
    END;
    -- the end
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements(script):
            connection.execute(statement)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (2,)


def test_a_statement_without_its_end_is_not_passed_over() -> None:
    assert list(statements("SELECT 1; SELECT 'open")) == ["SELECT 1;", " SELECT 'open;"]


def test_an_onboarding_pair_that_stood_as_an_older_one_is_forgotten(
    folder: Path, database: Path
) -> None:
    for file in sorted(MIGRATIONS.glob("000[1-5]_*.sql")):
        shutil.copy(file, folder)
    prepare(database, folder)
    with closing(sqlite3.connect(database)) as connection:
        connection.executemany(
            """INSERT INTO devices (uuid, name, organization_id, password, previous_password,
                   created, last_change)
               VALUES (:name, :name, 1, :password, x'02', 0, 0)""",
            [{"name": "of all", "password": None}, {"name": "own", "password": b"1"}],
        )
        connection.commit()
    prepare(database)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT name, previous_password FROM devices ORDER BY id")
        assert rows.fetchall() == [("of all", None), ("own", b"\x02")]


def test_orders_of_an_older_database_get_the_state_of_all_their_operations(
    folder: Path, database: Path
) -> None:
    for file in sorted(MIGRATIONS.glob("*.sql")):
        if file.stem < "0007":
            shutil.copy(file, folder)
    prepare(database, folder)
    states = ["completed", "failed", "completed", "pending", "running"]
    groups = [1, 1, 3, 3, None]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            """INSERT INTO operations (key, kind, origin, priority, state, is_exclusive, request,
                   created, due, expires, group_id)
               VALUES (?, 'get', 'person', 10, ?, FALSE, '{}', 0, 0, 0, ?)""",
            [(str(n), *each) for n, each in enumerate(zip(states, groups, strict=True))],
        )
    prepare(database)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT joint_state FROM operations ORDER BY id").fetchall()
    assert [state for (state,) in rows] == ["failed", None, "running", None, None]
