"""Files of devices are trimmed with their rows, and what belongs to nobody is swept away."""

import os

import pytest

from acs.workers.shelves import ARRIVING_S, DAY_S, Shelves
from inventory import access, devices
from inventory.devices import Setup
from inventory.records import uploads as records
from inventory.secrets import Vault
from inventory.sqlite.store import SqliteStore

NOW = 1_700_000_000.0


@pytest.fixture
async def shelves(tmp_path):
    async with await SqliteStore.open(tmp_path / "acs.db") as store:
        setup = Setup(Vault.load(tmp_path / "key"))
        person = access.of_the_house("tests")
        await store.write(devices.create, person, {"name": "router"}, setup, NOW)
        yield Shelves(store, tmp_path / "uploads", days=90)


def put(shelves, name, age_s):
    shelves.folder.mkdir(exist_ok=True)
    path = shelves.folder / name
    path.write_bytes(b"x")
    os.utime(path, (NOW - age_s, NOW - age_s))
    return path


async def keep(shelves, name, age_s):
    path = put(shelves, name, age_s)
    await shelves.store.write(
        records.keep,
        device_id=1,
        operation_id=None,
        file_type="2 Vendor Log File",
        file_name="log",
        size_bytes=1,
        sha256="0" * 64,
        stored_as=name,
        created=NOW - age_s,
    )
    return path


async def test_a_file_goes_when_its_time_is_over(shelves):
    old = await keep(shelves, "old", 91 * DAY_S)
    new = await keep(shelves, "new", 89 * DAY_S)
    assert await shelves.step(NOW) == 1
    assert not old.exists()
    assert new.exists()


async def test_what_belongs_to_nobody_goes_unless_it_may_be_arriving(shelves):
    left = [put(shelves, name, 2 * ARRIVING_S) for name in ("left", "left.part")]
    arriving = put(shelves, "arriving.part", 1)
    assert await shelves.step(NOW) == 2
    assert not any(path.exists() for path in left)
    assert arriving.exists()


async def test_the_files_of_a_deleted_device_go(shelves):
    path = await keep(shelves, "orphan", 2 * ARRIVING_S)
    await shelves.store.write(lambda tx: tx.run("DELETE FROM devices"))
    assert await shelves.step(NOW) == 1
    assert not path.exists()


async def test_without_a_folder_there_is_nothing_to_do(shelves):
    assert await shelves.step(NOW) == 0
