"""Wanted values: what may be wanted, what stands above what, and when the device has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import Invalid
from inventory.settings import Setting, check, is_same, overlaid, reveal, seal


@pytest.mark.parametrize(
    ("wanted", "held", "value_type"),
    [
        ("1", "true", "boolean"),
        ("TRUE", "1", "xsd:boolean"),
        ("0", "false", "boolean"),
        ("007", "7", "unsignedInt"),
        ("+5", "5", "int"),
        ("18446744073709551615", "018446744073709551615", "unsignedLong"),
    ],
)
def test_values_are_compared_as_their_type_means_them(wanted, held, value_type):
    assert is_same(wanted, held, value_type)


@pytest.mark.parametrize(
    ("wanted", "held", "value_type"),
    [
        ("1", "true", "string"),
        ("1", "0", "boolean"),
        ("yes", "1", "boolean"),
        ("7", "8", "int"),
        ("x", "y", "int"),
        ("a", "A", None),
    ],
)
def test_values_that_differ_stay_different(wanted, held, value_type):
    assert not is_same(wanted, held, value_type)


@given(st.text(), st.sampled_from(["string", "boolean", "int", None]))
def test_a_value_is_the_same_as_itself(value, value_type):
    assert is_same(value, value, value_type)


def test_a_devices_own_setting_stands_above_the_template():
    template = [Setting("Device.B", "1"), Setting("Device.A", "1", "int", 2)]
    merged = overlaid(template, [Setting("Device.A", "2")])
    assert [setting.path for setting in merged.values()] == ["Device.A", "Device.B"]
    assert merged["Device.A"].value == "2"


@pytest.mark.parametrize(
    "path", ["Device", "Device.", "Device.X.", "Device.*.X", "Other.X", "Device.X Y", "Device..X"]
)
def test_only_the_full_name_of_a_parameter_can_be_wanted(path):
    with pytest.raises(Invalid):
        check([Setting(path, "x")], "variables")


@pytest.mark.parametrize("path", ["Device.X", "InternetGatewayDevice.A.1.B_2", "Device.[alias].X"])
def test_the_names_of_both_data_models_can_be_wanted(path):
    check([Setting(path, "x")], "variables")


def test_a_path_of_many_parts_is_judged_at_once():
    with pytest.raises(Invalid):
        check([Setting("Device." + "a." * 100 + " ", "x")], "variables")


def test_a_secret_setting_is_sealed_and_comes_back(tmp_path):
    from inventory.secrets import Vault

    vault = Vault.load(tmp_path / "keys")
    secret = Setting("Device.ManagementServer.Password", "friend", "string")
    line = seal(secret, vault)
    assert (line.value, b"friend" in (line.sealed or b"")) == (None, False)
    assert reveal(line, vault) == secret
    plain = Setting("Device.Time.Enable", "1")
    assert (seal(plain, vault).value, seal(plain, vault).sealed) == ("1", None)
