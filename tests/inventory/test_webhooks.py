"""Where webhooks may go, and what their signature says."""

import hashlib
import hmac
from ipaddress import ip_address, ip_network

import pytest

from inventory import webhooks


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://hooks.example.com/a?b=c", "hooks.example.com"),
        ("HTTP://Example.COM", "Example.COM"),
        ("http://[2001:db8::1]:8080/x", "2001:db8::1"),
        ("http://192.0.2.1:65535", "192.0.2.1"),
    ],
)
def test_a_url_names_its_host(url, host):
    assert webhooks.host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "ftp://example.com/",
        "http://",
        "http://user:secret@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com/a b",
        "http://example.com/\r\nX: y",
        "http://exa\tmple.com/",
        "http://example.com\\@evil.example/",
        "http://[::1%25eth0]/",
        "http://example.com/" + "a" * 2000,
    ],
)
def test_what_is_no_url_of_a_webhook_names_none(url):
    assert webhooks.host_of(url) is None


PUBLIC = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is_allowed(address):
    assert webhooks.is_allowed(ip_address(address), ())


@pytest.mark.parametrize("address", PRIVATE)
def test_our_own_networks_are_not_unless_the_settings_name_them(address):
    address = ip_address(address)
    assert not webhooks.is_allowed(address, ())
    assert webhooks.is_allowed(address, [ip_network(address)])


def test_a_network_of_the_settings_is_found_within_ipv6_too():
    assert webhooks.is_allowed(ip_address("::ffff:10.1.2.3"), [ip_network("10.0.0.0/8")])


def test_the_signature_is_of_time_and_body():
    expected = hmac.new(b"key", b'1700000000.{"a": 1}', hashlib.sha256).hexdigest()
    assert webhooks.signature(b"key", 1700000000, b'{"a": 1}') == f"sha256={expected}"
