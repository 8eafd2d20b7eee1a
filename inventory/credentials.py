"""A device's user name and password toward the ACS, as a person changes them.

The device still has the pair that it used last, so that one stays valid beside the new one until
the new one is proved. Which pair the device has is known unless the setting of a new one is on its
way at this moment: then a further change has to wait. A device that has lost its pair, because it
was reset, gets it again; one that never had a pair of its own gets a random one.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from inventory import operations, sealed_variables
from inventory.admission import NONE_OF_ITS_OWN
from inventory.errors import OperationInProgress
from inventory.operations import Kind, Operation, Origin, Priority, State
from inventory.records import devices as records
from inventory.records import operations as operation_records
from inventory.records.devices import Credentials, Device
from inventory.secrets import Vault
from inventory.store import Transaction

PURPOSE = "credentials"


@dataclass(frozen=True, slots=True)
class Pair:
    """In clear; None where the device has none of its own."""

    username: str | None
    password: str | None


def read(tx: Transaction, device_id: int, vault: Vault) -> Pair:
    held = records.credentials(tx, device_id)
    return Pair(held.username, None if held.password is None else vault.open(held.password))


def columns(pair: Pair, vault: Vault) -> dict[str, Any]:
    """For a device that has not been seen yet, and holds the pair already."""
    password = None if pair.password is None else vault.seal(pair.password)
    return {
        "username": pair.username,
        "password": password,
        "previous_username": None,
        "previous_password": None,
    }


def change(
    tx: Transaction, device: Device, pair: Pair, vault: Vault, now: float, created_by: str
) -> dict[str, Any]:
    """The columns of a device that has been seen, and queues setting the pair on it.

    Raises OperationInProgress while it cannot be told which pair the device has.
    """
    last = _last_setting(tx, device.id)
    if last is not None and last.state is State.RUNNING:
        raise OperationInProgress(device.name, last.kind, last.key)
    if last is not None and not last.is_final:
        operations.cancel(tx, last.id, now)
    if pair.password is None and pair.username is None:
        return columns(pair, vault)
    _queue_setting(tx, device.id, device.root, pair, vault, now, created_by=created_by)
    if pair.password is None:
        return columns(pair, vault)
    was_set = last is not None and last.state is State.COMPLETED
    return columns(pair, vault) | _previous(records.credentials(tx, device.id), vault, was_set)


def restore(
    tx: Transaction, device_id: int, root: str | None, pair: Pair, vault: Vault, now: float
) -> None:
    """Sets what is demanded of the device on it again, before anything else, unless that is on its
    way already."""
    last = _last_setting(tx, device_id)
    if last is None or last.is_final:
        _queue_setting(tx, device_id, root, pair, vault, now, priority=Priority.ENROLMENT)


def give_own(tx: Transaction, device_id: int, root: str | None, vault: Vault, now: float) -> None:
    """Makes a pair for a device that has none of its own, and sets it on the device before anything
    else; a user name that a person gave it stays. What is demanded of all is valid for it until it
    has taken the pair."""
    last = _last_setting(tx, device_id)
    if last is not None and not last.is_final and last.state is not State.RUNNING:
        operations.cancel(tx, last.id, now)
    username = records.credentials(tx, device_id).username or f"acs{secrets.token_hex(8)}"
    pair = Pair(username, secrets.token_urlsafe(24))
    previous = {"previous_password": vault.seal(NONE_OF_ITS_OWN)}
    records.update(tx, device_id, now, columns(pair, vault) | previous)
    _queue_setting(tx, device_id, root, pair, vault, now, priority=Priority.ENROLMENT)


def taken(tx: Transaction, operation: Operation, vault: Vault) -> None:
    """The device has taken a pair that was set on it.

    Where it had none before, it has no older pair to fall back on, and is asked for this one from
    now on; nothing else would ever make it prove that it holds it.
    """
    if operation.purpose != PURPOSE:
        return
    held = records.credentials(tx, operation.device_id)
    if held.previous_password is not None and vault.open(held.previous_password) == NONE_OF_ITS_OWN:
        records.forget_previous_credentials(tx, operation.device_id)


def _previous(held: Credentials, vault: Vault, was_set: bool) -> dict[str, Any]:
    """The pair that the device still has: the older one where the newer never reached it."""
    if held.previous_password is not None and not was_set:
        pair = held.previous_username, held.previous_password
    elif held.password is not None:
        pair = held.username, held.password
    else:
        pair = None, vault.seal(NONE_OF_ITS_OWN)
    return {"previous_username": pair[0], "previous_password": pair[1]}


def _queue_setting(
    tx: Transaction,
    device_id: int,
    root: str | None,
    pair: Pair,
    vault: Vault,
    now: float,
    *,
    priority: Priority = Priority.PERSON,
    created_by: str | None = None,
) -> None:
    server = f"{root or 'Device.'}ManagementServer."
    values = {"Username": pair.username, "Password": pair.password}
    variables = [
        {"variable_name": f"{server}{name}", "value": value, "value_type": "string"}
        for name, value in values.items()
        if value is not None
    ]
    request = {"variables": sealed_variables.seal(variables, vault), "purpose": PURPOSE}
    operations.queue(
        tx,
        device_id,
        Kind.SET,
        request,
        now,
        origin=Origin.SYSTEM,
        priority=priority,
        created_by=created_by,
    )


def _last_setting(tx: Transaction, device_id: int) -> Operation | None:
    row = operation_records.last_for(tx, device_id, Kind.SET, PURPOSE)
    return None if row is None else operations.read(row)
