"""One request as a handler sees it: who asks, when, and the way into the store."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from aiohttp import web

from api.answers import Answer, encode, found
from api.keys import STORE
from api.lists import envelope
from inventory import idempotency
from inventory.access import Caller
from inventory.idempotency import Kept
from inventory.query import ANY_VERSION, Expected, Page, Window
from inventory.store import Transaction

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A handler's only way to the inventory. Every unit is given the caller, so that none can
    forget whose things he may see."""

    request: web.Request
    caller: Caller
    now: float
    """Unix seconds, the same for the whole request."""
    expected: Expected = ANY_VERSION
    """If-Match: handed to the unit of the effect, which checks it."""
    idempotency_key: str | None = None
    request_digest: str = ""

    async def read(
        self,
        query: Callable[Concatenate[Transaction, Caller, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs a query for this caller."""
        return await self.request.app[STORE].read(query, self.caller, *args, **kwargs)

    async def write(
        self,
        unit: Callable[Concatenate[Transaction, Caller, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs a unit for this caller; for PUT, PATCH and DELETE."""
        return await self.request.app[STORE].write(unit, self.caller, *args, **kwargs)

    async def once(
        self,
        render: Callable[[T], Answer],
        unit: Callable[Concatenate[Transaction, Caller, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Answer:
        """Runs a POST's unit, once for each Idempotency-Key.

        ``render`` makes the answer of the unit's result. It may run inside the unit, for the
        answer is kept with the effect: it computes, and does nothing else.
        """
        answers: list[Answer] = []

        def effect(tx: Transaction) -> Answer:
            return render(unit(tx, self.caller, *args, **kwargs))

        def kept_effect(tx: Transaction) -> Kept:
            answers[:] = [effect(tx)]
            return _kept(answers[0], self.request_digest)

        store = self.request.app[STORE]
        if self.idempotency_key is None:
            return await store.write(effect)
        kept = await store.write(
            idempotency.once,
            self.caller,
            self.idempotency_key,
            self.request_digest,
            kept_effect,
            self.now,
        )
        return _replay(kept) if kept else answers[0]

    def listed(self, page: Page[T], window: Window, render: Callable[[T], Any]) -> Answer:
        """The answer of a list."""
        return found(envelope(self.request, page, window, render))


def _kept(answer: Answer, request_digest: str) -> Kept:
    body = answer.body if answer.replayed is None else answer.replayed
    return Kept(request_digest, answer.status, answer.all_headers, encode(body))


def _replay(kept: Kept) -> Answer:
    headers = {**kept.headers, "Idempotency-Replayed": "true"}
    return Answer(kept.body, kept.status, headers=headers)
