"""The API as one aiohttp application. All its routes stand on this page."""

import time
from collections.abc import AsyncIterator

from aiohttp import web

from api.auth import Gate, Throttle
from api.errors import identify, translate
from api.keys import CLOCK, GATE, OPTIONS, SIGNALS, STORE, THROTTLE, ApiOptions, Clock
from api.resources import audit, organizations, tokens
from api.serving import Methods, Resource
from inventory.signals import Signals
from inventory.store import Store

__all__ = ["ROUTES", "ApiOptions", "make_app"]

BASE = "/api/v1"

ROUTES: dict[str, Methods] = {
    "/organization/": {"GET": organizations.browse, "POST": organizations.create},
    "/organization/{id}/": {
        "GET": organizations.read,
        "PUT": organizations.replace,
        "PATCH": organizations.change,
        "DELETE": organizations.delete,
    },
    "/api_token/": {"GET": tokens.browse, "POST": tokens.create},
    "/api_token/{id}/": {"GET": tokens.read, "DELETE": tokens.revoke},
    "/audit/": {"GET": audit.browse},
    "/audit/{id}/": {"GET": audit.read},
}


def make_app(
    store: Store,
    signals: Signals,
    options: ApiOptions,
    *,
    clock: Clock = time.time,
) -> web.Application:
    """The application, ready to be served; it opens and closes nothing of what it is given."""
    app = web.Application(middlewares=[identify, translate], client_max_size=options.max_body_bytes)
    app[STORE], app[SIGNALS], app[OPTIONS], app[CLOCK] = store, signals, options, clock
    app[GATE] = Gate(store, options.token_cache_s)
    app[THROTTLE] = Throttle(options.requests_per_minute)
    app.cleanup_ctx.append(_gate)
    for path, methods in ROUTES.items():
        _add(app, Resource(BASE + path, methods))
    return app


def _add(app: web.Application, resource: Resource) -> None:
    """With and without the trailing slash. A name in a path may hold any character but a bare
    slash; ``%2F`` reaches it."""
    pattern = resource.path.replace("}", ":[^/]+}")
    for path in (pattern, pattern.rstrip("/")):
        app.router.add_route("*", path, resource.serve)


async def _gate(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[GATE].close()
