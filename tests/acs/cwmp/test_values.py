"""Types, values and paths, as they should be and as devices write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.cwmp import values


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("xsd:string", "string"),
        ("xsd:unsignedInt", "unsignedInt"),
        ("xsd:unsignedint", "unsignedInt"),
        ("xs:Int", "int"),
        ("integer", "int"),
        ("string(256)", "string"),
        ("string(:64)", "string"),
        ("xsd:string[64]", "string"),
        ("xsd:unsignedInt[1:10]", "unsignedInt"),
        (" xsd:boolean ", "boolean"),
        ("bool", "boolean"),
        ("xsd:dateTime", "dateTime"),
        ("xsd:base64", "base64Binary"),
        ("soap-enc:base64", "base64Binary"),
        ("xsd:hexBinary", "hexBinary"),
        ("unsignedLong", "unsignedLong"),
        ("long", "long"),
        ("decimal", "decimal"),
        ("xsd:json", "string"),
        ("object", "string"),
        ("xsd:", "string"),
        ("", "string"),
        ("\0", "string"),
    ],
)
def test_types_are_recognised_however_they_are_written(written, canonical):
    assert values.normal_type(written) == canonical


@given(st.text())
def test_any_text_names_some_type(text):
    assert values.normal_type(text) in values.TYPES


RIGHT = {
    "string": ["", " a ", "é\n", "<&>"],
    "int": ["0", "-2147483648", "+5", "007", "2147483647"],
    "unsignedInt": ["0", "4294967295"],
    "long": ["-9223372036854775808", "9223372036854775807"],
    "unsignedLong": ["18446744073709551615"],
    "boolean": ["0", "1", "true", "false"],
    "dateTime": [
        "2024-05-06T07:08:09Z",
        "2024-05-06T07:08:09.123Z",
        "2024-05-06T07:08:09+14:00",
        "2024-05-06T07:08:09",
        values.UNKNOWN_TIME,
        values.INFINITE_TIME,
        "0001-01-03T03:04:05",
    ],
    "base64Binary": ["", "AQID", "AQ==", "AQ\r\nID"],
    "hexBinary": ["", "0aFF"],
    "decimal": ["1", "-1.5", "+.5", "1."],
}
WRONG = {
    "string": ["\0", "\x1f", "\ud800", "\uffff"],
    "int": ["", " 1", "1.0", "x", "2147483648", "1_000", "٣", "-", "9" * 5000],
    "unsignedInt": ["-1", "4294967296"],
    "long": ["9223372036854775808"],
    "unsignedLong": ["-1", "18446744073709551616"],
    "boolean": ["", "True", "yes", "2"],
    "dateTime": ["", "2024-02-30T00:00:00Z", "2024-05-06", "0000-00-00T00:00:00", "now",
                 "2024-05-06T07:08:09+99:00", "2024-05-06T07:08:09 Z"],
    "base64Binary": ["A", "AQI*"],
    "hexBinary": ["0", "0x", "a b"],
    "decimal": ["", ".", "1e5", "NaN"],
    "json": ["{}"],
    "": [""],
}  # fmt: skip


@pytest.mark.parametrize(("type", "value"), [(t, v) for t, vs in RIGHT.items() for v in vs])
def test_a_right_value_passes(type, value):
    values.check(value, type)


@pytest.mark.parametrize(("type", "value"), [(t, v) for t, vs in WRONG.items() for v in vs])
def test_a_wrong_value_is_refused_with_a_short_reason(type, value):
    with pytest.raises(ValueError, match=r"\w") as caught:
        values.check(value, type)
    assert len(str(caught.value)) < 120


@given(st.text(), st.sampled_from(sorted(values.TYPES)))
def test_no_value_does_worse_than_being_refused(value, type):
    try:
        values.check(value, type)
    except ValueError:
        return
    assert isinstance(values.to_wire(value, type), str)


@pytest.mark.parametrize(
    ("value", "type", "sent"),
    [
        ("true", "boolean", "1"),
        ("0", "boolean", "0"),
        ("odd", "boolean", "odd"),
        ("+005", "int", "5"),
        ("-007", "long", "-7"),
        (" a ", "string", " a "),
        ("+005", "string", "+005"),
        ("2024-05-06T07:08:09.999Z", "dateTime", "2024-05-06T07:08:09Z"),
        ("2024-05-06T07:08:09", "dateTime", "2024-05-06T07:08:09Z"),
        ("2024-05-06T07:08:09.5+02:00", "dateTime", "2024-05-06T07:08:09+02:00"),
        ("0001-01-03T03:04:05", "dateTime", "0001-01-03T03:04:05"),
        (values.UNKNOWN_TIME, "dateTime", values.UNKNOWN_TIME),
        ("18446744073709551615", "unsignedLong", "18446744073709551615"),
    ],
)
def test_values_are_sent_in_the_form_that_devices_take(value, type, sent):
    assert values.to_wire(value, type) == sent


def test_booleans_are_sent_in_the_devices_own_words():
    assert values.to_wire("1", "boolean", values.WORDS) == "true"
    assert values.to_wire("false", "boolean", values.WORDS) == "false"
    assert values.to_wire("true", "boolean", ("Disabled", "Enabled")) == "Enabled"


@pytest.mark.parametrize("text", ["1", "true", "True", "TRUE", " yes ", "Enabled", "on"])
def test_yes_is_understood(text):
    assert values.parse_boolean(text) is True


@pytest.mark.parametrize("text", ["0", "false", "False", "no", "Disabled", "off"])
def test_no_is_understood(text):
    assert values.parse_boolean(text) is False


@pytest.mark.parametrize("text", ["", "2", "(null)", "N/A", "maybe"])
def test_what_is_neither_is_none(text):
    assert values.parse_boolean(text) is None


MOMENT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-06T07:08:09Z", MOMENT),
        ("2024-05-06T07:08:09", MOMENT),
        ("2024-05-06T09:08:09+02:00", MOMENT),
        ("2024-05-06T07:08:09+0000", MOMENT),
        (" 2024-05-06T07:08:09.500Z\n", MOMENT.replace(microsecond=500_000)),
        ("Mon May  6 07:08:09 2024", MOMENT),
        ("1970-01-01T00:00:05Z", datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)),
        (values.UNKNOWN_TIME, None),
        (values.INFINITE_TIME, None),
        ("0001-01-01T00:01:03", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("0000-00-00T00:00:00", None),
        ("2024-13-06T07:08:09Z", None),
        ("(null)", None),
        ("", None),
        ("9" * 9999, None),
    ],
)
def test_times_of_devices_are_moments_or_none(text, moment):
    assert values.parse_datetime(text) == moment


@given(st.text() | st.datetimes().map(str) | st.from_regex(r"[0-9]{4}-[0-9]{2}-.*", fullmatch=True))
def test_no_time_raises(text):
    moment = values.parse_datetime(text)
    assert moment is None or moment.tzinfo is UTC


def test_paths_are_told_apart():
    assert values.is_partial("Device.WiFi.")
    assert values.is_partial("")
    assert not values.is_partial("Device.WiFi.SSID.1.SSID")
    assert values.root_of("Device.WiFi.") == "Device."
    assert values.root_of("InternetGatewayDevice.DeviceSummary") == "InternetGatewayDevice."
    assert values.root_of("DeviceInfo.SoftwareVersion") is None
    assert values.root_of("") is None


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("Device.WiFi.SSID.1.SSID", "Device.WiFi."),
        ("Device.WiFi.", "Device.WiFi."),
        ("Device.DeviceSummary", "Device."),
        ("Device.", "Device."),
        ("InternetGatewayDevice.LANDevice.1.X", "InternetGatewayDevice.LANDevice."),
        ("Device", ""),
        ("", ""),
    ],
)
def test_a_section_is_the_first_two_levels(path, section):
    assert values.section_of(path) == section


@pytest.mark.parametrize(
    "path",
    [
        "Device.",
        "Device.DeviceInfo.SoftwareVersion",
        "InternetGatewayDevice.LANDevice.1.WLANConfiguration.2.",
        "Device.NAT.PortMapping.[cpe-1].Enable",
        "Device.NAT.PortMapping.[a.b].Enable",
        "Device.Ethernet.Interface.*.MACAddress",
        "Device.X_0011AB_Thing.X-Y",
        "DeviceInfo.SoftwareVersion",
        "D" * 256,
    ],
)
def test_a_path_may_be_sent(path):
    values.check_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        ".Device",
        "Device..A",
        "Device. A",
        "Device.A ",
        "Device.A\n",
        "Device.<A>",
        "Device.1A",
        "1Device.A",
        "Device.[].A",
        "Device.[a].[b",
        "Device.A*",
        "D" * 257,
        "Device.\0",
    ],
)
def test_what_is_no_path_is_refused_with_a_reason(path):
    with pytest.raises(ValueError, match="path"):
        values.check_path(path)
