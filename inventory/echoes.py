"""Secrets that a device may repeat when it tells how a transfer or a change of packages ended.

Some quote the URL or the password that did not work, long after the request was answered.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from inventory import sealed_variables
from inventory.operations import Kind
from inventory.records import operations as records
from inventory.secrets import Vault
from inventory.store import Transaction
from inventory.transfers import KINDS

_REPORTED = KINDS | {Kind.UPDATE}


def secrets_of(tx: Transaction, device_id: int, key: str, vault: Vault) -> list[str]:
    """What the device was sent by all that it may report on: also by one that has ended, where the
    report names it, and by those that run, because some devices lose the key."""
    named = records.by_key(tx, device_id, key.strip())
    running = [row for row in records.running(tx, device_id) if row["kind"] in _REPORTED]
    rows = running if named is None else [named, *running]
    return [text for row in rows for text in _secrets(row, vault) if text]


def _secrets(row: Mapping[str, Any], vault: Vault) -> Iterator[str]:
    """Passwords, what opens our own URL, and the query of another's, which may be a signature."""
    request = sealed_variables.opened(row["request"], vault)
    sealed = request.get("sealed_password")
    yield vault.open(bytes.fromhex(sealed)) if sealed else ""
    yield (row["evidence"] or {}).get("token") or ""
    for told in (request, *request.get("packages", ())):
        yield told.get("password") or ""
        yield (told.get("url") or "").partition("?")[2]
