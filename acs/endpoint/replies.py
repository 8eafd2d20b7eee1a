"""HTTP answers, byte for byte.

We write them ourselves, since small stacks are strict readers: always a Content-Length (with 204
too, as they expect it), never chunks, no header that nobody asked for.
"""

from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion11

XML = 'Content-Type: text/xml; charset="utf-8"'
PLAIN = 'Content-Type: text/plain; charset="utf-8"'

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}


class Reply(web.StreamResponse):
    """An answer that aiohttp is handed ready-made; after an error the connection ends."""

    def __init__(self, status: int, headers: Sequence[str] = (), body: bytes = b"") -> None:
        super().__init__(status=status)
        self._lines = headers
        self._content = body
        self._stays_open = False

    @property
    def keep_alive(self) -> bool:
        return self._stays_open

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._stays_open = request.keep_alive and (self.status < 400 or self.status == 401)
        content = b"" if request.method == hdrs.METH_HEAD else self._content
        await request.writer.write(self._head(request) + content)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left: prepare has written all."""

    def _head(self, request: web.BaseRequest) -> bytes:
        lines = [
            _STATUS_LINES[self.status],
            _date_line(int(time())),
            *self._lines,
            f"Content-Length: {len(self._content)}",
        ]
        if not self._stays_open:
            lines.append("Connection: close")
        elif request.version < HttpVersion11:
            lines.append("Connection: keep-alive")
        return "\r\n".join([*lines, "\r\n"]).encode()


def plain(status: int, reason: str, *headers: str) -> Reply:
    """An answer for people, if it says anything at all."""
    if not reason:
        return Reply(status, headers)
    return Reply(status, (*headers, PLAIN), f"{reason}\n".encode("utf-8", "replace"))


@lru_cache(maxsize=2)
def _date_line(second: int) -> str:
    return f"Date: {formatdate(second, usegmt=True)}"
