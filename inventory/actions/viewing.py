"""Operations as people see them: what was asked, how far it is, what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

from inventory import devices, operations, sealed_variables
from inventory.access import Caller, Role
from inventory.actions import estimates
from inventory.devices import Key
from inventory.errors import NotFound
from inventory.operations import Kind, Operation, Origin, State
from inventory.query import Page, Window
from inventory.query import tag as tag_of
from inventory.records import history as records
from inventory.records.devices import Device
from inventory.records.history import ANY, Filter, Found, Reference, Result, Target, Together
from inventory.secrets import Vault
from inventory.store import Transaction
from inventory.together import error as failure

__all__ = ["ANY", "Filter", "Reference", "Report", "Target"]

IN_A_LIST = 200  # variables of each operation
Variable = Mapping[str, Any]
Unsealed = Callable[[Sequence[Variable]], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Report:
    """An operation with its device and result. Secret values that people set are still sealed."""

    operation: Operation
    target: Target
    estimate_s: int
    result: Mapping[str, Any]
    """What came of it, besides variables."""
    variables: Sequence[Variable]
    """What came of them, else what was asked."""
    variables_count: int
    together: Together | None = None
    """Of an order for several devices, which its first operation stands for."""
    members: Sequence["Report"] = ()
    """All that belong to it, where it was asked for by its id."""

    @property
    def state(self) -> State:
        return State(self.together.state) if self.together else self.operation.state

    @property
    def progress(self) -> int:
        """0 to 100, on the average of all that belong to it."""
        return (self.together or self.operation).progress

    @property
    def attempts(self) -> int:
        return (self.together or self.operation).attempts

    @property
    def started(self) -> float | None:
        return (self.together or self.operation).started

    @property
    def completed(self) -> float | None:
        return self.together.ended if self.together else self.operation.completed

    @property
    def error(self) -> Mapping[str, Any] | None:
        return failure(self.together) if self.together else self.operation.error

    @property
    def unfinished(self) -> list[int]:
        """The numbers of what has not ended."""
        members = self.members or [self]
        return [each.operation.id for each in members if not each.operation.is_final]

    @property
    def tasks(self) -> int:
        """One for each device, for each variable that was asked for, or the operation itself."""
        if self.together:
            return self.together.total
        return max(1, len(self.operation.request.get("variables", ())))

    @property
    def tasks_done(self) -> int:
        operation = self.operation
        if self.together:
            return self.together.completed
        if operation.state is State.COMPLETED:
            return self.tasks
        refused = operation.error["parameters"] if operation.error else {}
        if operation.kind is Kind.GET and refused:
            return max(0, self.tasks - len(refused))
        evidence = operation.evidence or {}
        return len(evidence.get("added") or evidence.get("deleted") or ())

    @property
    def current_task(self) -> str | None:
        """In words, while it runs."""
        operation = self.operation
        if self.state is not State.RUNNING:
            return None
        if self.together:
            return f"waits for {self.together.unfinished} of {self.together.total} devices"
        if operation.awaits is not None:
            return f"waits for {operation.awaits}"
        return (operation.evidence or {}).get("sent") or operation.kind


def tag(report: Report) -> str:
    """Changes with everything that an operation shows, its device aside."""
    facts = [
        (
            operation.id,
            operation.state,
            operation.attempts,
            operation.progress,
            operation.awaits,
            operation.evidence,
            operation.due,
        )
        for operation in (each.operation for each in report.members or [report])
    ]
    return tag_of("operation", *(fact for each in facts for fact in each))


def refer(text: str) -> Reference:
    """By ``<n>``, ``txn_<n>`` or ``op_…``; raises NotFound for what can be no operation's."""
    if text.startswith("op_"):
        return Reference(key=text)
    digits = text.removeprefix("txn_")
    if digits.isascii() and digits.isdigit() and len(digits) <= 18:
        return Reference(id=int(digits))
    raise NotFound("operation", text)


