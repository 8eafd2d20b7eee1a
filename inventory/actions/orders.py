"""An order: what is to be done on a device, checked, with its secrets sealed.

The ``request`` of an order is what the operation's row keeps, and what its script reads:
``variables`` and, for new instances, ``values``; both as :mod:`inventory.sealed_variables` has
them. Beside these it keeps what a caller gets echoed: ``parameters``, ``scheduled_at``, the
``word`` by which he calls the kind where that is another one, and his terms: ``schedule``,
``retry_policy`` and ``notification``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory import sealed_variables
from inventory.actions import files, tasks
from inventory.actions import variables as rules
from inventory.actions.variables import Variable
from inventory.devices import Family, Key
from inventory.errors import Invalid
from inventory.operations import QUEUED_TIMEOUT_S, Kind
from inventory.records.devices import Device
from inventory.schedules import Recurrence
from inventory.secrets import Vault


@dataclass(frozen=True, slots=True)
class Order:
    kind: Kind
    request: Mapping[str, Any] = field(default_factory=dict)
    due: float | None = None
    timeout_s: float = QUEUED_TIMEOUT_S
    """How long it may wait for its start once it is due."""
    is_forced: bool = False
    """Asked for although the device is offline."""
    also: Mapping[str, Key] = field(default_factory=dict)
    """What else was said of the device, by field, beside the key that it is found by."""

    @property
    def recurrence(self) -> Recurrence | None:
        """Set when it is to be done again and again."""
        return Recurrence.read(self.request.get("schedule"))

    def must_mean(self, family: Family, *devices: Device) -> None:
        """Raises Invalid where something else was said than of one of these devices.

        ``family`` is what they were found by.
        """
        wrong = [name for name, key in self.also.items() if not any(map(key.is_of, devices))]
        if wrong:
            raise Invalid({name: [f"Contradicts {family.field}."] for name in wrong})


def make(
    kind: Kind,
    variables: Sequence[Variable] | None,
    values: Mapping[str, str],
    parameters: Mapping[str, Any],
    vault: Vault,
    *,
    word: str | None = None,
    due: float | None = None,
    timeout_s: float | None = None,
    file: Mapping[str, Any] | None = None,
    task: Mapping[str, Any] | None = None,
    terms: Mapping[str, Any] | None = None,
) -> Order:
    """Raises Invalid for what the operation cannot take, or lacks.

    ``variables`` are None where none were given, which is told in other words than an empty list;
    ``parameters`` are kept as an echo; ``terms`` are when, how often and with whose knowledge.
    """
    if variables is not None:
        variables = rules.as_meant(kind, variables)
    wrong = rules.faults(kind, variables)
    wrong_values = rules.faults_of_new_values(kind, values)
    wrong_parameters = (
        files.faults(kind, file or {})
        | tasks.faults(kind, task or {})
        | ({"values": wrong_values} if wrong_values else {})
    )
    if wrong or wrong_parameters:
        raise Invalid(
            ({"variables": wrong} if wrong else {})
            | ({"parameters": wrong_parameters} if wrong_parameters else {})
        )
    parts = {
        "variables": sealed_variables.seal(variables or (), vault),
        "values": sealed_variables.seal(_as_variables(values), vault),
        "parameters": dict(parameters),
        "word": None if word == kind else word,
        "scheduled_at": due,
        **files.sealed(file or {}, vault),
        **tasks.request_of(kind, task or {}, vault),
        **(terms or {}),
    }
    request = {name: part for name, part in parts.items() if part or part == 0}
    return Order(kind, request, due, timeout_s or QUEUED_TIMEOUT_S)


def _as_variables(values: Mapping[str, str]) -> list[Variable]:
    return [{"variable_name": name, "value": value} for name, value in values.items()]
