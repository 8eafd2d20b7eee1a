"""The data model of one CPE: parameters, objects, tables and their attributes.

A :class:`Model` is read once from a file and shared by every CPE of that kind; a :class:`Tree`
keeps only what its own CPE has changed, so that thousands of them fit into one process. Rules kept
here: instance numbers are never given twice, ``…NumberOfEntries`` is always right, and the device's
own changes are told apart from those that the ACS made (TR-069 3.7.1.5 reports only the former).
Which request may do what is not decided here but in :mod:`simulator.behaviour`.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from acs.cwmp.values import INTEGER_RANGES, is_partial, normal_type

OBJECT = "object"
INSTANCE = "{i}"

# TR-098 shortens or lengthens the counter's name for these tables.
IRREGULAR_COUNTERS = {
    "Forwarding": "ForwardNumberOfEntries",
    "LANEthernetInterfaceConfig": "LANEthernetInterfaceNumberOfEntries",
    "LANUSBInterfaceConfig": "LANUSBInterfaceNumberOfEntries",
    "WANConnectionDevice": "WANConnectionNumberOfEntries",
    "WLANConfiguration": "LANWLANConfigurationNumberOfEntries",
}

# Column titles of data model dumps in the field, and what we call them.
COLUMNS = {
    "parameter": "name",
    "path": "name",
    "value type": "type",
    "value_type": "type",
    "object": "is_object",
}

OFF, PASSIVE, ACTIVE = 0, 1, 2

# Active notification that the data models force, or switch on by default (TR-181 notes).
FORCED_ACTIVE = ("DeviceInfo.SoftwareVersion", "DeviceInfo.ProvisioningCode")
DEFAULT_ACTIVE = ("ManagementServer.ConnectionRequestURL",)


class UnknownName(LookupError):
    """Neither a parameter nor an object of this CPE has this name."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a value may be: one of some words, or a number (a string: its length) in a range."""

    words: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None

    def allow(self, value: str, type: str) -> bool:
        """``value`` is already known to be a legal ``type``."""
        if self.words:
            return value in self.words
        size = len(value) if type == "string" else int(value)
        return (self.least is None or size >= self.least) and (
            self.most is None or size <= self.most
        )


