"""Files of CPEs at ``/files/…``: images that they fetch, and files that they send.

A URL belongs to one operation of one device. It cannot be guessed, and ends with the operation: a
wrong and an expired one are both a 404. Nothing else is asked of a CPE here, because many send
credentials nowhere but to the ACS. What follows the ticket in a path is for the CPE's eyes alone.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from acs.incoming import Arrived, Refused, plain_name, receive
from acs.procedures.transfers import FILES
from inventory import transfers
from inventory.errors import NotFound, Unavailable
from inventory.operations import Kind
from inventory.store import Store

log = logging.getLogger(__name__)

MAX_AT_ONCE = 4  # files arriving for one operation
BEHIND_THE_END = f"bytes={10**18}-"  # of any file: nothing can be served of it
_ONE_PART = re.compile(r"\d+-\d*|-\d+", re.ASCII)
_NO_BYTES = re.compile(r"-0+")  # the last none of them


@dataclass(frozen=True, slots=True)
class Files:
    """Serves files out of one folder, and takes others into another one."""

    store: Store
    images: Path
    uploads: Path
    limit_bytes: int  # of a file that is sent
    clock: Callable[[], float]
    arriving: Counter[str] = field(default_factory=Counter)  # files just being sent, by ticket

    def application(self) -> web.Application:
        app = web.Application()
        app.on_response_prepare.append(_hide_versions)
        for path in (f"{FILES}{{ticket}}", f"{FILES}{{ticket}}/{{name:.*}}"):
            app.router.add_get(path, self._fetch)  # and HEAD
            app.router.add_put(path, self._take)
            app.router.add_post(path, self._take)
        return app

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        slot = await self._slot(request, Kind.DOWNLOAD)
        assert slot.image is not None
        path = self.images / slot.image.stored_as
        asked = request.headers.get(hdrs.RANGE, "")
        is_another = await asyncio.to_thread(_holds_another, request, path)
        wanted = "" if is_another else _part(asked)
        return web.FileResponse(path) if wanted == asked else _Part(path, wanted)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        await self._slot(request, Kind.UPLOAD)
        try:
            with self._place(request.match_info["ticket"]):
                arrived = await receive(request, self.uploads, self.limit_bytes)
        except Refused as refused:
            log.info("upload from %s: %s", request.remote, refused.reason)
            return _plain(refused.status, refused.reason)
        try:
            earlier = await self._keep(request, arrived)
        except BaseException:
            arrived.path.unlink(missing_ok=True)
            raise
        if earlier is not None:
            (self.uploads / earlier).unlink(missing_ok=True)
        return web.Response()

    @contextmanager
    def _place(self, ticket: str) -> Iterator[None]:
        """A device may try again before its last attempt has died, but not fill the disk so."""
        if self.arriving[ticket] >= MAX_AT_ONCE:
            raise Refused(503, "This file is arriving already.")
        self.arriving[ticket] += 1
        try:
            yield
        finally:
            self.arriving[ticket] -= 1
            if not self.arriving[ticket]:
                del self.arriving[ticket]

    async def _slot(self, request: web.Request, kind: Kind) -> transfers.Slot:
        """What the URL is good for. Its first use is kept: the device has heard the request."""
        ticket, now = request.match_info["ticket"], self.clock()
        try:
            slot = await self.store.glance(transfers.slot, ticket, kind, now)
            if not slot.is_used:
                await self.store.write(transfers.note_use, ticket, kind, now)
        except NotFound:
            raise _not_found() from None
        except Unavailable:
            raise web.HTTPServiceUnavailable(headers={hdrs.RETRY_AFTER: "60"}) from None
        return slot

    async def _keep(self, request: web.Request, arrived: Arrived) -> str | None:
        """Returns the name of an earlier file that this one takes the place of."""
        columns: dict[str, Any] = {
            "file_name": arrived.file_name
            or plain_name(request.match_info.get("name"))
            or "upload",
            "size_bytes": arrived.size_bytes,
            "sha256": arrived.sha256,
            "stored_as": arrived.path.name,
        }
        ticket = request.match_info["ticket"]
        try:
            now = self.clock()
            return await self.store.write(transfers.keep_upload, ticket, now, **columns)
        except NotFound:
            raise _not_found() from None


class _Part(web.FileResponse):
    """The part of a file that is wanted, whatever the request's header says; "" is all of it."""

    def __init__(self, path: Path, wanted: str) -> None:
        super().__init__(path)
        self._wanted = wanted

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        headers = request.headers.copy()
        headers.popall(hdrs.RANGE, None)
        if self._wanted:
            headers[hdrs.RANGE] = self._wanted
        return await super().prepare(request.clone(headers=headers))


def _part(header: str) -> str:
    """A Range header as :class:`web.FileResponse` reads it; "" where it is to be passed over:
    without a unit that we know, and with several parts, which we need not serve (RFC 9110 14.2)."""
    unit, _, wanted = header.partition("=")
    if unit.strip().lower() != "bytes":
        return ""
    parts = [part.strip() for part in wanted.split(",")]
    if len(parts) > 1 and all(map(_ONE_PART.fullmatch, parts)):
        return ""
    return BEHIND_THE_END if _NO_BYTES.fullmatch(parts[0]) else f"bytes={wanted.strip()}"


def _holds_another(request: web.Request, path: Path) -> bool:
    """Whether the part that is asked for would go on with another file (If-Range, RFC 9110 13.1.5).

    A date is compared by :class:`web.FileResponse` itself. What is neither that nor our tag stands
    for another file.
    """
    condition = request.headers.get(hdrs.IF_RANGE, "").strip()
    if not condition or request.if_range is not None:
        return False
    try:
        found = path.stat()
    except OSError:
        return False
    return condition != f'"{found.st_mtime_ns:x}-{found.st_size:x}"'


async def _hide_versions(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.popall(hdrs.SERVER, None)


def _not_found() -> web.HTTPNotFound:
    return web.HTTPNotFound(text="There is no such file.\n")


def _plain(status: int, reason: str) -> web.Response:
    return web.Response(status=status, text=f"{reason}\n", headers={hdrs.CONNECTION: "close"})
