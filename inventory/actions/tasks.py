"""What operations need to be told besides variables and files, and how their rows keep it."""

from collections.abc import Mapping
from typing import Any

from inventory import health, packages
from inventory.complaints import REQUIRED
from inventory.operations import Kind
from inventory.secrets import Vault

_TAKEN: Mapping[Kind, frozenset[str]] = {
    Kind.NAMES: frozenset({"next_level"}),
    Kind.HEALTH_CHECK: frozenset({"checks", "disk_threshold_percent", "memory_threshold_percent"}),
    Kind.RESTART_SERVICE: frozenset({"service_name"}),
    Kind.UPDATE: frozenset({"package_list"}),
}
FIELDS = frozenset(name for taken in _TAKEN.values() for name in taken)

Fields = Mapping[str, Any]


def faults(kind: Kind, given: Fields) -> dict[str, Any]:
    """What is wrong with the fields that were given, by field."""
    taken = _TAKEN.get(kind, frozenset())
    found: dict[str, Any] = {
        name: [f"{kind} takes no {name}."] for name in given if name not in taken
    }
    if kind is Kind.RESTART_SERVICE and "service_name" not in given:
        found["service_name"] = [REQUIRED]
    if kind is Kind.UPDATE:
        wrong = [packages.faults(package) for package in given["package_list"]]
        if any(wrong):
            found["package_list"] = wrong
    return found


def request_of(kind: Kind, given: Fields, vault: Vault) -> dict[str, Any]:
    """The parts of a request that its script reads."""
    if kind is Kind.HEALTH_CHECK:
        rest = {name: value for name, value in given.items() if name != "checks"}
        return {**rest, "checks": health.asked(given.get("checks", {}))}
    if kind is Kind.UPDATE:
        return {"packages": [packages.sealed(each, vault) for each in given["package_list"]]}
    return dict(given)
