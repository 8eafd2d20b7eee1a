"""From declared classes to XML text, strictly by the schema; how is worked out once per class.

What CPE parsers need of us is kept here: every element is written out, ``<X></X>`` and never
``<X/>`` (Sagemcom), booleans are 0 and 1 (FreeACS ``nextlevel0ingpn``), times have no fractions
of a second, everything outside ASCII is a character reference (TR-106 3.2.1). What the schema
forbids is a LocalProtocolError that names the field, and nothing is written.
"""

import re
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any

from acs.cwmp import values
from acs.cwmp.faults import LocalProtocolError
from acs.cwmp.messages import Kind, Wire

Writer = Callable[[Any], str]  # of a whole struct: a Value is made of two fields
Content = Callable[[Any], str]  # of one field; raises ValueError for what the schema forbids

# What cannot stand in ASCII XML text as it is. A carriage return would be read as a line feed.
_SPECIAL = re.compile(
    "[^\t\n\x20-\x25\x27-\x3b\x3d\x3f-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_REFERENCES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", "\x7f": "&#127;"}
)
_XSI_TYPES = {name: f"xsd:{name}" for name in values.TYPES}


def write(struct: Any) -> str:
    """The content of the element that stands for ``struct``."""
    cls: type = type(struct)
    return "".join([write_field(struct) for write_field in _writers(cls)])


def escape(text: str) -> str:
    """Text as the content of an element; ValueError for what XML 1.0 cannot hold."""
    if not _SPECIAL.search(text):
        return text
    if values.NO_XML_CHARACTER.search(text):
        raise ValueError("a character that XML cannot carry")
    return text.translate(_REFERENCES)


def unsigned(number: int) -> str:
    return _whole(number, *values.INTEGER_RANGES["unsignedInt"])


def integer(number: int) -> str:
    return _whole(number, *values.INTEGER_RANGES["int"])


@cache
def _writers(cls: type) -> tuple[Writer, ...]:
    declared = [(field, field.metadata.get("wire")) for field in fields(cls)]
    return tuple(_writer(wire, field.name, cls) for field, wire in declared if wire)


def _writer(wire: Wire, attribute: str, cls: type) -> Writer:
    write_field = _plain_writer(wire, attribute, cls)

    def write_or_explain(struct: Any) -> str:
        try:
            return write_field(struct)
        except ValueError as error:
            raise LocalProtocolError(f"{cls.__name__}.{attribute}: {error}") from error

    return write_or_explain


def _plain_writer(wire: Wire, attribute: str, cls: type) -> Writer:
    match wire.kind:
        case Kind.VALUE:
            names = [field.name for field in fields(cls)]
            return _typed_value(wire, attribute, names[names.index(attribute) + 1])
        case Kind.TEXTS:
            return _array(wire, attribute, _text(wire.max_length))
        case Kind.STRUCTS:
            return _array(wire, attribute, write)
        case Kind.REPEATED:
            return _repeated(wire, attribute)
        case _:
            return _element(wire, attribute)


def _element(wire: Wire, attribute: str) -> Writer:
    get, content = attrgetter(attribute), _content(wire)
    opening, closing = f"<{wire.name}>", f"</{wire.name}>"

    def write_element(struct: Any) -> str:
        field = get(struct)
        if field is None and wire.optional:
            return ""
        return f"{opening}{content(field)}{closing}"

    return write_element


def _typed_value(wire: Wire, attribute: str, type_attribute: str) -> Writer:
    get = attrgetter(attribute, type_attribute)

    def write_value(struct: Any) -> str:
        text, type_name = get(struct)
        if type_name not in _XSI_TYPES:
            raise ValueError(f"{type_name!r} is not a type of CWMP")
        return f'<{wire.name} xsi:type="{_XSI_TYPES[type_name]}">{escape(text)}</{wire.name}>'

    return write_value


def _array(wire: Wire, attribute: str, content: Content) -> Writer:
    get = attrgetter(attribute)
    opening, closing = f"<{wire.member}>", f"</{wire.member}>"

    def write_array(struct: Any) -> str:
        members = get(struct)
        if wire.max_count is not None and len(members) > wire.max_count:
            raise ValueError(f"{len(members)} members, at most {wire.max_count} are allowed")
        inside = "".join([f"{opening}{content(member)}{closing}" for member in members])
        array_type = f"{wire.array_type}[{len(members)}]"
        return f'<{wire.name} soap-enc:arrayType="{array_type}">{inside}</{wire.name}>'

    return write_array


def _repeated(wire: Wire, attribute: str) -> Writer:
    get = attrgetter(attribute)

    def write_repeated(struct: Any) -> str:
        return "".join(
            [f"{_opening(wire, item)}{write(item)}</{wire.name}>" for item in get(struct)]
        )

    return write_repeated


def _opening(wire: Wire, item: Any) -> str:
    """An item of a class derived from the declared one says so in xsi:type."""
    if type(item) is wire.struct:
        return f"<{wire.name}>"
    return f'<{wire.name} xsi:type="cwmp:{type(item).__name__}">'


# --- Contents --------------------------------------------------------------------------------


def _content(wire: Wire) -> Content:
    match wire.kind:
        case Kind.TEXT:
            return _text(wire.max_length)
        case Kind.UNSIGNED:
            return unsigned
        case Kind.INTEGER:
            return integer
        case Kind.BOOLEAN:
            return _boolean
        case Kind.TIME:
            return _time
        case _:
            return write


def _text(max_length: int | None) -> Content:
    def text(field: str) -> str:
        if max_length is not None and len(field) > max_length:
            raise ValueError(f"{len(field)} characters, at most {max_length} are allowed")
        return escape(field)

    return text


def _whole(number: int, low: int, high: int) -> str:
    if not low <= number <= high:
        raise ValueError(f"{number} is outside {low} to {high}")
    return str(int(number))


def _boolean(flag: bool) -> str:
    return "1" if flag else "0"


def _time(time: str) -> str:
    if time != values.UNKNOWN_TIME and ("." in time or not values.is_time(time)):
        raise ValueError(f"{time[:40]!r} is not a time in whole seconds")
    return time
