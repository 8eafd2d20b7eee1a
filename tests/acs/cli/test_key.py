"""`acs key rotate`: everything sealed is sealed anew, wherever it stands."""

import asyncio
import re

import pytest

from inventory import audit, keys, own_settings, types, values
from inventory.access import of_the_house
from inventory.actions import orders, placing
from inventory.audit import Filter
from inventory.devices import Family, Key
from inventory.operations import Kind
from inventory.parameters import Reported, Source
from inventory.query import ANY_VERSION, Window
from inventory.records import sealed
from inventory.records.sealed import PLACES
from inventory.secrets import Vault
from inventory.settings import Setting
from inventory.sqlite.store import SqliteStore
from inventory.values import Model

HOUSE = of_the_house("tests")
PASSPHRASE = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
MODEL = Model("", "", "", "")
DEVICE = Key(Family.NAME, "a")


@pytest.fixture
def furnished(inventory):
    """With secrets of every kind."""
    inventory.create(name="a", username="u", password="first")
    inventory.ask(seal_everything, inventory.vault)

    async def remember():
        async with await SqliteStore.open(inventory.database) as store:
            told = [Reported(PASSPHRASE, "cached", "string")]
            await values.remember(store, inventory.vault, 1, MODEL, told, Source.GET, 1.0)

    asyncio.run(remember())
    return inventory


def seal_everything(tx, vault):
    line = Setting(PASSPHRASE, "template")
    restarting = {"variable_name": PASSPHRASE, "value": "restarting"}
    fields = {
        "short_name": "t",
        "username": "u",
        "password": "type",
        "parameters": [line],
        "services": {"wifi": [restarting]},
    }
    types.create(tx, HOUSE, fields, vault, 1.0)
    own_settings.change(
        tx, HOUSE, DEVICE, [Setting(PASSPHRASE, "own")], vault, ANY_VERSION, 1.0, whole=True
    )
    variables = [{"variable_name": PASSPHRASE, "value": "asked"}]
    file = {"url": "http://files.example/x", "username": "u", "password": "transfer"}
    placing.queue(tx, HOUSE, DEVICE, orders.make(Kind.SET, variables, {}, {}, vault), 1.0)
    placing.queue(tx, HOUSE, DEVICE, orders.make(Kind.UPLOAD, [], {}, {}, vault, file=file), 1.0)
    tx.run("UPDATE devices SET previous_password = :x, request_password = :x", x=vault.seal("x"))


def all_sealed(inventory):
    """Each sealed text with its place."""

    def look(tx):
        return [
            (place.table, text)
            for place in PLACES
            for row in sealed.some(tx, place, None, 100)
            for text in keys.texts(place, row[place.column])
        ]

    return inventory.ask(look)


def test_all_is_sealed_with_the_new_key_and_says_what_it_said(furnished):
    before, old = all_sealed(furnished), furnished.vault
    assert {table for table, _ in before} == {
        "devices",
        "device_settings",
        "device_types",
        "device_type_parameters",
        "operations",
        "device_values",
    }
    assert furnished.run("key", "rotate").stdout.endswith("sealed anew\n")
    after, new = all_sealed(furnished), furnished.vault
    assert all(new.is_newest(text) for _, text in after)
    assert [new.open(text) for _, text in after] == [old.open(text) for _, text in before]
    assert "restarting" in {new.open(text) for _, text in after}
    assert furnished.run("key", "rotate", "--resume").stdout == "0 sealed anew\n"
    entries = furnished.ask(audit.list_entries, HOUSE, Filter(object="key"), Window(10, 0)).items
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("cli", "resume"),
        ("cli", "rotate"),
    ]


def test_what_was_broken_off_is_gone_on_with(furnished):
    Vault.rotate(furnished.folder / "acs.db.key")
    assert not furnished.run("key", "rotate", "--resume").stdout.startswith("0 ")
    assert all(furnished.vault.is_newest(text) for _, text in all_sealed(furnished))


def test_a_text_that_no_key_opens_is_told_and_keeps_nothing_else_back(furnished):
    spoilt = "UPDATE device_settings SET sealed = :x"
    furnished.ask(lambda tx: tx.run(spoilt, x=b"\0" * 40))
    told = furnished.run("key", "rotate", status=1)
    assert "1 could be opened by no key" in told.stderr
    rest = [text for table, text in all_sealed(furnished) if table != "device_settings"]
    assert all(furnished.vault.is_newest(text) for text in rest)


def test_every_column_that_can_hold_a_sealed_text_is_known(furnished):
    """By the names of the schema: whoever adds one is told of it here."""
    schema = furnished.ask(
        lambda tx: [
            (row["name"], row["sql"])
            for row in tx.all("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            if not row["name"].startswith(("device_search", "sqlite_"))
        ]
    )
    named = {
        (table, column)
        for table, sql in schema
        for column in re.findall(r"^\s*(\w*(?:password|sealed|secret)\w*) BLOB", sql, re.MULTILINE)
    }
    assert named <= {(place.table, place.column) for place in PLACES}
    requests = {(table, "request") for table, sql in schema if re.search(r"\brequest TEXT", sql)}
    assert requests <= {(place.table, place.column) for place in PLACES}


def test_another_databases_key_is_not_taken_for_the_right_one(furnished):
    key = furnished.folder / "acs.db.key"
    key.unlink()
    Vault.load(key)
    told = furnished.run("device", "show", "a", status=1).stderr
    assert "is it the right key file?" in told
