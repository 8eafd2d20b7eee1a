"""Secrets at rest: small texts sealed with AES-GCM, so that the database alone does not tell them.

The key file holds one key per line, ``<id> <key>`` in hexadecimal, the oldest first; the last one
seals, all of them open. A sealed text begins with the id of its key, so keys can be rotated while
what they sealed stays readable. Nonces are random: a key must seal no more than 2**32 texts.
"""

import os
import re
import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ID_BYTES = 4
NONCE_BYTES = 12
KEY_BYTES = 32
BODY_AT = ID_BYTES + NONCE_BYTES

# Parameters that hold secrets, by the end of their last component: the names of TR-098, TR-104,
# TR-135 and TR-181, and what vendors call theirs. Not PasswordRequired and its like.
SECRET_NAME = re.compile(
    r"(?:password|passwd|passphrase|presharedkey|psk|wepkey|secret"
    r"|(?:private|secret|shared|api|auth|authentication|encryption|security|network)key"
    r"|(?:access|auth|authentication|security|login)token|(?:^|_)pin|(?:^|_)puk)\d*$",
    re.IGNORECASE,
)


Patterns = Sequence[re.Pattern[str]]

IsSecret = Callable[[str], bool]
"""Whether the parameter of this name holds a secret."""


class SecretsError(Exception):
    """A sealed text or the key file cannot be used; the message never holds a secret."""


class Vault:
    """Seals and opens with the keys of one file, and knows what is to be sealed."""

    def __init__(
        self, path: Path, keys: Sequence[tuple[bytes, bytes]], secret_names: Patterns = ()
    ) -> None:
        self._path = path
        self._secret_names = tuple(secret_names)
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys}
        self._newest = keys[-1][0]

    @classmethod
    def load(cls, path: Path, secret_names: Patterns = ()) -> "Vault":
        """Reads the key file; at the first start makes it, readable by its owner alone.

        ``secret_names`` match further parameters that hold secrets.
        """
        if not path.exists():
            create(path)
        return cls(path, read(path), secret_names)

    @classmethod
    def rotate(cls, path: Path, secret_names: Patterns = ()) -> "Vault":
        """Adds a key, which seals from now on; a running process learns of it when it must."""
        keys = [*read(path), new_key()]
        write_part(path, keys).replace(path)
        sync_folder(path)
        return cls(path, keys, secret_names)

    def is_secret(self, path: str) -> bool:
        """Whether this parameter's value is kept sealed, and shown to few."""
        return is_secret_name(path, self._secret_names)

    def seal(self, text: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, text.encode(), self._newest)
        return self._newest + nonce + sealed

    def open(self, sealed: bytes) -> str:
        """The text again; :class:`SecretsError` when the key is missing or a byte was changed."""
        key_id = sealed[:ID_BYTES]
        cipher = self._ciphers.get(key_id) or self._learn(key_id)
        try:
            return cipher.decrypt(sealed[ID_BYTES:BODY_AT], sealed[BODY_AT:], key_id).decode()
        except (InvalidTag, ValueError) as error:
            raise SecretsError("A sealed text was changed or cut.") from error

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the text is sealed with the key in use (after a rotation others are not)."""
        return sealed[:ID_BYTES] == self._newest

    def _learn(self, key_id: bytes) -> AESGCM:
        """Looks for a key that another process has added since the file was read."""
        keys = dict(read(self._path))
        if key_id not in keys:
            raise SecretsError(f"No key {key_id.hex()} in {self._path}: is it the right key file?")
        self._ciphers = {known: AESGCM(key) for known, key in keys.items()}
        self._newest = next(reversed(keys))
        return self._ciphers[key_id]


def is_secret_name(path: str, extra: Patterns = ()) -> bool:
    """Whether a parameter holds a secret: by its last component, or where ``extra`` finds a match.

    >>> is_secret_name("Device.Users.User.1.Password")
    True
    """
    if ends_secretly(path.rpartition(".")[2]):
        return True
    return bool(extra) and any(rule.search(path) for rule in extra)


@lru_cache(maxsize=4096)
def ends_secretly(last_component: str) -> bool:
    return SECRET_NAME.search(last_component) is not None


def adopt(path: Path, text: str) -> None:
    """Takes the keys of another file in: before the own ones, so that those go on sealing."""
    try:
        given = [parse(line) for line in text.splitlines()]
    except ValueError as error:
        raise SecretsError("That is not a key file.") from error
    own = read(path) if path.exists() else []
    known = dict(own)
    write_part(path, [*(key for key in given if key[0] not in known), *own]).replace(path)
    sync_folder(path)


def new_key() -> tuple[bytes, bytes]:
    return secrets.token_bytes(ID_BYTES), secrets.token_bytes(KEY_BYTES)


def create(path: Path) -> None:
    """Makes a key file with one key; if another process was first, its file stays."""
    part = write_part(path, [new_key()])
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return
    finally:
        part.unlink()
    sync_folder(path)


def write_part(path: Path, keys: Sequence[tuple[bytes, bytes]]) -> Path:
    """Writes the keys to a file beside ``path``, durably, with mode 0600."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.writelines(f"{key_id.hex()} {key.hex()}\n" for key_id, key in keys)
        file.flush()
        os.fsync(file.fileno())
    return part


def sync_folder(path: Path) -> None:
    """Makes the file's name durable: what a lost key has sealed is lost with it."""
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path) -> list[tuple[bytes, bytes]]:
    """The keys of the file; refuses one that others may read."""
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretsError(f"The key file {path} cannot be read: {error}.") from error
    if mode & 0o077:
        raise SecretsError(f"Others may read the key file {path} (mode {mode:04o}): chmod 600 it.")
    try:
        keys = [parse(line) for line in text.splitlines()]
    except ValueError as error:
        raise SecretsError(f"{path} is not a key file.") from error
    if not keys:
        raise SecretsError(f"The key file {path} is empty.")
    return keys


def parse(line: str) -> tuple[bytes, bytes]:
    key_id, key = (bytes.fromhex(word) for word in line.split())
    if len(key_id) != ID_BYTES or len(key) != KEY_BYTES:
        raise ValueError("wrong length")
    return key_id, key
