"""What restarts a service on a device: variables that its type defines under the service's name."""

from collections.abc import Mapping, Sequence
from typing import Any

from inventory.operations import Kind, Operation
from inventory.records import types as records
from inventory.store import Transaction


def restarting(tx: Transaction, operation: Operation) -> Sequence[Mapping[str, Any]]:
    """What is to be set; nothing where the type does not say, or it is not about a service."""
    if operation.kind is not Kind.RESTART_SERVICE:
        return ()
    services = records.services_of(tx, operation.device_id)
    found: Sequence[Mapping[str, Any]] = services.get(operation.request["service_name"], ())
    return found
