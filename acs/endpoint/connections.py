"""TCP connections: each has a number and a peer, and none may keep us waiting for ever.

What aiohttp's parser refuses (no Host, folded headers, a blank before the colon, two
Content-Lengths, bare line feeds) gets a plain 400 here and costs one line in the log.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from math import inf
from time import monotonic
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from acs.endpoint.limits import EndpointLimits
from acs.endpoint.replies import plain

log = logging.getLogger("acs.endpoint")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connection(web.RequestHandler):
    """aiohttp's end of one TCP connection."""

    __slots__ = ("_head_since", "address", "number", "tls_subject")

    def __init__(self, server: "Connections", number: int, **options: Any) -> None:
        super().__init__(server, **options)
        self.number = number
        self.address = ""
        self.tls_subject: str | None = None
        self._head_since: float | None = monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self.address = peer[0].removeprefix("::ffff:") if isinstance(peer, tuple) else ""
        self.tls_subject = _common_name(transport.get_extra_info("peercert"))
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._head_since is None:
            self._head_since = monotonic()
        super().data_received(data)

    def head_is_complete(self) -> None:
        self._head_since = inf

    def is_dawdling(self, now: float, patience_s: float) -> bool:
        """Has its head been under way for longer than that? A request at work is not waited for."""
        return self._head_since is not None and now - self._head_since > patience_s

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        finished = await super().finish_response(request, resp, start_time)
        self._head_since = None
        return finished

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        if isinstance(exc, HttpProcessingError):
            log.info("%s sent malformed HTTP: %s", self.address, _complaint(exc))
            return plain(400, "Bad Request")
        log.error("Unforeseen error answering %s", self.address, exc_info=exc)
        return plain(status, "Internal Server Error")


class Connections(web.Server):
    """All connections of the listener."""

    def __init__(
        self,
        handler: Handler,
        make_request: Callable[..., web.BaseRequest],
        lost: Callable[[int], None],
        limits: EndpointLimits,
    ) -> None:
        super().__init__(handler, request_factory=make_request)
        self._numbers = itertools.count(1)
        self._lost = lost
        self._limits = limits
        self._options = {
            "loop": asyncio.get_running_loop(),
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": limits.idle_timeout_s,
            "lingering_time": limits.linger_s,
            "max_line_size": limits.line_bytes,
            "max_field_size": limits.line_bytes,
            "max_headers": limits.headers,
        }

    def __call__(self) -> Connection:
        return Connection(self, next(self._numbers), **self._options)

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        super().connection_lost(handler, exc)
        if isinstance(handler, Connection):
            self._lost(handler.number)

    def close_dawdlers(self, now: float) -> int:
        """Closes the connections whose head does not come to an end; returns how many."""
        dawdlers = [
            connection
            for connection in self.connections
            if isinstance(connection, Connection)
            and connection.is_dawdling(now, self._limits.head_timeout_s)
        ]
        for connection in dawdlers:
            connection.force_close()
        return len(dawdlers)


def connection_of(request: web.BaseRequest) -> Connection:
    """The connection that a request came on."""
    assert isinstance(request.protocol, Connection)
    return request.protocol


def _common_name(certificate: dict[str, Any] | None) -> str | None:
    """The CN of a client certificate; TLS gives only one that it has verified."""
    if not certificate:
        return None
    names = itertools.chain.from_iterable(certificate.get("subject", ()))
    return next((value for kind, value in names if kind == "commonName"), None)


def _complaint(error: HttpProcessingError) -> str:
    """What was wrong, without the bytes that were: they may hold credentials."""
    return error.message.partition(":")[0].partition("\n")[0][:100]
