"""One connection request over HTTP (TR-069 3.2.2): a GET, and once more with credentials."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

import aiohttp
from aiohttp import hdrs

from acs.cwmp import httpauth
from acs.reach.destination import Destination, Network, locate
from acs.reach.directory import Target
from acs.reach.outcomes import Kind, NotReached, Outcome

# Between a 401 and its answer; longer would occupy sockets that small devices have few of.
_KEEPALIVE_S = 3

# An error page is read this far, that the connection may be used again.
_READ_ON_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class _Reaction:
    status: int
    challenges: Sequence[str]


class Knocker:
    """Sends connection requests; holds the HTTP client."""

    def __init__(self, timeout_s: float = 5, allowed: Sequence[Network] = ()) -> None:
        self._timeout_s = timeout_s
        self._allowed = allowed
        self._client: aiohttp.ClientSession | None = None

    async def knock(self, target: Target) -> Outcome:
        """One attempt, all passwords included, within the timeout. Never raises for the peer."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._converse(await locate(target, self._allowed), target)
        except NotReached as ending:
            return ending.outcome
        except TimeoutError:
            return Outcome(Kind.UNREACHABLE, f"No answer within {self._timeout_s:g} s.")
        except aiohttp.ServerDisconnectedError:
            return Outcome(Kind.UNREACHABLE, "The device hung up without an answer.")
        except aiohttp.ClientOSError as error:
            return Outcome(Kind.UNREACHABLE, error.strerror or "The connection failed.")
        except aiohttp.ClientError:
            return Outcome(Kind.UNEXPECTED, "The answer was no HTTP.")

    async def close(self) -> None:
        if self._client:
            await self._client.close()

    async def _converse(self, to: Destination, target: Target) -> Outcome:
        reaction = await self._get(to)
        tried = None
        for password in dict.fromkeys(target.passwords):
            if reaction.status != HTTPStatus.UNAUTHORIZED:
                break
            authorization = httpauth.answer(
                reaction.challenges,
                hdrs.METH_GET,
                to.request_target,
                target.username,
                password,
                allow_basic=target.allow_basic,
            )
            if authorization is None:
                return Outcome(Kind.REFUSED_401, "The device does not ask for Digest.")
            reaction = await self._get(to, authorization)
            tried = password
        outcome = _judge(reaction.status)
        is_newest = outcome.is_accepted and tried is not None and tried == target.passwords[0]
        return replace(outcome, proves_newest=is_newest)

    async def _get(self, to: Destination, authorization: str | None = None) -> _Reaction:
        headers = {hdrs.HOST: to.host}
        if authorization:
            headers[hdrs.AUTHORIZATION] = authorization
        async with self._http().get(to.url, headers=headers, allow_redirects=False) as response:
            if response.status == HTTPStatus.UNAUTHORIZED:
                with suppress(aiohttp.ClientPayloadError, asyncio.IncompleteReadError):
                    await response.content.readexactly(_READ_ON_BYTES)
            return _Reaction(response.status, response.headers.getall(hdrs.WWW_AUTHENTICATE, ()))

    def _http(self) -> aiohttp.ClientSession:
        """aiohttp tries a GET once more when a reused connection was closed after the 401."""
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),
                skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING),
                auto_decompress=False,
                trust_env=False,
            )
        return self._client


def _judge(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(Kind.ACCEPTED)
    if status == HTTPStatus.UNAUTHORIZED:
        return Outcome(Kind.REFUSED_401, "The device accepts none of the credentials we have.")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Outcome(Kind.BUSY_503, "The device is busy or was asked too often.")
    return Outcome(Kind.UNEXPECTED, f"The device answered with HTTP status {status}.")
