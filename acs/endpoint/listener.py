"""The CWMP listener: its addresses, its paths, its life from start to grace period."""

import asyncio
from collections.abc import Sequence
from random import Random
from ssl import SSLContext
from time import monotonic

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

from acs.endpoint.callers import Callers, Network
from acs.endpoint.connections import Connection, Connections
from acs.endpoint.limits import EndpointLimits
from acs.endpoint.service import Challenges, Describe, Service
from acs.exchange import Hearer

PATHS = frozenset({"/acs", "/cwmp", "/", "/acs/", "/cwmp/"})

_LOOKS_PER_PATIENCE = 4


class Endpoint:
    """Serves CPEs at ``/acs``, ``/cwmp`` and ``/``, and hands all other paths to ``others``.

    ``describe`` makes what ``GET /acs?wsdl`` answers from the ACS's URL; it is called in a thread.
    """

    def __init__(
        self,
        hearer: Hearer,
        challenges: Challenges,
        *,
        limits: EndpointLimits | None = None,
        trusted_proxies: Sequence[Network] = (),
        public_url: str | None = None,
        describe: Describe | None = None,
        others: web.Application | None = None,
        chance: Random | None = None,
    ) -> None:
        self._limits = limits or EndpointLimits()
        self._hearer = hearer
        self._service = Service(
            hearer,
            challenges,
            self._limits,
            Callers(trusted_proxies, public_url),
            describe,
            chance or Random(),  # noqa: S311
        )
        self._others = web.AppRunner(others or web.Application(), access_log=None)
        self._runner: web.ServerRunner | None = None
        self._watch: asyncio.Task[None] | None = None

    async def listen(self, host: str, port: int, tls: SSLContext | None = None) -> int:
        """Accepts connections, here besides elsewhere when called again; returns the port."""
        if self._runner is None:
            self._runner = await self._set_up()
        site = web.TCPSite(self._runner, host, port, ssl_context=tls, backlog=1024)
        await site.start()
        return site.port

    async def close(self) -> None:
        """Ends all connections; requests at work get the grace period to be answered."""
        if self._watch:
            self._watch.cancel()
        if self._runner:
            await self._runner.cleanup()
        await self._others.cleanup()

    async def _set_up(self) -> web.ServerRunner:
        await self._others.setup()
        connections = Connections(
            self._handle, self._make_request, self._hearer.connection_lost, self._limits
        )
        runner = web.ServerRunner(connections, shutdown_timeout=self._limits.grace_s)
        await runner.setup()
        self._watch = asyncio.create_task(self._close_dawdlers(connections))
        return runner

    async def _close_dawdlers(self, connections: Connections) -> None:
        while True:
            await asyncio.sleep(self._limits.head_timeout_s / _LOOKS_PER_PATIENCE)
            connections.close_dawdlers(monotonic())

    def _make_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        connection: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        """A plain request for our paths; one with the application's router for all others."""
        if isinstance(connection, Connection):
            connection.head_is_complete()
        if message.path in PATHS or message.url.raw_path in PATHS:
            loop = asyncio.get_running_loop()
            return web.BaseRequest(message, payload, connection, writer, task, loop)
        make = _server(self._others).request_factory
        return make(message, payload, connection, writer, task)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if type(request) is web.BaseRequest:
            return await self._service.answer(request)
        return await _server(self._others).request_handler(request)


def _server(runner: web.AppRunner) -> web.Server:
    """An application's own server: it makes and routes requests, and never listens here."""
    assert runner.server is not None
    return runner.server
