"""Who sends this request: address, connection, cookie, credentials, as far as HTTP tells."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import hdrs, web

from acs.cwmp.httpauth import Authorization, parse_authorization
from acs.endpoint.connections import connection_of
from acs.exchange import Caller

Network = IPv4Network | IPv6Network

COOKIE_NAME = "session"

# By hand, since http.cookies drops all cookies beside one that it cannot read. Seen on the wire:
# quoted, among attributes and foreign cookies, separated by commas, with a dollar sign.
_COOKIE = re.compile(rf'(?:^|[;,\s])\$?{COOKIE_NAME}\s*=\s*"?([A-Za-z0-9]+)', re.IGNORECASE)
_COOKIE_HEADERS = (hdrs.COOKIE, "Cookie2")

_SCHEMES = frozenset({"http", "https"})
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,200}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")

_FORWARDED_FOR = re.compile(r"""for\s*=\s*"?([^",;\s]+)""", re.IGNORECASE)  # RFC 7239


class Callers:
    """Tells callers apart; a trusted proxy's word is taken for the address behind it."""

    def __init__(
        self, trusted_proxies: Sequence[Network] = (), public_url: str | None = None
    ) -> None:
        self._trusted = tuple(trusted_proxies)
        self._public_url = public_url.rstrip("/") if public_url else None

    def identify(self, request: web.BaseRequest) -> Caller:
        connection = connection_of(request)
        address = connection.address
        proxied = self.trusts(address)
        return Caller(
            self._behind_proxy(request, address) if proxied else address,
            None if proxied else connection.number,
            read_cookie(request),
            _authorization(request),
            connection.tls_subject,
            self.base_url(request, proxied),
        )

    def acs_url(self, request: web.BaseRequest) -> str:
        """The URL of the ACS, as this caller reaches us."""
        proxied = self.trusts(connection_of(request).address)
        return f"{self.base_url(request, proxied)}/acs"

    def base_url(self, request: web.BaseRequest, proxied: bool) -> str:
        """Scheme and host under which this caller reaches us, without a slash at the end."""
        if self._public_url:
            return self._public_url
        scheme = request.headers.get(hdrs.X_FORWARDED_PROTO, "") if proxied else ""
        if scheme not in _SCHEMES:
            scheme = request.scheme
        host = request.headers.get(hdrs.HOST, "")
        return f"{scheme}://{host if _is_host(host) else _own_address(request)}"

    def trusts(self, address: str) -> bool:
        if not self._trusted:
            return False
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self._trusted)

    def _behind_proxy(self, request: web.BaseRequest, proxy: str) -> str:
        """The nearest hop that is no trusted proxy; what stands before it may be lies."""
        hops = _hops(request)
        while hops and self.trusts(proxy):
            claimed = parse_address(hops.pop())
            if claimed is None:
                break
            proxy = str(claimed)
        return proxy


def read_cookie(request: web.BaseRequest) -> str | None:
    """The value of our session cookie, also from headers that break the rules of cookies."""
    headers = request.headers
    for name in _COOKIE_HEADERS:
        if name in headers:
            for header in headers.getall(name):
                if found := _COOKIE.search(header):
                    return found[1]
    return None


def _authorization(request: web.BaseRequest) -> Authorization | None:
    header = request.headers.get(hdrs.AUTHORIZATION)
    if header is None:
        return None
    return parse_authorization(header, request.method, request.raw_path)


@lru_cache(maxsize=64)  # nearly all devices reach us under the same few names
def _is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address with or without port and brackets; IPv4 within IPv6 is IPv4."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _own_address(request: web.BaseRequest) -> str:
    """Where the caller's connection ends, for one that names no host."""
    address, port = request.get_extra_info("sockname", ("localhost", 0))[:2]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _hops(request: web.BaseRequest) -> list[str]:
    """Addresses that proxies reported, the nearest last."""
    listed = request.headers.getall(hdrs.X_FORWARDED_FOR, ())
    if listed:
        return ",".join(listed).split(",")
    return _FORWARDED_FOR.findall(",".join(request.headers.getall(hdrs.FORWARDED, ())))
