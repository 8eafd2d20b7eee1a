"""The API's end of the TCP connections: what aiohttp's parser refuses is answered in JSON too."""

import asyncio
import logging
import secrets
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http import HttpProcessingError

from api.errors import SERVER_ERROR, problem

log = logging.getLogger(__name__)

MAX_LINE_BYTES = 64 * 1024  # a name of 255 characters, percent-encoded, is at most 3 KiB
MALFORMED = "Malformed HTTP request."


class ApiRunner(web.AppRunner):
    """Serves the API's application."""

    async def _make_server(self) -> web.Server:
        routed = await super()._make_server()
        return _Connections(routed, self._kwargs)


class _Connections(web.Server):
    def __init__(self, routed: web.Server, options: dict[str, Any]) -> None:
        super().__init__(routed.request_handler, request_factory=routed.request_factory)
        self._options = {
            "loop": asyncio.get_running_loop(),
            "max_line_size": MAX_LINE_BYTES,
            "max_field_size": MAX_LINE_BYTES,
            "auto_decompress": False,  # bodies in a content coding are refused (api.serving)
            **options,
        }

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, **self._options)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 - the error knows it
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it repeats what was sent
    ) -> web.StreamResponse:
        request_id = secrets.token_hex(12)
        if isinstance(exc, HttpProcessingError):
            log.info("%s sent malformed HTTP: %s", request.remote, type(exc).__name__)
            answer = problem(exc.code, {"detail": MALFORMED})
        else:
            log.error("request %s failed before it was routed", request_id, exc_info=exc)
            answer = problem(500, {"detail": SERVER_ERROR, "request_id": request_id})
        answer.headers["X-Request-Id"] = request_id
        answer.headers[hdrs.SERVER] = "ACS"  # else aiohttp tells its version
        answer.force_close()
        return answer
