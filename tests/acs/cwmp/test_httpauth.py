"""Basic and Digest against the vectors of the RFCs and against what CPEs make of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.cwmp.httpauth import (
    Freshness,
    Nonces,
    answer,
    challenge,
    parse_authorization,
)

RFC_2617 = (
    'Digest username="Mufasa", realm="testrealm@host.com", '
    'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, nc=00000001, '
    'cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", '
    'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC_2069 = (  # with the response of the RFC's erratum 749
    'Digest username="Mufasa", realm="testrealm@host.com", '
    'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", '
    'response="1949323746fe6a43ef61f9606e7febea", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
_RFC_7616 = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
    'algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{response}", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_7616_MD5 = _RFC_7616.format(algorithm="MD5", response="8ca523f5e9506fed4657c9700eebdbec")
RFC_7616_SHA_256 = _RFC_7616.format(
    algorithm="SHA-256",
    response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
)
RFC_7616_CHALLENGES = [
    f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    for algorithm in ("SHA-256", "MD5")
]
RFC_7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def read(header, uri="/dir/index.html", method="GET"):
    return parse_authorization(header, method, uri)


def reply(*challenges, uri="/cr/1a2b?x=1", allow_basic=False, cnonce="0a4f113b"):
    return answer(challenges, "GET", uri, "acs", "s3cr3t", allow_basic=allow_basic, cnonce=cnonce)


# --- What the server reads -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "password"),
    [
        (RFC_2617, "Circle Of Life"),
        (RFC_2069, "CircleOfLife"),
        (RFC_7616_MD5, "Circle of Life"),
        (RFC_7616_SHA_256, "Circle of Life"),
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "open sesame"),  # RFC 2617, section 2
        ("Basic dGVzdDoxMjPCow==", "123£"),  # RFC 7617, section 2.1
    ],
)
def test_the_vectors_of_the_rfcs_verify_their_password_and_no_other(header, password):
    authorization = read(header)
    assert authorization.verify(password)
    assert not authorization.verify(password + " ")
    assert not authorization.verify("")


def test_the_user_name_and_the_nonce_are_told():
    digest = read(RFC_2617)
    assert (digest.scheme, digest.username) == ("digest", "Mufasa")
    assert digest.nonce == "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    basic = read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    assert (basic.scheme, basic.username, basic.nonce) == ("basic", "Aladdin", "")


def test_a_basic_password_is_not_shown_by_repr():
    assert "sesame" not in repr(read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))


def test_no_header_is_no_authorization():
    assert parse_authorization(None, "POST", "/acs") is None


@pytest.mark.parametrize(
    "uri",
    [
        "/dir/index.html",
        "http://acs.example.net:7547/dir/index.html",
        "/dir/index.html?wsdl",
        "/outside/dir/index.html",
        "/index.html",
        "/",
    ],
)
def test_the_uri_may_have_been_changed_by_a_proxy(uri):
    assert read(RFC_2617, uri=uri).verify("Circle Of Life")


def test_an_empty_uri_is_accepted():
    answered = answer(['Digest realm="r", nonce="n"'], "POST", "", "acs", "pw", allow_basic=False)
    assert 'uri=""' in answered
    assert read(answered, method="POST", uri="/acs").verify("pw")


def test_an_answer_for_another_resource_is_refused():
    claim = read(RFC_2617, uri="/other")
    assert claim.username == "Mufasa"
    assert not claim.verify("Circle Of Life")


def test_an_answer_for_another_method_is_refused():
    assert not read(RFC_2617, method="POST").verify("Circle Of Life")


@pytest.mark.parametrize(
    "header",
    [
        RFC_2617.replace("username", "USERNAME").replace("6629fae", "6629FAE"),
        RFC_2617.replace(", ", " "),
        RFC_2617.replace(", ", ",\r\n\t"),
        RFC_2617.replace("qop=auth", 'qop="auth"').replace("nc=00000001", 'nc="00000001"'),
        RFC_2617.replace("Digest ", "digest   "),
        RFC_2617 + ', algorithm="md5"',
        RFC_2617 + ", algorithm=SHA-256",  # echoed, yet computed with MD5
    ],
    ids=["case", "no commas", "folded", "quotes", "blanks", "quoted md5", "wrong algorithm"],
)
def test_the_form_of_a_digest_answer_is_read_liberally(header):
    assert read(header).verify("Circle Of Life")


def test_a_quote_in_the_user_name_is_unescaped_and_a_lone_backslash_kept():
    assert read(r'Digest username="a\"b\\c", response="0"').username == r'a"b\c'
    assert read(r'Digest username="LAN\cpe", response="0"').username == r"LAN\cpe"


def test_a_basic_answer_in_latin_1_is_read():
    assert read("Basic dGVzdDoxMjOj").verify("123£")


def test_preemptive_basic_with_an_empty_password_is_read():
    claim = read("Basic MDAxMTIyLVNOMTo=")
    assert claim.username == "001122-SN1"
    assert claim.verify("")
    assert not claim.verify("x")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Digest",
        "Digest ,,,",
        'Digest username="acs',
        "Digest username=acs, nonce=1, uri=/acs",
        "Digest =, =, =",
        "Basic",
        "Basic A",
        "Basic ====",
        "Basic £",
        "Basic bm9jb2xvbg==",
        "Bearer abc",
        "Digest " + "a" * 8000,
        'Digest username="\udcff", response=\udcff',
        "\x00",
    ],
)
def test_a_malformed_header_verifies_nothing(header):
    claim = read(header)
    assert claim is not None
    assert not claim.verify("")
    assert not claim.verify("\ud800")


@given(st.text(st.characters(codec=None)), st.sampled_from(["", "Digest ", "Basic "]))
def test_no_header_whatsoever_makes_the_reader_raise(text, scheme):
    assert not read(scheme + text).verify("correct horse")


# --- What the server asks --------------------------------------------------------------------


def test_a_digest_challenge_offers_md5_before_sha_256():
    assert challenge("digest", "CPE", "abc") == [
        'Digest realm="CPE", nonce="abc", qop="auth", algorithm=MD5',
        'Digest realm="CPE", nonce="abc", qop="auth", algorithm=SHA-256',
    ]


def test_a_challenge_can_be_stale_and_without_qop():
    assert challenge("digest", "CPE", "abc", algorithms=("MD5",), qop=False, stale=True) == [
        'Digest realm="CPE", nonce="abc", stale=true, algorithm=MD5'
    ]


def test_a_basic_challenge_holds_the_realm_quoted():
    assert challenge("basic", 'the "CPE"\r\nrealm', "") == [r'Basic realm="the \"CPE\" realm"']


def test_a_nonce_is_fresh_then_stale_and_that_of_another_key_foreign():
    nonces = Nonces(b"key", lifetime_s=60)
    nonce = nonces.new(1_700_000_000.25)
    assert nonces.check(nonce, 1_700_000_000.25) is Freshness.FRESH
    assert nonces.check(nonce, 1_700_000_060) is Freshness.FRESH
    assert nonces.check(nonce, 1_700_000_061) is Freshness.STALE
    assert nonces.check(nonce, 1_699_999_999) is Freshness.STALE
    assert Nonces(b"other").check(nonce, 1_700_000_001) is Freshness.FOREIGN


@pytest.mark.parametrize("nonce", ["", "x", "£" * 44, "0" * 44, "\ud800"])
def test_an_invented_nonce_is_foreign(nonce):
    assert Nonces(b"key").check(nonce, 0) is Freshness.FOREIGN


def test_the_time_in_a_nonce_cannot_be_changed():
    nonces = Nonces(b"key", lifetime_s=60)
    old = nonces.new(1_700_000_000)
    young = nonces.new(1_700_001_000)
    assert nonces.check(young[:12] + old[12:], 1_700_001_000) is Freshness.FOREIGN


# --- What the client answers -----------------------------------------------------------------


def test_the_answers_to_the_challenges_of_rfc_7616_are_the_rfcs():
    def mufasa(challenges):
        return answer(
            challenges,
            "GET",
            "/dir/index.html",
            "Mufasa",
            "Circle of Life",
            allow_basic=False,
            cnonce=RFC_7616_CNONCE,
        )

    assert "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1" in mufasa(
        RFC_7616_CHALLENGES
    )
    assert "8ca523f5e9506fed4657c9700eebdbec" in mufasa(RFC_7616_CHALLENGES[1:])


def test_the_strongest_digest_is_chosen_in_any_order_and_in_one_header():
    for order in (1, -1):
        joined = ", ".join(RFC_7616_CHALLENGES[::order])
        assert "algorithm=SHA-256" in reply("Basic realm=x", joined, allow_basic=True)


def test_without_qop_in_the_challenge_there_is_none_in_the_answer():
    answered = reply('Digest realm="CR", nonce="abc"')
    assert answered.startswith(
        'Digest username="acs", realm="CR", nonce="abc", uri="/cr/1a2b?x=1", response="'
    )
    assert not any(word in answered for word in ("qop", "nc=", "opaque", "algorithm"))
    assert read(answered, uri="/cr/1a2b").verify("s3cr3t")


def test_qop_and_opaque_are_echoed():
    answered = reply('Digest realm="CR", nonce="abc", qop="auth-int,auth", opaque=""')
    assert "qop=auth, nc=00000001" in answered
    assert 'cnonce="0a4f113b"' in answered
    assert 'opaque=""' in answered
    assert read(answered, uri="/cr/1a2b").verify("s3cr3t")


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "md5"])
@pytest.mark.parametrize("qop", ["", ', qop="auth"'])
def test_what_the_client_answers_the_server_verifies(algorithm, qop):
    answered = reply(f'Digest realm="a  b", nonce="abc"{qop}, algorithm={algorithm}')
    assert read(answered, uri="/cr/1a2b").verify("s3cr3t")
    assert not read(answered, uri="/cr/1a2b").verify("other")


def test_our_own_challenges_are_answered():
    for qop in (True, False):
        answered = reply(*challenge("digest", 'r"x', "abc", qop=qop))
        assert read(answered, uri="/cr/1a2b").verify("s3cr3t")


@pytest.mark.parametrize(
    "offered",
    [
        'Digest realm="CR",\r\n\tnonce="abc",\r\n qop="auth"',
        'Digest realm="CR" nonce="abc" qop="auth"',
        'Digest realm = "CR" , nonce = abc, qop = auth',
        'digest REALM="CR",NONCE="abc",QOP="auth",',
    ],
    ids=["folded", "no commas", "blanks", "upper case"],
)
def test_the_form_of_a_challenge_is_read_liberally(offered):
    answered = reply(offered)
    assert 'realm="CR", nonce="abc"' in answered
    assert "qop=auth" in answered
    assert "\n" not in answered


def test_basic_is_answered_only_when_allowed():
    assert reply('Basic realm="CR"') is None
    assert reply('Basic realm="CR"', allow_basic=True) == "Basic YWNzOnMzY3IzdA=="


@pytest.mark.parametrize(
    "offered",
    [
        "",
        "Negotiate abc==",
        'Digest realm="CR"',
        'Digest realm="CR", nonce="a", algorithm=SHA-512-256',
        'Digest realm="CR", nonce="a", qop="auth-int"',
    ],
)
def test_a_challenge_that_cannot_be_answered_gets_no_answer(offered):
    assert reply(offered, allow_basic=True) is None


@given(st.text(st.characters(codec=None)))
def test_no_challenge_makes_the_client_raise_or_break_the_line(text):
    answered = reply('Digest realm="' + text + '", nonce="abc"', allow_basic=True)
    assert answered is None or not {"\r", "\n", "\0"} & set(answered)
