"""A database, and the commands on it."""

import asyncio

import pytest
from click.testing import CliRunner

from acs.cli import main
from inventory import devices
from inventory.access import of_the_house
from inventory.devices import Family, Key, Setup
from inventory.secrets import Vault
from inventory.sqlite.store import SqliteStore

HOUSE = of_the_house("tests")


class Inventory:
    def __init__(self, folder):
        self.folder, self.database = folder, folder / "acs.db"

    def run(self, *arguments, status=0, stdin=None):
        words = [*map(str, arguments), "--db", str(self.database)]
        result = CliRunner().invoke(main, words, input=stdin)
        assert result.exit_code == status, result.output
        return result

    def take(self, text, *options, name="in.csv", status=0):
        """Imports it."""
        file = self.folder / name
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        return self.run("import", file, *options, status=status)

    def ask(self, unit, *arguments):
        async def asked():
            async with await SqliteStore.open(self.database) as store:
                return await store.write(unit, *arguments)

        return asyncio.run(asked())

    def device(self, name):
        return self.ask(devices.get, HOUSE, Key(Family.NAME, name))

    def create(self, **fields):
        return self.ask(devices.create, HOUSE, fields, Setup(self.vault), 1.0)

    @property
    def vault(self):
        return Vault.load(self.folder / "acs.db.key")


@pytest.fixture
def inventory(tmp_path):
    return Inventory(tmp_path)


@pytest.fixture
def another_inventory(tmp_path):
    """Of another server."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return Inventory(folder)
