"""Pings an address from here: ICMP echo requests (RFC 792, RFC 4443) through a socket of our own.

No command is ever run, and no name resolved: an address is parsed or refused. An unprivileged
datagram socket is enough where the system lets our group have one (``net.ipv4.ping_group_range``);
else a raw one is tried, which takes the privilege for it.
"""

import asyncio
import secrets
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

from inventory.errors import Unavailable

Address = IPv4Address | IPv6Address
Open = Callable[[Address], socket.socket]

ECHO, ECHO_V6 = 8, 128  # types of requests
REPLIES = {ECHO: 0, ECHO_V6: 129}
HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
TOKEN_BYTES = 16  # tells our replies from those to others, which a raw socket gets as well
PAUSE_S = 0.2  # between two requests; less is a flood to some firewalls
AT_ONCE = 16  # addresses; more wait for their turn
IPV4 = 4

NOT_ALLOWED = (
    "Pings are not available: the system lets this server open no ICMP socket "
    "(see net.ipv4.ping_group_range)."
)


def open_icmp(address: Address) -> socket.socket:
    """Raises Unavailable where the system allows neither kind of socket."""
    is_v4 = address.version == IPV4
    family = socket.AF_INET if is_v4 else socket.AF_INET6
    protocol = socket.IPPROTO_ICMP if is_v4 else socket.IPPROTO_ICMPV6
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError:
            continue
        try:
            opened.connect((str(address), 0))
        except OSError:
            opened.close()
            raise
        return opened
    raise Unavailable(NOT_ALLOWED)


class Pinger:
    """Pings at most so many addresses at a time."""

    def __init__(self, open_socket: Open = open_icmp) -> None:
        self._open = open_socket
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def ping(self, address: str, count: int, timeout_s: float) -> list[float | None]:
        """Seconds until each reply, None where there was none in time.

        Raises ValueError for what is no address, and Unavailable.
        """
        target = ip_address(address)
        async with self._slots:
            try:
                opened = self._open(target)
            except OSError:  # no route: nothing can come back
                return [None] * count
            with opened:
                opened.setblocking(False)
                echoes = _Echoes(opened, ECHO if target.version == IPV4 else ECHO_V6)
                return [await echoes.one(sequence, timeout_s) for sequence in range(count)]


class _Echoes:
    """The requests to one address."""

    def __init__(self, opened: socket.socket, kind: int) -> None:
        self._socket, self._kind = opened, kind
        self._token = secrets.token_bytes(TOKEN_BYTES)

    async def one(self, sequence: int, timeout_s: float) -> float | None:
        loop = asyncio.get_running_loop()
        if sequence:
            await asyncio.sleep(PAUSE_S)
        sent = loop.time()
        try:
            async with asyncio.timeout(timeout_s):
                await loop.sock_sendall(self._socket, self._request(sequence))
                while not self._is_reply(await loop.sock_recv(self._socket, 2048), sequence):
                    pass
        except (TimeoutError, OSError):  # the way there may be closed: that is no reply either
            return None
        return loop.time() - sent

    def _request(self, sequence: int) -> bytes:
        """The system puts in the identifier of a datagram socket and the checksum of ICMPv6."""
        blank = HEADER.pack(self._kind, 0, 0, 0, sequence) + self._token
        return HEADER.pack(self._kind, 0, checksum(blank), 0, sequence) + self._token

    def _is_reply(self, received: bytes, sequence: int) -> bool:
        message = _without_ip_header(received)
        if len(message) < HEADER.size:
            return False
        kind, _, _, _, replied = HEADER.unpack_from(message)
        is_ours = message[HEADER.size :] == self._token
        return kind == REPLIES[self._kind] and replied == sequence and is_ours


def _without_ip_header(received: bytes) -> bytes:
    """Raw sockets of IPv4 give it along; no ICMP reply begins like one."""
    if received and received[0] >> 4 == IPV4:
        return received[(received[0] & 0xF) * 4 :]
    return received


def checksum(message: bytes) -> int:
    """Of RFC 1071; ``message`` has an even length."""
    total: int = sum(word for (word,) in struct.iter_unpack("!H", message))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
