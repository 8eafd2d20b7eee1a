"""Sends webhooks: signed, bounded in time and size, and only where they may go.

The name in a URL is resolved here, and only addresses that are allowed are given to the one that
dials, so no later look-up can lead into our own network. Redirects are not followed.
"""

import asyncio
import errno
import socket
from collections.abc import Sequence
from contextlib import suppress

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractResolver, ResolveResult

from inventory import webhooks
from inventory.deliveries import Delivery, Outcome
from inventory.webhooks import Address, Network

RESOLVE_S = 3.0  # that a caller of the API waits for a name at most
READ_ON_BYTES = 16 * 1024  # of an answer, that its connection ends in peace
GONE = 410
MAX_ERROR = 500  # characters of an error that are kept


class Webhooks:
    """Holds the HTTP client."""

    def __init__(self, secret: str, allowed: Sequence[Network] = (), timeout_s: float = 10) -> None:
        self._secret = secret.encode()
        self._allowed = allowed
        self._timeout_s = timeout_s
        self._client: aiohttp.ClientSession | None = None

    async def judge(self, url: str) -> str | None:
        """What is wrong with sending webhooks there; a name that is not known yet may be later."""
        host = webhooks.host_of(url)
        if host is None:
            return webhooks.NO_URL
        addresses: Sequence[Address] = ()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(RESOLVE_S):
                addresses = await _addresses(host)
        return self._refusal(addresses)

    async def send(self, delivery: Delivery, now: float) -> Outcome:
        """One attempt; never raises for the peer."""
        host = webhooks.host_of(delivery.target)
        literal = webhooks.address_of(host) if host else None
        if host is None or (literal and self._refusal([literal])):
            return Outcome("The URL leads where webhooks may not go.", is_hopeless=True)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(delivery, int(now))
        except TimeoutError:
            return Outcome(f"No answer within {self._timeout_s:g} s.")
        except aiohttp.ClientError as error:
            return Outcome(str(error)[:MAX_ERROR] or type(error).__name__)

    async def close(self) -> None:
        if self._client:
            await self._client.close()

    async def _post(self, delivery: Delivery, timestamp: int) -> Outcome:
        body = delivery.body.encode()
        headers = {
            hdrs.CONTENT_TYPE: "application/json",
            hdrs.USER_AGENT: "cwmp-acs",
            "X-ACS-Delivery": delivery.key,
            "X-ACS-Timestamp": str(timestamp),
            "X-ACS-Signature": webhooks.signature(self._secret, timestamp, body),
        }
        async with self._http().post(
            delivery.target, data=body, headers=headers, allow_redirects=False
        ) as answer:
            with suppress(aiohttp.ClientPayloadError, asyncio.IncompleteReadError):
                await answer.content.readexactly(READ_ON_BYTES)
            return _judged(answer.status)

    def _http(self) -> aiohttp.ClientSession:
        if self._client is None:
            resolver = _Guard(self)
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=resolver, use_dns_cache=False, force_close=True
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._client

    def permitted(self, addresses: Sequence[Address]) -> list[Address]:
        return [each for each in addresses if webhooks.is_allowed(each, self._allowed)]

    def _refusal(self, addresses: Sequence[Address]) -> str | None:
        """A name is refused when one of its addresses is: which one is dialled is chance."""
        permitted = self.permitted(addresses)
        refused = [str(each) for each in addresses if each not in permitted]
        return webhooks.NOT_ALLOWED.format(address=", ".join(refused)) if refused else None


class _Guard(AbstractResolver):
    """Knows the allowed addresses of a name alone."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  both will do
    ) -> list[ResolveResult]:
        permitted = self._webhooks.permitted(await _addresses(host))
        if not permitted:
            raise OSError(errno.EACCES, f"{host} leads where webhooks may not go")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in permitted
        ]

    async def close(self) -> None:
        """There is nothing to close."""


async def _addresses(host: str) -> list[Address]:
    """Raises OSError for a name that is not known."""
    if literal := webhooks.address_of(host):
        return [literal]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is too long
        raise OSError(f"{host} is no host name") from error
    addresses = (webhooks.address_of(str(place[0])) for *_, place in found)
    return list(dict.fromkeys(address for address in addresses if address))


def _judged(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status_code=status)
    text = f"The receiver answered with HTTP status {status}."
    return Outcome(text, status, is_hopeless=status == GONE)
