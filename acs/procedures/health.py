"""Is the device well? A few values against limits; what it has no parameter for is a warning."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from acs.procedures.reading import Readings, discover_root, read
from acs.procedures.steps import Done, Failed, Procedure, Subject
from inventory.health import CHECKS, limits
from inventory.operations import Error, Operation

MEMORY = "DeviceInfo.MemoryStatus."
CPU = "DeviceInfo.ProcessStatus.CPUUsage"
SENSORS = "DeviceInfo.TemperatureStatus.TemperatureSensor."


@dataclass(frozen=True, slots=True)
class Finding:
    """What was measured, and the limit that it is to stay under; both in the check's own unit."""

    value: float
    limit: float

    @property
    def is_passed(self) -> bool:
        return self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Check:
    """What is read for it, below the root, and what that shows (None: nothing)."""

    paths: tuple[str, ...]
    judge: Callable[[str, Readings, float], Finding | None]


def health_check(operation: Operation, subject: Subject) -> Procedure:
    root = subject.root or (yield from discover_root())
    if root is None:
        return Failed(Error("no_data_model", "The device shows no known data model."))
    asked: list[str] = operation.request.get("checks", [])
    paths = [root + path for name in asked if name in _CHECKS for path in _CHECKS[name].paths]
    found = yield from read(paths, subject.get_batch)
    most = limits(operation.request)
    findings = {
        name: _CHECKS[name].judge(root, found, most.get(name, 0)) if name in _CHECKS else None
        for name in asked
    }
    return Done(_result(findings))


def _result(findings: Mapping[str, Finding | None]) -> dict[str, Any]:
    judged = {name: finding for name, finding in findings.items() if finding is not None}
    failed = [name for name, finding in judged.items() if not finding.is_passed]
    return {
        "status": "unhealthy" if failed else "healthy" if judged else "unknown",
        "checks_passed": len(judged) - len(failed),
        "checks_failed": len(failed),
        "warnings": [_unknown(name) for name, finding in findings.items() if finding is None],
        "checks": [
            {
                "name": name,
                "passed": finding.is_passed,
                "value": round(finding.value, 1),
                "threshold": finding.limit,
            }
            for name, finding in judged.items()
        ],
    }


def _unknown(name: str) -> str:
    if name in CHECKS:
        return f"{name}: the device has no parameter for it."
    return f"{name}: it is not known how to check this."


def _connectivity(_root: str, _found: Readings, _limit: float) -> Finding:
    """The device is here and answers: nothing is lost."""
    return Finding(0.0, 0.0)


def _memory(root: str, found: Readings, limit: float) -> Finding | None:
    return _used(root + MEMORY, "Total", "Free", found, limit)


def _disk(root: str, found: Readings, limit: float) -> Finding | None:
    return _used(root + MEMORY, "TotalPersistent", "FreePersistent", found, limit)


def _used(path: str, total: str, free: str, found: Readings, limit: float) -> Finding | None:
    """In percent."""
    whole, left = _number(found, path + total), _number(found, path + free)
    if whole is None or left is None or whole <= 0:
        return None
    return Finding(100 * (whole - left) / whole, limit)


def _cpu(root: str, found: Readings, limit: float) -> Finding | None:
    usage = _number(found, root + CPU)
    return None if usage is None else Finding(usage, limit)


def _temperature(root: str, found: Readings, limit: float) -> Finding | None:
    """The sensor that is nearest to its limit: its own alarm value, where it has one."""
    findings = [
        Finding(value, _number(found, name.removesuffix("Value") + "HighAlarmValue") or limit)
        for name in found.values
        if name.startswith(root + SENSORS)
        and name.endswith(".Value")
        and (value := _number(found, name)) is not None
    ]
    return max(findings, key=lambda finding: finding.value - finding.limit, default=None)


def _number(found: Readings, name: str) -> float | None:
    held = found.values.get(name)
    try:
        return None if held is None else float(int(held.value))
    except ValueError:
        return None


_CHECKS: Mapping[str, Check] = {
    "connectivity": Check((), _connectivity),
    "memory": Check((f"{MEMORY}Total", f"{MEMORY}Free"), _memory),
    "disk": Check((f"{MEMORY}TotalPersistent", f"{MEMORY}FreePersistent"), _disk),
    "cpu": Check((CPU,), _cpu),
    "temperature": Check((SENSORS,), _temperature),
}
