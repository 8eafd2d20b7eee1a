"""Is this recorded CWMP message legal? Names each rule that it breaks, with the line.

Three layers judge: the SOAP envelope, the schema that spyne writes from our declarations
(``acs.schema``: structure, order, counts, types, lengths, ranges) and the rules that no type can
say (``acs.message_rules``). Nothing is forgiven here; what a running ACS forgives is in
``acs.cwmp.leniency``.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from lxml import etree

from acs import message_rules as rules
from acs.facets import OFFICIAL
from acs.message_rules import (
    ENCODING,
    SOAP,
    XSD,
    XSI,
    Finding,
    error,
    is_cwmp,
    line,
    name,
    namespace,
    warning,
)
from acs.schema import methods, schema

_SOAP_ENCODING = f"""
<xs:schema xmlns:xs="{XSD}" targetNamespace="{ENCODING}">
  <xs:attribute name="arrayType" type="xs:string"/>
  <xs:simpleType name="base64"><xs:restriction base="xs:base64Binary"/></xs:simpleType>
</xs:schema>
"""

# libxml2's names of errors, by what they are about; the rest is about structure.
_RULES = {
    "CVC_MAXLENGTH_VALID": "length",
    "CVC_LENGTH_VALID": "length",
    "CVC_MININCLUSIVE_VALID": "range",
    "CVC_MAXINCLUSIVE_VALID": "range",
    "CVC_PATTERN_VALID": "value",
    "CVC_DATATYPE_VALID_1_2_1": "type",
    "CVC_ELT_4_2": "type",  # xsi:type names no type
    "CVC_ELT_4_3": "type",  # ... or one that may not stand here
}


class UnreadableError(Exception):
    """The bytes are no SOAP envelope, so no rule of CWMP can be held against them."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def validate(message: bytes) -> list[Finding]:
    """All findings in the order of the lines; an empty message is legal.

    Raises :class:`UnreadableError` for what is not well-formed or no SOAP 1.1 envelope.
    """
    if not message.strip():
        return []
    root = _parse(message)
    return sorted(set(_envelope(root)))


def _parse(message: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(message, parser)
    except etree.XMLSyntaxError as problem:
        raise UnreadableError(problem.lineno or 0, problem.msg or "not XML") from None
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        raise UnreadableError(1, "a DOCTYPE has no place in SOAP")
    if root.tag != f"{{{SOAP}}}Envelope":
        raise UnreadableError(line(root), f"the root is {root.tag}, no SOAP 1.1 Envelope")
    return root


def _envelope(root: etree._Element) -> Iterator[Finding]:
    parts = [part.tag for part in root]
    header, body = root.find(f"{{{SOAP}}}Header"), root.find(f"{{{SOAP}}}Body")
    if body is None:
        raise UnreadableError(line(root), "there is no SOAP Body")
    if parts not in ([body.tag], [f"{{{SOAP}}}Header", body.tag]):
        yield error(root, "structure", "an Envelope holds one Header, or none, and one Body")
    if len(body) != 1:
        yield error(body, "count", f"the Body holds {len(body)} elements, not one")
    yield from _namespaces(root)
    yield from rules.header(header, root, name(body[0]) if len(body) else "")
    for child in body:
        yield from _message(child)


def _namespaces(root: etree._Element) -> Iterator[Finding]:
    used = list(dict.fromkeys(filter(is_cwmp, map(namespace, root.iter()))))
    if len(used) > 1:
        yield error(root, "namespace", f"several CWMP namespaces: {', '.join(used)}")
    for uri in used:
        if uri not in OFFICIAL:
            yield warning(root, "namespace", f"{uri} is not official; judged as {OFFICIAL[-1]}")


def _message(child: etree._Element) -> Iterator[Finding]:
    uri = namespace(child)
    if child.tag == f"{{{SOAP}}}Fault":
        yield from rules.soap_fault(child)
        for detail in child.iterfind("detail/*"):
            if name(detail) == "Fault" and is_cwmp(namespace(detail)):
                yield from _by_schema(detail)
    elif not is_cwmp(uri):
        yield error(child, "namespace", f"{name(child)} is in {uri!r}, no CWMP namespace")
    elif name(child) not in methods(uri):
        yield error(child, "method", f"{uri} has no method {name(child)}")
    else:
        yield from rules.message(child)
        yield from _by_schema(child)


def _by_schema(message: etree._Element) -> Iterator[Finding]:
    """What the schema finds, which is asked last because two habits are taken out before."""
    yield from _habits(message)
    judge = _judge(namespace(message))
    judge.validate(message)
    found: Any = judge.error_log
    for entry in found:
        rule = _RULES.get(entry.type_name.removeprefix("SCHEMAV_"), "structure")
        yield Finding(
            entry.line, "error", rule, re.sub(r"\{(?:http|urn)[^}]*\}", "", entry.message)
        )


def _habits(message: etree._Element) -> Iterator[Finding]:
    """Two uses of xsi:type that no schema knows and that everybody understands."""
    for element in message.iter():
        said = element.get(f"{{{XSI}}}type")
        uri, kind = rules.resolve(element, said) if said else ("", "")
        if (uri, kind) == (ENCODING, "Array"):
            del element.attrib[f"{{{XSI}}}type"]
            yield warning(element, "type", f"xsi:type of {name(element)} is soap-enc:Array")
        elif (uri, kind) == (XSD, "base64"):
            element.set(f"{{{XSI}}}type", f"{said}Binary")
            yield warning(
                element, "type", "xsd:base64 does not exist; the name is xsd:base64Binary"
            )


class _SoapEncoding(etree.Resolver):
    """Answers the schema's one import; nothing is ever fetched."""

    def resolve(self, *request: Any) -> Any:
        return self.resolve_string(_SOAP_ENCODING, request[-1], base_url=ENCODING)


@cache
def _judge(uri: str) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_SoapEncoding())
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema(uri)), parser))
