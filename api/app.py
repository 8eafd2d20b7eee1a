"""The API as one aiohttp application. All its routes stand on this page."""

import time
from collections.abc import AsyncIterator, Callable
from functools import cache

from aiohttp import web
from prometheus_client import CollectorRegistry

from api import openapi, pages
from api.answers import encode
from api.auth import Gate, Throttle
from api.endpoints import Methods
from api.errors import identify, sign, translate
from api.house import HOUSE, House
from api.keys import (
    CLOCK,
    DOCUMENT,
    GATE,
    OPTIONS,
    REGISTRY,
    SIGNALS,
    STORE,
    THROTTLE,
    ApiOptions,
    Clock,
)
from api.measures import measuring
from api.resources import (
    audit,
    bulk,
    device_log,
    device_settings,
    device_variables,
    devices,
    diagnostics,
    drift,
    explanation,
    firmware_images,
    locations,
    operations,
    organizations,
    pinging,
    tokens,
    types,
    uploads,
    webhook_delivery,
)
from api.serving import Resource
from api.waiting import attend
from inventory.signals import Signals
from inventory.store import Store

__all__ = ["OPEN", "ROUTES", "ApiOptions", "make_app"]

ROUTES: dict[str, Methods] = {
    "/api/v1/organization/": {"GET": organizations.browse, "POST": organizations.create},
    "/api/v1/organization/{id}/": {
        "GET": organizations.read,
        "PUT": organizations.replace,
        "PATCH": organizations.change,
        "DELETE": organizations.delete,
    },
    "/api/v1/api_token/": {"GET": tokens.browse, "POST": tokens.create},
    "/api/v1/api_token/{id}/": {"GET": tokens.read, "DELETE": tokens.revoke},
    "/api/v1/audit/": {"GET": audit.browse},
    "/api/v1/audit/{id}/": {"GET": audit.read},
    **devices.ROUTES,
    **operations.ROUTES,
    **bulk.ROUTES,
    **locations.ROUTES,
    **types.ROUTES,
    **drift.ROUTES,
    **firmware_images.ROUTES,
    **uploads.ROUTES,
    **device_variables.ROUTES,
    **device_settings.ROUTES,
    **device_log.ROUTES,
    **explanation.ROUTES,
    **diagnostics.ROUTES,
    **pinging.ROUTES,
    **webhook_delivery.ROUTES,
}

OPEN: dict[str, pages.Handler] = {
    "/": pages.file("index.html"),
    "/web/page.js": pages.file("page.js"),
    "/web/page.css": pages.file("page.css"),
    "/docs/": pages.file("docs.html", pages.SWAGGER_POLICY),
    "/web/docs.js": pages.file("docs.js"),
    "/web/swagger-ui-bundle.js": pages.file("swagger/swagger-ui-bundle.js"),
    "/web/swagger-ui.css": pages.file("swagger/swagger-ui.css"),
    "/health/": pages.health,
    "/metrics/": pages.metrics,
    "/api/v1/openapi.json": pages.description,
}


def make_app(
    store: Store,
    signals: Signals,
    options: ApiOptions,
    house: House,
    *,
    registry: CollectorRegistry | None = None,
    clock: Clock = time.time,
) -> web.Application:
    """The application, ready to be served; it opens and closes nothing of what it is given.

    ``registry`` is what ``/metrics`` shows; the API's own measures are added to it.
    """
    registry = registry or CollectorRegistry()
    app = web.Application(
        middlewares=[measuring(registry), identify, translate],
        client_max_size=options.max_body_bytes,
    )
    app[STORE], app[SIGNALS], app[OPTIONS], app[CLOCK] = store, signals, options, clock
    app[REGISTRY] = registry
    app[HOUSE] = house
    app[DOCUMENT] = _document(options.version)
    app[GATE] = Gate(store, options.token_cache_s)
    app[THROTTLE] = Throttle(options.requests_per_minute)
    app.on_response_prepare.append(sign)
    app.cleanup_ctx.append(_gate)
    attend(app, signals)
    for path, methods in ROUTES.items():
        _add(app, path, Resource(path, methods).serve)
    for path, handler in OPEN.items():
        _add(app, path, pages.open_to_all(handler))
    return app


def _document(version: str) -> Callable[[], bytes]:
    """The OpenAPI document, made when it is first asked for."""
    return cache(lambda: encode(openapi.document(ROUTES, version)))


def _add(app: web.Application, path: str, handler: pages.Handler) -> None:
    """With and without the trailing slash. A name in a path may hold any character but a bare
    slash; ``%2F`` reaches it."""
    pattern = path.replace("}", ":[^/]+}")
    for written in {pattern, pattern.rstrip("/") or "/"}:
        app.router.add_route("*", written, handler)


async def _gate(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[GATE].close()
