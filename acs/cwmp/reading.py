"""From XML elements to declared classes; which element becomes which field is worked out once.

A class's reading is a row of columns, one for each Python field. What a column does follows from
the field's :class:`Kind` alone, and each kind is one reader below. Readers take a list of elements
at once, because an answer with ten thousand parameters is the hot path of this program.

Children are found by local name, in any order, though faster in the schema's; what is missing or
cannot be read becomes the field's default. Every departure from the schema is noted under its name
in ``leniency``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
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


def by_name(children: Iterable[Element], notes: Notes) -> dict[str, Element]:
    """The first child of each local name; below a method they should have no namespace."""
    found: dict[str, Element] = {}
    for child in children:
        name = str(child.tag)
        if name[0] == "{":
            notes[leniency.QUALIFIED_ELEMENT] = None
            name = local_name(name)
        found.setdefault(name, child)
    return found


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
class _Reading:
    """How one class is read."""

    cls: type
    names: list[str]  # of the child elements, in the schema's order
    required: frozenset[str]
    fields: tuple[tuple[int, Any, Reader], ...]  # which element, the default, the reader
    runs: tuple[tuple[int, int, Reader], ...]  # neighbours of one kind: the first, the end
    is_flat: bool  # every element is a required leaf

    def one(self, element: Element, notes: Notes) -> Any:
        children = list(element)
        values: list[Any] = []
        if [child.tag for child in children] == self.names:  # as nearly all devices send them
            for first, end, read in self.runs:
                values += read(children[first:end], notes)
            return self.cls(*values)
        found = self._in_order(children, notes)
        for at, default, read in self.fields:
            child = found[at]
            values += (default,) if child is None else read((child,), notes)
        return self.cls(*values)

    def _in_order(self, children: Iterable[Element], notes: Notes) -> list[Element | None]:
        """The children as the schema has them."""
        named = by_name(children, notes)
        if not named.keys() >= self.required:
            notes[leniency.MISSING_ELEMENT] = None
        return [named.get(name) for name in self.names]

    def all(self, array: Element, notes: Notes) -> tuple[Any, ...]:
        """An instance from each child of ``array``, whatever the children are called."""
        leaves = self._leaves_of(array) if self.is_flat and len(array) > 1 else None
        if leaves is None:
            return tuple([self.one(member, notes) for member in array])
        return tuple(map(self.cls, *[read(leaves[at], notes) for at, _, read in self.fields]))

    def _leaves_of(self, array: Element) -> list[list[Element]] | None:
        """All elements of each name, provided that every member has each of them, in order.

        A shortcut that takes two thirds of the time of going from member to member.
        """
        count = len(array)
        leaves = [list(array.iter(name)) for name in self.names]
        if any(len(elements) != count for elements in leaves):
            return None
        for left, right in pairwise(leaves):
            for element, following in zip(left, right, strict=True):
                if element.getnext() is not following:
                    return None
        return leaves


@cache
def _reading(cls: type) -> _Reading:
    names: list[str] = []
    required: set[str] = set()
    found: list[tuple[int, Any, Reader]] = []
    is_flat = True
    for declared in fields(cls):
        wire = declared.metadata.get("wire")
        if wire is None:  # the xsi:type of the Value before it
            found.append((len(names) - 1, declared.default, _types))
            continue
        found.append((len(names), declared.default, _reader(wire, declared.default)))
        names.append(wire.name)
        required.update(() if wire.optional else (wire.name,))
        is_flat = is_flat and wire.kind in _LEAVES and not wire.optional
    return _Reading(cls, names, frozenset(required), tuple(found), _runs(found), is_flat)


def _runs(found: Sequence[tuple[int, Any, Reader]]) -> tuple[tuple[int, int, Reader], ...]:
    runs: list[tuple[int, int, Reader]] = []
    for at, _, read in found:
        if runs and runs[-1][1:] == (at, read):
            runs[-1] = (runs[-1][0], at + 1, read)
        else:
            runs.append((at, at + 1, read))
    return tuple(runs)


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
        case Kind.STRUCT if struct in _ENDINGS:
            return partial(_endings, struct)
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


_USUAL_TYPES: dict[str | None, str] = {f"xsd:{name}": name for name in values.TYPES}


def _types(elements: Sequence[Element], notes: Notes) -> list[str]:
    written = [element.get(_XSI_TYPE) for element in elements]
    try:
        return [_USUAL_TYPES[name] for name in written]
    except KeyError:
        if None in written:
            written = [leniency.type_attribute(element, _XSI_TYPE, notes) for element in elements]
        return [leniency.type_name(name, notes) for name in written]


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


_ENDINGS = frozenset({messages.FaultStruct, messages.DeploymentUnitFaultStruct})


def _endings(cls: type, elements: Sequence[Element], notes: Notes) -> list[Any]:
    """Structures that tell of success or of a fault, which an unreadable code is, too."""
    found = []
    for element in elements:
        ending = read(cls, element, notes)
        written = element.findtext("{*}FaultCode") or ""
        code = leniency.fault_code(ending.fault_code, written, ending.fault_string or "")
        found.append(replace(ending, fault_code=code))
    return found


def _struct_arrays(cls: type, elements: Sequence[Element], notes: Notes) -> list[tuple[Any, ...]]:
    for array in elements:
        leniency.check_array_count(array.get(_ARRAY_TYPE), len(array), notes)
    return [_reading(cls).all(array, notes) for array in elements]


def _repeated(cls: type, elements: Sequence[Element], notes: Notes) -> list[tuple[Any, ...]]:
    """Each first one, and those of the same name after it."""
    return [
        tuple([read(_concrete(cls, each), each, notes) for each in _and_alike(element)])
        for element in elements
    ]


def _and_alike(element: Element) -> list[Element]:
    return [element, *element.itersiblings(f"{{*}}{local_name(str(element.tag))}")]


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
