"""What is open without a token: health, metrics, the API's description, and the two web pages.

The pages bring all their files along and may load nothing else: their Content-Security-Policy
holds them to this server.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.answers import encode
from api.errors import Refused, problem
from api.keys import DOCUMENT, OPTIONS, REGISTRY, STORE
from inventory.records import organizations

log = logging.getLogger(__name__)

WEB = Path(__file__).parent / "web"
HEALTH_PATIENCE_S = 2.0
RETRY_AFTER_S = "10"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
# Swagger UI writes style attributes into its own markup.
SWAGGER_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def open_to_all(handler: Handler) -> Handler:
    """GET, HEAD and OPTIONS without a token; nothing else."""

    async def serve(request: web.Request) -> web.StreamResponse:
        allow = {"Allow": "GET, HEAD, OPTIONS"}
        if request.method == hdrs.METH_OPTIONS:
            return web.Response(status=204, headers=allow)
        if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
            raise Refused(405, f'Method "{request.method}" not allowed.', **allow)
        return await handler(request)

    return serve


def file(name: str, policy: str = POLICY) -> Handler:
    """Serves one file of ``api/web``."""
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
    }

    async def serve(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(WEB / name, headers=headers)

    return serve


async def health(request: web.Request) -> web.Response:
    """200 while the store answers, else 503."""
    state = "ok"
    try:
        async with asyncio.timeout(HEALTH_PATIENCE_S):
            await request.app[STORE].read(organizations.default)
    except Exception:
        log.exception("the store does not answer")
        state = "failing"
    body = {"status": state, "store": state, "version": request.app[OPTIONS].version}
    if state == "ok":
        return web.Response(body=encode(body), content_type="application/json")
    return problem(503, body, {"Retry-After": RETRY_AFTER_S})


async def metrics(request: web.Request) -> web.Response:
    return web.Response(
        body=generate_latest(request.app[REGISTRY]),
        headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST},
    )


async def description(request: web.Request) -> web.Response:
    return web.Response(body=request.app[DOCUMENT](), content_type="application/json")