@dataclass(frozen=True, slots=True)
class Node:
    """A parameter (type is the local name of its xsd type) or an object (type ``object``).

    A writable table takes AddObject, a writable instance DeleteObject. A hidden parameter reads
    back empty (passwords).
    """

    type: str
    writable: bool = False
    value: str = ""
    limits: Limits | None = None
    is_hidden: bool = False
    is_table: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of CPE as it leaves the factory; never changed, shared by all of its kind."""

    root: str
    nodes: Mapping[str, Node]
    children: Mapping[str, tuple[str, ...]]
    templates: Mapping[str, Mapping[str, Node]]  # of a new instance, by generalised table path


def parent_of(name: str) -> str:
    """The path of the object that holds ``name``; ``""`` for the root."""
    return name[: name.rstrip(".").rfind(".") + 1]


def generalised(path: str) -> str:
    """``A.1.B.2.`` as ``A.{i}.B.{i}.``"""
    return re.sub(r"(?<=\.)\d+(?=\.)", INSTANCE, path)


def counter_of(table: str) -> str:
    """The name of the parameter that counts the instances of ``table``."""
    parent = parent_of(table)
    word = table[len(parent) : -1]
    return parent + IRREGULAR_COUNTERS.get(word, f"{word}NumberOfEntries")


def is_instance(path: str) -> bool:
    return path[len(parent_of(path)) : -1].isdigit()


def instance_number(path: str) -> int:
    return int(path[len(parent_of(path)) : -1])


# --- Reading a model -------------------------------------------------------------------------


@cache
def load(model: str) -> Model:
    """The model of that file (CSV or JSON), or of one of our own by name (``tr181-gateway``).

    Raises ``OSError`` for a file that cannot be read, ``ValueError`` for one that makes no sense.
    """
    own = resources.files("simulator.models") / f"{model}.csv"
    source = own if own.is_file() else Path(model)
    text = source.read_text(encoding="utf-8-sig")
    if source.name.endswith(".json"):
        return build(json.loads(text))
    return build(csv.DictReader(text.splitlines()))


def build(rows: Iterable[Mapping[str, Any]]) -> Model:
    """A model from rows with ``name``, ``type``, ``writable``, ``value``, ``limits``, ``hidden``.

    Rows whose name holds ``{i}`` are no part of the device: they say what a new instance looks
    like. Objects that are only implied by the names below them are added.
    """
    nodes: dict[str, Node] = {}
    templates: dict[str, Node] = {}
    for row in rows:
        name, node = _read_row(row)
        (templates if INSTANCE in name else nodes)[name] = node
    if not nodes:
        raise ValueError("a data model needs at least one parameter")
    _imply_objects(nodes, templates)
    by_table = _templates_by_table(templates)
    children = _children(nodes)
    _mark_tables(nodes, children, by_table)
    _count_instances(nodes, children)
    roots = children[""]
    if len(roots) != 1:
        raise ValueError(f"a data model has one root, not {', '.join(roots)}")
    return Model(roots[0], nodes, children, by_table)


def _read_row(row: Mapping[str, Any]) -> tuple[str, Node]:
    cells = {COLUMNS.get(str(key).lower(), str(key).lower()): row[key] for key in row if key}
    name = str(cells["name"])
    if _truth(cells.get("is_object")) and not name.endswith("."):
        name += "."
    is_object = name.endswith(".")
    node = Node(
        type=OBJECT if is_object else normal_type(str(cells.get("type") or "")),
        writable=_truth(cells.get("writable")),
        value="" if is_object else str(cells.get("value") or ""),
        limits=_limits(str(cells.get("limits") or "")),
        is_hidden=_truth(cells.get("hidden")),
    )
    return name, node


def _truth(cell: object) -> bool:
    return str(cell).lower() in {"true", "1"}


def _limits(text: str) -> Limits | None:
    """``A|B`` or ``1..10``, ``..64``, ``1..``"""
    if not text:
        return None
    if ".." not in text:
        return Limits(words=tuple(text.split("|")))
    least, _, most = text.partition("..")
    return Limits(least=int(least) if least else None, most=int(most) if most else None)


def _imply_objects(nodes: dict[str, Node], templates: Mapping[str, Node]) -> None:
    for name in [*nodes, *templates]:
        above = parent_of(name)
        while above and above not in nodes:
            if INSTANCE not in above:
                nodes[above] = Node(OBJECT)
            above = parent_of(above)


def _templates_by_table(templates: Mapping[str, Node]) -> dict[str, dict[str, Node]]:
    """For each table the nodes of a new instance, by the rest of their names.

    ``A.{i}.B.{i}.C`` belongs to the table ``A.{i}.B.``; to ``A.`` it leaves the object ``B.``
    """
    by_table: dict[str, dict[str, Node]] = {}
    for name, node in templates.items():
        table, _, rest = name.rpartition(f"{INSTANCE}.")
        by_table.setdefault(table, {"": Node(OBJECT, writable=True)})[rest] = node
    for table in list(by_table):
        outer, found, rest = table.rpartition(f"{INSTANCE}.")
        if found:
            inner = by_table[table][""]
            by_table.setdefault(outer, {"": Node(OBJECT, writable=True)})[rest] = replace(
                inner, is_table=True
            )
    return by_table


def _children(nodes: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
    below: dict[str, list[str]] = {name: [] for name in ["", *nodes] if is_partial(name)}
    for name in nodes:
        below[parent_of(name)].append(name)
    return {path: tuple(names) for path, names in below.items()}


def _mark_tables(
    nodes: dict[str, Node],
    children: Mapping[str, tuple[str, ...]],
    templates: Mapping[str, Mapping[str, Node]],
) -> None:
    for path in children:
        template = templates.get(generalised(path))
        if path and template is not None:
            nodes[path] = Node(OBJECT, template[""].writable, is_table=True)
            for instance in children[path]:
                nodes[instance] = Node(OBJECT, template[""].writable)
        elif path and any(is_instance(child) for child in children[path] if child.endswith(".")):
            nodes[path] = replace(nodes[path], is_table=True)


def _count_instances(nodes: dict[str, Node], children: Mapping[str, tuple[str, ...]]) -> None:
    for path, names in children.items():
        if path and nodes[path].is_table:
            counter = counter_of(path)
            if counter in nodes:
                nodes[counter] = replace(nodes[counter], value=str(len(names)))


# --- One CPE's own copy ----------------------------------------------------------------------


class Tree:
    """The data model of one CPE: a shared model and, on top, what this CPE has changed."""

    __slots__ = (
        "_access_lists",
        "_changed",
        "_children",
        "_factory",
        "_highest",
        "_nodes",
        "_notifications",
        "_values",
        "model",
    )

    def __init__(self, model: Model, factory: Mapping[str, str] = {}) -> None:
        """``factory`` are values that differ from CPE to CPE and survive a factory reset."""
        self.model = model
        self._factory = {name: value for name, value in factory.items() if name in model.nodes}
        self.reset()

    def reset(self) -> None:
        """Everything as it left the factory: values, instances, attributes."""
        self._values: dict[str, str] = dict(self._factory)
        self._nodes: dict[str, Node | None] = {}  # added; None: deleted
        self._children: dict[str, tuple[str, ...]] = {}  # of objects whose children changed
        self._highest: dict[str, int] = {}  # instance number ever given, by table
        self._notifications: dict[str, int] = {}
        self._access_lists: dict[str, tuple[str, ...]] = {}
        self._changed: dict[str, None] = {}  # ordered: what the next Inform reports

    def keep_over_reset(self, name: str) -> None:
        """The present value becomes the factory's: a new firmware's version."""
        self._factory[name] = self.value(name)

    @property
    def root(self) -> str:
        return self.model.root

    # Looking

    def find(self, name: str) -> Node | None:
        if name in self._nodes:
            return self._nodes[name]
        return self.model.nodes.get(name)

    def node(self, name: str) -> Node:
        found = self.find(name)
        if found is None:
            raise UnknownName(name)
        return found

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None

    def value(self, name: str) -> str:
        """The value that the device itself works with, hidden ones included."""
        node = self.node(name)
        return self._values.get(name, node.value)

    def get(self, name: str, default: str = "") -> str:
        """``value`` of a parameter below the root that this model may not have."""
        full = self.root + name
        return self.value(full) if full in self else default

    def shown(self, name: str) -> str:
        """What a reader is told: hidden values are empty, or 0 where empty is no value."""
        node = self.node(name)
        if not node.is_hidden:
            return self.value(name)
        return "0" if node.type in INTEGER_RANGES else ""

    def children(self, path: str) -> tuple[str, ...]:
        """The full names directly below an object; ``""`` gives the root."""
        if path:
            self.node(path)
        own = self._children.get(path)
        return self.model.children.get(path, ()) if own is None else own

    def below(self, path: str) -> Iterator[str]:
        """Every name below an object, each before its own children."""
        for child in self.children(path):
            yield child
            if child.endswith("."):
                yield from self.below(child)

    def parameters(self, path: str) -> Iterator[str]:
        """The parameter of that name, or every parameter below that partial path."""
        if path and not path.endswith("."):
            self.node(path)
            yield path
        else:
            yield from (name for name in self.below(path) if not name.endswith("."))

    # Changing

    def set(self, name: str, value: str) -> None:
        """A change by the ACS: it is not reported back."""
        self.node(name)
        self._values[name] = value

    def put(self, name: str, value: str) -> bool:
        """A change by the device itself; says whether an active notification is due."""
        if self.value(name) == value:
            return False
        self._values[name] = value
        notification = self.notification(name)
        if notification != OFF:
            self._changed[name] = None
        return notification == ACTIVE

    def add(self, table: str) -> int:
        """A new instance with default values; returns its number."""
        number = self._last_number(table) + 1
        self._highest[table] = number
        path = f"{table}{number}."
        for rest, node in self._template(table).items():
            self._attach(path + rest, node)
        self._recount(table)
        return number

    def delete(self, instance: str) -> None:
        """Removes an instance and all that is below it."""
        table = parent_of(instance)
        self._highest[table] = self._last_number(table)
        for name in [*self.below(instance), instance]:
            self._forget(name)
        self._children[table] = tuple(n for n in self.children(table) if n != instance)
        self._recount(table)

    def empty(self, table: str) -> None:
        """Removes every instance and counts from 1 again, as result tables of diagnostics do."""
        for instance in self.children(table):
            self.delete(instance)
        self._highest[table] = 0

    def _last_number(self, table: str) -> int:
        numbers = [instance_number(child) for child in self.children(table)]
        return max([self._highest.get(table, 0), *numbers])

    def _template(self, table: str) -> Mapping[str, Node]:
        """From the model's own rows for new instances, else shaped on the first instance."""
        found = self.model.templates.get(generalised(table))
        if found is not None:
            return found
        shape = next(iter(self.children(table)), None)
        template: dict[str, Node] = {"": Node(OBJECT, writable=self.node(table).writable)}
        if shape is not None:
            below = [shape]
            while below:
                for name in self.children(below.pop()):
                    if name.endswith(".") and is_instance(name):
                        continue
                    template[name[len(shape) :]] = self.node(name)
                    if name.endswith("."):
                        below.append(name)
        return template

    def _attach(self, name: str, node: Node) -> None:
        parent = parent_of(name)
        if parent not in self:
            self._attach(parent, Node(OBJECT))
        if name not in self:
            self._children[parent] = (*self.children(parent), name)
        self._nodes[name] = node

    def _forget(self, name: str) -> None:
        self._nodes[name] = None
        for kept in (self._values, self._children, self._notifications, self._changed):
            kept.pop(name, None)

    def _recount(self, table: str) -> None:
        counter = counter_of(table)
        if counter in self:
            self._values[counter] = str(len(self.children(table)))

    # Attributes

    def notification(self, name: str) -> int:
        own = self._notifications.get(name)
        if own is not None:
            return own
        return ACTIVE if name[len(self.root) :] in FORCED_ACTIVE + DEFAULT_ACTIVE else OFF

    def is_forced_active(self, name: str) -> bool:
        return name[len(self.root) :] in FORCED_ACTIVE

    def set_notification(self, name: str, notification: int) -> None:
        self._notifications[name] = notification

    def access_list(self, name: str) -> tuple[str, ...]:
        return self._access_lists.get(name, ("Subscriber",))

    def set_access_list(self, name: str, access_list: tuple[str, ...]) -> None:
        self._access_lists[name] = access_list

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of notified parameters that the device changed since the last good Inform."""
        return tuple(self._changed)

    def forget_changes(self, reported: Iterable[str]) -> None:
        for name in reported:
            self._changed.pop(name, None)
