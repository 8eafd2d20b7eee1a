"""One POST over a real socket: what is heard, and what goes back byte for byte."""

import asyncio
import gzip
import logging
import zlib
from ipaddress import ip_network
from random import Random

import pytest

from acs.cwmp.httpauth import answer, challenge
from acs.cwmp.messages import Inform
from acs.endpoint.limits import EndpointLimits
from acs.exchange import Answer

# --- Answers ---------------------------------------------------------------------------------


async def test_an_envelope_is_answered_with_200_and_xml_and_a_cookie(wire, post, inform, hearer):
    response = await wire.ask(post(inform))
    assert response.status == 200
    assert response["Content-Type"] == 'text/xml; charset="utf-8"'
    assert response["Set-Cookie"] == "session=c0ffee; Path=/"
    assert b"InformResponse" in response.body
    assert {name for name, _ in response.headers} == {
        "Date",
        "Content-Type",
        "Set-Cookie",
        "Content-Length",
    }
    message, caller = hearer.heard[0]
    assert isinstance(message.body, Inform)
    assert message.id == "42"
    assert caller.address == "127.0.0.1"
    assert caller.cookie is None
    assert caller.authorization is None
    assert caller.tls_subject is None


@pytest.mark.parametrize("body", [b"", b"\r\n", b"  \n\t "])
async def test_an_empty_post_is_heard_as_nothing_and_answered_with_204(wire, post, hearer, body):
    response = await wire.ask(post(body))
    assert response.status == 204
    assert {name for name, _ in response.headers} == {"Date", "Content-Length"}
    assert response["Content-Length"] == "0"
    assert hearer.heard[0][0] is None


async def test_a_session_of_two_posts_stays_on_one_connection(wire, post, inform, hearer):
    await wire.ask(post(inform))
    await wire.ask(post(b"", "Cookie: session=c0ffee"))
    (_, first), (_, second) = hearer.heard
    assert first.connection == second.connection
    assert second.cookie == "c0ffee"


async def test_each_connection_has_its_own_identity_and_its_end_is_told(listen, dial, post, hearer):
    _, port = await listen()
    one, other = await dial(port), await dial(port)
    await one.ask(post())
    await other.ask(post())
    first, second = (caller.connection for _, caller in hearer.heard)
    assert first != second
    assert hearer.lost == []
    one.writer.close()
    await hearer.someone_left.wait()
    assert hearer.lost == [first]


async def test_pipelined_posts_are_answered_in_order(wire, post, inform):
    wire.send(post(inform) + post())
    assert (await wire.answer()).status == 200
    assert (await wire.answer()).status == 204


@pytest.mark.parametrize("path", ["/acs", "/cwmp", "/", "/acs/", "/acs?x=1", "/cwmp/"])
async def test_all_paths_lead_to_the_same_hearer(wire, post, hearer, path):
    assert (await wire.ask(post(path=path))).status == 204
    assert len(hearer.heard) == 1


async def test_a_refusal_is_told_in_plain_text(wire, post, hearer):
    hearer.told = Answer(403, reason="This device is not welcome.")
    response = await wire.ask(post())
    assert response.status == 403
    assert response.body == b"This device is not welcome.\n"
    assert response["Content-Type"] == 'text/plain; charset="utf-8"'
    assert response["Connection"] == "close"
    assert await wire.is_closed()


async def test_a_cookie_can_go_with_204(wire, post, hearer):
    hearer.told = Answer(204, cookie="abc1")
    assert (await wire.ask(post()))["Set-Cookie"] == "session=abc1; Path=/"


# --- Authentication --------------------------------------------------------------------------


async def test_401_asks_for_digest_before_basic_and_keeps_the_connection(wire, post, hearer):
    hearer.told = Answer(401)
    response = await wire.ask(post())
    assert response.status == 401
    asked = response.all("WWW-Authenticate")
    assert [value.split()[0] for value in asked] == ["Digest", "Digest", "Basic"]
    assert not response.all("Connection")
    assert "stale" not in asked[0]


async def test_credentials_over_an_old_nonce_are_asked_for_anew(wire, post, hearer, challenges):
    hearer.told = Answer(401)
    old = challenge("digest", "acs", challenges.nonces.new(0.0))
    credentials = answer(old, "POST", "/acs", "cpe", "pw", allow_basic=False)
    response = await wire.ask(post(b"", f"Authorization: {credentials}"))
    assert "stale=true" in response.all("WWW-Authenticate")[0]
    assert hearer.caller.authorization is None


