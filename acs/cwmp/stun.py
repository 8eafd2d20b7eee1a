"""Calling CPEs behind NAT (TR-069 Annex G), without sockets: STUN and the UDP connection request.

STUN is that of RFC 3489, as far as Annex G uses it. The CPE keeps a binding alive with Binding
Requests; by the two attributes of Annex G and its user name the ACS learns the address behind
which the CPE listens. Datagrams can be forged: what they say is a hint, and proved only where
:meth:`Message.verify` or :meth:`UdpRequest.verify` says so.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import ip_address
from struct import Struct, error
from urllib.parse import parse_qs, quote_plus

from acs.cwmp.faults import MalformedMessage

TRANSACTION_BYTES = 16
LARGEST_DATAGRAM = 2048  # of what we read; these messages need some hundred bytes

# The value of CONNECTION-REQUEST-BINDING, with its trailing blank.
ANNEX_G = b"dslforum.org/TR-111 "

Address = tuple[str, int]

_HEADER = Struct(f"!HH{TRANSACTION_BYTES}s")
_ATTRIBUTE = Struct("!HH")
_ENDPOINT = Struct("!xBH")
_CODE = Struct("!xxBB")
_FAMILIES = {1: 4, 2: 16}  # of addresses: IPv4, IPv6 and their sizes
_INTEGRITY_BYTES = 20
_INTEGRITY_BLOCK = 64  # RFC 3489 11.2.8: zeros up to a multiple of that


class Kind(IntEnum):
    BINDING_REQUEST = 0x0001
    BINDING_RESPONSE = 0x0101
    BINDING_ERROR = 0x0111


class Attribute(IntEnum):
    MAPPED_ADDRESS = 0x0001
    RESPONSE_ADDRESS = 0x0002
    CHANGE_REQUEST = 0x0003
    SOURCE_ADDRESS = 0x0004
    CHANGED_ADDRESS = 0x0005
    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    UNKNOWN_ATTRIBUTES = 0x000A
    CONNECTION_REQUEST_BINDING = 0xC001
    BINDING_CHANGE = 0xC002


# What an ACS makes something of in a request. From 0x8000 on, unknown ones may be ignored.
_UNDERSTOOD = {Attribute.RESPONSE_ADDRESS, Attribute.USERNAME, Attribute.MESSAGE_INTEGRITY}
_FIRST_OPTIONAL = 0x8000


@dataclass(frozen=True, slots=True)
class Message:
    """One STUN message; attributes are kept raw and in order, the first of a type counts."""

    kind: Kind
    transaction: bytes
    attributes: tuple[tuple[int, bytes], ...] = ()
    signed: bytes = field(default=b"", repr=False, compare=False)  # what the integrity covers

    def get(self, attribute: Attribute) -> bytes | None:
        return next((value for number, value in self.attributes if number == attribute), None)

    @property
    def username(self) -> str:
        """Without the blanks that pad it to a multiple of four."""
        return (self.get(Attribute.USERNAME) or b"").decode("utf-8", "replace").rstrip(" \0")

    @property
    def is_for_connection_requests(self) -> bool:
        """It comes from the port where the CPE awaits UDP connection requests."""
        value = self.get(Attribute.CONNECTION_REQUEST_BINDING)
        return value is not None and value.rstrip() == ANNEX_G.rstrip()

    @property
    def binding_has_changed(self) -> bool:
        return self.get(Attribute.BINDING_CHANGE) is not None

    @property
    def mapped_address(self) -> Address | None:
        return _read_address(self.get(Attribute.MAPPED_ADDRESS))

    @property
    def response_address(self) -> Address | None:
        """Where the answer is wanted; sending it anywhere but to the sender's host is misuse."""
        return _read_address(self.get(Attribute.RESPONSE_ADDRESS))

    @property
    def error_code(self) -> int | None:
        value = self.get(Attribute.ERROR_CODE)
        if value is None or len(value) < _CODE.size:
            return None
        hundreds, rest = _CODE.unpack_from(value)
        return int(hundreds & 7) * 100 + int(rest)

    @property
    def not_understood(self) -> tuple[int, ...]:
        """Attributes of a request that must be understood and are not: answer error 420."""
        return tuple(
            number
            for number, _ in self.attributes
            if number < _FIRST_OPTIONAL and number not in _UNDERSTOOD
        )

    def verify(self, password: str) -> bool:
        """Does MESSAGE-INTEGRITY prove that the sender knows this password?"""
        given = self.get(Attribute.MESSAGE_INTEGRITY)
        return given is not None and hmac.compare_digest(given, _integrity(self.signed, password))


