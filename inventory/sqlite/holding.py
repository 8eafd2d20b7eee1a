"""Who has a database open: all share a lock on a file beside it; who replaces it has it alone.

SQLite's own locks cannot tell that, for they belong to the file that is replaced.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InUse(Exception):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}.")
        self.path = path


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Held while the database is open; raises InUse while it is being replaced."""
    with _locked(path, fcntl.LOCK_SH, "is being restored"):
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody has the database open meanwhile, nor may open it; raises InUse otherwise."""
    with _locked(path, fcntl.LOCK_EX, "is in use: stop the server first"):
        yield


@contextmanager
def _locked(path: Path, lock: int, why: str) -> Iterator[None]:
    file = path.with_name(f"{path.name}.lock")
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, lock | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InUse(path, why) from None
    finally:
        os.close(descriptor)
