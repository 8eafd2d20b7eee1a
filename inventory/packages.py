"""Software modules of devices: what may be asked (ChangeDUState), and what the device tells of it.

A package in a request is a mapping: ``operation`` (install, update or uninstall) and of ``url``,
``uuid``, ``name`` and the rest what it needs. Its password is sealed in the store.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory import operations, urls
from inventory.operations import Error, Kind
from inventory.records import log
from inventory.records import operations as records
from inventory.secrets import Vault
from inventory.store import Transaction

MOST = 16  # in one request; a device carries them out one after the other
FAILED = "Failed"  # CurrentState of a package that could not be changed (A.4.2.3)
NOT_CHANGED, NOT_REPORTED = "not_changed", "not_reported"
MAX_URL = 1024  # A.4.1.10
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Package = Mapping[str, Any]


def faults(package: Package) -> dict[str, list[str]]:
    """What is wrong with a package, by field."""
    if "url" in package and not urls.is_for_devices(package["url"]):
        return {"url": [urls.NOT_FOR_DEVICES]}
    if "name" in package and package["operation"] != "install":
        return {}
    if package["operation"] == "install" and "url" not in package:
        return {"url": ["This field is required."]}
    if package["operation"] == "uninstall" and not package.get("uuid"):
        return {"uuid": ["This field is required."]}
    return {}


def sealed(package: Package, vault: Vault) -> dict[str, Any]:
    """As an operation's row may hold it."""
    kept = {name: value for name, value in package.items() if value is not None}
    password = kept.pop("password", None)
    return kept | ({"sealed_password": vault.seal(password).hex()} if password else {})


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of one package; fault code 0 is success."""

    uuid: str
    version: str
    state: str
    fault_code: int
    fault_string: str


def complete(
    tx: Transaction, device_id: int, command_key: str, results: Sequence[Changed], now: float
) -> list[int]:
    """A DUStateChangeComplete was heard; returns the ids of the operations that ended by it."""
    row = _meant(tx, device_id, command_key.strip())
    if row is None:
        return []
    told = {"packages": [_described(each) for each in results]}
    error = _error(results) or _incomplete(row["evidence"].get("packages", ()), results)
    if error is None:
        is_first = operations.complete(tx, row["id"], told, now)
    else:
        is_first = operations.fail(tx, row["id"], error, now, told)
    if not is_first:
        return []
    state = "completed" if error is None else "failed"
    about = None if error is None else error.as_json()
    log.operation_ended(tx, device_id, row["kind"], row["key"], state, now, about)
    return [row["id"]]


def _meant(tx: Transaction, device_id: int, key: str) -> records.OperationRow | None:
    """By its key; a device that loses keys means the only one that it was sent."""
    sent = [
        row
        for row in records.running(tx, device_id)
        if row["kind"] == Kind.UPDATE and "sent" in (row["evidence"] or {})
    ]
    by_key = next((row for row in sent if row["key"] == key), None)
    if by_key is not None or key or len(sent) != 1:
        return by_key
    return sent[0]


def _described(changed: Changed) -> dict[str, Any]:
    return {
        "uuid": changed.uuid,
        "version": changed.version,
        "state": changed.state,
        "fault_code": changed.fault_code,
        "fault_string": changed.fault_string,
    }


def _error(results: Sequence[Changed]) -> Error | None:
    """Some devices tell a failure by the state alone, without a fault."""
    failed = {each.uuid: _fault(each) for each in results if each.fault_code or _has_failed(each)}
    if not failed:
        return None
    first = next(iter(failed.values()))
    return Error(first["code"], first["message"], failed)


def _has_failed(changed: Changed) -> bool:
    return changed.state.strip().lower() == FAILED.lower()


def _fault(changed: Changed) -> dict[str, str]:
    code = str(changed.fault_code) if changed.fault_code else NOT_CHANGED
    return {"code": code, "message": changed.fault_string or "The package could not be changed."}


def _incomplete(sent: Sequence[Package], results: Sequence[Changed]) -> Error | None:
    """Each package that was sent has a result at least: an update of all has one for each."""
    if len(results) >= len(sent):
        return None
    text = f"The device has reported {len(results)} of {len(sent)} packages."
    fault = {"code": NOT_REPORTED, "message": "The device has not told what became of it."}
    return Error(NOT_REPORTED, text, dict.fromkeys(_missing(sent, results), fault))


def _missing(sent: Sequence[Package], results: Sequence[Changed]) -> list[str]:
    """The packages without a result, as far as they are known by their UUIDs, or by their URLs
    where there is no result that could be theirs."""
    reported = {each.uuid.lower() for each in results}
    called = [each["uuid"] for each in sent if "uuid" in each]
    missing = [uuid for uuid in called if uuid.lower() not in reported]
    if reported <= {uuid.lower() for uuid in called}:
        missing += [each["url"] for each in sent if "uuid" not in each and "url" in each]
    return missing
