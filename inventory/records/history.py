"""SQL of operations as people see them: with their device and their result, the newest first."""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import msgpack

from inventory.query import EVERYTHING, Page, Scope, Window
from inventory.records import groups
from inventory.records.operations import OperationRow, read_row
from inventory.records.where import Where
from inventory.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Target:
    """The device that an operation is for, as a result names it."""

    id: int
    name: str
    organization_id: int
    serial_number: str | None
    manufacturer: str | None
    product_class: str | None
    software_version: str | None
    address: str | None
    is_active: bool
    is_up: bool
    last_inform: float | None


@dataclass(frozen=True, slots=True)
class Reference:
    """An operation by its number or by its key; by neither, it may be any."""

    id: int | None = None
    key: str | None = None


ANY = Reference()


@dataclass(frozen=True, slots=True)
class Filter:
    """None leaves a condition out; times are Unix seconds, both ends included."""

    reference: Reference = ANY
    device_name: str | None = None
    serial_number: str | None = None
    device_id: int | None = None
    state: str | None = None
    kinds: tuple[str, ...] = ()
    """One of these; none means any."""
    created_from: float | None = None
    created_to: float | None = None
    is_whole: bool = False
    """With the server's own operations, also where nothing asks for their kind."""


@dataclass(frozen=True, slots=True)
class Together:
    """An order for several devices as the one thing that it is, of all that belong to it."""

    state: str
    total: int
    completed: int
    """That ended well."""
    unfinished: int
    progress: int
    attempts: int
    started: float | None
    """When the first one was."""
    ended: float | None
    """When the last one did."""


@dataclass(frozen=True, slots=True)
class Found:
    operation: OperationRow
    target: Target


_OPERATION = """o.id, o.key, o.device_id, o.kind, o.origin, o.priority, o.state, o.request,
    o.created, o.created_by, o.due, o.expires, o.started, o.deadline, o.completed, o.attempts,
    o.awaits, o.evidence, o.progress, o.error, o.parent_id, o.group_id, o.job_id, o.notifies"""
_OF_PRESENCE = frozenset({"is_up", "last_inform"})
_TARGET = ", ".join(
    f"{'p' if f.name in _OF_PRESENCE else 'd'}.{f.name} AS target_{f.name}" for f in fields(Target)
)
_SELECT = f"""
SELECT {_OPERATION}, {_TARGET} FROM operations AS o
JOIN devices AS d ON d.id = o.device_id
JOIN presence AS p ON p.device_id = d.id"""

_EXCLUDING = """
SELECT kind, key FROM operations
WHERE device_id = :device_id AND state IN ('scheduled', 'pending', 'running') AND is_exclusive
    AND (state = 'running' OR (due <= :now AND expires > :now AND awaits IS NULL))
ORDER BY id LIMIT 1"""

_TOGETHER = f"""
SELECT m.group_id, {groups.STATE} AS state, count(*) AS total,
    count(CASE WHEN m.state = 'completed' THEN 1 END) AS completed,
    {groups.UNFINISHED} AS unfinished,
    sum(m.progress) / count(*) AS progress, sum(m.attempts) AS attempts, min(m.started) AS started,
    CASE WHEN {groups.UNFINISHED} = 0 THEN max(m.completed) END AS ended
FROM operations AS m JOIN devices AS d ON d.id = m.device_id"""

READ_AT_ONCE = 16 * 1024  # bytes of a result

_NEWEST = "ORDER BY o.created DESC, o.id DESC"

_DURATIONS = """
SELECT completed - started FROM (
    SELECT state, started, completed FROM operations WHERE kind = :kind
    ORDER BY created DESC, id DESC LIMIT :n)
WHERE state = 'completed'"""


def page(tx: Transaction, scope: Scope, wanted: Filter, window: Window) -> Page[Found]:
    """The server's own operations are shown only where they are asked for."""
    where = _where(scope, wanted)
    ids = f"SELECT o.id FROM operations AS o {where.sql} {_NEWEST} LIMIT :limit OFFSET :offset"
    return Page(_found_in(tx, ids, where, window), _count(tx, where))


def _count(tx: Transaction, where: Where) -> int:
    row = tx.one(f"SELECT count(*) FROM operations AS o {where.sql}", **where.parameters)
    assert row is not None
    return int(row[0])


