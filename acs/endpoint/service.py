"""What happens to one request on the CWMP paths: read, decode, have it heard, encode, answer."""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from time import time

from aiohttp import hdrs, web

from acs.cwmp import codec, httpauth
from acs.cwmp.faults import MalformedMessage
from acs.cwmp.httpauth import Freshness
from acs.cwmp.messages import Envelope
from acs.endpoint.bodies import BodyReader
from acs.endpoint.callers import COOKIE_NAME, Callers
from acs.endpoint.connections import connection_of
from acs.endpoint.limits import EndpointLimits
from acs.endpoint.refusals import Refused
from acs.endpoint.replies import XML, Reply, plain
from acs.exchange import Answer, Caller, Hearer

log = logging.getLogger("acs.endpoint")

_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)

Describe = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Challenges:
    """How a 401 asks for credentials."""

    schemes: Sequence[httpauth.Scheme]  # Digest before Basic: some CPEs take the first
    realm: str
    nonces: httpauth.Nonces
    algorithms: Sequence[str] = httpauth.ALGORITHMS

    def accepts(self, authorization: httpauth.Authorization | None) -> bool:
        """A scheme that is not offered proves nothing: who asks for Digest wants no passwords."""
        return authorization is None or authorization.scheme in ("", *self.schemes)

    def headers(self, now: float, stale: bool) -> list[str]:
        nonce = self.nonces.new(now)
        return [
            f"WWW-Authenticate: {value}"
            for scheme in self.schemes
            for value in httpauth.challenge(
                scheme, self.realm, nonce, algorithms=self.algorithms, stale=stale
            )
        ]


class Service:
    """Stands between aiohttp and the hearer; holds nothing of a session."""

    def __init__(
        self,
        hearer: Hearer,
        challenges: Challenges,
        limits: EndpointLimits,
        callers: Callers,
        describe: Describe | None,
        chance: Random,
    ) -> None:
        self._hearer = hearer
        self._challenges = challenges
        self._limits = limits
        self._callers = callers
        self._describe = describe
        self._chance = chance
        self._bodies = BodyReader(limits)

    async def answer(self, request: web.BaseRequest) -> Reply:
        """Never raises for what a peer or a hearer did; the peer is told no more than a status."""
        peer = connection_of(request).address
        try:
            if request.method == hdrs.METH_POST:
                return await self._post(request)
            return await self._get(request)
        except Refused as refused:
            log.info("%s: %d %s", peer, refused.status, refused.reason)
            return plain(refused.status, refused.reason, *refused.headers)
        except MalformedMessage as error:
            log.info("%s sent no CWMP message: %.200r", peer, str(error))
            return plain(400, "Not a CWMP message.")
        except ConnectionError:
            log.info("%s went away within a message", peer)
            return plain(400, "")
        except Exception:
            log.exception("Unforeseen error answering %s", peer)
            return plain(500, "Internal Server Error")

    async def _post(self, request: web.BaseRequest) -> Reply:
        caller = self._callers.identify(request)
        if not self._hearer.has_room(caller):
            raise Refused(503, "Busy.", self._retry_after(self._limits.retry_after_s))
        if not self._challenges.accepts(caller.authorization):
            caller = replace(caller, authorization=None)
        freshness = self._freshness(caller)
        if freshness is not Freshness.FRESH:
            caller = replace(caller, authorization=None)
        message = _decode(await self._bodies.read(request), request)
        answer = await self._hearer.hear(message, caller)
        return self._reply(answer, is_stale=freshness is Freshness.STALE)

    def _freshness(self, caller: Caller) -> Freshness:
        """Of a Digest answer's nonce; what rests on a nonce that is not ours proves nothing."""
        authorization = caller.authorization
        if authorization is None or authorization.scheme != "digest":
            return Freshness.FRESH
        return self._challenges.nonces.check(authorization.nonce, time())

    def _reply(self, answer: Answer, *, is_stale: bool) -> Reply:
        headers = []
        if answer.cookie:
            headers.append(f"Set-Cookie: {COOKIE_NAME}={answer.cookie}; Path=/")
        if answer.envelope is not None:
            return Reply(answer.status, (XML, *headers), codec.encode(answer.envelope))
        if answer.status == 401:
            headers += self._challenges.headers(time(), is_stale)
        if answer.retry_after_s is not None:
            headers.append(self._retry_after(answer.retry_after_s))
        return plain(answer.status, answer.reason, *headers)

    def _retry_after(self, least_s: int) -> str:
        """With chance in it: whoever is sent away together shall not come back together."""
        return f"Retry-After: {least_s + self._chance.randint(0, least_s // 2)}"

    async def _get(self, request: web.BaseRequest) -> Reply:
        if request.method != hdrs.METH_GET or "wsdl" not in request.query_string.lower():
            raise Refused(405, "CPEs POST here.", "Allow: POST")
        if self._describe is None:
            raise Refused(404, "There is no description.")
        url = self._callers.acs_url(request)
        return Reply(200, (XML,), await asyncio.to_thread(self._describe, url))


def _decode(body: bytes, request: web.BaseRequest) -> Envelope | None:
    if not body or body.isspace():
        return None
    charset = _CHARSET.search(request.headers.get(hdrs.CONTENT_TYPE, ""))
    return codec.decode(body, charset[1] if charset else None)
