"""Our message declarations as spyne types, and from those the XML Schema of CWMP.

The declarations say names, order, lengths and counts, ``acs.facets`` what the official schemas
demand besides, and spyne writes the schema. Three things that spyne cannot say are put right in
what it wrote: the parts of a message are in no namespace, a list carries ``soap-enc:arrayType``,
and ``OperationStruct`` is abstract.
"""

import dataclasses
import inspect
from functools import cache
from typing import Any

from lxml import etree

from acs.cwmp import messages
from acs.cwmp.messages import (
    Fault,
    Kind,
    Message,
    SetParameterValuesFault,
    Struct,
    UnknownMethod,
    Wire,
)
from acs.facets import AT_LEAST_ONE, SINCE, facets, minor
from acs.spyne_compat import (
    Boolean,
    ByteArray,
    ComplexModel,
    DateTime,
    Integer32,
    SimpleModel,
    Unicode,
    UnsignedInteger32,
    get_schema_documents,
)

SOAP_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
UNBOUNDED = "unbounded"
XSD = "{http://www.w3.org/2001/XMLSchema}"


class AnySimpleType(SimpleModel):  # type: ignore[misc]
    """The value of a parameter: any simple type, named by ``xsi:type``."""

    __type_name__ = "anySimpleType"


_PRIMITIVES: dict[Kind, Any] = {
    Kind.TEXT: Unicode,
    Kind.UNSIGNED: UnsignedInteger32,
    Kind.INTEGER: Integer32,
    Kind.BOOLEAN: Boolean,
    Kind.TIME: DateTime,
    Kind.VALUE: AnySimpleType,
}


@cache
def types(namespace: str) -> dict[str, Any]:
    """Every message and structure as a spyne type in ``namespace``, by name.

    ``Fault`` is what stands in the detail of a SOAP fault.
    """
    return _Types(namespace).all()


@cache
def methods(namespace: str) -> frozenset[str]:
    """Names of all calls and answers in ``namespace``."""
    return frozenset(
        name
        for name in types(namespace)
        if name != "Fault" and issubclass(getattr(messages, name, Struct), Message)
    )


@cache
def schema(namespace: str) -> etree._Element:
    """The XML Schema of ``namespace``; copy it before changing it."""
    written = get_schema_documents(list(types(namespace).values()), namespace)
    found: etree._Element = written["tns"]
    correct(found)
    return found


def correct(schema: etree._Element) -> None:
    """Puts right, in place, what spyne cannot say of CWMP."""
    schema.set("elementFormDefault", "unqualified")
    schema.insert(
        0, etree.Element(XSD + "import", namespace=SOAP_ENCODING, schemaLocation=SOAP_ENCODING)
    )
    for declared in schema.iter(XSD + "complexType"):
        name = declared.get("name", "")
        if name == "OperationStruct":
            declared.set("abstract", "true")
        if name.endswith("List"):
            attribute = etree.SubElement(declared, XSD + "attribute", use="required")
            attribute.set("ref", "soap11enc:arrayType")


class _Types:
    """Turns declarations into types of one namespace, each once."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._facets = facets(namespace)
        self._made: dict[str, Any] = {}

    def all(self) -> dict[str, Any]:
        for declared in vars(messages).values():
            if inspect.isclass(declared) and self._stands_in_schema(declared):
                self._type(declared)
        self._made["Fault"] = self._fault()
        return self._made

    def _stands_in_schema(self, declared: type) -> bool:
        if issubclass(declared, Struct):
            return declared is not Struct
        if declared in (Fault, UnknownMethod) or not dataclasses.is_dataclass(declared):
            return False
        method = declared.__name__.removesuffix("Response")
        return issubclass(declared, Message) and SINCE.get(method, 0) <= minor(self._namespace)

    def _type(self, declared: type) -> Any:
        name = declared.__name__
        if name not in self._made:
            parent = _parent(declared)
            known = _wires(parent) if parent else []
            fields = [
                (wire.name, self._field(name, wire))
                for wire in _wires(declared)
                if wire not in known
            ]
            self._made[name] = self._model(name, fields, self._type(parent) if parent else None)
        return self._made[name]

    def _model(self, name: str, fields: list[tuple[str, Any]], parent: Any = None) -> Any:
        # Left to itself, spyne does not see that a structure extends one without fields.
        body = {"__namespace__": self._namespace, "_type_info": fields, "__extends__": parent}
        return type(ComplexModel)(name, (parent or ComplexModel,), body)

    def _field(self, owner: str, wire: Wire) -> Any:
        least = 0 if wire.optional else 1
        match wire.kind:
            case Kind.STRUCT:
                return _times(self._type(_struct(wire)), least, 1)
            case Kind.REPEATED:
                return _times(self._type(_struct(wire)), _least(owner, wire), UNBOUNDED)
            case Kind.TEXTS | Kind.STRUCTS:
                return _times(self._list(owner, wire), least, 1)
            case _:
                limits = dict(self._facets.get((owner, wire.name), {}))
                least = limits.pop("min_occurs", least)
                return _times(_primitive(wire, limits), least, 1)

    def _list(self, owner: str, wire: Wire) -> Any:
        if wire.kind is Kind.STRUCTS:
            member = self._type(_struct(wire))
        elif wire.member == "base64":
            member = ByteArray
        else:
            member = Unicode(max_len=wire.max_length) if wire.max_length else Unicode
        member = _times(member, _least(owner, wire), wire.max_count or UNBOUNDED)
        name = f"{owner}{wire.name.removesuffix('List')}List"
        return self._model(name, [(wire.member, member)])

    def _fault(self) -> Any:
        code = UnsignedInteger32(**self._facets["Fault", "FaultCode"])
        refused = self._type(SetParameterValuesFault)
        return self._model(
            "Fault",
            [
                ("FaultCode", _times(code, 1, 1)),
                ("FaultString", _times(Unicode, 0, 1)),
                ("SetParameterValuesFault", _times(refused, 0, UNBOUNDED)),
            ],
        )


def _parent(declared: type) -> type | None:
    """The structure that this one extends, if any."""
    parent = declared.__base__
    return parent if parent and parent is not Struct and issubclass(parent, Struct) else None


def _wires(declared: type) -> list[Wire]:
    if not dataclasses.is_dataclass(declared):
        return []
    return [
        field.metadata["wire"] for field in dataclasses.fields(declared) if "wire" in field.metadata
    ]


def _primitive(wire: Wire, limits: dict[str, Any]) -> Any:
    if wire.max_length:
        limits["max_len"] = wire.max_length
    primitive = _PRIMITIVES[wire.kind]
    return primitive.customize(**limits) if limits else primitive


def _struct(wire: Wire) -> type:
    if wire.struct is None:
        raise TypeError(f"{wire.name} declares no structure")
    return wire.struct


def _least(owner: str, wire: Wire) -> int:
    return 1 if (owner, wire.name) in AT_LEAST_ONE else 0


def _times(kind: Any, least: int, most: int | str) -> Any:
    return kind.customize(min_occurs=least, max_occurs=most, nillable=False)
