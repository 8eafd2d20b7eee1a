"""Bytes to envelope and back: SOAP 1.1 as CWMP uses it (TR-069 3.5).

Strict out, liberal in: what devices get wrong is forgiven by name in ``leniency`` and told in
``Envelope.notes``. Input is hostile until proved otherwise: no DTD, no entities, no network, and
bounds on depth, elements and the sizes of what is kept. The size of the body in bytes is bounded
by whoever receives it.
"""

import re
from dataclasses import is_dataclass
from functools import cache, lru_cache
from typing import Any

from lxml import etree

from acs.cwmp import leniency, messages, values, versions
from acs.cwmp.faults import LocalProtocolError, MalformedMessage, is_client_fault
from acs.cwmp.leniency import Notes
from acs.cwmp.messages import (
    Envelope,
    Fault,
    Message,
    Request,
    Response,
    SetParameterValuesFault,
    UnknownMethod,
)
from acs.cwmp.reading import Element, by_name, local_name, read, read_boolean, read_number
from acs.cwmp.writing import escape, unsigned, write

SOAP_ENV = "http://schemas.xmlsoap.org/soap/envelope/"
_ENVELOPE = f"{{{SOAP_ENV}}}Envelope"

# Generous: real answers have 9,000 parameters of three elements each, we want 100,000 at least.
MAX_ELEMENTS = 500_000
MAX_ID_LENGTH = 1024  # the standard says 32; an ID is sent back, so it must not be a means to flood
MAX_HEADER_LENGTH = 256  # of the list of versions
MAX_REASON_LENGTH = 200  # of what the parser says
MAX_METHOD_LENGTH = 64  # A.3.1.1: string(64)

_SHORTEST_ELEMENT = len(b"<a/>")  # a body shorter than as many of these needs no counting

_METHOD = re.compile(r"[A-Za-z_][\w.-]{0,63}", re.ASCII)

MESSAGES: dict[str, type[Message]] = {
    name: cls
    for name, cls in vars(messages).items()
    if isinstance(cls, type) and issubclass(cls, Request | Response) and is_dataclass(cls)
}
del MESSAGES[UnknownMethod.__name__]


# --- Reading ---------------------------------------------------------------------------------


def decode(body: bytes, charset: str | None = None) -> Envelope:
    """The envelope in ``body``; ``charset`` is the Content-Type's. Raises MalformedMessage."""
    notes: Notes = {}
    root = _parse(body, charset, notes)
    header, content = _header_and_content(root, notes)
    headers = _read_header(header, notes) if header is not None else {}
    written, name = _split(content.tag)
    message = _read_message(name, content, notes)
    namespace = _namespace(written, name, content, notes)
    return Envelope(message, namespace=namespace, **headers, notes=tuple(notes))


def _parse(body: bytes, charset: str | None, notes: Notes) -> Element:
    if len(body) > MAX_ELEMENTS * _SHORTEST_ELEMENT and body.count(b"<") > MAX_ELEMENTS * 2:
        raise MalformedMessage(f"more than {MAX_ELEMENTS} elements")
    label = leniency.known_charset(charset) if charset else None
    try:
        root = etree.fromstring(body, _parser(label))
    except (etree.XMLSyntaxError, LookupError):  # LookupError: libxml2 lacks that charset
        root = _parse_mended(body, charset, notes)
    else:
        if label:
            leniency.check_labels(body, label, notes)
    if root.getroottree().docinfo.internalDTD is not None:
        raise MalformedMessage("a DOCTYPE is not allowed in SOAP")
    return root


def _parse_mended(body: bytes, charset: str | None, notes: Notes) -> Element:
    try:
        return etree.fromstring(leniency.mend(body, charset, notes), _parser(None))
    except etree.XMLSyntaxError as error:
        reason = str(error.msg).partition("\n")[0]  # the lines below quote the message
        raise MalformedMessage(f"not XML: {reason[:MAX_REASON_LENGTH]}") from error


