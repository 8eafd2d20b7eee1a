"""The envelope of a list: how many there are, and where the neighbouring pages are."""

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from aiohttp import web

from inventory.query import Page, Window

T = TypeVar("T")
HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


def envelope(
    request: web.Request, page: Page[T], window: Window, render: Callable[[T], Any]
) -> dict[str, Any]:
    """``count``, ``next``, ``previous``, ``results``."""
    return {
        "count": page.count,
        "next": next_url(request, page.count, window),
        "previous": previous_url(request, window),
        "results": [render(item) for item in page.items],
    }


def next_url(request: web.Request, count: int, window: Window) -> str | None:
    after = window.offset + window.limit
    return _url(request, window.limit, after) if after < count else None


def previous_url(request: web.Request, window: Window) -> str | None:
    if window.offset == 0:
        return None
    return _url(request, window.limit, max(0, window.offset - window.limit))


def _url(request: web.Request, limit: int, offset: int) -> str:
    kept = [pair for pair in request.query.items() if pair[0] not in {"limit", "offset"}]
    query = urlencode([*kept, ("limit", limit), ("offset", offset)], quote_via=quote)
    return f"{origin(request)}{request.rel_url.raw_path}?{query}"


def origin(request: web.Request) -> str:
    """Scheme and host as the caller named them; a host that is none gives way to our address."""
    host = request.headers.get("Host", "")
    if not HOST.fullmatch(host):
        address, port = request.get_extra_info("sockname", ("localhost", 0))[:2]
        host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return f"{request.scheme}://{host}"
