"""Which variables an operation may name, before any device is asked.

Only what can be told from the words alone: the form of a path, a value that is missing, the same
parameter twice. Whether a parameter exists and takes a value is for the device to say.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from inventory.operations import Kind

MAX_VARIABLES = 4096
MAX_PATH = 256  # TR-069 A.3.2: string(256), for names and paths everywhere


class ValueType(StrEnum):
    """The contract's own words and the types of CWMP."""

    STRING = "string"
    INTEGER = "integer"  # whatever the device calls it
    BOOLEAN = "boolean"
    INT = "int"
    UNSIGNED_INT = "unsignedInt"
    LONG = "long"
    UNSIGNED_LONG = "unsignedLong"
    DATE_TIME = "dateTime"
    BASE64 = "base64"  # as data models write base64Binary
    BASE64_BINARY = "base64Binary"
    HEX_BINARY = "hexBinary"
    DECIMAL = "decimal"


_OF_OBJECTS = frozenset({Kind.ADD_OBJECT, Kind.DELETE_OBJECT})
_OF_ATTRIBUTES = frozenset({Kind.GET_ATTRIBUTES, Kind.SET_ATTRIBUTES})
TAKING_VARIABLES = frozenset({Kind.GET, Kind.SET, Kind.NAMES}) | _OF_OBJECTS | _OF_ATTRIBUTES
NEEDING_VARIABLES = TAKING_VARIABLES - {Kind.NAMES}  # without any, the names of everything
_ONCE_EACH = frozenset({Kind.SET, Kind.DELETE_OBJECT, Kind.SET_ATTRIBUTES})

# Names, instance numbers and aliases (TR-069 A.2.1); real devices have names with hyphens too. No
# segment can run into the next, so a match never goes back far.
_NAME = "[A-Za-z_][A-Za-z0-9_-]*"
PATH = rf"{_NAME}(?:\.(?:{_NAME}|[0-9]+|\[[^\[\]\x00-\x20]{{1,64}}\]))*\.?"
_PATH = re.compile(PATH)
_INSTANCE = re.compile(r"\.(?:\d+|\[[^\[\]]+\])\.")
_NO_XML_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Variable = Mapping[str, Any]
Texts = dict[str, list[str]]

REQUIRED = "This field is required."
TOO_MANY = f"Ensure this field has no more than {MAX_VARIABLES} elements."
EMPTY = "This list may not be empty."
NO_PATH = "This is not the path of a parameter or an object."
NO_OBJECT = "The path of an object ends in a dot."
NO_INSTANCE = "The path must name an instance of an object."
NO_PARAMETER = "The path must name a parameter; it may not end in a dot."
TWICE = "Given more than once."
NO_XML = "This value holds a character that XML cannot carry."
NO_ATTRIBUTE = "Give a notification or an access list."
ATTRIBUTES = ("notification", "access_list")
NOTIFICATIONS = frozenset("0123456")


def faults(kind: Kind, variables: Sequence[Variable] | None) -> list[Any]:
    """What is wrong: nothing at all (an empty list), texts, or one object for each variable.

    None stands for variables that were not given.
    """
    if kind not in TAKING_VARIABLES:
        return [f"{kind} takes no variables."] if variables else []
    if variables is None:
        return [REQUIRED] if kind in NEEDING_VARIABLES else []
    if not variables:
        return [EMPTY] if kind in NEEDING_VARIABLES else []
    if len(variables) > MAX_VARIABLES:
        return [TOO_MANY]
    found = list(_faults_of_each(kind, variables))
    return found if any(found) else []


def _faults_of_each(kind: Kind, variables: Sequence[Variable]) -> Iterator[Texts]:
    seen: set[str] = set()
    for variable in variables:
        path = variable["variable_name"]
        texts = {"variable_name": _faults_of_path(kind, path)}
        if kind in _ONCE_EACH and path in seen:
            texts["variable_name"].append(TWICE)
        seen.add(path)
        if kind is Kind.SET:
            texts["value"] = _faults_of_value(variable.get("value"))
        texts |= _faults_of_attributes(kind, variable)
        yield {name: found for name, found in texts.items() if found}


def as_meant(kind: Kind, variables: Sequence[Variable]) -> list[Variable]:
    """Of set.attr: a value that is a number means the notification.

    What reads attributes, or does not know them, may be given them back with its own answer. Only a
    set would be taken for one of them, and is refused.
    """
    if kind is Kind.SET_ATTRIBUTES:
        return [_as_attribute(variable) for variable in variables]
    return (
        list(variables) if kind is Kind.SET else [_without_attributes(each) for each in variables]
    )


def _without_attributes(variable: Variable) -> Variable:
    return {name: part for name, part in variable.items() if name not in ATTRIBUTES}


def _as_attribute(variable: Variable) -> Variable:
    value = variable.get("value")
    if value is None or variable.get("notification") is not None or value not in NOTIFICATIONS:
        return variable
    rest = {name: part for name, part in variable.items() if name != "value"}
    return {**rest, "notification": int(value)}


def _faults_of_attributes(kind: Kind, variable: Variable) -> Texts:
    given = [name for name in ATTRIBUTES if variable.get(name) is not None]
    if kind is not Kind.SET_ATTRIBUTES:
        return {name: [f"{kind} takes no {name}."] for name in given}
    texts = {"value": [f"{kind} takes no value."]} if variable.get("value") is not None else {}
    return texts if given else {**texts, "notification": [NO_ATTRIBUTE]}


def _faults_of_path(kind: Kind, path: str) -> list[str]:
    if not is_path(path):
        return [NO_PATH]
    is_partial = path.endswith(".")
    if kind is Kind.SET and is_partial:
        return [NO_PARAMETER]
    if kind in _OF_OBJECTS and not is_partial:
        return [NO_OBJECT]
    if kind is Kind.DELETE_OBJECT and _INSTANCE.search(path, path.rfind(".", 0, -1)) is None:
        return [NO_INSTANCE]
    return []


def is_path(path: str) -> bool:
    """Whether the text may be the path of a parameter or an object at all."""
    return len(path) <= MAX_PATH and _PATH.fullmatch(path) is not None


def _faults_of_value(value: str | None) -> list[str]:
    """An empty value is a value."""
    if value is None:
        return [REQUIRED]
    return [NO_XML] if _NO_XML_CHARACTER.search(value) else []


def faults_of_new_values(kind: Kind, values: Mapping[str, str]) -> Any:
    """The same for ``parameters.values``: what a new instance's parameters are set to."""
    if kind is not Kind.ADD_OBJECT:
        return [f"{kind} takes no values."] if values else []
    if len(values) > MAX_VARIABLES:
        return [TOO_MANY]
    found = {name: _faults_of_new_value(name, value) for name, value in values.items()}
    return {name: texts for name, texts in found.items() if texts}


def _faults_of_new_value(name: str, value: str) -> list[str]:
    if not is_path(name) or name.endswith("."):
        return [NO_PARAMETER]
    return _faults_of_value(value)
