"""`acs backup` and `acs restore`: copies of a database in use, and their return."""

import asyncio
import sqlite3
import stat
import tarfile

import pytest

from inventory.errors import NotFound
from inventory.sqlite import holding
from inventory.sqlite.store import SqliteStore


def names(inventory):
    return inventory.run("export", "--fields", "name").stdout.split()[1:]


def test_a_backup_is_the_database_of_its_moment(inventory, tmp_path):
    file = tmp_path / "backup.db"
    inventory.create(name="a")
    told = inventory.run("backup", file).stderr
    assert "acs.db.key" in told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    inventory.create(name="b")
    inventory.run("restore", file, "--yes")
    assert names(inventory) == ["a"]
    inventory.create(name="c")
    assert inventory.run("db", "check").stdout == "sound\n"


def test_a_backup_is_made_while_the_database_is_open_and_written(inventory, tmp_path):
    inventory.create(name="a")

    async def while_open():
        async with await SqliteStore.open(inventory.database) as store:
            await store.write(lambda tx: tx.run("UPDATE devices SET customer_id = '7'"))
            await asyncio.to_thread(inventory.run, "backup", tmp_path / "backup.db")

    asyncio.run(while_open())
    inventory.run("restore", tmp_path / "backup.db", "--yes")
    assert inventory.device("a").customer_id == "7"


def test_an_older_schema_is_backed_up_as_it_is(inventory, tmp_path):
    inventory.create(name="a")
    with sqlite3.connect(inventory.database) as raw:
        raw.execute("DELETE FROM _sqlite_migrations WHERE name <> '0001_inventory'")
    inventory.run("backup", tmp_path / "backup.db")
    with sqlite3.connect(tmp_path / "backup.db") as raw:
        assert raw.execute("SELECT count(*) FROM _sqlite_migrations").fetchone() == (1,)


def test_a_database_in_use_is_not_replaced(inventory, tmp_path):
    inventory.create(name="a")
    inventory.run("backup", tmp_path / "backup.db")

    async def while_open():
        async with await SqliteStore.open(inventory.database):
            result = inventory.run("restore", tmp_path / "backup.db", "--yes", status=1)
        return result.stderr

    told = asyncio.run(in_a_thread_of_its_own(while_open))
    assert "is in use: stop the server first" in told


async def in_a_thread_of_its_own(work):
    """A command runs a loop of its own, which none can do inside another."""
    return await asyncio.to_thread(asyncio.run, work())


def test_nobody_opens_a_database_that_is_being_replaced(inventory):
    inventory.create(name="a")
    with holding.alone(inventory.database):
        assert "is being restored" in inventory.run("token", "list", status=1).stderr


@pytest.mark.parametrize("spoil", ["no database", "cut", "newer", "foreign", "in use"])
def test_what_is_no_sound_backup_is_refused_and_the_database_stays(inventory, tmp_path, spoil):
    file = tmp_path / "backup.db"
    inventory.create(name="a")
    inventory.run("backup", file)
    if spoil == "no database":
        file.write_text("name\na\n")
    elif spoil == "cut":
        file.write_bytes(file.read_bytes()[:-40_000])
    elif spoil == "in use":
        (tmp_path / "backup.db-wal").write_bytes(b"x")
    else:
        with sqlite3.connect(file) as raw:
            raw.execute("PRAGMA journal_mode = DELETE")
            raw.execute(
                "UPDATE _sqlite_migrations SET name = '9999_later' WHERE name = '0002_uploads'"
                if spoil == "newer"
                else "DROP TABLE _sqlite_migrations"
            )
        raw.close()
    before = inventory.database.read_bytes()
    told = inventory.run("restore", file, "--yes", status=1).stderr
    assert str(file) in told
    assert inventory.database.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_a_damaged_database_can_be_replaced(inventory, tmp_path):
    inventory.create(name="a")
    inventory.run("backup", tmp_path / "backup.db")
    inventory.database.write_bytes(b"rubbish" * 1000)
    inventory.run("restore", tmp_path / "backup.db", "--yes")
    assert names(inventory) == ["a"]


def test_it_asks_before_a_database_is_replaced(inventory, tmp_path):
    inventory.create(name="a")
    inventory.run("backup", tmp_path / "backup.db")
    inventory.create(name="b")
    inventory.run("restore", tmp_path / "backup.db", stdin="n\n", status=1)
    assert names(inventory) == ["a", "b"]


def test_a_database_without_its_key_is_told_of(inventory, another_inventory, tmp_path):
    inventory.create(name="a", username="u", password="p")
    another_inventory.create(name="b", username="u", password="p")
    inventory.run("backup", tmp_path / "backup.db")
    told = another_inventory.run("restore", tmp_path / "backup.db", "--yes", status=1).stderr
    assert "is it the right key file?" in told


def test_the_whole_can_be_moved_to_another_place(inventory, another_inventory, tmp_path):
    file = tmp_path / "whole.tar"
    inventory.create(name="a", username="u", password="p")
    for kind in ("images", "uploads"):
        folder = tmp_path / f"acs.db.{kind}"
        folder.mkdir()
        (folder / "c0ffee").write_text(kind)
    inventory.run("backup", "--whole", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    another_inventory.create(name="b", username="u", password="q")
    another_inventory.run("restore", file, "--yes")
    assert names(another_inventory) == ["a"]
    assert "unchanged" in another_inventory.run("device", "set", "a", "password=p").stdout
    for kind in ("images", "uploads"):
        moved = another_inventory.folder / f"acs.db.{kind}" / "c0ffee"
        assert moved.read_text() == kind


def test_an_archive_puts_nothing_where_it_does_not_belong(inventory, tmp_path):
    inventory.create(name="a")
    file = tmp_path / "whole.tar"
    inventory.run("backup", "--whole", file)
    with tarfile.open(file, "a") as archive:
        for name in ("../evil", "images/../evil", "/tmp/evil", "other/evil", "images/e.vil"):
            member = tarfile.TarInfo(name)
            archive.addfile(member)
        link = tarfile.TarInfo("images/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    inventory.run("restore", file, "--yes")
    assert not list(tmp_path.rglob("*e?vil*"))
    assert not list(tmp_path.rglob("link"))


def test_there_is_nothing_to_back_up_where_no_database_is(inventory, tmp_path):
    told = inventory.run("backup", tmp_path / "backup.db", status=1).stderr
    assert "There is no database" in told
    assert not inventory.database.exists()
    with pytest.raises(NotFound):
        inventory.device("a")
