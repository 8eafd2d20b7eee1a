"""Everything that a server keeps, in one tar file: database, key, images and files of devices."""

import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from acs.config import StorageSettings
from inventory import secrets
from inventory.sqlite import backups
from inventory.sqlite.backups import NotABackup
from inventory.sqlite.holding import alone

DATABASE, KEY = "acs.db", "acs.db.key"
_STORED = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""What we call the files of images and devices."""


def pack(storage: StorageSettings, target: Path) -> None:
    """Writes the archive, whole or not at all, for its owner's eyes.

    The database comes first: a file that it tells of may be deleted before it is copied, but none
    is missing that was there.
    """
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        with _beside(target) as copy, tarfile.open(part, "w") as archive:
            backups.backup(storage.path, copy)
            archive.add(copy, DATABASE)
            if storage.key_path.exists():
                archive.add(storage.key_path, KEY)
            for name, folder in _folders(storage).items():
                for file in sorted(folder.glob("*")):
                    _add(archive, file, f"{name}/{file.name}")
        part.replace(target)
        backups.sync_folder(target)
    finally:
        part.unlink(missing_ok=True)


def unpack(file: Path, storage: StorageSettings) -> None:
    """Puts everything in its place; the database last, and only when it is sound.

    Keys and files that are there already stay: nothing that they are needed for becomes unreadable.
    """
    with alone(storage.path), tarfile.open(file) as archive, _beside(storage.path) as copy:
        members = {member.name: member for member in archive if member.isfile()}
        if DATABASE not in members:
            raise NotABackup(file, "holds no database")
        _extract(archive, members.pop(DATABASE), copy)
        backups.check(file, copy)
        if KEY in members:
            secrets.adopt(storage.key_path, _bytes(archive, members.pop(KEY)).read().decode())
        folders = _folders(storage)
        for name, member in members.items():
            folder, _, stored_as = name.partition("/")
            target = folders.get(folder, Path()) / stored_as
            # Whatever else somebody may have put in leads to no place of ours.
            if folder in folders and _STORED.fullmatch(stored_as) and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                _extract(archive, member, target)
        backups.replace(copy, storage.path)


def _folders(storage: StorageSettings) -> dict[str, Path]:
    return {"images": storage.image_folder, "uploads": storage.upload_folder}


def _add(archive: tarfile.TarFile, file: Path, name: str) -> None:
    with suppress(FileNotFoundError):  # deleted meanwhile
        archive.add(file, name, recursive=False)


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Bytes alone: no owner, mode or link out of the archive counts."""
    part = target.with_name(f"{target.name}.part")
    part.touch(mode=0o600)
    with _bytes(archive, member) as source, part.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
    part.replace(target)


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    assert content is not None  # it is a file
    return content


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A place for a copy of the database, on the file system that it comes from or goes to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        yield Path(folder) / DATABASE
