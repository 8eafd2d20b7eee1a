"""Connection requests, called from a raw socket."""

import asyncio

import pytest

from acs.cwmp import httpauth
from acs.cwmp import messages as m
from simulator.listener import Listener
from simulator.mischief import Busy, Deaf


@pytest.fixture
async def listener():
    async with Listener() as listener:
        yield listener


async def call(url, *, credentials=None, scheme="digest", method="GET"):
    """One connection request as an ACS makes it; the final status, 0 for silence."""
    host, _, path = url.removeprefix("http://").partition("/")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    try:
        status, challenges = await exchange(reader, writer, method, f"/{path}", None)
        if status == 401 and credentials:
            answer = httpauth.answer(
                challenges if scheme == "digest" else ['Basic realm="x"'],
                method,
                f"/{path}",
                *credentials,
                allow_basic=True,
            )
            status, _ = await exchange(reader, writer, method, f"/{path}", answer)
        return status
    finally:
        writer.close()


async def exchange(reader, writer, method, path, authorization):
    lines = [f"{method} {path} HTTP/1.1", "Host: cpe"]
    lines += [f"Authorization: {authorization}"] if authorization else []
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except asyncio.IncompleteReadError:
        return 0, []
    challenges = [line.partition(": ")[2] for line in head if line.startswith("WWW-Auth")]
    return int(head[0].split()[1]), challenges


async def test_the_right_credentials_bring_a_session(acs, make_cpe, listener):
    cpe = make_cpe(connection_requests=listener)
    await cpe.start()
    url, credentials = cpe.connection_request_url, cpe.connection_request_credentials
    assert await call(url, credentials=credentials) == 200
    record = await cpe.told("6 CONNECTION REQUEST")
    assert [event.event_code for event in record.events] == ["6 CONNECTION REQUEST"]


async def test_a_request_within_a_session_brings_another_session(acs, make_cpe, listener):
    cpe = make_cpe(connection_requests=listener)
    await cpe.start()
    count = cpe.session_count
    acs.to_ask = [m.GetRPCMethods()]
    acs.calls_back = cpe.connection_requested
    await cpe.session(["6 CONNECTION REQUEST"])
    await cpe.session_where(lambda _: cpe.session_count == count + 2)
    assert [event.event_code for event in cpe.sessions[-1].events] == ["6 CONNECTION REQUEST"]


async def test_the_url_in_the_inform_is_the_one_that_is_served(acs, make_cpe, listener):
    cpe = make_cpe(connection_requests=listener)
    record = await cpe.start()
    told = {value.name: value.value for value in record.exchanges[0].sent.parameter_list}
    url = told["Device.ManagementServer.ConnectionRequestURL"]
    assert await call(url, credentials=cpe.connection_request_credentials) == 200


async def test_wrong_credentials_bring_none(acs, make_cpe, listener):
    cpe = make_cpe(connection_requests=listener)
    await cpe.start()
    user, password = cpe.connection_request_credentials
    url = cpe.connection_request_url
    assert await call(url) == 401
    assert await call(url, credentials=(user, "wrong")) == 401
    assert await call(url, credentials=("wrong", password)) == 401
    assert await call(url, credentials=(user, password), scheme="basic") == 401
    assert cpe.session_count == 1


async def test_credentials_that_the_acs_has_set_hold_at_once(acs, make_cpe, listener):
    cpe = make_cpe(connection_requests=listener)
    await cpe.start()
    cpe.tree.set("Device.ManagementServer.ConnectionRequestUsername", "new")
    cpe.tree.set("Device.ManagementServer.ConnectionRequestPassword", "secret")
    assert await call(cpe.connection_request_url, credentials=("new", "secret")) == 200


async def test_closing_does_not_wait_for_a_caller_who_stays():
    async with Listener() as listener:
        host, port = listener.register(None).split("/")[2].split(":")
        reader, writer = await asyncio.open_connection(host, port)
        status, _ = await exchange(reader, writer, "GET", "/nobody", None)
        assert status == 404
    assert await reader.read() == b""
    writer.close()


async def test_another_path_or_method_is_refused(acs, make_cpe, listener):
    cpe = make_cpe(connection_requests=listener)
    await cpe.start()
    credentials = cpe.connection_request_credentials
    assert await call(cpe.connection_request_url + "x", credentials=credentials) == 404
    assert await call(cpe.connection_request_url, credentials=credentials, method="POST") == 405


async def test_a_device_that_is_off_does_not_answer(acs, make_cpe, listener):
    cpe = make_cpe(connection_requests=listener)
    assert (
        await call(cpe.connection_request_url, credentials=cpe.connection_request_credentials) == 0
    )


@pytest.mark.parametrize(("misdeed", "status"), [(Busy, 503), (Deaf, 0)])
async def test_a_busy_or_deaf_device_has_no_session(acs, make_cpe, listener, misdeed, status):
    cpe = make_cpe(connection_requests=listener, mischief=[misdeed()])
    await cpe.start()
    credentials = cpe.connection_request_credentials
    assert await call(cpe.connection_request_url, credentials=credentials) == status
    assert cpe.session_count == 1


async def test_a_request_ends_the_wait_for_a_retry(acs, make_cpe, listener):
    acs.raw_answers = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]
    cpe = make_cpe(
        connection_requests=listener,
        factory={"ManagementServer.CWMPRetryMinimumWaitInterval": "65535"},
    )
    await cpe.start()
    assert (
        await call(cpe.connection_request_url, credentials=cpe.connection_request_credentials)
        == 200
    )
    record = await cpe.told("6 CONNECTION REQUEST")
    assert record.told("0 BOOTSTRAP")


def test_a_caller_who_stays_to_the_end_of_the_program_makes_no_noise(caplog):
    async def program():
        listener = Listener()
        await listener.start()
        port = int(listener.register(None).split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /nobody HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")

    asyncio.run(program())
    assert caplog.text == ""
