"""STUN and UDP connection requests, against bytes written by hand and known signatures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.cwmp.faults import MalformedMessage
from acs.cwmp.stun import (
    Attribute,
    Kind,
    Message,
    UdpRequest,
    binding_error,
    binding_request,
    binding_response,
    decode,
    encode,
    parse_udp_request,
)

TRANSACTION = bytes(range(16))
HEX_TRANSACTION = "000102030405060708090a0b0c0d0e0f"

REQUEST = bytes.fromhex(
    "0001 0028" + HEX_TRANSACTION + "c001 0014"  # CONNECTION-REQUEST-BINDING
    "64736c666f72756d2e6f72672f54522d31313120"  # "dslforum.org/TR-111 "
    "c002 0000"  # BINDING-CHANGE
    "0006 0008 6370653120202020"  # USERNAME "cpe1    "
)
RESPONSE = bytes.fromhex("0101 000c" + HEX_TRANSACTION + "0001 0008 0001 d431 c0000207")
UNKNOWN_ATTRIBUTE = bytes.fromhex("0001 0008" + HEX_TRANSACTION + "0003 0004 00000006")


# --- STUN ------------------------------------------------------------------------------------


def test_a_binding_request_of_annex_g_is_read():
    message = decode(REQUEST)
    assert message.kind is Kind.BINDING_REQUEST
    assert message.transaction == TRANSACTION
    assert message.username == "cpe1"
    assert message.is_for_connection_requests
    assert message.binding_has_changed
    assert message.not_understood == ()


def test_a_bare_binding_request_says_nothing():
    message = decode(bytes.fromhex("0001 0000" + HEX_TRANSACTION))
    assert not message.is_for_connection_requests
    assert not message.binding_has_changed
    assert message.username == ""
    assert message.response_address is None


def test_a_binding_request_is_written():
    message = binding_request(TRANSACTION, "cpe12345", changed=True)
    assert encode(message) == REQUEST.replace(b"cpe1    ", b"cpe12345")
    bare = binding_request(TRANSACTION, for_connection_requests=False)
    assert encode(bare) == bytes.fromhex("0001 0000" + HEX_TRANSACTION)


def test_a_binding_response_tells_the_address_that_was_seen():
    response = binding_response(decode(REQUEST), ("192.0.2.7", 54321))
    assert encode(response) == RESPONSE
    assert decode(RESPONSE).mapped_address == ("192.0.2.7", 54321)


def test_an_ipv6_address_is_told_too():
    response = binding_response(decode(REQUEST), ("2001:db8::7", 1))
    assert decode(encode(response)).mapped_address == ("2001:db8::7", 1)


def test_the_address_for_the_response_is_read():
    message = binding_request(TRANSACTION, response_address=("192.0.2.7", 7547))
    assert decode(encode(message)).response_address == ("192.0.2.7", 7547)


def test_an_attribute_that_must_be_understood_is_named_in_error_420():
    request = decode(UNKNOWN_ATTRIBUTE)
    assert request.not_understood == (Attribute.CHANGE_REQUEST,)
    refusal = encode(binding_error(request, 420, "Unknown", request.not_understood))
    assert (
        refusal
        == bytes.fromhex(
            "0111 0018"
            + HEX_TRANSACTION
            + "0009 000c 00000414 556e6b6e6f776e20"  # 4, 20, "Unknown "
            "000a 0004 0003 0003"
        )
    )
    assert decode(refusal).error_code == 420


def test_message_integrity_proves_the_password():
    datagram = encode(decode(REQUEST), password="pässword")
    message = decode(datagram)
    assert message.attributes[:-1] == decode(REQUEST).attributes
    assert message.verify("pässword")
    assert not message.verify("password")
    assert not decode(REQUEST).verify("")


def test_message_integrity_covers_what_stands_before_it_and_nothing_after_counts():
    datagram = bytearray(encode(decode(REQUEST), password="pw"))
    late = bytes.fromhex("0006 0004") + b"evil"
    datagram[2:4] = (len(datagram) - 20 + len(late)).to_bytes(2)
    assert decode(bytes(datagram) + late).username == "cpe1"
    forged = encode(decode(REQUEST), password="pw").replace(b"cpe1", b"cpe2")
    assert not decode(forged).verify("pw")


def test_message_integrity_is_that_of_rfc_3489():
    # HMAC-SHA1 over header and attributes, filled with zeros to 64 bytes; computed with OpenSSL.
    datagram = encode(binding_request(TRANSACTION, "cpe1", for_connection_requests=False), "pw")
    assert datagram[:28] == bytes.fromhex("0001 0020" + HEX_TRANSACTION + "0006 0004 63706531")
    assert datagram[28:32] == bytes.fromhex("0008 0014")
    assert datagram[32:].hex() == "e41497fdff166916d10cb7856e51dcccbf186ba2"


def test_values_padded_as_in_rfc_5389_are_read():
    padded = bytes.fromhex("0001 0010" + HEX_TRANSACTION + "0006 0005 6370653132 000000 c002 0000")
    message = decode(padded)
    assert message.username == "cpe12"
    assert message.binding_has_changed


def test_values_without_padding_are_read():
    unpadded = bytes.fromhex("0001 000d" + HEX_TRANSACTION + "0006 0005 6370653132 c002 0000")
    message = decode(unpadded)
    assert message.username == "cpe12"
    assert message.binding_has_changed


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x00\x01",
        REQUEST[:-1],
        REQUEST + b"\0",
        b"\x00\x02" + REQUEST[2:],
        bytes.fromhex("0001 0004" + HEX_TRANSACTION + "0006 0001"),
        bytes.fromhex("0001 0002" + HEX_TRANSACTION + "0006"),
        bytes.fromhex("0001 1000" + HEX_TRANSACTION) + bytes(0x1000),
    ],
)
def test_what_is_no_binding_message_is_refused(datagram):
    with pytest.raises(MalformedMessage):
        decode(datagram)


@given(st.binary(max_size=80))
def test_no_datagram_makes_the_reader_raise_anything_else(tail):
    for datagram in (tail, b"\0\x01" + len(tail).to_bytes(2) + TRANSACTION + tail):
        try:
            message = decode(datagram)
        except MalformedMessage:
            continue
        message.username, message.mapped_address, message.error_code, message.verify("")


attributes = st.tuples(
    st.integers(0, 0xFFFF).filter(lambda number: number != Attribute.MESSAGE_INTEGRITY),
    st.binary(max_size=16).map(lambda value: value[: len(value) // 4 * 4]),
)


@given(st.sampled_from(Kind), st.binary(min_size=16, max_size=16), st.lists(attributes, max_size=5))
def test_what_is_written_is_read_again(kind, transaction, listed):
    message = Message(kind, transaction, tuple(listed))
    assert decode(encode(message)) == message


# --- The UDP connection request --------------------------------------------------------------

VECTOR = UdpRequest(1120673700, 1234, "CPE57689", "XTGRWIPC6D3IPXS3")
DATAGRAM = (
    b"GET http://192.0.2.7:54321?ts=1120673700&id=1234&un=CPE57689&cn=XTGRWIPC6D3IPXS3"
    b"&sig=f749ee6d9e3bc469fb709ead2a75ee7535f58552 HTTP/1.1\r\n"
    b"Host: 192.0.2.7:54321\r\n\r\n"
)


def test_the_signature_is_that_of_the_known_vector():
    assert VECTOR.sign("password") == "f749ee6d9e3bc469fb709ead2a75ee7535f58552"
    assert VECTOR.encode("192.0.2.7:54321", "password") == DATAGRAM


def test_a_request_is_read_and_verified():
    request = parse_udp_request(DATAGRAM)
    assert (request.timestamp, request.id) == (1120673700, 1234)
    assert (request.username, request.cnonce) == ("CPE57689", "XTGRWIPC6D3IPXS3")
    assert request.verify("password")
    assert not request.verify("other")
    assert parse_udp_request(DATAGRAM.replace(b"f749ee", b"F749EE")).verify("password")
    assert not parse_udp_request(DATAGRAM.replace(b"id=1234", b"id=1235")).verify("password")


def test_the_user_name_is_escaped_in_the_url_and_raw_in_the_signature():
    request = UdpRequest(1, 2, "a b&c=ü", "n")
    datagram = request.encode("192.0.2.7:1", "pw")
    assert b"&un=a+b%26c%3D%C3%BC&" in datagram
    assert parse_udp_request(datagram).username == "a b&c=ü"
    assert parse_udp_request(datagram).verify("pw")


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST http://a?ts=1&id=2&un=a&cn=b&sig=c HTTP/1.1\r\n\r\n",
        DATAGRAM.replace(b"ts=1120673700", b"ts=yesterday"),
        DATAGRAM.replace(b"&sig=", b"&gis="),
        DATAGRAM.replace(b"un=", b"a&" * 50),
        b"GET http://a?" + b"x" * 5000 + b" HTTP/1.1\r\n",
        DATAGRAM.replace(b"ts=", b"ts=" + b"9" * 5000),
    ],
)
def test_what_is_no_udp_request_is_refused(datagram):
    with pytest.raises(MalformedMessage):
        parse_udp_request(datagram)
