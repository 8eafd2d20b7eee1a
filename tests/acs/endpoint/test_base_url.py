"""Under which URL a caller reaches us: what it says itself is believed only where it can be one."""

from ipaddress import ip_network

import pytest

LOOPBACK = (ip_network("127.0.0.1"),)


def head(*headers):
    return "\r\n".join(["POST /acs HTTP/1.1", *headers, "Content-Length: 0", "\r\n"]).encode()


@pytest.fixture
def base_url(listen, dial, hearer):
    """What an endpoint takes the URL for; ``{own}`` in the answer is its own address."""

    async def ask(*headers, **options):
        _, port = await listen(**options)
        await (await dial(port)).ask(head(*headers))
        return hearer.caller.base_url.replace(f"127.0.0.1:{port}", "{own}")

    return ask


@pytest.mark.parametrize(
    "host", ["acs.example.net", "acs.example.net:7547", "192.0.2.1:80", "[2001:db8::1]:7547"]
)
async def test_the_host_that_the_caller_names(base_url, host):
    assert await base_url(f"Host: {host}") == f"http://{host}"


@pytest.mark.parametrize("host", ["", "a/b", "user@acs", "a b", '"><x>', "a" * 300, "a:99999999"])
async def test_what_is_no_host_gives_way_to_our_own_address(base_url, host):
    assert await base_url(f"Host: {host}") == "http://{own}"


async def test_the_public_url_stands_above_all(base_url):
    url = await base_url("Host: inside", public_url="https://acs.example.net/")
    assert url == "https://acs.example.net"


async def test_a_trusted_proxy_tells_the_scheme_and_nobody_else(base_url):
    told = ("Host: acs", "X-Forwarded-Proto: https")
    assert await base_url(*told, trusted_proxies=LOOPBACK) == "https://acs"
    assert await base_url(*told) == "http://acs"
    strange = ("Host: acs", "X-Forwarded-Proto: javascript")
    assert await base_url(*strange, trusted_proxies=LOOPBACK) == "http://acs"
