"""What restarts a service on a device: variables that its type defines under the service's name.

Their secret values are sealed in the store, as those of a template are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from inventory import sealed_variables
from inventory.operations import Kind, Operation
from inventory.records import types as records
from inventory.secrets import Vault
from inventory.store import Transaction

Services = Mapping[str, Sequence[Mapping[str, Any]]]
"""Name of a service -> the variables that are set to restart it."""


def seal(services: Services, vault: Vault) -> Services:
    """The services as they may be stored."""
    return {name: sealed_variables.seal(each, vault) for name, each in services.items()}


def reveal(services: Services, vault: Vault) -> Services:
    """The services as they were."""
    return {name: sealed_variables.reveal(each, vault) for name, each in services.items()}


def restarting(tx: Transaction, operation: Operation, vault: Vault) -> Sequence[Mapping[str, Any]]:
    """What is to be set; nothing where the type does not say, or it is not about a service."""
    if operation.kind is not Kind.RESTART_SERVICE:
        return ()
    services = records.services_of(tx, operation.device_id)
    found = services.get(operation.request["service_name"], ())
    return sealed_variables.reveal(found, vault)
