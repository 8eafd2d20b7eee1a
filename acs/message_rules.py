"""What a type cannot say of a CWMP message: its header, its lists, its values, its parts together.

Each rule looks at one part of a message and yields the findings. Section numbers are those of
TR-069 Amendment 5. An *error* makes a message illegal; a *warning* is legal and still known to
cause trouble.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Literal

from lxml import etree

from acs.cwmp import messages
from acs.cwmp.messages import AcsRequest, CpeRequest, Kind, Wire

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CWMP = re.compile(r"urn:dslforum-org:cwmp-1-\d")

_PREFIXES = {"xsd": (XSD,), "soap-enc": (ENCODING,)}
_VALUE_TYPES = {
    "string", "int", "unsignedInt", "long", "unsignedLong", "boolean", "dateTime", "base64",
    "base64Binary", "hexBinary", "decimal",
}  # fmt: skip

_MUST_BE_UNDERSTOOD = {"ID": "1", "HoldRequests": "1", "UseCWMPVersion": "1"}
_MAY_BE_IGNORED = {"SessionTimeout": "0", "SupportedCWMPVersions": "0"}
_HEADER_TEXT = {
    "HoldRequests": (re.compile(r"\s*(0|1|true|false)\s*"), "a boolean"),
    "SessionTimeout": (re.compile(r"\s*\+?\d+\s*"), "a number of seconds"),
    "SupportedCWMPVersions": (
        re.compile(r"\s*\d+\.\d+(\s*,\s*\d+\.\d+)*\s*"),
        "a list of versions",
    ),
    "UseCWMPVersion": (re.compile(r"\s*\d+\.\d+\s*"), "one version"),
}

# TR-098, TR-181 issue 2, and TR-181 issue 1 (told by its DeviceSummary): what each Inform carries.
_FORCED = {
    "InternetGatewayDevice.": (
        "DeviceSummary", "DeviceInfo.SpecVersion", "DeviceInfo.HardwareVersion",
        "DeviceInfo.SoftwareVersion", "DeviceInfo.ProvisioningCode",
        "ManagementServer.ConnectionRequestURL", "ManagementServer.ParameterKey",
    ),
    "Device.": (
        "DeviceInfo.HardwareVersion", "DeviceInfo.SoftwareVersion", "DeviceInfo.ProvisioningCode",
        "ManagementServer.ConnectionRequestURL", "ManagementServer.ParameterKey",
    ),
}  # fmt: skip
_FORCED_BEFORE_TR_181_ISSUE_2 = (
    "DeviceSummary", "DeviceInfo.HardwareVersion", "DeviceInfo.SoftwareVersion",
    "ManagementServer.ConnectionRequestURL", "ManagementServer.ParameterKey", "LAN.IPAddress",
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One rule that a message breaks, or bends; lines count from 1, 0 is the message as a whole."""

    line: int
    level: Literal["error", "warning"]
    rule: str
    text: str


Findings = Iterator[Finding]


def error(where: etree._Element, rule: str, text: str) -> Finding:
    return Finding(line(where), "error", rule, text)


def warning(where: etree._Element, rule: str, text: str) -> Finding:
    return Finding(line(where), "warning", rule, text)


def line(element: Any) -> int:
    return element.sourceline or 0


def name(element: etree._Element) -> str:
    return etree.QName(element).localname


def namespace(element: etree._Element) -> str:
    return etree.QName(element).namespace or ""


def is_cwmp(uri: str) -> bool:
    return CWMP.fullmatch(uri) is not None


# --- The header (3.5, table 4) ------------------------------------------------------------------


def header(found: etree._Element | None, root: etree._Element, method: str) -> Findings:
    if found is None:
        yield warning(root, "header", "there is no Header, and so no cwmp:ID")
        return
    names = [name(entry) for entry in found]
    if "ID" not in names:
        yield warning(found, "header", "there is no cwmp:ID in the Header")
    for entry in found:
        if not is_cwmp(namespace(entry)):
            yield warning(entry, "header", f"{name(entry)} is not in a CWMP namespace")
            continue
        if names.count(name(entry)) > 1:
            yield error(entry, "duplicate", f"{name(entry)} stands in the Header more than once")
        yield from _must_understand(entry)
        yield from _header_text(entry)
        yield from _header_direction(entry, method)


def _must_understand(entry: etree._Element) -> Findings:
    for attribute in entry.attrib:
        qname = etree.QName(attribute)
        if qname.localname == "mustUnderstand" and qname.namespace != SOAP:
            yield error(
                entry, "header", f"mustUnderstand of {name(entry)} is not in the SOAP namespace"
            )
    said = entry.get(f"{{{SOAP}}}mustUnderstand")
    required = _MUST_BE_UNDERSTOOD.get(name(entry))
    wanted = required or _MAY_BE_IGNORED.get(name(entry))
    if said is None and required:
        yield error(entry, "header", f"{name(entry)} has no mustUnderstand")
    if said is not None and wanted and said != wanted:
        yield error(entry, "header", f"mustUnderstand of {name(entry)} is {said!r}, not {wanted!r}")


