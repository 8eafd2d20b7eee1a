"""Which connection request URLs are followed, and to which address."""

from ipaddress import ip_network

import pytest

from acs.reach.destination import locate
from acs.reach.directory import Target
from acs.reach.outcomes import Kind, NotReached

LAN = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def target(url, peer="192.0.2.7"):
    return Target(url, "acs", ("pw",), peer)


async def refusal(url, peer="192.0.2.7", allowed=()):
    with pytest.raises(NotReached) as caught:
        await locate(target(url, peer), allowed)
    return caught.value.outcome


@pytest.mark.parametrize(
    ("url", "peer", "dialled", "host"),
    [
        ("http://192.0.2.7:7547/cr", "192.0.2.7", "http://192.0.2.7:7547/cr", "192.0.2.7:7547"),
        ("http://192.0.2.7", "192.0.2.7", "http://192.0.2.7", "192.0.2.7"),
        ("HTTP://192.0.2.7:80/a", "::ffff:192.0.2.7", "http://192.0.2.7/a", "192.0.2.7"),
        (" http://192.0.2.7/a\n", "192.0.2.7", "http://192.0.2.7/a", "192.0.2.7"),
        (
            "http://[2001:db8::7]:7547/a%20b?q=%2F&x#y",
            "2001:DB8:0::7",
            "http://[2001:db8::7]:7547/a%20b?q=%2F&x",
            "[2001:db8::7]:7547",
        ),
        ("http://10.1.2.3:51005/", "192.0.2.7", "http://10.1.2.3:51005/", "10.1.2.3:51005"),
        ("http://10.1.2.3/", None, "http://10.1.2.3/", "10.1.2.3"),
        ("http://localhost:7547/x", "127.0.0.1", "http://127.0.0.1:7547/x", "localhost:7547"),
        ("http://127.0.0.1:7547/x", "127.0.0.1", "http://127.0.0.1:7547/x", "127.0.0.1:7547"),
    ],
)
async def test_the_devices_own_address_and_allowed_networks_are_dialled(url, peer, dialled, host):
    destination = await locate(target(url, peer), LAN)
    assert str(destination.url) == dialled
    assert destination.host == host


async def test_path_and_query_are_sent_as_the_device_wrote_them():
    destination = await locate(target("http://192.0.2.7/A%2fb;c?d=%41&e"), ())
    assert destination.request_target == "/A%2fb;c?d=%41&e"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:7547/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.0.2.8/",
        "http://10.0.0.1/",
        "http://192.0.2.7@10.0.0.1/",
    ],
)
async def test_an_address_that_is_not_the_devices_is_forbidden(url):
    assert (await refusal(url)).kind is Kind.FORBIDDEN_URL


@pytest.mark.parametrize(
    "url",
    [
        "https://192.0.2.7/",
        "ftp://192.0.2.7/",
        "192.0.2.7:7547",
        "http://",
        "http://:80/",
        "http:///path",
        "http://192.0.2.7:0/",
        "http://192.0.2.7:99999/",
        "http://192.0.2.7:x/",
        "http://[192.0.2.7/",
        "http://192.0.2.7/a b",
        "http://192.0.2.7/\r\nX-Evil: 1",
        "http://192.0.2.7/\x00",
        "http://192.0.2.7/ü",
        "http://192.0.2.7/" + "x" * 3000,
        "(null)",
    ],
)
async def test_what_is_no_http_url_is_forbidden(url):
    assert (await refusal(url)).kind is Kind.FORBIDDEN_URL


@pytest.mark.parametrize("url", ["", "  "])
async def test_an_empty_url_is_none(url):
    assert (await refusal(url)).kind is Kind.NO_URL


async def test_a_name_that_is_not_known_is_unreachable():
    assert (await refusal("http://cpe.invalid/")).kind is Kind.UNREACHABLE
    assert (await refusal("http://" + "a" * 70 + ".example/")).kind is Kind.UNREACHABLE