def binding_request(
    transaction: bytes,
    username: str = "",
    *,
    for_connection_requests: bool = True,
    changed: bool = False,
    response_address: Address | None = None,
) -> Message:
    attributes: list[tuple[int, bytes]] = []
    if response_address:
        attributes.append((Attribute.RESPONSE_ADDRESS, _write_address(response_address)))
    if for_connection_requests:
        attributes.append((Attribute.CONNECTION_REQUEST_BINDING, ANNEX_G))
    if changed:
        attributes.append((Attribute.BINDING_CHANGE, b""))
    if username:
        attributes.append((Attribute.USERNAME, _padded(username.encode())))
    return Message(Kind.BINDING_REQUEST, transaction, tuple(attributes))


def binding_response(request: Message, source: Address) -> Message:
    """Tells a CPE the address that its request came from."""
    mapped = (Attribute.MAPPED_ADDRESS, _write_address(source))
    return Message(Kind.BINDING_RESPONSE, request.transaction, (mapped,))


def binding_error(request: Message, code: int, reason: str, unknown: Iterable[int] = ()) -> Message:
    """400 bad, 401 unauthorized, 420 attributes not understood (RFC 3489 11.2.9)."""
    error_code = _CODE.pack(code // 100, code % 100) + _padded(reason.encode())
    attributes = [(int(Attribute.ERROR_CODE), error_code)]
    numbers = list(unknown)
    if numbers:
        numbers += numbers[-1:] * (len(numbers) % 2)  # repeated to fill four bytes
        listed = b"".join(number.to_bytes(2) for number in numbers)
        attributes.append((Attribute.UNKNOWN_ATTRIBUTES, listed))
    return Message(Kind.BINDING_ERROR, request.transaction, tuple(attributes))


def encode(message: Message, password: str | None = None) -> bytes:
    """The datagram; with a password it ends with MESSAGE-INTEGRITY."""
    body = b"".join(
        _ATTRIBUTE.pack(number, len(value)) + value for number, value in message.attributes
    )
    if password is None:
        return _HEADER.pack(message.kind, len(body), message.transaction) + body
    length = len(body) + _ATTRIBUTE.size + _INTEGRITY_BYTES
    signed = _HEADER.pack(message.kind, length, message.transaction) + body
    head = _ATTRIBUTE.pack(Attribute.MESSAGE_INTEGRITY, _INTEGRITY_BYTES)
    return signed + head + _integrity(signed, password)


def decode(datagram: bytes) -> Message:
    """Raises :class:`MalformedMessage` for what is no STUN message that we know."""
    try:
        number, length, transaction = _HEADER.unpack_from(datagram)
        kind = Kind(number)
    except (error, ValueError):
        raise MalformedMessage("not a STUN binding message") from None
    if length != len(datagram) - _HEADER.size or len(datagram) > LARGEST_DATAGRAM:
        raise MalformedMessage("a STUN message of another length than it says")
    attributes, signed = _read_attributes(datagram)
    return Message(kind, transaction, attributes, signed)


def _read_attributes(datagram: bytes) -> tuple[tuple[tuple[int, bytes], ...], bytes]:
    """The attributes, and the bytes before MESSAGE-INTEGRITY, after which nothing counts.

    RFC 3489 knows no padding, RFC 5389 pads each value; a whole length that is no multiple of
    four tells the first.
    """
    is_padded = len(datagram) % 4 == 0
    found: list[tuple[int, bytes]] = []
    at = _HEADER.size
    while at < len(datagram):
        if at + _ATTRIBUTE.size > len(datagram):
            raise MalformedMessage("a STUN attribute is cut off")
        number, length = _ATTRIBUTE.unpack_from(datagram, at)
        value = datagram[at + _ATTRIBUTE.size :][:length]
        if len(value) < length:
            raise MalformedMessage("a STUN attribute is cut off")
        found.append((number, value))
        if number == Attribute.MESSAGE_INTEGRITY:
            return tuple(found), datagram[:at]
        at += _ATTRIBUTE.size + length + (-length % 4 if is_padded else 0)
    return tuple(found), b""


def _integrity(signed: bytes, password: str) -> bytes:
    padding = bytes(-len(signed) % _INTEGRITY_BLOCK)
    return hmac.digest(password.encode(), signed + padding, "sha1")


def _padded(text: bytes) -> bytes:
    """RFC 3489 wants multiples of four; Annex G fills up with blanks."""
    return text + b" " * (-len(text) % 4)


def _read_address(value: bytes | None) -> Address | None:
    if value is None or len(value) < _ENDPOINT.size:
        return None
    family, port = _ENDPOINT.unpack_from(value)
    packed = value[_ENDPOINT.size :]
    if len(packed) != _FAMILIES.get(family):
        return None
    return str(ip_address(packed)), port


def _write_address(address: Address) -> bytes:
    host, port = address
    packed = ip_address(host).packed
    return _ENDPOINT.pack(1 if len(packed) == 4 else 2, port) + packed


# --- The UDP connection request --------------------------------------------------------------

_REQUEST_LINE = re.compile(rb"GET +[^ ?]*\?([\x21-\x7e]*) +HTTP/1\.[01]\r\n")


@dataclass(frozen=True, slots=True)
class UdpRequest:
    """G.2.2.3: one datagram that asks a CPE to call; there is no answer, so it is repeated.

    The CPE drops a timestamp that goes back, and an id that it has seen just before.
    """

    timestamp: int  # Unix time
    id: int
    username: str
    cnonce: str
    signature: str = ""

    def sign(self, password: str) -> str:
        text = f"{self.timestamp}{self.id}{self.username}{self.cnonce}"
        return hmac.digest(password.encode(), text.encode(), "sha1").hex()

    def verify(self, password: str) -> bool:
        given, right = self.signature.lower(), self.sign(password)
        return hmac.compare_digest(given.encode(), right.encode())

    def encode(self, host_and_port: str, password: str) -> bytes:
        """The datagram for a CPE at this address; the order of parameters matters to some."""
        query = (
            f"ts={self.timestamp}&id={self.id}&un={quote_plus(self.username)}"
            f"&cn={quote_plus(self.cnonce)}&sig={self.sign(password)}"
        )
        url = f"http://{host_and_port}?{query}"
        return f"GET {url} HTTP/1.1\r\nHost: {host_and_port}\r\n\r\n".encode()


def parse_udp_request(datagram: bytes) -> UdpRequest:
    """Raises :class:`MalformedMessage`."""
    line = _REQUEST_LINE.match(datagram[:LARGEST_DATAGRAM])
    if line is None:
        raise MalformedMessage("not a UDP connection request")
    try:
        query = parse_qs(line[1].decode(), keep_blank_values=True, max_num_fields=20)
        return UdpRequest(
            timestamp=int(query["ts"][0]),
            id=int(query["id"][0]),
            username=query["un"][0],
            cnonce=query["cn"][0],
            signature=query["sig"][0],
        )
    except (KeyError, ValueError):
        raise MalformedMessage("a UDP connection request without its parameters") from None