def _header_text(entry: etree._Element) -> Findings:
    text = entry.text or ""
    form, meaning = _HEADER_TEXT.get(name(entry), (None, ""))
    if form and not form.fullmatch(text):
        yield error(entry, "type", f"{name(entry)} is {text!r}, not {meaning}")
    elif name(entry) == "SessionTimeout" and int(text) < 30:
        yield warning(entry, "range", "SessionTimeout is below 30 seconds")
    if name(entry) == "ID" and len(text) > 32:
        yield warning(entry, "length", "cwmp:ID is longer than 32 characters")


def _header_direction(entry: etree._Element, method: str) -> Findings:
    match name(entry):
        case "HoldRequests" | "UseCWMPVersion" if _is_sent_by_cpe(method):
            yield error(entry, "header", f"only the ACS may send {name(entry)}")
        case "UseCWMPVersion" if method != "InformResponse":
            yield error(entry, "header", "UseCWMPVersion belongs to InformResponse")
        case "SessionTimeout" | "SupportedCWMPVersions" if method not in ("Inform", ""):
            yield error(entry, "header", f"{name(entry)} belongs to Inform")


def _is_sent_by_cpe(method: str) -> bool:
    """True where the method leaves no doubt; either side may send GetRPCMethods and faults."""
    asked = getattr(messages, method.removesuffix("Response"), None)
    if asked is None or method.startswith("GetRPCMethods"):
        return False
    return issubclass(asked, AcsRequest if method.endswith("Response") else CpeRequest)


# --- A SOAP fault (3.5) -------------------------------------------------------------------------


def soap_fault(fault: etree._Element) -> Findings:
    parts = [name(part) for part in fault]
    wanted = [
        part for part in ("faultcode", "faultstring", "faultactor", "detail") if part in parts
    ]
    if parts != wanted:
        yield error(fault, "structure", f"a Fault holds {', '.join(wanted)}, in this order")
    for missing in {"faultcode", "faultstring", "detail"} - set(parts):
        yield error(fault, "structure", f"the Fault has no {missing}")
    for part in fault:
        if namespace(part):
            yield error(part, "structure", f"{name(part)} of a Fault must be in no namespace")
    code = (fault.findtext("faultcode") or "").strip().rpartition(":")[2]
    if code not in ("Client", "Server"):
        yield warning(fault, "fault", f"faultcode is {code!r}, neither Client nor Server")
    if (fault.findtext("faultstring") or "") != "CWMP fault":
        yield warning(fault, "fault", 'faultstring is not "CWMP fault"')
    detail = fault.find("detail")
    details = [part for part in detail if name(part) == "Fault"] if detail is not None else []
    if len(details) != 1 or not is_cwmp(namespace(details[0])):
        yield error(fault, "fault", "detail does not hold exactly one cwmp:Fault")


# --- A message ----------------------------------------------------------------------------------


def message(body: etree._Element) -> Findings:
    """All rules of a call or an answer besides the schema's."""
    declared = getattr(messages, name(body))
    for part in body.iterdescendants():
        if namespace(part):
            yield error(part, "structure", f"{name(part)} in {name(body)} must be in no namespace")
    for found, wire in _parts(body, declared):
        if wire.kind in (Kind.TEXTS, Kind.STRUCTS):
            yield from _list(found, wire)
        if wire.kind is Kind.VALUE:
            yield from _value(found)
    yield from _names(body)
    match name(body):
        case "Inform":
            yield from _events(body)
            yield from _inform_parameters(body)
            yield from _max_envelopes(body)
        case "InformResponse":
            yield from _max_envelopes(body)
        case "Download" | "Upload" | "ScheduleDownload":
            yield from _url(body)


def _parts(element: etree._Element, declared: type) -> Iterator[tuple[etree._Element, Wire]]:
    """Every part of a message that is declared, at any depth, with its declaration."""
    wires = {
        field.metadata["wire"].name: field.metadata["wire"]
        for field in fields(declared)
        if "wire" in field.metadata
    }
    for child in element:
        wire = wires.get(name(child))
        if wire is None:
            continue
        yield child, wire
        if wire.kind is Kind.STRUCT:
            yield from _parts(child, wire.struct)
        if wire.kind is Kind.STRUCTS:
            for member in child:
                yield from _parts(member, wire.struct)


