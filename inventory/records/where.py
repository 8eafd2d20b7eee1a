"""The WHERE clause of a list: it begins with the scope, so that no list can be made without one."""

from collections.abc import Sequence
from typing import Any, Self

from inventory.query import Scope


class Where:
    """Conditions that all must hold, and their named parameters. A None leaves a condition out."""

    def __init__(self, scope: Scope, column: str = "organization_id") -> None:
        self.parameters: dict[str, Any] = {}
        self._conditions: list[str] = []
        if scope.organizations is not None:
            self.among(column, sorted(scope.organizations))

    @property
    def sql(self) -> str:
        """``WHERE …``, or nothing when everything is wanted."""
        return "WHERE " + " AND ".join(self._conditions) if self._conditions else ""

    def holds(self, condition: str, **parameters: Any) -> Self:
        """Adds a condition as it is written, with its own parameters."""
        self._conditions.append(condition)
        self.parameters |= parameters
        return self

    def equal(self, column: str, value: object | None) -> Self:
        return self._compare(column, "=", value)

    def at_least(self, column: str, value: object | None) -> Self:
        return self._compare(column, ">=", value)

    def at_most(self, column: str, value: object | None) -> Self:
        return self._compare(column, "<=", value)

    def among(self, column: str, values: Sequence[object]) -> Self:
        """One of the values; none given means that nothing fits."""
        names = [self._bind(value) for value in values]
        self._conditions.append(f"{column} IN ({', '.join(names)})" if names else "1 = 0")
        return self

    def _compare(self, column: str, operator: str, value: object | None) -> Self:
        if value is not None:
            self._conditions.append(f"{column} {operator} {self._bind(value)}")
        return self

    def _bind(self, value: object) -> str:
        name = f"where_{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"
