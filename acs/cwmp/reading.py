"""From XML elements to declared classes; which element becomes which field is worked out once.

A class's reading is a row of columns, one for each Python field. What a column does follows from
the field's :class:`Kind` alone, and each kind is one reader below. Readers take a list of elements
at once, because an answer with ten thousand parameters is the hot path of this program.

Children are found by local name, in any order; what is missing or cannot be read becomes the
field's default. Every departure from the schema is noted under its name in ``leniency``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache, partial
from itertools import pairwise
from typing import Any

from lxml import etree

from acs.cwmp import leniency, messages, values
from acs.cwmp.faults import MalformedMessage
from acs.cwmp.leniency import Notes
from acs.cwmp.messages import Kind, OperationStruct, Wire

Element = etree._Element
Reader = Callable[[Sequence[Element], Notes], Sequence[Any]]

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_ARRAY_TYPE = "{http://schemas.xmlsoap.org/soap/encoding/}arrayType"

_LEAVES = frozenset({Kind.TEXT, Kind.UNSIGNED, Kind.INTEGER, Kind.BOOLEAN, Kind.TIME, Kind.VALUE})


def read(cls: type, element: Element, notes: Notes) -> Any:
    """An instance of a declared class from the children of ``element``."""
    return _reading(cls).one(element, notes)


def children_of(element: Element, notes: Notes) -> dict[str, list[Element]]:
    """The children by local name; below a method they should have no namespace."""
    children: dict[str, list[Element]] = {}
    for child in element:
        name = str(child.tag)
        if name[0] == "{":
            notes[leniency.QUALIFIED_ELEMENT] = None
            name = local_name(name)
        children.setdefault(name, []).append(child)
    return children


def local_name(tag: str) -> str:
    return tag.rpartition("}")[2]


def read_number(text: str | None, low: int, high: int, default: Any, notes: Notes) -> Any:
    """A number from ``low`` to ``high``, else ``default`` and a note."""
    try:
        number = int(text or "")
    except ValueError:
        number = low - 1
    if low <= number <= high:
        return number
    notes[leniency.UNREADABLE_NUMBER] = None
    return default


def read_boolean(text: str | None, default: bool, notes: Notes) -> bool:
    """True or False, else ``default`` and a note."""
    flag = _BOOLEANS.get(text or "")
    return leniency.boolean(text or "", default, notes) if flag is None else flag


# --- Classes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """How one field is read."""

    name: str  # of the element
    default: Any
    is_optional: bool
    is_repeated: bool
    read: Reader


@dataclass(frozen=True, slots=True)
class _Reading:
    """How one class is read."""

    cls: type
    columns: tuple[_Column, ...]
    leaves: tuple[str, ...]  # the element names; empty unless every field is a required leaf

    def one(self, element: Element, notes: Notes) -> Any:
        children = children_of(element, notes)
        return self.cls(*[_field(column, children, notes) for column in self.columns])

    def all(self, array: Element, notes: Notes) -> tuple[Any, ...]:
        """An instance from each child of ``array``, whatever the children are called."""
        found = self._leaves_of(array)
        if found is None:
            return tuple([self.one(member, notes) for member in array])
        return tuple(map(self.cls, *[c.read(found[c.name], notes) for c in self.columns]))

    def _leaves_of(self, array: Element) -> dict[str, list[Element]] | None:
        """All elements of each name, provided that every member has each leaf, in order.

        A shortcut that takes half the time of going from member to member.
        """
        found = {name: list(array.iter(name)) for name in self.leaves}
        if not found or any(len(elements) != len(array) for elements in found.values()):
            return None
        for left, right in pairwise(found.values()):
            for element, following in zip(left, right, strict=True):
                if element.getnext() is not following:
                    return None
        return found


@cache
def _reading(cls: type) -> _Reading:
    columns: list[_Column] = []
    leaves: list[str] = []
    for declared in fields(cls):
        wire = declared.metadata.get("wire")
        if wire is None:  # the xsi:type of the Value before it
            columns.append(_Column(columns[-1].name, declared.default, True, False, _types))
            continue
        reader, is_repeated = _reader(wire, declared.default), wire.kind is Kind.REPEATED
        columns.append(_Column(wire.name, declared.default, wire.optional, is_repeated, reader))
        leaves += [wire.name] if wire.kind in _LEAVES and not wire.optional else []
    is_flat = len(leaves) == len({column.name for column in columns})
    return _Reading(cls, tuple(columns), tuple(leaves) if is_flat else ())


def _field(column: _Column, children: dict[str, list[Element]], notes: Notes) -> Any:
    found = children.get(column.name)
    if found is None:
        if not column.is_optional:
            notes[leniency.MISSING_ELEMENT] = None
        return column.default
    if column.is_repeated:
        return tuple(column.read(found, notes))
    return column.read(found[:1], notes)[0]


# --- Kinds -----------------------------------------------------------------------------------


def _reader(wire: Wire, default: Any) -> Reader:
    struct: Any = wire.struct  # declared for the kinds below that name it
    match wire.kind:
        case Kind.TEXT:
            return _names if wire.name in leniency.NAMES else _texts
        case Kind.VALUE:
            return _texts
        case Kind.UNSIGNED:
            return partial(_numbers, *values.INTEGER_RANGES["unsignedInt"], default)
        case Kind.INTEGER:
            return partial(_numbers, *values.INTEGER_RANGES["int"], default)
        case Kind.BOOLEAN:
            return partial(_booleans, default)
        case Kind.TIME:
            return partial(_times, default)
        case Kind.TEXTS:
            return _text_arrays
        case Kind.STRUCT:
            return partial(_structs, struct)
        case Kind.STRUCTS:
            return partial(_struct_arrays, struct)
        case Kind.REPEATED:
            return partial(_repeated, struct)


def _texts(elements: Sequence[Element], _notes: Notes) -> list[str]:
    return [element.text or "" for element in elements]


def _names(elements: Sequence[Element], notes: Notes) -> list[str]:
    texts = [element.text or "" for element in elements]
    names = [text.strip() for text in texts]
    if names != texts:
        notes[leniency.PADDED_NAME] = None
    return names


def _types(elements: Sequence[Element], notes: Notes) -> list[str]:
    written = [element.get(_XSI_TYPE) for element in elements]
    if None in written:
        written = [leniency.type_attribute(element, _XSI_TYPE, notes) for element in elements]
    canonical = {name: leniency.type_name(name, notes) for name in set(written)}
    return [canonical[name] for name in written]


def _numbers(
    low: int, high: int, default: Any, elements: Sequence[Element], notes: Notes
) -> list[Any]:
    return [read_number(element.text, low, high, default, notes) for element in elements]


_BOOLEANS = {"0": False, "1": True, "false": False, "true": True}


def _booleans(default: bool, elements: Sequence[Element], notes: Notes) -> list[bool]:
    return [read_boolean(element.text, default, notes) for element in elements]


def _times(default: Any, elements: Sequence[Element], notes: Notes) -> list[Any]:
    times = [(element.text or "").strip() for element in elements]
    if "" in times:
        notes[leniency.MISSING_TIME] = None
        return [time or default for time in times]
    return times


def _text_arrays(elements: Sequence[Element], notes: Notes) -> list[tuple[str, ...]]:
    for array in elements:
        leniency.check_array_count(array.get(_ARRAY_TYPE), len(array), notes)
    return [tuple(_names(list(array), notes)) for array in elements]


def _structs(cls: type, elements: Sequence[Element], notes: Notes) -> list[Any]:
    return [read(cls, element, notes) for element in elements]


def _struct_arrays(cls: type, elements: Sequence[Element], notes: Notes) -> list[tuple[Any, ...]]:
    for array in elements:
        leniency.check_array_count(array.get(_ARRAY_TYPE), len(array), notes)
    return [_reading(cls).all(array, notes) for array in elements]


def _repeated(cls: type, elements: Sequence[Element], notes: Notes) -> list[Any]:
    return [read(_concrete(cls, element), element, notes) for element in elements]


# Not __subclasses__(): dataclass(slots=True) makes a second class, and the first lives on there.
_OPERATIONS = {
    name: cls
    for name, cls in vars(messages).items()
    if isinstance(cls, type) and issubclass(cls, OperationStruct) and cls is not OperationStruct
}


def _concrete(cls: type, element: Element) -> type:
    """The class that xsi:type names, where the declared one is abstract."""
    if cls is not OperationStruct:
        return cls
    name = (element.get(_XSI_TYPE) or "").rpartition(":")[2]
    if name not in _OPERATIONS:
        raise MalformedMessage(f"an operation of the unknown type {name[:64]!r}")
    return _OPERATIONS[name]