def _list(found: etree._Element, wire: Wire) -> Findings:
    for member in found:
        if name(member) != wire.member:
            yield error(member, "structure", f"{wire.name} holds {name(member)}, not {wire.member}")
    said = found.get(f"{{{ENCODING}}}arrayType")
    if said is None:
        if any(etree.QName(attribute).localname == "arrayType" for attribute in found.attrib):
            yield error(
                found, "list", f"arrayType of {wire.name} is not in the SOAP encoding namespace"
            )
        return  # a missing one is the schema's finding
    form = re.fullmatch(r"\s*(\S+?)\s*\[\s*(\d*)\s*\]\s*", said)
    if form is None:
        yield error(found, "list", f"arrayType {said!r} is not of the form type[count]")
        return
    yield from _member_type(found, wire, form[1])
    if not form[2]:
        yield warning(found, "count", f"arrayType {said!r} gives no count")
    elif int(form[2]) != len(found):
        yield error(found, "count", f"{wire.name} says {int(form[2])} members and has {len(found)}")
    elif form[2] != str(int(form[2])):
        yield warning(found, "count", f"arrayType {said!r} pads its count")


def _member_type(found: etree._Element, wire: Wire, qname: str) -> Findings:
    prefix, _, wanted = wire.array_type.partition(":")
    uri, said = resolve(found, qname)
    right = is_cwmp(uri) if prefix == "cwmp" else uri in _PREFIXES[prefix]
    if not right:
        yield error(found, "list", f"the prefix of arrayType {qname!r} stands for {uri!r}")
    if said != wanted:
        yield error(found, "list", f"arrayType names {said}, the members are {wanted}")


def _value(value: etree._Element) -> Findings:
    said = value.get(f"{{{XSI}}}type")
    if said is None:
        yield error(value, "type", "Value has no xsi:type")
        return
    uri, kind = resolve(value, said)
    text = value.text or ""
    if uri not in (XSD, ENCODING):
        yield error(value, "type", f"the prefix of xsi:type {said!r} stands for {uri!r}")
    elif kind not in _VALUE_TYPES:
        yield warning(value, "type", f"xsi:type {said!r} is no data type of TR-106")
    if text != text.strip():
        yield warning(value, "type", "there is white space around the value")
    # Years below 1000 count from the boot and have no zone (TR-106, 3.2.1).
    if kind == "dateTime" and not re.search(r"^\s*0\d{3}-|(Z|[+-]00:00)\s*$", text):
        yield warning(value, "type", f"dateTime {text!r} is not in UTC")


def resolve(element: etree._Element, qname: str) -> tuple[str, str]:
    """Namespace and local name of a QName in an attribute's text."""
    prefix, _, local = qname.strip().rpartition(":")
    return element.nsmap.get(prefix or None, ""), local


def _names(body: etree._Element) -> Findings:
    """Parameters are named once and in full."""
    if name(body) not in ("Inform", "SetParameterValues", "GetParameterValuesResponse"):
        return
    names = Counter(entry.findtext("Name") or "" for entry in body.iter("ParameterValueStruct"))
    sets = name(body) == "SetParameterValues"
    if sets and not names:
        yield error(body, "count", "SetParameterValues names no parameter")
    for entry in body.iter("ParameterValueStruct"):
        path = entry.findtext("Name") or ""
        if path.endswith("."):
            yield error(entry, "structure", f"{path} is a partial path, not a parameter")
        if names.pop(path, 1) > 1:
            tell = error if sets else warning
            yield tell(entry, "duplicate", f"{path} is listed more than once")


def _max_envelopes(body: etree._Element) -> Findings:
    said = body.find("MaxEnvelopes")
    if said is not None and (said.text or "").strip() != "1":
        yield warning(said, "range", f"MaxEnvelopes is {said.text!r}, not 1")


def _events(inform: etree._Element) -> Findings:
    events = list(inform.iter("EventStruct"))
    if not events:
        yield error(inform, "count", "the Inform has no event")
    seen = set()
    for event in events:
        code = event.findtext("EventCode") or ""
        if code.startswith(("M ", "X ")):
            continue
        if code in seen:
            yield error(event, "duplicate", f"{code} may appear once in an Inform")
        seen.add(code)
        if event.findtext("CommandKey"):
            yield warning(event, "structure", f"{code} carries a CommandKey")


def _inform_parameters(inform: etree._Element) -> Findings:
    names = {entry.findtext("Name") or "" for entry in inform.iter("ParameterValueStruct")}
    roots = {path.partition(".")[0] + "." for path in names} & set(_FORCED)
    if len(roots) > 1:
        yield error(inform, "structure", "parameters of two data model roots in one Inform")
    for root in sorted(roots):
        old = root == "Device." and "Device.DeviceSummary" in names
        for forced in _FORCED_BEFORE_TR_181_ISSUE_2 if old else _FORCED[root]:
            if root + forced not in names:
                yield warning(inform, "structure", f"{root}{forced} belongs to each Inform")


def _url(body: etree._Element) -> Findings:
    if re.match(r"[a-z]+://[^/?#]*@", body.findtext("URL") or "", re.IGNORECASE):
        yield error(body, "structure", "the URL holds user information")
