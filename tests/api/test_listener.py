"""Bytes that are no HTTP: answered in JSON, without a trace in the log."""

import asyncio
import json

import pytest
from aiohttp import web

from api.app import ApiOptions, make_app
from api.listener import ApiRunner
from inventory import access
from inventory.access import Role
from inventory.signals import Signals
from inventory.sqlite.store import SqliteStore


@pytest.fixture
async def port(house_in, tmp_path):
    async with await SqliteStore.open(tmp_path / "inventory.db") as store:
        await store.write(access.create_token, "a", Role.ADMIN, None, None, 0, None, "secret")
        app = make_app(store, Signals(), ApiOptions(), house_in(tmp_path))
        runner = ApiRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield site.port
        await runner.cleanup()


AS_ADMIN = b"Authorization: Bearer secret\r\nConnection: close\r\n\r\n"


async def sent(port, raw):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return head.decode(), json.loads(body)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /api/v1/organization/ HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nAuthorization: Bearer secret\r\nContent-Length: x\r\n\r\n",
    ],
)
async def test_malformed_http_is_400_in_json_and_one_line_in_the_log(port, raw, caplog):
    caplog.set_level("INFO")
    head, body = await sent(port, raw)
    assert head.split(" ")[1] == "400"
    assert "X-Request-Id: " in head
    assert "aiohttp" not in head
    assert body == {"detail": "Malformed HTTP request."}
    assert [record.exc_info for record in caplog.records] == [None]
    assert "secret" not in caplog.text


async def test_a_long_name_in_a_path_is_read(port):
    path = b"%F0%9F%90%8D" * 2000
    head, body = await sent(
        port,
        b"GET /api/v1/inventory_device_name/"
        + path
        + b"/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    assert head.split(" ")[1] == "401"
    assert body == {"detail": "Authentication credentials were not provided."}


@pytest.mark.parametrize(
    ("target", "header", "status"),
    [
        (b"/api/v1/organization/?\xff=1", b"", 400),
        (b"/api/v1/organization/?%FF=1", b"", 400),
        (b"/api/v1/organization/?name=%FF", b"", 200),
        (b"/api/v1/organization/%FF/", b"", 404),
        (b"/api/v1/organization/\xff/", b"", 400),
        (b"/api/v1/inventory_device_name/%FF%00/", b"", 404),
        (b"/api/v1/organization/", b"X-Request-Id: \xff\r\n", 200),
        (b"/api/v1/organization/1/", b"If-None-Match: \xff\r\n", 200),
        (b"/api/v1/organization/", b"Accept: \xff\r\n", 406),
        (b"/api/v1/organization/", b"Host: \xff\r\n", 200),
    ],
)
async def test_bytes_that_are_no_utf_8_are_answered_in_json(port, target, header, status):
    host = b"" if b"Host" in header else b"Host: a\r\n"
    head, _ = await sent(
        port,
        b"GET " + target + b" HTTP/1.1\r\n" + host + header + AS_ADMIN,
    )
    assert head.split(" ")[1] == str(status)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"Content-Type: \xff\r\n", 415),
        (b"Content-Type: application/json; charset=\xff\r\n", 415),
        (b"Content-Type: application/json\r\nIdempotency-Key: \xff\r\n", 400),
        (b"Content-Type: application/json\r\nIdempotency-Key: a\r\n", 201),
    ],
)
async def test_a_post_with_bytes_that_are_no_utf_8_is_answered_in_json(port, header, status):
    head, _ = await sent(
        port,
        b"POST /api/v1/organization/ HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n"
        + header
        + AS_ADMIN
        + b'{"name": "x"}',
    )
    assert head.split(" ")[1] == str(status)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x-odd"])
async def test_a_body_in_a_content_coding_is_a_415_without_a_trace(port, coding, caplog):
    """One that was cut off could not be told from a whole one."""
    for path, kind in (("organization/", "json"), ("firmware_image/?version=1", "octet-stream")):
        head, body = await sent(
            port,
            f"POST /api/v1/{path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/{kind}\r\n"
            f"Content-Encoding: {coding}\r\nContent-Length: 5\r\n".encode()
            + AS_ADMIN.replace(b"\r\n\r\n", b"\r\n\r\nhello"),
        )
        assert head.split(" ")[1] == "415"
        assert "Accept-Encoding: identity" in head
        assert coding in body["detail"]
    assert [record.exc_info for record in caplog.records] == []