def _found_in(tx: Transaction, ids: str, where: Where, window: Window) -> list[Found]:
    sql = f"{_SELECT} WHERE o.id IN ({ids}) {_NEWEST}"
    bounds = {"limit": window.limit, "offset": window.offset}
    return [_found(row) for row in tx.all(sql, **bounds, **where.parameters)]


def together(tx: Transaction, scope: Scope, group_ids: Collection[int]) -> Mapping[int, Together]:
    """Orders for several devices, by the number of their first operation."""
    where = Where(scope, "d.organization_id").among("m.group_id", sorted(group_ids))
    rows = tx.all(f"{_TOGETHER} {where.sql} GROUP BY m.group_id", **where.parameters)
    return {
        row["group_id"]: Together(**{f.name: row[f.name] for f in fields(Together)}) for row in rows
    }


def members(tx: Transaction, scope: Scope, group_id: int) -> list[Found]:
    """The operations of an order for several devices, as they were ordered."""
    where = Where(scope, "d.organization_id").equal("o.group_id", group_id)
    rows = tx.all(f"{_SELECT} {where.sql} ORDER BY o.id", **where.parameters)
    return [_found(row) for row in rows]


def _where(scope: Scope, wanted: Filter) -> Where:
    where = _of_devices(scope, wanted)
    if wanted.kinds:
        where.among("o.kind", wanted.kinds)
    elif wanted.reference is ANY and not wanted.is_whole:
        where.holds("o.origin <> 'system'")
    return (
        where.equal("o.id", wanted.reference.id)
        .equal("o.key", wanted.reference.key)
        .equal("COALESCE(o.joint_state, o.state)", wanted.state)
        .at_least("o.created", wanted.created_from)
        .at_most("o.created", wanted.created_to)
    )


def _of_devices(scope: Scope, wanted: Filter) -> Where:
    devices = (
        Where(scope)
        .equal("id", wanted.device_id)
        .equal("name", wanted.device_name)
        .equal("serial_number", wanted.serial_number)
    )
    if not devices.sql:
        return Where(EVERYTHING)
    within = f"o.device_id IN (SELECT id FROM devices {devices.sql})"
    return Where(EVERYTHING).holds(within, **devices.parameters)


def _found(row: Row) -> Found:
    values = read_row(row)
    target = {f.name: values.pop(f"target_{f.name}") for f in fields(Target)}
    target |= {name: bool(target[name]) for name in ("is_active", "is_up")}
    return Found(values, Target(**target))


@dataclass(frozen=True, slots=True)
class Result:
    """What is kept of an operation's end; ``rest`` is everything besides its variables."""

    variables: list[dict[str, Any]] = field(default_factory=list)
    variables_count: int = 0
    rest: dict[str, Any] = field(default_factory=dict)


def results(
    tx: Transaction, operation_ids: Collection[int], most: int | None
) -> Mapping[int, Result]:
    """Of each at most so many variables; where there are more, what follows them is not read."""
    where = Where(EVERYTHING).among("operation_id", sorted(operation_ids))
    rows = tx.all(
        f"SELECT operation_id, body FROM operation_results {where.sql}", **where.parameters
    )
    return {row["operation_id"]: _result(row["body"], most) for row in rows}


def _result(body: bytes, most: int | None) -> Result:
    told = msgpack.Unpacker(_Inflating(body), read_size=READ_AT_ONCE)
    variables: list[dict[str, Any]] = []
    count, rest = 0, {}
    for _ in range(told.read_map_header()):
        name = told.unpack()
        if name != "variables":
            rest[name] = told.unpack()
            continue
        count = told.read_array_header()
        variables = [told.unpack() for _ in range(count if most is None else min(count, most))]
        if len(variables) < count:
            break
    return Result(variables, count, rest)


class _Inflating:
    """A compressed body that is unpacked only as far as it is read."""

    def __init__(self, body: bytes) -> None:
        self._body, self._stream = body, zlib.decompressobj()

    def read(self, size: int) -> bytes:
        inflated = self._stream.decompress(self._body, size)
        self._body = self._stream.unconsumed_tail
        return inflated


def excluding(tx: Transaction, device_id: int, now: float) -> tuple[str, str] | None:
    """Kind and key of an operation of the exclusive group that is due or running."""
    row = tx.one(_EXCLUDING, device_id=device_id, now=now)
    return None if row is None else (row["kind"], row["key"])


def durations(tx: Transaction, kind: str, newest: int) -> list[float]:
    """How long the newest runs of this kind took that ended well, in seconds."""
    return [row[0] for row in tx.all(_DURATIONS, kind=kind, n=newest)]
