"""Secret values in requests and results of operations: sealed in the store, shown to few.

A variable is a dictionary with ``variable_name`` and ``value``. Where its name holds a secret, the
value is kept as ``sealed`` (hexadecimal) instead.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from inventory.secrets import Vault

MASK = "********"
Variable = Mapping[str, Any]
_SEALED_PARTS = frozenset({"variables", "values"})


def seal(variables: Iterable[Variable], vault: Vault) -> list[dict[str, Any]]:
    """The variables as they may be stored."""
    return [_sealed(variable, vault) for variable in variables]


def _sealed(variable: Variable, vault: Vault) -> dict[str, Any]:
    kept = dict(variable)
    value = kept.get("value")
    if value and isinstance(value, str) and vault.is_secret(kept.get("variable_name", "")):
        kept["sealed"] = vault.seal(value).hex()
        del kept["value"]
    return kept


def reveal(variables: Iterable[Variable], vault: Vault) -> list[dict[str, Any]]:
    """The variables as they were."""
    return [
        {name: value for name, value in variable.items() if name != "sealed"}
        | {"value": vault.open(bytes.fromhex(variable["sealed"]))}
        if "sealed" in variable
        else dict(variable)
        for variable in variables
    ]


def opened(request: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """An operation's request as its script reads it: in the clear, and ``values`` by name."""
    parts: dict[str, Any] = {
        name: reveal(request[name], vault) for name in _SEALED_PARTS & request.keys()
    }
    if "packages" in request:
        parts["packages"] = [_with_password(package, vault) for package in request["packages"]]
    if "values" in parts:
        by_name = {value["variable_name"]: value["value"] for value in parts["values"]}
        return {**request, **parts, "values": by_name}
    return {**request, **parts}


def _with_password(package: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    clear = dict(package)
    sealed = clear.pop("sealed_password", None)
    return clear | ({"password": vault.open(bytes.fromhex(sealed))} if sealed else {})


def mask(variables: Iterable[Variable]) -> list[dict[str, Any]]:
    """The variables for somebody who may not see secrets."""
    return [
        {name: value for name, value in variable.items() if name != "sealed"} | {"value": MASK}
        if "sealed" in variable
        else dict(variable)
        for variable in variables
    ]
