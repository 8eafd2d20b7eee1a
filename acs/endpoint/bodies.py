"""Reads the body of a POST within limits: whole or in chunks, slow or not, compressed or plain."""

import asyncio
import zlib

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11

from acs.endpoint.limits import MIB, EndpointLimits
from acs.endpoint.refusals import Refused

# Values of wbits for zlib. "deflate" is zlib's format (RFC 9110 8.4.1.2), yet some send it raw.
_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}

# XML shrinks by 10 to 40; a hundred times and more is an attempt to have us parse what the peer
# had not to send.
_CREDIBLE_RATIO = 100


class BodyReader:
    """Reads bodies, and knows how much of unfinished ones it holds."""

    def __init__(self, limits: EndpointLimits) -> None:
        self._limits = limits
        self._held_bytes = 0

    async def read(self, request: web.BaseRequest) -> bytes:
        """The inflated body; raises :class:`Refused`."""
        if not request.body_exists:
            return b""
        coding = request.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower()
        if coding not in _WINDOWS and coding not in ("", "identity"):
            raise Refused(415, "Unknown Content-Encoding.", "Accept-Encoding: gzip, deflate")
        if (request.content_length or 0) > self._limits.body_bytes:
            raise _too_long()
        if hdrs.EXPECT in request.headers:
            await _invite(request)
        body = await self._receive(request)
        return inflate(body, coding, self._limits.body_bytes) if coding in _WINDOWS else body

    async def _receive(self, request: web.BaseRequest) -> bytes:
        try:
            if request.content.is_eof():  # it came together with the head
                body = request.content.read_nowait(-1)
            else:
                async with asyncio.timeout(self._limits.body_timeout_s):
                    body = await self._gather(request)
        except TimeoutError:
            raise Refused(408, "The body did not arrive in time.") from None
        except web.RequestPayloadError:
            raise Refused(400, "Bad transfer coding.") from None
        if len(body) > self._limits.body_bytes:
            raise _too_long()
        return body

    async def _gather(self, request: web.BaseRequest) -> bytes:
        body = bytearray()
        try:
            while chunk := await request.content.readany():
                body += chunk
                self._held_bytes += len(chunk)
                if len(body) > self._limits.body_bytes:
                    raise _too_long()
                if self._held_bytes > self._limits.all_bodies_bytes:
                    raise Refused(503, "Busy.", f"Retry-After: {self._limits.retry_after_s}")
        finally:
            self._held_bytes -= len(body)
        return bytes(body)


def inflate(body: bytes, coding: str, limit_bytes: int) -> bytes:
    """Undoes a content coding; raises :class:`Refused` when it is broken or would not end."""
    limit_bytes = min(limit_bytes, max(MIB, _CREDIBLE_RATIO * len(body)))
    for window in _WINDOWS[coding]:
        stream = zlib.decompressobj(window)
        try:
            plain = stream.decompress(body, limit_bytes + 1)
        except zlib.error:
            continue
        if len(plain) > limit_bytes:
            raise _too_long()
        if stream.eof:
            return plain
    raise Refused(400, f"The body is no {coding}.")


async def _invite(request: web.BaseRequest) -> None:
    """Libcurl waits for this before it sends more than 1 KiB (easycwmp)."""
    if request.headers[hdrs.EXPECT].lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _too_long() -> Refused:
    return Refused(413, "The message is too long.")
