"""The key file and the database belong together: opening both, and changing the key.

What an older key has sealed is found on snapshots and sealed anew in small units. That may be
broken off at any point and begun again: what the newest key has sealed is passed over, and all keys
stay in the file, so nothing becomes unreadable meanwhile.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgpack

from inventory.records import sealed as records
from inventory.records.sealed import PLACES, Form, Key, Place
from inventory.secrets import Patterns, SecretsError, Vault
from inventory.sections import decode, encode
from inventory.store import Store, Transaction

SEEN_AT_ONCE = 500
SEALED_AT_ONCE = 50  # sections of the parameter cache take 0.1 ms each

_SEALED_FIELDS = frozenset({"sealed", "sealed_password"})


async def open_vault(store: Store, key_file: Path, secret_names: Patterns = ()) -> Vault:
    """The vault of this store; its key is made when there is neither a key nor anything sealed.

    Raises SecretsError where the key is missing, or is another one.
    """
    return _opened(await store.read(records.any_one), key_file, secret_names)


def _opened(sealed: bytes | None, key_file: Path, secret_names: Patterns) -> Vault:
    if sealed is not None and not key_file.exists():
        raise SecretsError(
            f"The key file {key_file} is not there, and the database holds what it has sealed."
            " Put it back, or name it in storage.key_file."
        )
    vault = Vault.load(key_file, secret_names)
    if sealed is not None:
        vault.open(sealed)
    return vault


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows sealed anew, and rows that no key of the file opens."""

    sealed: int = 0
    unreadable: int = 0


async def reseal(store: Store, vault: Vault) -> Tally:
    """Seals with the newest key whatever is sealed with an older one."""
    tally = Tally()
    for place in PLACES:
        after: Key | None = None
        while True:
            seen, after = await store.read(_look, place, after, vault)
            for start in range(0, len(seen), SEALED_AT_ONCE):
                some = seen[start : start + SEALED_AT_ONCE]
                tally = _sum(tally, await store.write_later(_reseal, place, some, vault))
            if after is None:
                break
    return tally


def _sum(one: Tally, other: Tally) -> Tally:
    return Tally(one.sealed + other.sealed, one.unreadable + other.unreadable)


def _look(
    tx: Transaction, place: Place, after: Key | None, vault: Vault
) -> tuple[Sequence[Key], Key | None]:
    """Of the next rows those that an older key has sealed, and where to go on (None: nowhere)."""
    rows = [tuple(row) for row in records.some(tx, place, after, SEEN_AT_ONCE)]
    old = [
        tuple(key)
        for *key, value in rows
        if any(not vault.is_newest(x) for x in texts(place, value))
    ]
    return old, rows[-1][:-1] if len(rows) == SEEN_AT_ONCE else None


def _reseal(tx: Transaction, place: Place, keys: Sequence[Key], vault: Vault) -> Tally:
    tally = Tally()
    for key in keys:
        value = records.one(tx, place, key)
        if value is None:
            continue
        try:
            records.put(tx, place, key, _changed(place, value, vault))
        except SecretsError:
            tally = replace(tally, unreadable=tally.unreadable + 1)
        else:
            tally = replace(tally, sealed=tally.sealed + 1)
    return tally


def _changed(place: Place, value: Any, vault: Vault) -> Any:
    def anew(sealed: bytes) -> bytes:
        return sealed if vault.is_newest(sealed) else vault.seal(vault.open(sealed))

    return _mapped(place.form, value, anew)


def texts(place: Place, value: Any) -> list[bytes]:
    """The sealed texts in a column's value."""
    if place.form is Form.SECTION:
        return [each for each in decode(value).values if isinstance(each, bytes)]
    found: list[bytes] = []

    def note(sealed: bytes) -> bytes:
        found.append(sealed)
        return sealed

    _mapped(place.form, value, note)
    return found


def _mapped(form: Form, value: Any, change: Callable[[bytes], bytes]) -> Any:
    """The column's value with each sealed text in it changed."""
    if form is Form.SEALED:
        return change(value)
    if form is Form.JSON:
        return json.dumps(_within(json.loads(value), change)) if "sealed" in value else value
    if form is Form.RESULT:
        result = msgpack.unpackb(zlib.decompress(value))
        return zlib.compress(msgpack.packb(_within(result, change)), 1)
    columns = decode(value)
    columns.values = [change(each) if isinstance(each, bytes) else each for each in columns.values]
    return encode(columns)


def _within(value: Any, change: Callable[[bytes], bytes]) -> Any:
    """Requests and results hold sealed texts in hexadecimal, under names of their own."""
    if isinstance(value, list | tuple):
        return [_within(each, change) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: change(bytes.fromhex(each)).hex()
        if name in _SEALED_FIELDS and isinstance(each, str)
        else _within(each, change)
        for name, each in value.items()
    }
