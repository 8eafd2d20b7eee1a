"""Trims the files that devices have sent, and sweeps away those that belong to nobody."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from inventory import uploads
from inventory.store import Store

DAY_S = 86400.0
# A file has its row soon after its last byte; an older one without a row never gets one.
ARRIVING_S = 3600.0


@dataclass(frozen=True, slots=True)
class Shelves:
    """Keeps the files of ``folder`` for so many days."""

    store: Store
    folder: Path
    days: int

    async def step(self, now: float) -> int:
        """One round; returns how many files went."""
        while await self.store.write_later(uploads.trim, now - self.days * DAY_S):
            pass
        removed = 0
        names = await asyncio.to_thread(_settled, self.folder, now - ARRIVING_S)
        for at in range(0, len(names), uploads.BATCH):
            batch = names[at : at + uploads.BATCH]
            for name in await self.store.read(uploads.ownerless, batch):
                await asyncio.to_thread((self.folder / name).unlink, missing_ok=True)
                removed += 1
        return removed


def _settled(folder: Path, before: float) -> list[str]:
    """The names of files that were last written before then."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as found:
        return [each.name for each in found if each.is_file() and each.stat().st_mtime < before]
