"""Where CPEs hear connection requests (TR-069 3.2.2): one HTTP server for all CPEs of a process.

Each CPE has a path of its own, that nobody can guess, and asks for its own Digest credentials.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Protocol, Self

from acs.cwmp import httpauth

REALM = "cpe"
NONCE_LIFETIME_S = 60
REQUEST_TIMEOUT_S = 10
MAX_HEAD_BYTES = 8 * 2**10


class Callee(Protocol):
    """A CPE as its callers see it."""

    @property
    def connection_request_credentials(self) -> tuple[str, str]:
        """User and password that a caller must know; an empty user lets everybody in."""

    def connection_requested(self) -> int | None:
        """Called by somebody who may: the HTTP status to answer, or None to leave it at that."""


class Listener:
    """The server; ``async with`` it, or ``start`` and ``close``."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        advertised_host: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Port 0 takes a free one; ``advertised_host`` stands in the URLs that the CPEs report."""
        self._host, self._port = host, port
        self._advertised = advertised_host or host
        self._clock = clock
        self._nonces = httpauth.Nonces(secrets.token_bytes(16), NONCE_LIFETIME_S)
        self._callees: dict[str, Callee] = {}
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, self._host, self._port, limit=MAX_HEAD_BYTES
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for caller in self._callers:
                caller.close()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def register(self, callee: Callee) -> str:
        """The ConnectionRequestURL of this CPE, new at each call."""
        path = f"/{secrets.token_urlsafe(12)}"
        self._callees[path] = callee
        host = f"[{self._advertised}]" if ":" in self._advertised else self._advertised
        return f"http://{host}:{self._port}{path}"

    def forget(self, url: str) -> None:
        self._callees.pop("/" + url.rpartition("/")[2], None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._callers.add(writer)
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                while await self._answer_one(reader, writer):
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a caller who does not keep to HTTP is none
        except asyncio.CancelledError:
            pass  # the loop ends; Python 3.11's streams report a handler that was cancelled
        finally:
            self._callers.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request; says whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.rstrip().split("\r\n")
        method, _, rest = request.partition(" ")
        target = rest.partition(" ")[0]
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        answer = self._answer(method, target, headers.get("authorization"))
        if answer is None:
            return False
        writer.write(answer)
        return headers.get("connection", "").lower() != "close"

    def _answer(self, method: str, target: str, authorization: str | None) -> bytes | None:
        callee = self._callees.get(target.partition("?")[0])
        if callee is None:
            return _response(404)
        if method != "GET":
            return _response(405)
        if not self._is_allowed(callee, method, target, authorization):
            nonce = self._nonces.new(self._clock())
            return _response(401, httpauth.challenge("digest", REALM, nonce, algorithms=("MD5",)))
        status = callee.connection_requested()
        return None if status is None else _response(status)

    def _is_allowed(
        self, callee: Callee, method: str, target: str, authorization: str | None
    ) -> bool:
        username, password = callee.connection_request_credentials
        if not username:
            return True
        claim = httpauth.parse_authorization(authorization, method, target)
        return (
            claim is not None
            and claim.scheme == "digest"
            and claim.username == username
            and self._nonces.check(claim.nonce, self._clock()) is httpauth.Freshness.FRESH
            and claim.verify(password)
        )


_REASONS = {
    200: "OK",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}


def _response(status: int, challenges: Sequence[str] = ()) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", "Content-Length: 0"]
    lines += [f"WWW-Authenticate: {challenge}" for challenge in challenges]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