async def test_credentials_over_a_nonce_of_somebody_else_prove_nothing(wire, post, hearer):
    forged = challenge("digest", "acs", "00000000deadbeef")
    credentials = answer(forged, "POST", "/acs", "cpe", "pw", allow_basic=False)
    await wire.ask(post(b"", f"Authorization: {credentials}"))
    assert hearer.caller.authorization is None


async def test_a_challenge_may_be_answered_on_a_new_connection(
    listen, dial, post, inform, hearer, challenges
):
    _, port = await listen()
    hearer.told = Answer(401)
    asked = (await (await dial(port)).ask(post(inform))).all("WWW-Authenticate")
    hearer.told = None
    credentials = answer(asked, "POST", "/acs", "cpe", "pw", allow_basic=False)
    response = await (await dial(port)).ask(post(inform, f"Authorization: {credentials}"))
    assert response.status == 200
    claim = hearer.caller.authorization
    assert claim.username == "cpe"
    assert claim.verify("pw")
    assert not claim.verify("other")


@pytest.mark.parametrize("header", ["Digest \xff\xfe,,", "Digest", "Basic", "Basic \xff", "?"])
async def test_an_unreadable_authorization_proves_nothing(wire, post, hearer, header):
    hearer.told = Answer(401)
    response = await wire.ask(post(b"", f"Authorization: {header}"))
    assert response.status == 401
    claim = hearer.caller.authorization
    assert claim is None or not claim.verify("")


# --- Cookies ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Cookie: session=c0ffee",
        'Cookie: session="c0ffee"',
        "cookie:session=c0ffee",
        "Cookie: session=c0ffee; Path=/",
        'Cookie: $Version="1"; session="c0ffee"; $Path="/"',
        "Cookie: $session=c0ffee",
        'Cookie2: $Version="1"; session=c0ffee',
        'Cookie: a=b\r\nCookie2: $Version="1"; session=c0ffee',
        "Cookie: foo=bar, session=c0ffee",
        "Cookie: bad[]cookie=\x01{}; session=c0ffee".replace("\x01", "("),
        "Cookie: mysession=wrong; session=c0ffee; Session2=wrong",
        "Cookie: a=b\r\nCookie: session=c0ffee",
        "Cookie: Session = c0ffee",
    ],
)
async def test_our_cookie_is_found_however_it_comes_back(wire, post, hearer, header):
    await wire.ask(post(b"", header))
    assert hearer.caller.cookie == "c0ffee"


@pytest.mark.parametrize("header", ["Cookie: mysession=x", "Cookie: session=", "Cookie: x=session"])
async def test_a_foreign_cookie_is_not_ours(wire, post, hearer, header):
    await wire.ask(post(b"", header))
    assert hearer.caller.cookie is None


# --- Bodies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("identity", bytes),
    ],
    ids=["gzip", "upper case", "x-gzip", "deflate", "raw deflate", "identity"],
)
async def test_a_compressed_body_is_inflated(wire, post, inform, hearer, coding, pack):
    response = await wire.ask(post(pack(inform), f"Content-Encoding: {coding}"))
    assert response.status == 200
    assert hearer.heard[0][0].id == "42"


async def test_an_unknown_coding_is_415(wire, post, inform, hearer):
    response = await wire.ask(post(inform, "Content-Encoding: br"))
    assert response.status == 415
    assert response["Accept-Encoding"] == "gzip, deflate"
    assert hearer.heard == []


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("pack", [bytes, lambda body: zlib.compress(body, wbits=31)[:-20]])
async def test_a_broken_coding_is_400(wire, post, inform, hearer, coding, pack):
    response = await wire.ask(post(pack(inform), f"Content-Encoding: {coding}"))
    assert response.status == 400
    assert hearer.heard == []


async def test_a_gzip_bomb_is_refused(wire, post, hearer):
    bomb = gzip.compress(b" " * (64 << 20))
    response = await wire.ask(post(bomb, "Content-Encoding: gzip"))
    assert response.status == 413
    assert hearer.heard == []


