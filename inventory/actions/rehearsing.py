"""What is known of a device when an operation on it is to be tried out on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory import configuration, devices, operations, sealed_variables
from inventory.access import Caller
from inventory.actions.orders import Order
from inventory.configuration import Configuration
from inventory.devices import Key
from inventory.errors import DeviceInactive
from inventory.names import Names
from inventory.operations import Kind, Operation
from inventory.parameters import HeldValue
from inventory.paths import select
from inventory.recalling import recall_in
from inventory.records.devices import Device
from inventory.secrets import Vault
from inventory.store import Transaction

KINDS = frozenset({Kind.SET, Kind.SYNC, Kind.RECONF})


@dataclass(frozen=True, slots=True)
class Stage:
    """The device, what is to be done on it, and what the inventory believes that it holds."""

    device: Device
    operation: Operation
    configuration: Configuration
    held: Mapping[str, HeldValue]
    vault: Vault


def prepare(
    tx: Transaction, caller: Caller, key: Key, order: Order, vault: Vault, names: Names, now: float
) -> Stage:
    """Raises NotFound, Ambiguous, Invalid or DeviceInactive, as the order itself would. Queues
    nothing."""
    device = devices.get(tx, caller, key)
    order.must_mean(key.family, device)
    if not device.is_active:
        raise DeviceInactive(device.name)
    request = sealed_variables.opened(order.request, vault)
    paths = [each["variable_name"] for each in request.get("variables", ())]
    model = configuration.model_of(device)
    found = recall_in(tx, vault, device.id, model, select(paths), names)
    return Stage(
        device,
        operations.imagined(device.id, order.kind, request, now),
        configuration.of_device(tx, device.id, vault),
        {each.path: each for each in found},
        vault,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter in a request: what it holds now, and what it is to hold."""

    path: str
    current: str | None = None
    value: str | None = None
    value_type: str | None = None
    notification: int | None = None


@dataclass(frozen=True, slots=True)
class Rpc:
    """A request that would be sent."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How it would go, if the device is as the inventory believes and refuses nothing."""

    rpcs: tuple[Rpc, ...]
    error: Mapping[str, Any] | None
    """Why nothing would come of it, where that is known before."""
