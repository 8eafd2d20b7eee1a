"""Who asks: the bearer token of a request, looked up cheaply, and how often he may.

Tokens are remembered for a few seconds, so that a busy client costs no query each time. A
revocation in this process is felt at once; one by another process within ``token_cache_s``.
"""

import asyncio
import logging
from dataclasses import dataclass

from aiohttp import web

from api.errors import REQUEST_ID, Refused
from inventory import access
from inventory.access import Caller, Token
from inventory.records import tokens
from inventory.store import Store

log = logging.getLogger(__name__)

MAX_REMEMBERED = 4096  # tokens; more than one server is ever asked with
TOUCH_INTERVAL_S = 60.0  # last_used is written at most this often
MISSING = "Authentication credentials were not provided."
WRONG = "Invalid token."


@dataclass(frozen=True, slots=True)
class _Seen:
    token: Token
    at: float


class Gate:
    """Turns a request into its caller, or refuses it with 401."""

    def __init__(self, store: Store, memory_s: float) -> None:
        self._store = store
        self._memory_s = memory_s
        self._seen: dict[str, _Seen] = {}
        self._touched: dict[int, float] = {}
        self._touching: set[asyncio.Task[None]] = set()
        self._revocations = 0

    async def caller(self, request: web.Request, now: float) -> Caller:
        token = await self._token(secret_of(request), now)
        self._touch(token, now)
        return Caller(
            token_id=token.id,
            name=token.name,
            role=token.role,
            organizations=token.organizations,
            source=request.remote,
            request_id=request[REQUEST_ID],
            expires=token.expires,
        )

    def forget(self, token_id: int) -> None:
        """Called when a token was revoked: it is not let in once more."""
        self._revocations += 1
        self._seen = {key: seen for key, seen in self._seen.items() if seen.token.id != token_id}

    async def close(self) -> None:
        """Waits for the last notes of use."""
        await asyncio.gather(*self._touching, return_exceptions=True)

    async def _token(self, secret: str, now: float) -> Token:
        key = access.digest(secret)
        seen = self._seen.get(key)
        if seen is None or not 0 <= now - seen.at < self._memory_s:
            seen = _Seen(await self._look_up(secret, key, now), now)
        if not seen.token.is_valid(now):
            raise unauthorized(WRONG)
        return seen.token

    async def _look_up(self, secret: str, key: str, now: float) -> Token:
        revocations = self._revocations
        token = await self._store.glance(access.authenticate, secret, now)
        if token is None:
            self._seen.pop(key, None)
            raise unauthorized(WRONG)
        # A token that was revoked while we read must not be remembered as it was before.
        if revocations == self._revocations:
            if len(self._seen) >= MAX_REMEMBERED:
                self._seen.clear()
            self._seen[key] = _Seen(token, now)
        return token

    def _touch(self, token: Token, now: float) -> None:
        last = max(self._touched.get(token.id, 0.0), token.last_used or 0.0)
        if now - last < TOUCH_INTERVAL_S:
            return
        self._touched[token.id] = now
        task = asyncio.create_task(self._note_use(token.id, now))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    async def _note_use(self, token_id: int, now: float) -> None:
        try:
            await self._store.write_later(tokens.touch, token_id, now)
        except Exception:
            log.exception("the use of token %d was not noted", token_id)


class Throttle:
    """A bucket of requests for each token, refilled steadily; off without a limit."""

    def __init__(self, requests_per_minute: int | None) -> None:
        self._limit = requests_per_minute
        self._buckets: dict[int, tuple[float, float]] = {}

    def admit(self, caller: Caller, now: float) -> None:
        """Raises 429 when the caller's token has used up its requests."""
        token_id = caller.token_id
        if self._limit is None or token_id is None:
            return
        rate = self._limit / 60
        left, at = self._buckets.get(token_id, (float(self._limit), now))
        left = min(self._limit, left + max(0.0, now - at) * rate)
        if left < 1:
            wait_s = int((1 - left) / rate) + 1
            detail = f"Request was throttled. Expected available in {wait_s} seconds."
            raise Refused(429, detail, Retry_After=str(wait_s))
        self._buckets[token_id] = (left - 1, now)


def unauthorized(detail: str) -> Refused:
    return Refused(401, detail, WWW_Authenticate="Bearer")


def secret_of(request: web.Request) -> str:
    """The bearer token that the request brings; raises 401 without one."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise unauthorized(MISSING)
    return secret.strip()