def get(tx: Transaction, caller: Caller, reference: Reference) -> Report:
    """With all its variables; raises NotFound."""
    found = page(tx, caller, Filter(reference), Window(1)).items
    if not found:
        raise NotFound("operation", reference.key or reference.id)
    return found[0]


def page(tx: Transaction, caller: Caller, wanted: Filter, window: Window) -> Page[Report]:
    """The newest first; of many, each with at most :data:`IN_A_LIST` variables."""
    found = records.page(tx, caller.scope, wanted, window)
    most = IN_A_LIST if wanted.reference is ANY else None
    reports = _as_one(tx, caller, _reports(tx, found.items, most))
    if wanted.reference is not ANY:
        reports = [_with_members(tx, caller, report) for report in reports]
    return Page(reports, found.count)


def _as_one(tx: Transaction, caller: Caller, reports: list[Report]) -> list[Report]:
    """The first operations of orders for several devices, standing for the whole."""
    ids = [each.operation.id for each in reports if each.operation.group_id == each.operation.id]
    if not ids:
        return reports
    found = records.together(tx, caller.scope, ids)
    return [replace(each, together=found.get(each.operation.id)) for each in reports]


def _with_members(tx: Transaction, caller: Caller, report: Report) -> Report:
    if report.together is None:
        return report
    found = records.members(tx, caller.scope, report.operation.id)
    return replace(report, members=_reports(tx, found, None))


def history(
    tx: Transaction, caller: Caller, key: Key, wanted: Filter, window: Window
) -> Page[Report]:
    """One device's, the server's own among them: they too stand in its queue, and others are told
    to wait for them. Raises NotFound or Ambiguous when there is no such device."""
    device = devices.get(tx, caller, key)
    return page(tx, caller, replace(wanted, device_id=device.id, is_whole=True), window)


def report_of(tx: Transaction, operation: Operation, target: Target) -> Report:
    """The report of an operation that has just been queued."""
    return _report(operation, target, estimates.seconds(tx, operation.kind))


def target_of(device: Device) -> Target:
    return Target(**{each.name: getattr(device, each.name) for each in fields(Target)})


def unsealing(caller: Caller, vault: Vault) -> Unsealed:
    """How the caller reads variables: with their secrets, if he may also set them."""
    if caller.role.includes(Role.OPERATOR):
        return partial(sealed_variables.reveal, vault=vault)
    return sealed_variables.mask


def _reports(tx: Transaction, found: Sequence[Found], most: int | None) -> list[Report]:
    ended = [each.operation["id"] for each in found if each.operation["completed"] is not None]
    results = records.results(tx, ended, most)
    kinds = {each.operation["kind"] for each in found}
    estimate_s = {kind: estimates.seconds(tx, Kind(kind)) for kind in kinds}
    return [
        _report(operation, each.target, estimate_s[operation.kind], results.get(operation.id), most)
        for each in found
        for operation in [operations.read(each.operation)]
    ]


def _report(
    operation: Operation,
    target: Target,
    estimate_s: int,
    result: Result | None = None,
    most: int | None = None,
) -> Report:
    variables: Sequence[Variable]
    if result is not None and result.variables:
        variables, count = result.variables, result.variables_count
    else:
        so_far = _so_far(operation)
        variables, count = so_far[:most], len(so_far)
    if operation.origin is Origin.SYSTEM:
        variables = sealed_variables.mask(variables)  # the server's own secrets are for nobody
    rest = {} if result is None else result.rest
    return Report(operation, target, estimate_s, rest, variables, count)


def _so_far(operation: Operation) -> Sequence[Variable]:
    """What was asked, and what the evidence knows of it before there is a result."""
    asked: Sequence[Variable] = operation.request.get("variables", [])
    evidence = operation.evidence or {}
    if added := evidence.get("added"):
        return [*added, *asked[len(added) :]]
    if deleted := frozenset(evidence.get("deleted", ())):
        return [
            {**each, "deleted": True} if each["variable_name"] in deleted else each
            for each in asked
        ]
    return asked
