"""Where a webhook may go, and how it is signed.

Its URL is the word of whoever may ask for operations, so it could make us send requests into our
own network. Only addresses of the public Internet are told, and what the settings allow; the
address is judged at last when it is dialled, so that a name cannot change its meaning meanwhile.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL = 2000
NO_URL = "Enter a valid URL."
NOT_ALLOWED = "Webhooks may not go to {address}."

_URL = re.compile(
    r"https?://(?P<host>[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?P<port>:\d{1,5})?"
    r"(?:[/?][\x21-\x7e]*)?",
    re.IGNORECASE,
)
_NAT64 = IPv6Network("64:ff9b::/96")


def host_of(url: str) -> str | None:
    """The host that a webhook's URL names; None for what is no such URL.

    Without user name, password and blanks; a literal IPv6 address without its brackets.
    """
    match = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if match is None or int((match["port"] or ":1")[1:]) not in range(1, 65536):
        return None
    return match["host"].strip("[]")


def address_of(text: str) -> Address | None:
    """The address that is written there, if one is."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_allowed(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether a webhook may be sent to the address; IPv4 within IPv6 is IPv4."""
    meant = _carried(address)
    if any(meant in network or address in network for network in allowed):
        return True
    return meant.is_global and not (meant.is_multicast or meant.is_reserved)


def _carried(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """``sha256=`` and the HMAC of ``<timestamp>.<body>`` in hexadecimal."""
    signed = str(timestamp).encode() + b"." + body
    return f"sha256={hmac.new(secret, signed, hashlib.sha256).hexdigest()}"
