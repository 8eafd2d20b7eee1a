"""`acs db`: the database file as its operator sees it."""

import json
import sqlite3

import pytest

from inventory.sqlite import holding


@pytest.fixture
def database(inventory):
    inventory.create(name="a", username="u", password="p")
    return inventory


def test_a_sound_database_is_said_to_be_so(database):
    assert database.run("db", "check").stdout == "sound\n"


def test_damage_is_told_with_an_exit_status(database):
    with sqlite3.connect(database.database) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("UPDATE devices SET location_id = 99")
    result = database.run("db", "check", status=1)
    assert "refers to nothing in locations" in result.stdout


def test_sizes_and_rows_are_told(database):
    told = database.run("db", "size").stdout
    assert "1 rows in devices" in told
    assert "bytes in its log" in told


def test_rows_are_printed_without_what_is_sealed(database):
    (line,) = database.run("db", "rows", "devices", "--where", "name = 'a'").stdout.splitlines()
    row = json.loads(line)
    assert (row["name"], row["password"][-6:]) == ("a", "bytes>")
    assert "There is no table" in database.run("db", "rows", "nonsense", status=1).stderr


def test_looking_changes_nothing(database):
    words = ["db", "rows", "devices", "--where", "1; DELETE FROM devices"]
    database.run(*words, status=1)
    database.device("a")


def test_free_pages_are_given_back(database):
    fill = "INSERT INTO device_log (device_id, time, kind, text) VALUES (1, 0, 'event', :text)"
    database.ask(lambda tx: [tx.run(fill, text="x" * 4000) for _ in range(200)])
    database.ask(lambda tx: tx.run("DELETE FROM device_log"))
    before = database.database.stat().st_size
    assert "bytes given back" in database.run("db", "vacuum").stdout
    assert database.database.stat().st_size < before - 500_000


def test_the_schema_is_brought_up_to_date_while_nobody_is_there(database):
    assert database.run("db", "migrate").stdout == "up to date\n"
    with sqlite3.connect(database.database) as raw:
        raw.execute("DROP TABLE uploads")
        raw.execute("DELETE FROM _sqlite_migrations WHERE name = '0002_uploads'")
    with holding.shared(database.database):
        assert "is in use" in database.run("db", "migrate", status=1).stderr
    assert database.run("db", "migrate").stdout == "applied 0002_uploads\n"
