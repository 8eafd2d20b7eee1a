"""A device's own password, changed by a person while the device still has the old one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inventory import access, devices, operations, sealed_variables
from inventory.admission import Admission, admit
from inventory.devices import Family, Key, Setup
from inventory.errors import OperationInProgress, Unauthenticated
from inventory.operations import Kind, State
from inventory.query import ANY_VERSION
from inventory.records import devices as device_records
from inventory.records import operations as operation_records
from inventory.records import sightings
from inventory.secrets import Vault
from inventory.sqlite.store import SqliteStore

PERSON = access.of_the_house("tests")
NOW = 1_700_000_000.0


@dataclass(frozen=True)
class Basic:
    username: str
    password: str

    def verify(self, password: str) -> bool:
        return self.password == password


class Fleet:
    """One device that has been seen, and the ways in which it may prove itself."""

    def __init__(self, store: SqliteStore, vault: Vault) -> None:
        self.store, self.setup = store, Setup(vault)

    async def change(self, **fields: Any) -> None:
        key = Key(Family.NAME, "router")
        await self.store.write(devices.change, PERSON, key, fields, self.setup, ANY_VERSION, NOW)

    async def admits(self, proof: Basic | None) -> Admission:
        row = await self.store.read(sightings.by_id, 1)
        return admit(
            row, proof, self.setup.vault, None, is_bootstrap=False, is_reset_expected=False
        )

    async def settings(self) -> list[operations.Operation]:
        rows = await self.store.read(operation_records.open_kinds, 1, {Kind.SET})
        return [operations.read(row) for row in rows]

    async def send(self) -> operations.Operation:
        """The operation goes out to the device."""
        operation, _ = await self.store.write(operations.claim_next, 1, NOW)
        assert operation is not None
        return operation


@pytest.fixture
async def fleet(tmp_path: Path):
    vault = Vault.load(tmp_path / "keys")
    async with await SqliteStore.open(tmp_path / "inventory.db") as store:
        await store.write(devices.create, PERSON, {"name": "router"}, Setup(vault), NOW)
        await store.write(_seen)
        yield Fleet(store, vault)


def _seen(tx: Any) -> None:
    tx.run("UPDATE devices SET unique_identifier = '00AABB-SN1', root = 'Device.' WHERE id = 1")


OLD, NEW, NEWER = Basic("cpe", "old"), Basic("cpe", "new"), Basic("cpe", "newer")


async def test_a_changed_password_is_set_on_the_device_and_stands_nowhere_in_clear(fleet):
    await fleet.change(username="cpe", password="new")
    (setting,) = await fleet.settings()
    assert "new" not in str(setting.request.values())
    assert sealed_variables.reveal(setting.request["variables"], fleet.setup.vault) == [
        {
            "variable_name": "Device.ManagementServer.Username",
            "value": "cpe",
            "value_type": "string",
        },
        {
            "variable_name": "Device.ManagementServer.Password",
            "value": "new",
            "value_type": "string",
        },
    ]


async def test_a_device_without_credentials_is_let_in_until_it_proves_its_first_ones(fleet):
    await fleet.change(username="cpe", password="new")
    assert await fleet.admits(None) == Admission()
    assert await fleet.admits(NEW) == Admission(by_new_password=True)
    await fleet.store.write(device_records.forget_previous_credentials, 1)
    with pytest.raises(Unauthenticated):
        await fleet.admits(None)


async def proved(fleet: Fleet, proof: Basic) -> None:
    await fleet.change(username=proof.username, password=proof.password)
    sent = await fleet.send()
    await fleet.store.write(operations.complete, sent.id, None, NOW)
    await fleet.store.write(device_records.forget_previous_credentials, 1)


async def test_the_old_and_the_new_password_are_valid_until_the_new_one_is_proved(fleet):
    await proved(fleet, OLD)
    await fleet.change(password="new")
    assert (await fleet.admits(OLD)).by_older_password
    assert (await fleet.admits(NEW)).by_new_password
    with pytest.raises(Unauthenticated):
        await fleet.admits(NEWER)


async def test_a_password_that_never_left_is_forgotten_by_the_next_change(fleet):
    await proved(fleet, OLD)
    await fleet.change(password="new")
    await fleet.change(password="newer")
    assert len(await fleet.settings()) == 1
    assert (await fleet.admits(OLD)).by_older_password
    with pytest.raises(Unauthenticated):
        await fleet.admits(NEW)


async def test_a_password_that_the_device_took_is_the_old_one_for_the_next_change(fleet):
    await proved(fleet, OLD)
    await fleet.change(password="new")
    sent = await fleet.send()
    await fleet.store.write(operations.complete, sent.id, None, NOW)
    await fleet.change(password="newer")
    assert (await fleet.admits(NEW)).by_older_password
    with pytest.raises(Unauthenticated):
        await fleet.admits(OLD)


async def test_a_change_waits_while_the_one_before_is_on_its_way(fleet):
    await fleet.change(username="cpe", password="new")
    assert (await fleet.send()).state is State.RUNNING
    with pytest.raises(OperationInProgress):
        await fleet.change(password="newer")


async def test_the_same_password_again_changes_nothing(fleet):
    await proved(fleet, OLD)
    await fleet.change(username="cpe", password="old")
    assert await fleet.settings() == []


async def test_a_cleared_user_name_clears_the_password(fleet):
    await proved(fleet, OLD)
    await fleet.change(username=None)
    assert await fleet.admits(None) == Admission()


async def test_a_device_that_was_never_seen_holds_its_credentials_already(fleet):
    await fleet.store.write(
        devices.create, PERSON, {"name": "other", "password": "x"}, fleet.setup, NOW
    )
    assert await fleet.store.read(operation_records.open_kinds, 2, {Kind.SET}) == []
    assert (await fleet.store.read(sightings.by_id, 2))["previous_password"] is None
