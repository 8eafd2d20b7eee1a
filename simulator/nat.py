"""The CPE's side of TR-069 Annex G: keeps a STUN binding alive, and hears UDP connection requests.

The socket is connected to the STUN server, so that it hears datagrams from there alone, as behind
a restricted NAT.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

from acs.cwmp import stun
from acs.cwmp.faults import MalformedMessage
from acs.cwmp.stun import Address, Kind, UdpRequest
from acs.cwmp.values import parse_boolean
from simulator.tree import Tree

UNAUTHORIZED = 401
DEFAULT_PORT = 3478
DEFAULT_PERIOD_S = 30


@dataclass(frozen=True, slots=True)
class Binding:
    """How the ACS wants the binding kept."""

    server: Address
    username: str
    password: str = field(repr=False)
    period_s: float = DEFAULT_PERIOD_S


def wanted_binding(tree: Tree) -> Binding | None:
    """What the parameters ask for; None when STUN is off. Without an address: the ACS's host."""
    server = "ManagementServer."
    if not parse_boolean(tree.get(f"{server}STUNEnable", "false")):
        return None
    host = tree.get(f"{server}STUNServerAddress") or _host(tree.get(f"{server}URL"))
    return Binding(
        (host, int(tree.get(f"{server}STUNServerPort") or DEFAULT_PORT)),
        tree.get(f"{server}STUNUsername"),
        tree.get(f"{server}STUNPassword"),
        float(tree.get(f"{server}STUNMinimumKeepAlivePeriod") or 0) or DEFAULT_PERIOD_S,
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


async def keep(
    binding: Binding,
    wait: Callable[[float], float],
    random: Random,
    bound: Callable[[Address, Address], None],
    called: Callable[[UdpRequest], None],
) -> None:
    """Keeps the binding until it is cancelled.

    ``wait`` turns the period into real seconds; ``bound`` hears of each new binding, the address
    that the server sees and our own; ``called`` of each UDP connection request, not judged yet.
    """
    while True:
        with suppress(OSError):
            await _keep_one_socket(binding, wait, random, bound, called)
        await asyncio.sleep(wait(binding.period_s))


async def _keep_one_socket(
    binding: Binding,
    wait: Callable[[float], float],
    random: Random,
    bound: Callable[[Address, Address], None],
    called: Callable[[UdpRequest], None],
) -> None:
    transport, port = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Port(binding, random, bound, called), remote_addr=binding.server
    )
    try:
        while not transport.is_closing():
            port.ask()
            await asyncio.sleep(wait(binding.period_s))
    finally:
        transport.close()


class _Port(asyncio.DatagramProtocol):
    """One UDP socket and the binding that goes through it."""

    def __init__(
        self,
        binding: Binding,
        random: Random,
        bound: Callable[[Address, Address], None],
        called: Callable[[UdpRequest], None],
    ) -> None:
        self._binding, self._random = binding, random
        self._bound, self._called = bound, called
        self._transaction = b""
        self._mapped: Address | None = None
        self._has_changed = False
        self._must_sign = False
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def ask(self) -> None:
        """Sends a Binding Request, signed once the server has demanded it."""
        if self._transport is None:
            return
        self._transaction = self._random.randbytes(stun.TRANSACTION_BYTES)
        request = stun.binding_request(
            self._transaction, self._binding.username, changed=self._has_changed
        )
        self._has_changed = False
        password = self._binding.password if self._must_sign else None
        self._transport.sendto(stun.encode(request, password))

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002
        with suppress(MalformedMessage):
            if data.startswith(b"GET "):
                self._called(stun.parse_udp_request(data))
            else:
                self._answered(stun.decode(data))

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there at present: the next request tries again."""

    def _answered(self, answer: stun.Message) -> None:
        if answer.transaction != self._transaction or self._transport is None:
            return
        if answer.kind is Kind.BINDING_ERROR:
            if answer.error_code == UNAUTHORIZED and not self._must_sign:
                self._must_sign = True
                self.ask()
            return
        mapped = answer.mapped_address
        if mapped is not None and mapped != self._mapped:
            self._has_changed = self._mapped is not None
            self._mapped = mapped
            self._bound(mapped, self._transport.get_extra_info("sockname")[:2])
