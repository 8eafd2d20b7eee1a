"""The published description: what it names, and that foreign eyes can read it."""

import subprocess
import sys

from lxml import etree

from acs.facets import OFFICIAL
from acs.schema import schema
from acs.wsdl import wsdl

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"


def test_it_offers_every_method_that_a_cpe_may_call():
    root = etree.fromstring(wsdl("http://acs.example/acs"))
    port = root.find(f"{WSDL}portType")
    assert {operation.get("name") for operation in port.iterfind(f"{WSDL}operation")} == {
        "Inform",
        "TransferComplete",
        "AutonomousTransferComplete",
        "GetRPCMethods",
        "RequestDownload",
        "Kicked",
        "DUStateChangeComplete",
        "AutonomousDUStateChangeComplete",
    }


def test_the_address_is_the_callers_even_when_it_holds_markup():
    root = etree.fromstring(wsdl('http://"a"&<b>/acs'))
    assert root.find(f".//{SOAP}address").get("location") == 'http://"a"&<b>/acs'


def test_parts_of_a_message_are_in_no_namespace():
    root = etree.fromstring(wsdl("http://acs.example/acs"))
    assert [s.get("elementFormDefault") for s in root.iter(f"{XSD}schema")] == ["unqualified"]


def test_lists_carry_their_array_type():
    root = schema(OFFICIAL[0])
    events = root.find(f"{XSD}complexType[@name='InformEventList']")
    attribute = events.find(f"{XSD}attribute")
    prefix, _, name = attribute.get("ref").partition(":")
    assert (root.nsmap[prefix], name) == (
        "http://schemas.xmlsoap.org/soap/encoding/",
        "arrayType",
    )


def test_a_namespace_has_the_methods_of_its_version():
    names = [
        {element.get("name") for element in schema(uri).iterfind(f"{XSD}element")}
        for uri in OFFICIAL
    ]
    assert [("AutonomousTransferComplete" in n, "ChangeDUState" in n) for n in names] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_spyne_is_loaded_only_when_somebody_asks():
    code = "import acs.wsdl, sys; sys.exit('spyne' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
