"""XML that was written to do harm: refused, quickly, and without a look at anything outside."""

from contextlib import suppress
from time import process_time

import pytest

from acs.cwmp.codec import MAX_ELEMENTS, decode, encode
from acs.cwmp.faults import MalformedMessage
from acs.cwmp.messages import (
    Envelope,
    GetParameterValuesResponse,
    ParameterValueStruct,
    Reboot,
)

REBOOT = encode(Envelope(Reboot(), id="7"))
PATIENCE_S = 5.0  # of CPU; each of these takes well under a second when it is bounded


@pytest.fixture(autouse=True)
def bounded_cpu_time():
    started = process_time()
    yield
    assert process_time() - started < PATIENCE_S


def with_dtd(subset: bytes, id: bytes) -> bytes:
    return b"<!DOCTYPE x [" + subset + b"]>" + REBOOT.replace(b">7<", b">" + id + b"<")


LAUGHS = b'<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(12)
)


def refused(body: bytes, charset: str | None = None) -> str:
    with pytest.raises(MalformedMessage) as caught:
        decode(body, charset)
    return str(caught.value)


def test_a_doctype_is_refused_even_when_it_does_nothing():
    assert "DOCTYPE" in refused(b"<!DOCTYPE x>" + REBOOT)
    assert "DOCTYPE" in refused(b"<?xml version='1.0'?><!-- x --><!DOCTYPE x SYSTEM 'x'>" + REBOOT)


def test_a_doctype_is_refused_in_every_charset_and_after_mending():
    text = "<!DOCTYPE x>" + REBOOT.decode()
    assert "DOCTYPE" in refused(text.encode("utf-16"))
    assert "DOCTYPE" in refused(text.encode("utf-16-le"), "utf-16-le")
    assert "DOCTYPE" in refused(text.encode() + b"\0")


def test_the_word_doctype_in_a_value_is_no_doctype():
    value = ParameterValueStruct("Device.A", "<!DOCTYPE html>")
    body = encode(Envelope(GetParameterValuesResponse((value,))))
    cdata = body.replace(b"&lt;!DOCTYPE html&gt;", b"<![CDATA[<!DOCTYPE html>]]>")
    assert decode(body).body.parameter_list == decode(cdata).body.parameter_list == (value,)


@pytest.mark.parametrize("id", [b"&m;", b"&a;"])
def test_entities_are_not_expanded(id):
    refused(with_dtd(LAUGHS, id))


def test_entities_in_attributes_are_not_expanded():
    refused(
        b"<!DOCTYPE x ["
        + LAUGHS
        + b"]>"
        + REBOOT.replace(b"<cwmp:Reboot>", b"<cwmp:Reboot a='&m;'>")
    )


def test_external_entities_are_not_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for subset in (
        b"<!ENTITY e SYSTEM 'file://%s'>" % bytes(secret),
        b"<!ENTITY %% p SYSTEM 'file://%s'> %%p;" % bytes(secret),
        b"<!ENTITY e SYSTEM 'http://127.0.0.1:9/'>",
    ):
        assert "secret" not in refused(with_dtd(subset, b"&e;"))


def test_xinclude_and_stylesheets_are_just_elements(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    include = b"<i:include xmlns:i='http://www.w3.org/2001/XInclude' href='%s' parse='text'/>"
    body = REBOOT.replace(b">7<", b">7" + include % bytes(secret) + b"<")
    assert decode(b"<?xml-stylesheet href='http://127.0.0.1:9/'?>" + body).id == "7"


def test_nesting_is_bounded():
    depth = 100_000
    refused(REBOOT.replace(b"</cwmp:Reboot>", b"<a>" * depth + b"</a>" * depth + b"</cwmp:Reboot>"))
    refused(b"<a>" * depth)


def test_siblings_are_bounded():
    million = b"<a/>" * 1_000_000
    assert str(MAX_ELEMENTS) in refused(
        REBOOT.replace(b"</cwmp:Reboot>", million + b"</cwmp:Reboot>")
    )
    assert str(MAX_ELEMENTS) in refused(million * 2)


def test_an_answer_of_ten_megabytes_is_no_attack():
    parameters = tuple(
        ParameterValueStruct(f"Device.X_0011AB_Object.{n}.Value", "v" * 300) for n in range(25_000)
    )
    body = encode(Envelope(GetParameterValuesResponse(parameters)))
    assert len(body) > 10_000_000
    assert decode(body, "utf-8").body.parameter_list == parameters


@pytest.mark.parametrize(
    "attributes",
    [
        b" a='" + b"x" * 9_000_000 + b"'",
        b"".join(b" a%d=''" % n for n in range(200_000)),
        b"".join(b" xmlns:a%d='u%d'" % (n, n) for n in range(100_000)),
        b" a=''" * 200_000,
    ],
    ids=["one huge", "many", "many namespaces", "the same again and again"],
)
def test_attributes_take_no_more_than_their_bytes(attributes):
    body = REBOOT.replace(b"<cwmp:Reboot>", b"<cwmp:Reboot" + attributes + b">")
    with suppress(MalformedMessage):
        assert decode(body).body == Reboot()


MANY = 40_000  # what takes the square of its bytes would take minutes


@pytest.mark.parametrize(
    "filling",
    [
        b"&" * MANY,
        b"<a" * MANY,
        b"<![CDATA[" * MANY,
        b"&#x0;" * MANY,
        b"<!--" * MANY,
        b"\x01\xff" * MANY,
        b"".join(b"<p%d:a/>" % n for n in range(MANY)),
        b" x:y" * MANY,
        b" x:y" + b" " * MANY,
        b"]]>" * MANY,
    ],
    ids=lambda filling: filling[:9].hex(),
)
@pytest.mark.parametrize("frame", [REBOOT, b"</cwmp:Reboot>"], ids=["inside", "alone"])
def test_mending_takes_no_more_than_a_few_looks_at_the_bytes(filling, frame):
    with suppress(MalformedMessage):
        decode(b"\0" + frame.replace(b"</cwmp:Reboot>", filling + b"</cwmp:Reboot>"))


def test_an_id_that_is_sent_back_is_bounded():
    assert "ID" in refused(REBOOT.replace(b">7<", b">" + b"7" * 100_000 + b"<"))


def test_the_name_of_a_method_is_kept_short():
    body = b"<Envelope><Body><" + b"x" * 40_000 + b"/></Body></Envelope>"
    assert len(decode(body).body.name) == 64
    assert len(refused(b"<" + b"x" * 40_000 + b"/>")) < 200


def test_numbers_of_many_digits_are_unreadable_and_not_slow():
    body = encode(Envelope(Reboot())).replace(
        b"<cwmp:Reboot><CommandKey></CommandKey></cwmp:Reboot>",
        b"<cwmp:InformResponse><MaxEnvelopes>"
        + b"9" * 5_000_000
        + b"</MaxEnvelopes></cwmp:InformResponse>",
    )
    assert decode(body).body.max_envelopes == 1
    assert decode(body).notes == ("unreadable-number",)
