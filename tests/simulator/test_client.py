"""The CPE's HTTP, against answers written out as bytes."""

import asyncio
import gzip
import ssl
import zlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from simulator.client import Client, HttpError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def client():
    client = Client("user", "secret", timeout_s=5)
    yield client
    await client.close()


def reply(head, body=b""):
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def post(acs, client, path="/acs"):
    return await client.request("POST", f"http://127.0.0.1:{acs.port}{path}", b"hello")


async def test_a_challenge_is_answered_on_the_same_connection(acs, client):
    acs.raw_answers = [
        reply('401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n1", qop="auth"'),
        OK,
        OK,
    ]
    assert (await post(acs, client)).status == 200
    await post(acs, client)
    assert acs.connections == 1
    credentials = [one.headers.get("authorization") for one in acs.requests]
    assert credentials[0] is None
    assert "nc=00000001" in credentials[1]
    assert "nc=00000002" in credentials[2]
    assert acs.requests[1].body == b"hello"


async def test_a_stale_nonce_is_replaced(acs, client):
    challenge = '401 No\r\nWWW-Authenticate: Digest realm="r", nonce="{}", qop="auth", stale=true'
    acs.raw_answers = [reply(challenge.format("old")), reply(challenge.format("new")), OK]
    assert (await post(acs, client)).status == 200
    assert 'nonce="new"' in acs.requests[-1].headers["authorization"]


async def test_wrong_credentials_are_not_tried_for_ever(acs, client):
    acs.raw_answers = [reply('401 No\r\nWWW-Authenticate: Basic realm="r"')] * 5
    assert (await post(acs, client)).status == 401
    assert len(acs.requests) == 3


async def test_without_credentials_a_challenge_is_the_answer(acs):
    acs.raw_answers = [reply('401 No\r\nWWW-Authenticate: Basic realm="r"')]
    client = Client()
    assert (await post(acs, client)).status == 401
    await client.close()


async def test_basic_can_be_sent_unasked(acs):
    client = Client("user", "secret", is_preemptive=True)
    acs.raw_answers = [OK]
    await post(acs, client)
    await client.close()
    assert acs.requests[0].headers["authorization"] == "Basic dXNlcjpzZWNyZXQ="


async def test_redirects_are_followed_with_the_same_message(acs, client):
    acs.raw_answers = [reply("307 Elsewhere\r\nLocation: /there"), OK]
    assert (await post(acs, client)).body == b"ok"
    assert [(one.target, one.body) for one in acs.requests] == [
        ("/acs", b"hello"),
        ("/there", b"hello"),
    ]


async def test_redirects_end_somewhere(acs, client):
    acs.raw_answers = [reply("302 Elsewhere\r\nLocation: /acs")] * 10
    assert (await post(acs, client)).status == 302
    assert len(acs.requests) == 6


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        reply("200 OK\r\nContent-Encoding: gzip", gzip.compress(b"hello")),
        reply("200 OK\r\nContent-Encoding: deflate", zlib.compress(b"hello")),
    ],
    ids=["chunked", "after an interim answer", "gzip", "deflate"],
)
async def test_bodies_come_in_many_forms(acs, client, raw):
    acs.raw_answers = [raw, OK]
    assert (await post(acs, client)).body == b"hello"
    assert (await post(acs, client)).body == b"ok"
    assert acs.connections == 1


async def test_a_server_that_closes_between_messages_is_called_again(acs, client):
    acs.raw_answers = [reply("200 OK\r\nConnection: close"), OK]
    await post(acs, client)
    assert (await post(acs, client)).body == b"ok"
    assert acs.connections == 2


async def test_cookies_are_kept_and_replaced(acs, client):
    acs.raw_answers = [
        reply("200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2"),
        reply("200 OK\r\nSet-Cookie: a=3"),
        OK,
    ]
    for _ in range(3):
        await post(acs, client)
    assert [one.headers.get("cookie") for one in acs.requests] == [None, "a=1; b=2", "a=3; b=2"]


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        reply("200 OK\r\nContent-Encoding: gzip", b"not gzip"),
    ],
)
async def test_what_is_no_http_is_an_error(acs, client, raw):
    acs.raw_answers = [raw]
    with pytest.raises(HttpError):
        await post(acs, client)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "http://127.0.0.1:x/", "garbage"])
async def test_what_is_no_url_is_an_error(client, url):
    with pytest.raises(HttpError):
        await client.request("POST", url)


async def test_a_server_that_says_nothing_is_given_up():
    async def hear(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    client = Client(timeout_s=0.05)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(TimeoutError):
            await client.request("POST", f"http://127.0.0.1:{port}/")
        await client.close()


async def test_a_large_file_goes_to_the_sink_in_pieces(acs, client):
    acs.files["/big"] = bytes(300_000)
    pieces = []
    reply = await client.request(
        "GET", f"http://127.0.0.1:{acs.port}/big", sink=lambda piece: pieces.append(len(piece))
    )
    assert (reply.status, reply.body, sum(pieces)) == (200, b"", 300_000)
    assert len(pieces) > 1


async def test_https_is_spoken_with_a_trusted_server_only(acs, certificate):
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    server = await asyncio.start_server(acs.serve, "127.0.0.1", 0, ssl=serving)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/acs"
        acs.raw_answers = [OK]
        client, stranger = Client(tls=trusting), Client()
        assert (await client.request("POST", url)).body == b"ok"
        with pytest.raises(ssl.SSLCertVerificationError):
            await stranger.request("POST", url)
        await client.close()
        await stranger.close()


@pytest.fixture
def certificate(tmp_path):
    """A file with the key and the self-signed certificate of 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "server.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path
