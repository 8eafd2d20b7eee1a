"""A small HTTP/1.1 client, as a CPE has one: one kept connection, cookies, Basic and Digest.

Written here because the wire is the simulator's trade: what is sent, on which connection, and when
the line is cut must be ours to decide, and thousands of CPEs share a process.
"""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from acs.cwmp import httpauth

MAX_REDIRECTS = 5  # in a row; TR-069 3.4.2
MAX_HEADERS = 100
MAX_BODY_BYTES = 64 * 2**20  # of a body that is kept in memory
MAX_CHALLENGES = 2  # the second one because a nonce may have become stale
PIECE_BYTES = 64 * 2**10


class HttpError(Exception):
    """No usable HTTP answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def first(self, name: str, default: str = "") -> str:
        return next(iter(self.all(name)), default)


class Client:
    """One session's HTTP: ``close`` it at the end of the session.

    Every method raises HttpError, OSError or TimeoutError when the exchange fails.
    """

    def __init__(
        self,
        username: str = "",
        password: str = "",
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 30,
        is_preemptive: bool = False,
        keeps_connection: bool = True,
        keeps_cookies: bool = True,
    ) -> None:
        """``is_preemptive``: Basic credentials are sent before anybody asks for them."""
        self._username, self._password = username, password
        self._challenges: list[str] = ['Basic realm=""'] if is_preemptive else []
        self._answers = 0  # to the present challenge: Digest's nc
        self._tls = tls
        self._timeout_s = timeout_s
        self._keeps_connection, self._keeps_cookies = keeps_connection, keeps_cookies
        self._peer: tuple[str, str] | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.cookies: dict[str, str] = {}

    async def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] = {},
        sink: Callable[[bytes], None] | None = None,
    ) -> Reply:
        """One exchange, with the challenge and the redirects on the way to it.

        The body of a good answer goes to ``sink`` in pieces, if there is one.
        """
        challenged = redirected = 0
        while True:
            reply = await self._exchange(method, url, body, headers, sink)
            if reply.status == 401 and self._username and challenged < MAX_CHALLENGES:
                challenged += 1
                self._challenges, self._answers = reply.all("www-authenticate"), 0
            elif reply.status in (302, 307) and redirected < MAX_REDIRECTS:
                redirected += 1
                url = urljoin(url, reply.first("location"))
            else:
                return reply

    def abort(self) -> None:
        """Cuts the line, as a power cut does."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _exchange(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        sink: Callable[[bytes], None] | None,
    ) -> Reply:
        parts = urlsplit(url)
        async with asyncio.timeout(self._timeout_s):
            reader, writer = await self._connection(parts)
            writer.write(self._head(method, parts, headers, len(body)) + body)
            await writer.drain()
            status, found = await _read_head(reader)
        reply = Reply(status, found)
        pieces = self._pieces(reader, method, reply)
        if sink is not None and status == 200:
            async for piece in pieces:
                sink(piece)
        else:
            reply = Reply(status, found, _inflated(reply, await _whole(pieces)))
        self._keep_cookies(reply)
        if reply.first("connection").lower() == "close" or not self._keeps_connection:
            await self.close()
        return reply

    async def _connection(
        self, url: SplitResult
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        peer = (url.scheme, url.netloc)
        reader, writer = self._reader, self._writer
        if reader is None or writer is None or reader.at_eof() or peer != self._peer:
            await self.close()
            reader, writer = self._reader, self._writer = await _connect(url, self._tls)
            self._peer = peer
        return reader, writer

    def _head(
        self, method: str, url: SplitResult, headers: Mapping[str, str], length: int
    ) -> bytes:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        lines = {"Host": url.netloc, **headers}
        if method != "GET":
            lines["Content-Length"] = str(length)
        if self.cookies:
            lines["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if credentials := self._credentials(method, target):
            lines["Authorization"] = credentials
        head = [f"{method} {target} HTTP/1.1", *(f"{name}: {lines[name]}" for name in lines)]
        return "\r\n".join([*head, "", ""]).encode("latin-1", "replace")

    def _credentials(self, method: str, target: str) -> str | None:
        if not self._challenges:
            return None
        self._answers += 1
        return httpauth.answer(
            self._challenges,
            method,
            target,
            self._username,
            self._password,
            allow_basic=True,
            nc=self._answers,
        )

    def _keep_cookies(self, reply: Reply) -> None:
        if not self._keeps_cookies:
            return
        for line in reply.all("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name.strip()] = value.strip()

    async def _pieces(
        self, reader: asyncio.StreamReader, method: str, reply: Reply
    ) -> AsyncIterator[bytes]:
        """The body as it comes, each piece within the timeout."""
        if method == "HEAD" or reply.status in (204, 304):
            return
        if reply.first("transfer-encoding").lower() == "chunked":
            source = _chunks(reader)
        elif length := reply.first("content-length"):
            source = _exactly(reader, _number(length, 10))
        else:
            source = _until_closed(reader)
        while True:
            async with asyncio.timeout(self._timeout_s):
                piece = await anext(source, b"")
            if not piece:
                return
            yield piece


async def _connect(
    url: SplitResult, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        host, port = url.hostname, url.port
    except ValueError as reason:
        raise HttpError(str(reason)) from reason
    if url.scheme == "https":
        return await asyncio.open_connection(
            host, port or 443, ssl=tls or ssl.create_default_context()
        )
    if url.scheme != "http" or not host:
        raise HttpError(f"{url.geturl()!r} is no URL of a server")
    return await asyncio.open_connection(host, port or 80)


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Status and headers; interim answers (100 Continue) are passed over."""
    while True:
        line = await _line(reader)
        version, _, rest = line.partition(" ")
        if not version.startswith("HTTP/1."):
            raise HttpError("the server does not speak HTTP")
        status = _number(rest[:3], 10)
        headers: list[tuple[str, str]] = []
        while line := await _line(reader):
            name, _, value = line.partition(":")
            headers.append((name.strip().lower(), value.strip()))
            if len(headers) > MAX_HEADERS:
                raise HttpError("too many headers")
        if status >= 200:
            return status, tuple(headers)


async def _line(reader: asyncio.StreamReader) -> str:
    try:
        line = await reader.readline()
    except ValueError:
        raise HttpError("a header line without end") from None
    if not line.endswith(b"\n"):
        raise HttpError("the server closed the connection")
    return line.decode("latin-1").strip("\r\n")


async def _exactly(reader: asyncio.StreamReader, length: int) -> AsyncIterator[bytes]:
    while length > 0:
        piece = await reader.read(min(length, PIECE_BYTES))
        if not piece:
            raise HttpError("the server closed the connection within a body")
        length -= len(piece)
        yield piece


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := _number((await _line(reader)).partition(";")[0], 16):
        async for piece in _exactly(reader, size):
            yield piece
        await _line(reader)
    while await _line(reader):
        pass  # trailers


async def _until_closed(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(PIECE_BYTES):
        yield piece


async def _whole(pieces: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise HttpError("a body without end")
    return bytes(body)


def _inflated(reply: Reply, body: bytes) -> bytes:
    """The body without its content coding, within the same limit of size."""
    if reply.first("content-encoding").lower() not in ("gzip", "deflate"):
        return body
    try:
        either = 32 + zlib.MAX_WBITS  # zlib tells gzip and zlib apart by itself
        return zlib.decompressobj(either).decompress(body, MAX_BODY_BYTES)
    except zlib.error as reason:
        raise HttpError(f"a body that does not inflate: {reason}") from reason


def _number(text: str, radix: int) -> int:
    try:
        return int(text, radix)
    except ValueError:
        raise HttpError(f"{text[:20]!r} is no number") from None
