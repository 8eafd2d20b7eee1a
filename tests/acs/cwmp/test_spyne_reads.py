"""spyne, which shares no line with our codec, reads what we wrote."""

import pytest
from lxml import etree

from acs.cwmp import messages as m
from acs.cwmp.codec import encode
from acs.cwmp.messages import Envelope

CWMP = "urn:dslforum-org:cwmp-1-0"


@pytest.fixture(scope="module")
def read():
    """A function that has spyne read all elements of one name in a message, and judge them."""
    from acs.spyne_compat import ComplexModel, Soap11, Unicode, UnsignedInteger32

    text = {limit: Unicode(limit) for limit in (32, 64, 256)}
    fields = {
        "ParameterValueStruct": {"Name": text[256], "Value": Unicode},
        "DeviceId": {
            "Manufacturer": text[64],
            "OUI": Unicode(6, pattern="[0-9A-F]{6}"),
            "ProductClass": text[64],
            "SerialNumber": text[64],
        },
        "Upload": {
            "CommandKey": text[32],
            "FileType": text[64],
            "URL": text[256],
            "Username": text[256],
            "Password": text[256],
            "DelaySeconds": UnsignedInteger32,
        },
    }
    models = {
        name: ComplexModel.produce(CWMP if name == "Upload" else "", name, members)
        for name, members in fields.items()
    }
    protocol = Soap11(validator="soft", parse_xsi_type=False)  # it needs an application

    def read_all(name: str, message: m.Message) -> list:
        root = etree.fromstring(encode(Envelope(message, id="1")))
        elements = root.iter("{*}" + name)
        return [protocol.from_element(None, models[name], element) for element in elements]

    return read_all


NASTY = " a & b <c> ]]> é 漢 \U0001f4a9\r\n "


def test_spyne_reads_parameter_values(read):
    written = tuple(
        m.ParameterValueStruct(f"Device.A{n}", value) for n, value in enumerate((NASTY, "x", "1"))
    )
    seen = read("ParameterValueStruct", m.SetParameterValues(written, "key"))
    assert [(each.Name, each.Value) for each in seen] == [(p.name, p.value) for p in written]


def test_spyne_reads_who_a_device_is(read):
    (seen,) = read("DeviceId", m.Inform(m.DeviceIdStruct("Söhne & Co", "0011AB", "Box", "S/N 1")))
    assert (seen.Manufacturer, seen.OUI) == ("Söhne & Co", "0011AB")
    assert (seen.ProductClass, seen.SerialNumber) == ("Box", "S/N 1")


def test_spyne_reads_a_request(read):
    upload = m.Upload("op_1", "2 Vendor Log File", "http://x/?a=1&b=2", "", NASTY, 86_400)
    (seen,) = read("Upload", upload)
    assert (seen.CommandKey, seen.FileType, seen.URL) == ("op_1", upload.file_type, upload.url)
    assert (seen.Username or "", seen.Password, seen.DelaySeconds) == ("", NASTY, 86_400)
