"""Every error as JSON: one table from the inventory's refusals to HTTP, one place that logs."""

import asyncio
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import hdrs, web

from api.reading import ParseError
from inventory import errors

log = logging.getLogger(__name__)

STATUS: Mapping[type[errors.InventoryError], int] = {
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.Invalid: 400,
    errors.Unprocessable: 422,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.KeyReused: 422,
    errors.Unavailable: 503,
}
FORBIDDEN = "You do not have permission to perform this action."
CHANGED = "The object has changed since it was read."
SERVER_ERROR = "A server error occurred."
RETRY_AFTER_S = 30  # where the error itself knows no better
REQUEST_ID = web.RequestKey("request_id", str)
SANE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """A refusal of the API itself, before the inventory is asked."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.headers = {name.replace("_", "-"): text for name, text in headers.items()}


@web.middleware
async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives the request an id: the client's own, if it is sane."""
    given = request.headers.get("X-Request-Id", "")
    request[REQUEST_ID] = given if SANE_ID.fullmatch(given) else secrets.token_hex(12)
    return await handler(request)


async def sign(request: web.Request, response: web.StreamResponse) -> None:
    """Puts on every answer, streamed ones too, what every answer carries."""
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Which versions serve here helps attackers alone.
    response.headers.popall(hdrs.SERVER, None)


@web.middleware
async def translate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever is raised into JSON; the unforeseen is logged once, under the request's id."""
    try:
        return await handler(request)
    except tuple(STATUS) as error:
        return _refusal(error)
    except TimeoutError:
        return _refusal(errors.Unavailable("The store did not answer in time."))
    except Refused as error:
        return problem(error.status, {"detail": error.detail}, error.headers)
    except ParseError as error:
        return problem(400, {"detail": f"JSON parse error - {error}"})
    except web.HTTPException as error:
        return _of_aiohttp(request, error)
    except web.RequestPayloadError:
        return problem(400, {"detail": "The request's body is broken."})
    except (asyncio.CancelledError, ConnectionError):
        raise
    except Exception:
        log.exception("request %s failed: %s", request[REQUEST_ID], request.rel_url.raw_path)
        body = {"detail": SERVER_ERROR, "request_id": request[REQUEST_ID]}
        return problem(500, body)


def problem(status: int, body: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    # Escaped to ASCII: what is told back may hold bytes of the request that are no UTF-8.
    told = json.dumps(body, default=str).encode()
    return web.Response(status=status, body=told, headers=headers, content_type="application/json")


def _refusal(error: errors.InventoryError) -> web.Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    match error:
        case errors.Invalid():
            return problem(status, error.fields)
        case errors.Conflict():
            wait_s = error.retry_after_s or RETRY_AFTER_S
            facts = {name: fact for name, fact in vars(error).items() if name != "retry_after_s"}
            return problem(status, {"detail": str(error), **facts}, {"Retry-After": str(wait_s)})
        case errors.Forbidden():
            return problem(status, {"detail": FORBIDDEN})
        case errors.PreconditionFailed():
            return problem(status, {"detail": str(error) or CHANGED})
        case errors.Unavailable():
            return problem(status, {"detail": str(error)}, {"Retry-After": str(RETRY_AFTER_S)})
    return problem(status, {"detail": str(error)})


def _of_aiohttp(request: web.Request, error: web.HTTPException) -> web.Response:
    match error:
        case web.HTTPNotFound():
            return problem(404, {"detail": "Not found."})
        case web.HTTPMethodNotAllowed():
            detail = f'Method "{request.method}" not allowed.'
            return problem(405, {"detail": detail}, {"Allow": error.headers[hdrs.ALLOW]})
        case web.HTTPRequestEntityTooLarge():
            return problem(413, {"detail": "Request body is too large."})
    return problem(error.status, {"detail": error.reason})
