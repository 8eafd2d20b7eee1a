"""Sealed texts open with their key and no other; the key file is made once, and for its owner."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.secrets import SecretsError, Vault, is_secret_name


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "acs.key"


def test_a_sealed_text_opens_again_after_a_restart(key_file: Path) -> None:
    sealed = Vault.load(key_file).seal("Grüße ☃")
    assert Vault.load(key_file).open(sealed) == "Grüße ☃"


def test_a_sealed_text_does_not_show_what_it_holds(key_file: Path) -> None:
    vault = Vault.load(key_file)
    assert b"hunter2" not in vault.seal("hunter2")
    assert vault.seal("hunter2") != vault.seal("hunter2")


def test_the_key_file_is_readable_by_its_owner_alone_and_left_alone_in_its_folder(
    key_file: Path,
) -> None:
    Vault.load(key_file)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert list(key_file.parent.iterdir()) == [key_file]


def test_a_key_file_that_others_may_read_is_refused(key_file: Path) -> None:
    Vault.load(key_file)
    key_file.chmod(0o640)
    with pytest.raises(SecretsError, match="chmod 600"):
        Vault.load(key_file)


@pytest.mark.parametrize("content", ["", "zz\n", "00112233 aabb\n", "00112233\n", "ä"])
def test_a_damaged_key_file_is_told_and_never_replaced(key_file: Path, content: str) -> None:
    key_file.write_text(content)
    key_file.chmod(0o600)
    with pytest.raises(SecretsError, match=re.escape(str(key_file))):
        Vault.load(key_file)
    assert key_file.read_text() == content


def test_after_a_rotation_the_new_key_seals_and_the_old_one_still_opens(key_file: Path) -> None:
    old = Vault.load(key_file)
    before = old.seal("before")
    new = Vault.rotate(key_file)
    after = new.seal("after")
    assert new.open(before) == "before"
    assert (new.is_newest(before), new.is_newest(after)) == (False, True)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_a_running_process_learns_of_a_rotated_key_and_uses_it(key_file: Path) -> None:
    running = Vault.load(key_file)
    sealed = Vault.rotate(key_file).seal("by another process")
    assert running.open(sealed) == "by another process"
    assert running.is_newest(sealed)
    assert running.is_newest(running.seal("more"))


def test_a_text_sealed_with_a_foreign_key_is_told_apart_from_a_damaged_one(tmp_path: Path) -> None:
    vault, other = Vault.load(tmp_path / "one"), Vault.load(tmp_path / "two")
    with pytest.raises(SecretsError, match="right key file"):
        vault.open(other.seal("x"))


@given(position=st.integers(0, 200), flip=st.integers(1, 255))
def test_no_byte_of_a_sealed_text_can_be_changed(
    tmp_path_factory: pytest.TempPathFactory, position: int, flip: int
) -> None:
    vault = Vault.load(tmp_path_factory.getbasetemp() / "shared.key")
    sealed = bytearray(vault.seal("a secret of some length"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(SecretsError):
        vault.open(bytes(sealed))


@pytest.mark.parametrize("length", [0, 3, 4, 16, 20])
def test_a_cut_text_is_an_error_of_ours(key_file: Path, length: int) -> None:
    vault = Vault.load(key_file)
    with pytest.raises(SecretsError):
        vault.open(vault.seal("text")[:length])


@pytest.mark.parametrize(
    "path",
    [
        "Device.ManagementServer.Password",
        "Device.ManagementServer.ConnectionRequestPassword",
        "InternetGatewayDevice.ManagementServer.STUNPassword",
        "Device.WiFi.AccessPoint.1.Security.KeyPassphrase",
        "Device.WiFi.AccessPoint.1.Security.SAEPassphrase",
        "Device.WiFi.AccessPoint.1.Security.RadiusSecret",
        "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.WEPKey.4.WEPKey",
        "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.PreSharedKey.1.PreSharedKey",
        "Device.X_VENDOR.VPN.sharedsecret",
        "Device.X_VENDOR.Login.AdminPassword2",
        "Device.Cellular.Interface.1.USIM.PIN",
        "Device.Security.Certificate.1.PrivateKey",
        "Password",
    ],
)
def test_names_that_hold_secrets_are_known_by_their_last_component(path: str) -> None:
    assert is_secret_name(path)


@pytest.mark.parametrize(
    "path",
    [
        "Device.WiFi.SSID.1.SSID",
        "InternetGatewayDevice.UserInterface.PasswordRequired",
        "InternetGatewayDevice.LANConfigSecurity.PasswordUserSelectable",
        "Device.X_VENDOR.Password.Length",
        "Device.X_VENDOR.Spin",
        "",
    ],
)
def test_names_that_only_speak_of_secrets_are_not_secret(path: str) -> None:
    assert not is_secret_name(path)


def test_further_names_can_be_declared_secret() -> None:
    community = re.compile(r"\.Community$", re.IGNORECASE)
    assert is_secret_name("Device.X_SNMP.community", [community])
    assert not is_secret_name("Device.X_SNMP.CommunityCount", [community])
