"""Where a connection request may go.

The URL is the device's word, so whoever speaks for a device could make us send requests into our
own network. It may lead to the address that the device itself calls from, or into a network that
the settings allow. The name is resolved here and the address found is the one dialled: another
look-up might give another answer.
"""

import asyncio
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from yarl import URL

from acs.reach.directory import Target
from acs.reach.outcomes import Kind, NotReached

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PLAIN_URL = re.compile(r"http://[\x21-\x7e]{1,2000}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Destination:
    url: URL  # with the address in place of a name
    host: str  # for the Host header, as the device wrote it

    @property
    def request_target(self) -> str:
        return self.url.raw_path_qs


async def locate(target: Target, allowed: Sequence[Network]) -> Destination:
    """Raises :class:`NotReached` for a URL that is none, leads elsewhere, or to nowhere."""
    url = _parse(target.url)
    assert url.host is not None
    assert url.port is not None
    addresses = await _resolve(url.host, url.port)
    own = _address(target.peer_address or "")
    chosen = next((a for a in addresses if a == own or _is_in(a, allowed)), None)
    if chosen is None:
        raise NotReached(
            Kind.FORBIDDEN_URL,
            f"The URL leads to {', '.join(map(str, addresses))}, and the device called from "
            f"{target.peer_address or 'nowhere yet'}.",
        )
    dialled = url.with_host(str(chosen)).with_user(None).with_fragment(None)
    return Destination(dialled, url.host_port_subcomponent or "")


def _parse(text: str) -> URL:
    if not text.strip():
        raise NotReached(Kind.NO_URL, "The device has told no connection request URL.")
    try:
        if _PLAIN_URL.fullmatch(text.strip()):
            url = URL(text.strip(), encoded=True)
            if url.host and url.port:
                return url
    except ValueError:
        pass
    raise NotReached(Kind.FORBIDDEN_URL, "The connection request URL is no http URL.")


async def _resolve(host: str, port: int) -> list[Address]:
    if literal := _address(host):
        return [literal]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReached(Kind.UNREACHABLE, "The URL's host name is not known.") from None
    addresses = (_address(str(place[0])) for *_, place in found)
    return list(dict.fromkeys(address for address in addresses if address))


def _address(text: str) -> Address | None:
    """IPv4 within IPv6 is IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
