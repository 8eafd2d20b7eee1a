"""The listener's paths, its TLS and its end."""

import asyncio
import datetime
import logging
import ssl
from ipaddress import ip_network

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def other_pages():
    async def file(request):
        return web.Response(text=f"file {request.match_info['name']} for {request.remote}")

    async def broken(request):
        raise ZeroDivisionError("secret detail")

    async def receive(request):
        return web.Response(text=str(len(await request.read())))

    application = web.Application()
    application.add_routes(
        [
            web.get("/files/{name}", file),
            web.put("/files/{name}", receive),
            web.get("/broken", broken),
        ]
    )
    return application


async def test_other_paths_are_handed_to_the_application(listen, dial, post, hearer):
    _, port = await listen(others=other_pages())
    wire = await dial(port)
    response = await wire.ask(b"GET /files/fw-1.bin HTTP/1.1\r\nHost: a\r\n\r\n")
    assert response.body == b"file fw-1.bin for 127.0.0.1"
    assert (await wire.ask(post())).status == 204
    head = (
        b"PUT /files/log HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    )
    assert (await wire.ask(head)).status == 100
    assert (await wire.ask(b"abc")).body == b"3"
    assert (await wire.ask(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")).status == 404
    assert len(hearer.heard) == 1


async def test_without_an_application_other_paths_are_404(wire, post):
    assert (await wire.ask(post(path="/acs/x"))).status == 404


async def test_an_error_in_the_application_tells_the_peer_nothing(listen, dial, caplog):
    _, port = await listen(others=other_pages())
    response = await (await dial(port)).ask(b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\n")
    assert response.status == 500
    assert response.body == b"Internal Server Error\n"
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError


# --- The description -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "headers", "url"),
    [
        ({}, "", "http://cpe-side:7547/acs"),
        ({"public_url": "https://acs.example.net/"}, "", "https://acs.example.net/acs"),
        (
            {"trusted_proxies": (ip_network("127.0.0.1"),)},
            "X-Forwarded-Proto: https\r\n",
            "https://cpe-side:7547/acs",
        ),
        ({}, "X-Forwarded-Proto: https\r\n", "http://cpe-side:7547/acs"),
    ],
)
async def test_the_description_is_made_for_the_url_in_use(listen, dial, options, headers, url):
    _, port = await listen(describe=lambda url: f"<wsdl at='{url}'/>".encode(), **options)
    request = f"GET /acs?WSDL HTTP/1.1\r\nHost: cpe-side:7547\r\n{headers}\r\n"
    response = await (await dial(port)).ask(request.encode())
    assert response.status == 200
    assert response["Content-Type"] == 'text/xml; charset="utf-8"'
    assert response.body == f"<wsdl at='{url}'/>".encode()


async def test_without_a_description_there_is_404(wire):
    response = await wire.ask(b"GET /acs?wsdl HTTP/1.1\r\nHost: a\r\n\r\n")
    assert response.status == 404


# --- TLS -------------------------------------------------------------------------------------


def certificate(name, issuer=None):
    """Key and certificate for a name; without an issuer signed by itself, so a CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_name, issuer_key = issuer or (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return (
        (subject, key),
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(pem),
    )


@pytest.fixture
def tls(tmp_path):
    """Contexts for the server and for a CPE without and with a certificate of its own."""
    authority, authority_pem = certificate("Test CA")
    files = {}
    for name in ("acs", "001122-SN1"):
        files[name] = tmp_path / name
        files[name].write_bytes(certificate(name, authority)[1])
    ca = authority_pem[authority_pem.index(b"-----BEGIN CERTIFICATE") :].decode()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=ca)
    server.verify_mode = ssl.CERT_OPTIONAL
    server.verify_flags &= ~ssl.VERIFY_X509_STRICT  # our certificates are as plain as CPEs' are
    server.load_cert_chain(files["acs"])

    def client(*own):
        context = ssl.create_default_context(cadata=ca)
        context.check_hostname = False
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        for name in own:
            context.load_cert_chain(files[name])
        return context

    return server, client(), client("001122-SN1")


async def test_the_subject_of_a_client_certificate_is_told(listen, dial, post, hearer, tls):
    server, plain_client, certified_client = tls
    endpoint, _ = await listen()
    port = await endpoint.listen("127.0.0.1", 0, server)
    assert (await (await dial(port, ssl=plain_client)).ask(post())).status == 204
    assert hearer.caller.tls_subject is None
    assert (await (await dial(port, ssl=certified_client)).ask(post())).status == 204
    assert hearer.caller.tls_subject == "001122-SN1"


async def test_tls_on_the_plain_port_is_a_plain_400(listen, dial, hearer, caplog):
    caplog.set_level(logging.INFO, "acs.endpoint")
    _, port = await listen()
    wire = await dial(port)
    assert (await wire.ask(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")).status == 400
    assert len(caplog.records) == 1


# --- The end ---------------------------------------------------------------------------------


async def test_a_request_at_work_is_answered_before_the_end(listen, dial, post, hearer):
    endpoint, port = await listen()
    hearer.may_answer.clear()
    wire = await dial(port)
    wire.send(post())
    await hearer.is_asked.wait()
    closing = asyncio.create_task(endpoint.close())
    await asyncio.sleep(0)
    hearer.may_answer.set()
    assert (await wire.answer()).status == 204
    await closing
    assert await wire.is_closed()
