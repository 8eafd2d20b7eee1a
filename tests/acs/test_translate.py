"""An Inform in the inventory's words, however the device spells it."""

import pytest

from acs.cwmp.messages import DeviceIdStruct, Envelope, EventStruct, Inform, ParameterValueStruct
from acs.translate import event, interval, sighting, unique_identifier
from inventory.sightings import Event


def inform(**parts):
    device = DeviceIdStruct("Example", "00d09e", "Gate way", "SN/1")
    return Envelope(Inform(**{"device_id": device, **parts}))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1 BOOT", "1 BOOT"),
        ("1 Boot", "1 BOOT"),
        ("1  boot", "1 BOOT"),
        ("0", "0 BOOTSTRAP"),
        ("m reboot", "M Reboot"),
        ("M Reboot", "M Reboot"),
        ("X CT-COM BIND", "X CT-COM BIND"),
        ("99 SOMETHING", "99 SOMETHING"),
        ("", ""),
    ],
)
def test_events_are_known_by_their_number(written, meant):
    assert event(EventStruct(written, "key")) == Event(meant, "key")


def test_the_identity_is_percent_encoded_and_its_oui_in_capitals():
    found = sighting(inform(), "192.0.2.1", None)
    assert found.unique_identifier == "00D09E-Gate%20way-SN%2F1"
    assert found.oui == "00D09E"


def test_without_a_class_the_identity_has_two_parts():
    assert unique_identifier("00D09E", "", "1") == "00D09E-1"


def test_a_device_without_a_serial_number_is_nobody():
    with pytest.raises(ValueError, match="serial"):
        sighting(inform(device_id=DeviceIdStruct("Example", "00D09E", "", "")), "a", None)


@pytest.mark.parametrize("root", ["Device.", "InternetGatewayDevice."])
def test_what_the_forced_parameters_tell_is_found_under_either_root(root):
    values = {
        "DeviceInfo.SoftwareVersion": "2.0",
        "DeviceInfo.HardwareVersion": "B",
        "ManagementServer.ConnectionRequestURL": "http://192.0.2.1/x",
        "ManagementServer.ParameterKey": "k1",
        "ManagementServer.PeriodicInformInterval": "60",
    }
    parameters = tuple(ParameterValueStruct(root + name, text) for name, text in values.items())
    found = sighting(inform(parameter_list=parameters), "192.0.2.1", None)
    assert found.root == root
    assert (found.software_version, found.hardware_version) == ("2.0", "B")
    assert found.connection_request_url == "http://192.0.2.1/x"
    assert (found.parameter_key, found.interval_s) == ("k1", 60)


def test_the_digest_depends_on_what_lasts_and_not_on_events():
    first = sighting(inform(event=(EventStruct("1 BOOT"),)), "a", None)
    assert first.told == sighting(inform(event=(), retry_count=3), "a", None).told
    assert first.told != sighting(inform(), "b", None).told
    changed = (ParameterValueStruct("Device.X", "1"),)
    assert first.told != sighting(inform(parameter_list=changed), "a", None).told
    assert 0 <= first.told < 2**63


@pytest.mark.parametrize(
    ("text", "seconds"), [("60", 60), ("", None), ("-1", None), ("soon", None), ("0", None)]
)
def test_an_interval_that_is_none_is_forgiven(text, seconds):
    assert interval(text) == seconds
