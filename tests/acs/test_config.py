"""Settings: four places they may stand in, one order among them, and plain words when wrong."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from acs.config import ConfigurationError, load, unknown_variables


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    import os

    for name in [name for name in os.environ if name.upper().startswith("ACS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path):
    def write(text: str) -> Path:
        file = tmp_path / "acs.toml"
        file.write_text(text)
        return file

    return write


def test_the_defaults_are_the_documented_ones():
    settings = load({})
    assert (settings.cwmp.host, settings.cwmp.port) == ("0.0.0.0", 7547)
    assert (settings.api.host, settings.api.port) == ("127.0.0.1", 8080)
    assert settings.bootstrap_token is None


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(
    monkeypatch, toml
):
    file = toml("[cwmp]\nport = 1\nget_batch = 2\nrealm = 'file'\n")
    monkeypatch.setenv("ACS_CWMP_PORT", "3")
    monkeypatch.setenv("ACS_CWMP_GET_BATCH", "4")
    settings = load({"cwmp": {"port": 5}}, file)
    assert settings.cwmp.port == 5
    assert settings.cwmp.get_batch == 4
    assert settings.cwmp.realm == "file"
    assert settings.cwmp.inform_interval_s == 300


def test_settings_outside_of_a_section_are_read_too(monkeypatch, toml):
    monkeypatch.setenv("ACS_BOOTSTRAP_TOKEN", "chosen")
    settings = load({}, toml("grace_s = 2.5\n"))
    assert settings.bootstrap_token is not None
    assert settings.bootstrap_token.get_secret_value() == "chosen"
    assert settings.grace_s == 2.5


def test_networks_are_a_comma_list_in_the_environment_and_a_list_in_the_file(monkeypatch, toml):
    monkeypatch.setenv("ACS_WEBHOOK_ALLOW", "10.1.2.3, fd00::/8")
    settings = load({}, toml('[reach]\nallow = ["192.0.2.0/24"]\n'))
    assert settings.webhook.allow == (ip_network("10.1.2.3/32"), ip_network("fd00::/8"))
    assert settings.reach.allow == (ip_network("192.0.2.0/24"),)


def test_secret_names_are_regular_expressions_in_any_case(monkeypatch, toml):
    monkeypatch.setenv("ACS_STORAGE_SECRET_NAMES", r"Community$, \.X_[0-9]+_")
    first, second = load({}).storage.secret_names
    assert first.search("Device.SNMP.COMMUNITY")
    assert second.search("Device.X_0011_Code.1")
    file = toml('[storage]\nsecret_names = ["ok", "(never closed"]\n')
    monkeypatch.delenv("ACS_STORAGE_SECRET_NAMES")
    with pytest.raises(ConfigurationError, match=r"storage\.secret_names .*no regular expression"):
        load({}, file)


def test_every_mistake_is_named_with_the_place_where_it_stands(monkeypatch, toml):
    file = toml("[cwmp]\nport = 99999\n[smtq]\nhost = 'x'\n")
    monkeypatch.setenv("ACS_API_PORT", "many")
    with pytest.raises(ConfigurationError) as caught:
        load({}, file)
    text = str(caught.value)
    assert f"cwmp.port ({file})" in text
    assert f"smtq ({file}): there is no such setting" in text
    assert "api.port (ACS_API_PORT)" in text


def test_a_variable_that_names_no_setting_is_told_and_changes_nothing(monkeypatch):
    for name in ("ACS_CWMP_PROT", "ACS_URL", "ACS_CWMP_PORT"):
        monkeypatch.setenv(name, "1")
    assert unknown_variables() == ["ACS_CWMP_PROT"]
    assert load({}).cwmp.port == 1


def test_no_secret_stands_in_a_complaint(monkeypatch):
    monkeypatch.setenv("ACS_CWMP_PASSWORD", "do-not-tell")
    with pytest.raises(ConfigurationError) as caught:
        load({})
    assert "username and password are given together" in str(caught.value)
    assert "do-not-tell" not in str(caught.value)


def test_no_secret_stands_in_the_settings_as_text(monkeypatch):
    monkeypatch.setenv("ACS_BOOTSTRAP_TOKEN", "do-not-tell")
    assert "do-not-tell" not in repr(load({}))


@pytest.mark.parametrize("text", ["[cwmp\n", "port = \x00", '[cwmp]\nport = "seven"\n'])
def test_a_file_that_cannot_be_used_is_named(toml, text):
    file = toml(text)
    with pytest.raises(ConfigurationError, match=file.name):
        load({}, file)


def test_a_file_that_was_named_and_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        load({}, tmp_path / "nowhere.toml")


def test_a_certificate_without_its_key_is_refused(tmp_path):
    certificate = tmp_path / "cert.pem"
    certificate.touch()
    with pytest.raises(ConfigurationError, match="tls_cert and tls_key"):
        load({"api": {"tls_cert": certificate}})


def test_settings_cannot_be_changed_after_they_were_read():
    settings = load({})
    with pytest.raises(ValueError, match="frozen"):
        settings.cwmp.port = 1
