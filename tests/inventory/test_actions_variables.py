"""Which variables an operation may name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.actions import variables as rules
from inventory.operations import Kind

FAULTLESS: list[object] = []


def named(*paths: str, **more: str) -> list[dict[str, str]]:
    return [{"variable_name": path, **more} for path in paths]


@pytest.mark.parametrize(
    "path",
    [
        "Device.DeviceInfo.UpTime",
        "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.SSID",
        "Device.WiFi.SSID.[guest].Enable",
        "Device.X_00D09E_Debug-Port.Enable",
        "Device.",
        "Device.WiFi.",
        "Device." + "a" * 249,
    ],
)
def test_a_get_takes_full_names_and_partial_paths(path):
    assert rules.faults(Kind.GET, named(path)) == FAULTLESS


@pytest.mark.parametrize(
    "path",
    [
        ".",
        ".Device",
        "Device..WiFi",
        "Device.WiFi SSID",
        "1.Device",
        "Device.<x>",
        "Device.WiFi.*.SSID",
        "Device." + "a" * 250,
        "Device.WiFi.\x00",
        "Device.'--",
    ],
)
@pytest.mark.parametrize("kind", sorted(rules.TAKING_VARIABLES))
def test_what_is_no_path_is_refused_for_every_operation(kind, path):
    (fault,) = rules.faults(kind, named(path, value="1"))
    assert fault["variable_name"] == [rules.NO_PATH]


@given(st.text(max_size=400))
def test_any_text_is_judged_and_a_path_is_never_too_long_for_the_wire(text):
    assert not rules.is_path(text) or (0 < len(text) <= 256 and not set(text) & set(" \n<>&\0"))


def test_a_set_names_parameters_and_each_one_once():
    wrong = [*named("Device.WiFi.", value="1"), *named("Device.A", "Device.A", value="1")]
    assert rules.faults(Kind.SET, wrong) == [
        {"variable_name": [rules.NO_PARAMETER]},
        {},
        {"variable_name": [rules.TWICE]},
    ]


def test_a_set_needs_values_and_an_empty_one_is_one():
    given = [*named("Device.A"), *named("Device.B", value=""), *named("Device.C", value="\x01")]
    assert rules.faults(Kind.SET, given) == [
        {"value": [rules.REQUIRED]},
        {},
        {"value": [rules.NO_XML]},
    ]


def test_objects_are_added_to_a_table_and_deleted_by_instance():
    assert rules.faults(Kind.ADD_OBJECT, named("Device.NAT.PortMapping.")) == FAULTLESS
    assert rules.faults(Kind.DELETE_OBJECT, named("Device.NAT.PortMapping.7.")) == FAULTLESS
    assert rules.faults(Kind.DELETE_OBJECT, named("Device.NAT.PortMapping.[web].")) == FAULTLESS
    assert rules.faults(Kind.ADD_OBJECT, named("Device.NAT.PortMapping")) == [
        {"variable_name": [rules.NO_OBJECT]}
    ]
    assert rules.faults(Kind.DELETE_OBJECT, named("Device.NAT.PortMapping.")) == [
        {"variable_name": [rules.NO_INSTANCE]}
    ]
    twice = named("Device.NAT.PortMapping.7.", "Device.NAT.PortMapping.7.")
    assert rules.faults(Kind.DELETE_OBJECT, twice)[1] == {"variable_name": [rules.TWICE]}
    assert rules.faults(Kind.ADD_OBJECT, named("Device.A.", "Device.A.")) == FAULTLESS


def test_an_operation_that_takes_variables_needs_some_and_not_too_many():
    assert rules.faults(Kind.GET, []) == [rules.EMPTY]
    many = named(*(f"Device.A.{n}" for n in range(rules.MAX_VARIABLES + 1)))
    assert rules.faults(Kind.GET, many) == [rules.TOO_MANY]
    assert rules.faults(Kind.GET, many[1:]) == FAULTLESS


def test_an_operation_that_takes_none_refuses_them():
    assert rules.faults(Kind.REBOOT, []) == FAULTLESS
    assert rules.faults(Kind.REBOOT, named("Device.A")) == ["reboot takes no variables."]


def test_only_a_new_instance_takes_values_for_its_parameters():
    assert rules.faults_of_new_values(Kind.ADD_OBJECT, {"Enable": "1", "A.B": ""}) == {}
    assert rules.faults_of_new_values(Kind.ADD_OBJECT, {"A.": "1", "B": "\x02", "C": "3"}) == {
        "A.": [rules.NO_PARAMETER],
        "B": [rules.NO_XML],
    }
    assert rules.faults_of_new_values(Kind.GET, {"A": "1"}) == ["get takes no values."]
