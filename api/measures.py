"""What the API counts about itself, for ``/metrics``."""

from time import perf_counter

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, Counter, Histogram

# The last ones: a request that waits for devices (update_status, wait) may take a minute.
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15, 60)


def measuring(registry: CollectorRegistry) -> Middleware:
    """A middleware that counts and times every request, by route and not by path."""
    requests = Counter(
        "acs_api_requests", "Requests answered.", ("method", "route", "status"), registry=registry
    )
    seconds = Histogram(
        "acs_api_request_seconds", "Time to the answer.", registry=registry, buckets=BUCKETS_S
    )

    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = perf_counter()
        response = await handler(request)
        method = request.method if request.method in hdrs.METH_ALL else "other"
        requests.labels(method, _route(request), response.status).inc()
        seconds.observe(perf_counter() - began)
        return response

    return measure


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical.rstrip("/") or "/" if resource else "none"