async def test_a_body_past_the_limit_is_413_before_it_is_read(listen, dial, post, hearer):
    _, port = await listen(limits=EndpointLimits(body_bytes=1000))
    wire = await dial(port)
    wire.send(b"POST /acs HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
    assert (await wire.answer()).status == 413
    wire = await dial(port)
    wire.send(b"POST /acs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    wire.send(b"3e9\r\n" + b"x" * 1001 + b"\r\n")
    assert (await wire.answer()).status == 413
    assert hearer.heard == []


async def test_a_body_of_the_limit_is_heard(listen, dial, post, inform):
    _, port = await listen(limits=EndpointLimits(body_bytes=len(inform)))
    assert (await (await dial(port)).ask(post(inform))).status == 200
    packed = post(gzip.compress(inform), "Content-Encoding: gzip")
    assert (await (await dial(port)).ask(packed)).status == 200


async def test_a_body_of_many_megabytes_is_read_whole(wire, post):
    assert (await wire.ask(post(b" " * (10 << 20)))).status == 204


async def test_all_bodies_together_have_a_limit(listen, dial, post, hearer):
    _, port = await listen(limits=EndpointLimits(all_bodies_bytes=3000))
    wires = [await dial(port) for _ in range(3)]
    for wire in wires:
        wire.send(b"POST /acs HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + b"x" * 1400)
    done, waiting = await asyncio.wait(
        [asyncio.create_task(wire.answer()) for wire in wires],
        return_when=asyncio.FIRST_COMPLETED,
    )
    assert [task.result().status for task in done] == [503]
    for task in waiting:
        task.cancel()
    assert (await (await dial(port)).ask(post())).status == 204


async def test_chunks_are_put_together(wire, post, inform, hearer):
    wire.send(post(b"", "Transfer-Encoding: chunked"))
    for part in (inform[:10], inform[10:200], inform[200:]):
        wire.send(b"%x;ext=1\r\n%b\r\n" % (len(part), part))
    assert (await wire.ask(b"0\r\n\r\n")).status == 200
    assert hearer.heard[0][0].id == "42"


async def test_a_broken_chunk_is_400(wire, post, hearer):
    response = await wire.ask(post(b"zz\r\n", "Transfer-Encoding: chunked"))
    assert response.status == 400
    assert hearer.heard == []


async def test_whoever_expects_100_is_invited(wire, post, inform):
    request = post(inform, "Expect: 100-continue")
    head, _, body = request.partition(b"\r\n\r\n")
    wire.send(head + b"\r\n\r\n")
    assert (await wire.answer()).status == 100
    assert (await wire.ask(body)).status == 200


async def test_whoever_expects_100_for_too_much_is_refused_at_once(listen, dial, post):
    _, port = await listen(limits=EndpointLimits(body_bytes=1000))
    request = post(b"x" * 1001, "Expect: 100-continue").partition(b"\r\n\r\n")[0]
    assert (await (await dial(port)).ask(request + b"\r\n\r\n")).status == 413


async def test_a_body_may_come_byte_by_byte(wire, post, inform):
    for octet in post(inform):
        wire.send(bytes([octet]))
        await wire.writer.drain()
        await asyncio.sleep(0)
    assert (await wire.answer()).status == 200


async def test_a_body_that_does_not_come_is_408(listen, dial, post, hearer):
    _, port = await listen(limits=EndpointLimits(body_timeout_s=0.02, linger_s=0))
    wire = await dial(port)
    response = await wire.ask(post(b"x" * 100)[:-1])
    assert response.status == 408
    assert await wire.is_closed()
    assert hearer.heard == []


async def test_a_head_that_does_not_come_ends_the_connection(listen, dial, post, inform):
    _, port = await listen(limits=EndpointLimits(head_timeout_s=0.02))
    silent, slow = await dial(port), await dial(port)
    await slow.ask(post(inform))
    slow.send(b"POST /acs HTTP/1.1\r\nHost")
    assert await silent.is_closed()
    assert await slow.is_closed()


async def test_a_slow_hearer_does_not_end_the_connection(listen, dial, post, hearer):
    _, port = await listen(limits=EndpointLimits(head_timeout_s=0.01))
    hearer.may_answer.clear()
    wire = await dial(port)
    wire.send(post())
    await hearer.is_asked.wait()
    other = await dial(port)
    assert await other.is_closed()  # so the patience of a head is over
    hearer.may_answer.set()
    assert (await wire.answer()).status == 204


async def test_a_peer_that_leaves_within_its_body_is_not_heard(wire, post, hearer, caplog):
    caplog.set_level(logging.INFO, "acs.endpoint")
    wire.send(post(b"x" * 100)[:-1])
    await wire.writer.drain()
    wire.writer.close()
    await hearer.someone_left.wait()
    assert hearer.heard == []


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("text/xml; charset=ISO-8859-1", "latin-1"),
        ('text/xml; charset="utf-16le"', "utf-16le"),
        ("text/xml", "utf-8"),
    ],
)
async def test_the_charset_of_the_content_type_is_heeded(
    wire, post, inform, hearer, content_type, encoding
):
    body = inform.decode().replace("Example", "Bücher").encode(encoding)
    response = await wire.ask(post(body, f"Content-Type: {content_type}"))
    assert response.status == 200
    assert hearer.heard[0][0].body.device_id.manufacturer == "Bücher"


async def test_what_is_no_message_is_400_and_one_line_in_the_log(wire, post, hearer, caplog):
    caplog.set_level(logging.INFO, "acs.endpoint")
    response = await wire.ask(post(b"<html>"))
    assert response.status == 400
    assert response["Connection"] == "close"
    assert await wire.is_closed()
    assert hearer.heard == []
    (record,) = caplog.records
    assert "127.0.0.1" in record.message
    assert record.exc_info is None


# --- What goes wrong on our side -------------------------------------------------------------


async def test_an_unforeseen_error_is_a_plain_500_and_one_trace_in_the_log(
    wire, post, hearer, caplog
):
    hearer.told = ZeroDivisionError("secret detail")
    response = await wire.ask(post())
    assert response.status == 500
    assert response.body == b"Internal Server Error\n"
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError


async def test_overload_is_told_before_the_body_is_read(listen, dial, hearer):
    _, port = await listen(chance=Random(1))
    hearer.room = False
    waits = set()
    for _ in range(10):
        wire = await dial(port)
        wire.send(b"POST /acs HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        response = await wire.answer()
        assert response.status == 503
        waits.add(int(response["Retry-After"]))
    assert len(waits) > 3
    assert all(60 <= wait <= 90 for wait in waits)
    assert hearer.heard == []


async def test_the_hearer_may_send_a_caller_away(wire, post, hearer):
    hearer.told = Answer(503, retry_after_s=10, reason="Later.")
    response = await wire.ask(post())
    assert response.status == 503
    assert 10 <= int(response["Retry-After"]) <= 15


# --- HTTP/1.0 and methods --------------------------------------------------------------------


async def test_http_1_0_ends_with_the_answer_unless_kept_alive(listen, dial, post, inform):
    _, port = await listen()
    wire = await dial(port)
    response = await wire.ask(post(inform, version="1.0"))
    assert response.raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert response["Connection"] == "close"
    assert await wire.is_closed()
    wire = await dial(port)
    response = await wire.ask(post(inform, "Connection: Keep-Alive", version="1.0"))
    assert response["Connection"] == "keep-alive"
    assert (await wire.ask(post(version="1.0"))).status == 204


async def test_a_connection_is_closed_when_asked(wire, post):
    assert (await wire.ask(post(b"", "Connection: close")))["Connection"] == "close"
    assert await wire.is_closed()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_405(wire, hearer, method):
    response = await wire.ask(f"{method} /acs HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert response.status == 405
    assert response["Allow"] == "POST"
    assert hearer.heard == []


async def test_head_is_405_without_a_body(wire):
    wire.send(b"HEAD /acs HTTP/1.1\r\nHost: a\r\n\r\n")
    raw = await wire.reader.read()
    assert raw.startswith(b"HTTP/1.1 405 ")
    assert raw.endswith(b"\r\n\r\n")


# --- Behind a proxy --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        (["X-Forwarded-For: 192.0.2.7"], "192.0.2.7"),
        (["X-Forwarded-For: 6.6.6.6, 192.0.2.7"], "192.0.2.7"),
        (["X-Forwarded-For: 192.0.2.7, 127.0.0.9"], "192.0.2.7"),
        (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.7:4711"], "192.0.2.7"),
        (["X-Forwarded-For: [2001:db8::7]:4711"], "2001:db8::7"),
        (['Forwarded: for=6.6.6.6, for="[2001:db8::7]:4711";proto=https'], "2001:db8::7"),
        (["X-Forwarded-For: ::ffff:192.0.2.7"], "192.0.2.7"),
        (["X-Forwarded-For: unknown"], "127.0.0.1"),
        (["X-Forwarded-For: "], "127.0.0.1"),
        ([], "127.0.0.1"),
    ],
)
async def test_a_trusted_proxys_word_is_taken(listen, dial, post, hearer, headers, address):
    _, port = await listen(trusted_proxies=(ip_network("127.0.0.0/8"),))
    await (await dial(port)).ask(post(b"", *headers))
    assert hearer.caller.address == address
    assert hearer.caller.connection is None


async def test_nobody_elses_word_is_taken(wire, post, hearer):
    await wire.ask(post(b"", "X-Forwarded-For: 192.0.2.7"))
    assert hearer.caller.address == "127.0.0.1"
    assert hearer.caller.connection is not None