@cache
def _parser(charset: str | None) -> etree.XMLParser:
    # Without huge_tree libxml2 itself bounds depth (256), entity amplification and single texts.
    return etree.XMLParser(
        encoding=charset,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _header_and_content(root: Element, notes: Notes) -> tuple[Element | None, Element]:
    """The Header, if any, and the one element inside the Body."""
    if root.tag != _ENVELOPE:
        name = local_name(root.tag)
        if name != "Envelope":
            raise MalformedMessage(f"<{name[:MAX_METHOD_LENGTH]}> is not an Envelope")
        notes[leniency.ENVELOPE_NAMESPACE] = None
    parts = {local_name(part.tag): part for part in root}
    body = parts.get("Body")
    if body is None or len(body) != 1:
        raise MalformedMessage(
            "no Body" if body is None else f"a Body of {len(body)} elements, one is wanted"
        )
    return parts.get("Header"), body[0]


def _read_header(header: Element, notes: Notes) -> dict[str, Any]:
    """The envelope's fields, from the headers that CWMP knows (3.5, table 4)."""
    found: dict[str, Any] = {}
    for element in header:
        text = element.text or ""
        match local_name(str(element.tag)):
            case "ID":
                if len(text) > MAX_ID_LENGTH:
                    raise MalformedMessage(f"an ID of {len(text)} characters")
                found["id"] = text
            case "HoldRequests":
                found["hold_requests"] = read_boolean(text, False, notes)
            case "SessionTimeout" | "sessionTimeout":
                low, high = values.INTEGER_RANGES["unsignedInt"]
                found["session_timeout_s"] = read_number(text, low, high, None, notes)
            case "SupportedCWMPVersions":
                listed = text[:MAX_HEADER_LENGTH].split(",")
                found["supported_versions"] = tuple(filter(None, map(str.strip, listed)))
            case "UseCWMPVersion":
                found["use_version"] = text[:MAX_HEADER_LENGTH].strip()
    return found


def _namespace(written: str, name: str, content: Element, notes: Notes) -> str:
    """The CWMP namespace that the message uses, for the answer to use the same."""
    if written in versions.NAMESPACES or versions.is_namespace(written):
        return written
    if name != "Fault":  # which is SOAP's own element
        notes[leniency.CWMP_NAMESPACE] = None
    root = content.getroottree().getroot()
    declared = (written, *content.nsmap.values(), *root.nsmap.values())
    found = filter(None, map(versions.namespace_in, declared))
    return next(found, versions.DEFAULT_NAMESPACE)


def _split(tag: str) -> tuple[str, str]:
    """Namespace, empty where there is none, and local name."""
    namespace, _, name = tag.rpartition("}")
    return namespace[1:], name


def _read_message(name: str, content: Element, notes: Notes) -> Message:
    if name == "Fault":
        return _read_fault(content, notes)
    cls = MESSAGES.get(name)
    if cls is None:
        return UnknownMethod(name[:MAX_METHOD_LENGTH])
    message: Message = read(cls, content, notes)
    return message


def _read_fault(element: Element, notes: Notes) -> Fault:
    """The first CWMP fault wherever it stands, else a synthetic one with SOAP's faultstring."""
    inner = next((code.getparent() for code in element.iter("{*}FaultCode")), None)
    if inner is None:
        notes[leniency.FAULT_WITHOUT_DETAIL] = None
        string = _text(by_name(element, {}), "faultstring")
        return Fault(leniency.SYNTHETIC_FAULT, string)
    if list(element.iter("{*}Fault", "{*}detail"))[1:] != [inner.getparent(), inner]:
        notes[leniency.FAULT_IN_WRONG_PLACE] = None
    found = by_name(inner, notes)
    code = read_number(_text(found, "FaultCode"), 0, 9899, leniency.SYNTHETIC_FAULT, notes)
    refused = inner.iterchildren(f"{{*}}{SetParameterValuesFault.__name__}")
    parameters = tuple([read(SetParameterValuesFault, each, notes) for each in refused])
    return Fault(code, _text(found, "FaultString"), parameters)


def _text(children: dict[str, Element], name: str) -> str:
    return (children[name].text or "") if name in children else ""


# --- Writing ---------------------------------------------------------------------------------

_CLOSING = "</soap-env:Body></soap-env:Envelope>"


def encode(envelope: Envelope) -> bytes:
    """ASCII bytes without an XML declaration. Raises LocalProtocolError, naming the field."""
    try:
        text = (
            f"{_opening(envelope.namespace)}{_write_header(envelope)}<soap-env:Body>"
            f"{_write_message(envelope.body)}{_CLOSING}"
        )
    except ValueError as error:
        raise LocalProtocolError(f"{type(envelope.body).__name__}: {error}") from error
    return text.encode("ascii", "xmlcharrefreplace")


@lru_cache(maxsize=16)
def _opening(namespace: str) -> str:
    if not versions.is_namespace(namespace):
        raise ValueError(f"{namespace!r} is not a CWMP namespace")
    return (
        f'<soap-env:Envelope xmlns:soap-env="{SOAP_ENV}"'
        ' xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xmlns:cwmp="{namespace}">'
    )


def _write_header(envelope: Envelope) -> str:
    """Only what is set: without an ID in the request there is none in the answer (gSOAP)."""
    parts = []
    if envelope.id is not None:
        parts.append(_header_element("ID", escape(envelope.id), must_understand=True))
    if envelope.hold_requests:
        parts.append(_header_element("HoldRequests", "1", must_understand=True))
    if envelope.session_timeout_s is not None:
        parts.append(_header_element("SessionTimeout", unsigned(envelope.session_timeout_s)))
    if envelope.supported_versions:
        listed = escape(",".join(envelope.supported_versions))
        parts.append(_header_element("SupportedCWMPVersions", listed))
    if envelope.use_version is not None:
        version = escape(envelope.use_version)
        parts.append(_header_element("UseCWMPVersion", version, must_understand=True))
    return f"<soap-env:Header>{''.join(parts)}</soap-env:Header>" if parts else ""


def _header_element(name: str, content: str, must_understand: bool = False) -> str:
    flag = "1" if must_understand else "0"
    return f'<cwmp:{name} soap-env:mustUnderstand="{flag}">{content}</cwmp:{name}>'


def _write_message(message: Message) -> str:
    match message:
        case Fault():
            return _write_fault(message)
        case UnknownMethod(name=name):
            if not _METHOD.fullmatch(name):
                raise ValueError(f"{name!r} is not a method's name")
            return f"<cwmp:{name}></cwmp:{name}>"
        case _:
            name = type(message).__name__
            return f"<cwmp:{name}>{write(message)}</cwmp:{name}>"


def _write_fault(fault: Fault) -> str:
    """FaultCode stays a tag without prefix or attributes: icwmp finds it by text search."""
    name = SetParameterValuesFault.__name__
    refused = "".join(
        f"<{name}>{write(each)}</{name}>" for each in fault.set_parameter_values_faults
    )
    return (
        f"<soap-env:Fault><faultcode>{'Client' if is_client_fault(fault.fault_code) else 'Server'}"
        "</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault>"
        f"<FaultCode>{_fault_code(fault.fault_code)}</FaultCode>"
        f"<FaultString>{escape(fault.fault_string)}</FaultString>{refused}"
        "</cwmp:Fault></detail></soap-env:Fault>"
    )


def _fault_code(code: int) -> str:
    if not (8000 <= code <= 8899 or 9000 <= code <= 9899):
        raise ValueError(f"{code} is not a fault code")
    return str(code)
