"""What hangs on the application, under typed keys; put there by ``api.app.make_app`` alone."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry

from api.auth import Gate, Throttle
from inventory.signals import Signals
from inventory.store import Store


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """The API's own section of the settings."""

    max_body_bytes: int = 1024 * 1024
    """Uploads aside: those are streamed."""
    max_upload_bytes: int = 1024 * 1024 * 1024
    """Of a firmware image."""
    requests_per_minute: int | None = None
    """Per token; None: as many as they like."""
    token_cache_s: float = 2.0
    """How long a token that was revoked by another process may still be let in."""
    version: str = "0"


Clock = Callable[[], float]
"""Tells the time in Unix seconds."""

STORE: web.AppKey[Store] = web.AppKey("store")
SIGNALS = web.AppKey("signals", Signals)
OPTIONS = web.AppKey("options", ApiOptions)
REGISTRY = web.AppKey("registry", CollectorRegistry)
DOCUMENT: web.AppKey[Callable[[], bytes]] = web.AppKey("document")
CLOCK: web.AppKey[Clock] = web.AppKey("clock")
GATE = web.AppKey("gate", Gate)
THROTTLE = web.AppKey("throttle", Throttle)
