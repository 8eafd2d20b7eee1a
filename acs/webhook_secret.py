"""The key that webhooks are signed with, where none is set: made once, kept beside the database."""

import os
import secrets
from pathlib import Path


def ensure(given: str | None, beside: Path) -> str:
    """The key of the settings, else of a file of mode 0600; receivers must be told it."""
    if given is not None:
        return given
    file = beside.with_name(beside.name + ".webhook-key")
    if not file.exists():
        _create(file)
    return file.read_text().strip()


def _create(file: Path) -> None:
    """Whole or not at all; if another process was first, its file stays."""
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(f"{secrets.token_urlsafe(32)}\n")
        handle.flush()
        os.fsync(handle.fileno())
    try:
        file.hardlink_to(part)
    except FileExistsError:
        return
    finally:
        part.unlink()
