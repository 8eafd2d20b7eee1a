"""Connection requests against devices that do as they please, over real sockets."""

import pytest

from acs.cwmp.httpauth import parse_authorization
from acs.reach.knocking import Knocker
from acs.reach.outcomes import Kind

DIGEST = 'WWW-Authenticate: Digest realm="CPE", nonce="n1"'
QOP = DIGEST + ', qop="auth"'


@pytest.fixture
async def knocker():
    knocker = Knocker(timeout_s=5)
    yield knocker
    await knocker.close()


def proves(header, password):
    return parse_authorization(header, "GET", "/cr/7f3a").verify(password)


@pytest.mark.parametrize("status", [200, 204])
async def test_a_digest_challenge_is_answered_and_the_request_accepted(
    device, answer, knocker, status
):
    cpe, target = await device(answer(401, QOP), answer(status))
    assert (await knocker.knock(target)).kind is Kind.ACCEPTED
    first, second = cpe.requests
    assert first.startswith("GET /cr/7f3a?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert first.count("\r\n") == 3
    assert 'uri="/cr/7f3a?x=1"' in second
    assert "qop=auth, nc=00000001, cnonce=" in second
    assert proves(cpe.credentials()[1], "new")
    assert cpe.connections == 1


@pytest.mark.parametrize(
    ("path", "sent"), [("", "/"), ("?a=1", "/?a=1"), ("/A%2fb;c?d=%41#e", "/A%2fb;c?d=%41")]
)
async def test_the_uri_that_is_signed_is_the_one_that_is_sent(device, answer, knocker, path, sent):
    cpe, target = await device(answer(401, QOP), answer(200), path=path)
    assert (await knocker.knock(target)).is_accepted
    assert cpe.requests[1].startswith(f"GET {sent} HTTP/1.1\r\n")
    assert f'uri="{sent}"' in cpe.credentials()[1]


async def test_without_qop_the_older_form_is_answered(device, answer, knocker):
    cpe, target = await device(answer(401, DIGEST), answer(200))
    assert (await knocker.knock(target)).is_accepted
    assert "qop" not in cpe.credentials()[1]
    assert proves(cpe.credentials()[1], "new")


async def test_opaque_is_echoed(device, answer, knocker):
    cpe, target = await device(answer(401, QOP + ', opaque="5ccc"'), answer(200))
    assert (await knocker.knock(target)).is_accepted
    assert 'opaque="5ccc"' in cpe.credentials()[1]


@pytest.mark.parametrize(
    "challenge",
    [
        'WWW-Authenticate: Digest realm="CPE",\r\n\tnonce="n1",\r\n qop="auth"',
        'WWW-Authenticate: Digest realm="CPE" nonce="n1" qop="auth"',
        'www-authenticate:Basic realm="x"\r\n' + QOP,
    ],
    ids=["folded", "no commas", "beside basic"],
)
async def test_a_badly_written_challenge_is_understood(device, answer, knocker, challenge):
    cpe, target = await device(answer(401, challenge), answer(200))
    assert (await knocker.knock(target)).is_accepted
    assert proves(cpe.credentials()[1], "new")


async def test_a_device_that_asks_for_nothing_is_accepted(device, answer, knocker):
    cpe, target = await device(answer(200, body=b"<html>welcome</html>"))
    assert (await knocker.knock(target)).is_accepted
    assert cpe.credentials() == [None]


async def test_the_old_password_is_tried_after_the_new_one(device, answer, knocker):
    cpe, target = await device(
        answer(401, QOP), answer(401, QOP.replace("n1", "n2"), body=b"no"), answer(200)
    )
    assert (await knocker.knock(target)).is_accepted
    _, first, second = cpe.credentials()
    assert proves(first, "new")
    assert proves(second, "old")
    assert 'nonce="n2"' in second


async def test_only_the_newest_password_is_proved_and_only_when_asked_for(device, answer, knocker):
    _, newest = await device(answer(401, QOP), answer(200))
    _, older = await device(answer(401, QOP), answer(401, QOP), answer(200))
    _, unasked = await device(answer(200))
    assert (await knocker.knock(newest)).proves_newest
    assert not (await knocker.knock(older)).proves_newest
    assert not (await knocker.knock(unasked)).proves_newest


async def test_401_for_all_passwords_is_a_refusal(device, answer, knocker):
    cpe, target = await device(*[answer(401, QOP)] * 3)
    assert (await knocker.knock(target)).kind is Kind.REFUSED_401
    assert len(cpe.requests) == 3


async def test_without_a_password_nothing_is_tried(device, answer, knocker):
    cpe, target = await device(answer(401, QOP), passwords=())
    assert (await knocker.knock(target)).kind is Kind.REFUSED_401
    assert len(cpe.requests) == 1


@pytest.mark.parametrize(
    "farewell", ["Connection: close\r\nX-Hang-Up: 1", "X-Hang-Up: 1"], ids=["told", "untold"]
)
async def test_a_device_that_hangs_up_after_401_is_dialled_again(device, answer, knocker, farewell):
    cpe, target = await device(answer(401, QOP, farewell), answer(200))
    assert (await knocker.knock(target)).is_accepted
    assert cpe.connections == 2
    assert proves(cpe.credentials()[-1], "new")


async def test_basic_alone_is_not_answered(device, answer, knocker):
    cpe, target = await device(answer(401, 'WWW-Authenticate: Basic realm="CPE"'))
    outcome = await knocker.knock(target)
    assert outcome.kind is Kind.REFUSED_401
    assert "Digest" in outcome.detail
    assert cpe.credentials() == [None]


async def test_basic_is_answered_where_it_is_allowed(device, answer, knocker):
    basic = answer(401, 'WWW-Authenticate: Basic realm="CPE"')
    cpe, target = await device(basic, answer(200), allow_basic=True)
    assert (await knocker.knock(target)).is_accepted
    assert proves(cpe.credentials()[1], "new")


async def test_503_is_busy(device, answer, knocker):
    _, target = await device(answer(503))
    assert (await knocker.knock(target)).kind is Kind.BUSY_503


async def test_503_after_the_challenge_is_busy_too(device, answer, knocker):
    _, target = await device(answer(401, QOP), answer(503))
    assert (await knocker.knock(target)).kind is Kind.BUSY_503


async def test_a_redirect_is_not_followed(device, answer, knocker):
    elsewhere, other = await device(answer(200))
    _, target = await device(answer(302, f"Location: {other.url}"))
    outcome = await knocker.knock(target)
    assert outcome.kind is Kind.UNEXPECTED
    assert "302" in outcome.detail
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", [400, 403, 404, 500])
async def test_other_statuses_are_unexpected(device, answer, knocker, status):
    _, target = await device(answer(status))
    assert (await knocker.knock(target)).kind is Kind.UNEXPECTED


async def test_a_device_that_hangs_is_unreachable(device, answer):
    knocker = Knocker(timeout_s=0.02)
    _, target = await device()
    outcome = await knocker.knock(target)
    assert outcome.kind is Kind.UNREACHABLE
    assert "0.02 s" in outcome.detail
    await knocker.close()


async def test_a_device_that_hangs_up_without_an_answer_is_unreachable(device, knocker):
    _, target = await device(None, None)
    assert (await knocker.knock(target)).kind is Kind.UNREACHABLE


async def test_nobody_at_the_port_is_unreachable(device, knocker, unused_tcp_port):
    _, target = await device(url=f"http://127.0.0.1:{unused_tcp_port}/")
    assert (await knocker.knock(target)).kind is Kind.UNREACHABLE


async def test_an_answer_that_is_no_http_is_unexpected(device, knocker):
    _, target = await device(b"220 smtp.example.net ESMTP\r\n\r\n")
    assert (await knocker.knock(target)).kind is Kind.UNEXPECTED


async def test_an_endless_answer_is_not_read(device, answer, knocker):
    endless = answer(200).replace(b"Content-Length: 0", b"Content-Length: 999999999")
    _, target = await device(endless + b"x" * 100_000)
    assert (await knocker.knock(target)).is_accepted


async def test_an_endless_challenge_is_not_read_to_its_end(device, answer, knocker):
    endless = answer(401, QOP).replace(b"Content-Length: 0", b"Content-Length: 999999999")
    _, target = await device(endless + b"x" * 100_000, answer(200))
    assert (await knocker.knock(target)).is_accepted


async def test_chunked_answers_and_http_1_0_are_read(device, knocker):
    chunked = f"HTTP/1.1 401 No\r\n{QOP}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    cpe, target = await device(chunked.encode(), b"HTTP/1.0 200 OK\r\nX-Hang-Up: 1\r\n\r\n")
    assert (await knocker.knock(target)).is_accepted
    assert cpe.connections == 1


async def test_cookies_of_a_device_are_not_kept(device, answer, knocker):
    cpe, target = await device(answer(401, QOP, "Set-Cookie: a=b"), answer(200))
    assert (await knocker.knock(target)).is_accepted
    assert not any("Cookie" in request for request in cpe.requests)


async def test_credentials_within_the_url_are_not_sent(device, answer, knocker):
    cpe, target = await device(answer(200))
    url = target.url.replace("http://", "http://root:toor@")
    _, with_credentials = await device(url=url)
    assert (await knocker.knock(with_credentials)).is_accepted
    assert cpe.credentials() == [None]


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "ftp://127.0.0.1/", "http://[::1]:9/"])
async def test_nothing_is_sent_to_a_forbidden_url(device, knocker, url):
    _, target = await device(url=url)
    assert (await knocker.knock(target)).kind is Kind.FORBIDDEN_URL
