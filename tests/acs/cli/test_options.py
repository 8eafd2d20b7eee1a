"""Addresses on the command line, and settings that cannot be used."""

import pytest
from click.testing import CliRunner

from acs.cli import main
from acs.cli.options import HostAndPort


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1:7547", {"host": "192.0.2.1", "port": 7547}),
        ("acs.example:0", {"host": "acs.example", "port": 0}),
        ("[2001:db8::1]:80", {"host": "2001:db8::1", "port": 80}),
        (":8080", {"port": 8080}),
    ],
)
def test_an_address_is_host_and_port(text, address):
    assert HostAndPort().convert(text, None, None) == address


@pytest.mark.parametrize("text", ["", "8080", "host:", "host:65536", "2001:db8::1:80", "a:b:1"])
def test_what_is_no_address_is_refused(text):
    result = CliRunner().invoke(main, ["serve", "--api", text])
    assert result.exit_code == 2
    assert "HOST:PORT" in result.output


def test_unusable_settings_end_a_command_with_status_2(tmp_path):
    file = tmp_path / "acs.toml"
    file.write_text("[cwmp]\nprot = 1\n")
    result = CliRunner().invoke(main, ["token", "list", "--config", str(file)])
    assert result.exit_code == 2
    assert f"cwmp.prot ({file}): there is no such setting" in result.output


def test_the_file_may_be_named_in_the_environment(tmp_path):
    result = CliRunner().invoke(
        main, ["token", "list"], env={"ACS_CONFIG": str(tmp_path / "nowhere.toml")}
    )
    assert result.exit_code == 2
    assert "no such file" in result.output
