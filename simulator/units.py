"""Deployment units of a CPE (TR-157 software modules): what ChangeDUState does to its tables."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from acs.cwmp import messages as m
from acs.cwmp.faults import FAULT_STRINGS
from simulator.tree import Tree

UNITS = "SoftwareModules.DeploymentUnit."
EXECUTION_UNITS = "SoftwareModules.ExecutionUnit."
ENVIRONMENTS = "SoftwareModules.ExecEnv."
FIRST_VERSION = "1.0"

INSTALLED, UNINSTALLED, FAILED = "Installed", "Uninstalled", "Failed"

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VERSION = re.compile(r"\d+(?:\.\d+)+")


class UnitFault(Exception):
    """One operation is refused; carries its fault code (9022 to 9032)."""

    def __init__(self, code: int) -> None:
        super().__init__(FAULT_STRINGS[code])
        self.code = code


def carry_out(
    tree: Tree, operations: tuple[m.OperationStruct, ...], now: str
) -> tuple[m.OpResultStruct, ...]:
    """Does each operation, in order; one that fails does not touch the others."""
    return tuple(result for one in operations for result in _results(tree, one, now))


def _results(tree: Tree, operation: m.OperationStruct, now: str) -> list[m.OpResultStruct]:
    try:
        if tree.root + UNITS not in tree:
            raise UnitFault(9023)
        return [
            replace(done, start_time=now, complete_time=now)
            for done in _DO[type(operation)](tree, operation)
        ]
    except UnitFault as failure:
        return [
            m.OpResultStruct(
                uuid=_reported_uuid(operation),
                version=getattr(operation, "version", None) or "",
                current_state=FAILED,
                start_time=now,
                complete_time=now,
                fault=m.DeploymentUnitFaultStruct(failure.code, str(failure)),
            )
        ]


def _install(tree: Tree, wanted: m.InstallOpStruct) -> Iterator[m.OpResultStruct]:
    _check_uuid(wanted.uuid)
    environment = wanted.execution_env_ref or f"{tree.root}{ENVIRONMENTS}1"
    if f"{environment.rstrip('.')}." not in tree:
        raise UnitFault(9023)
    uuid = wanted.uuid or str(uuid5(NAMESPACE_URL, wanted.url))
    version = _version_in(wanted.url) or FIRST_VERSION
    if any(_get(tree, unit, "Version") == version for unit in _units(tree, uuid)):
        raise UnitFault(9026)
    name = PurePosixPath(urlsplit(wanted.url).path).stem
    unit = _add(tree, UNITS, UUID=uuid, DUID=uuid[:8], Name=name, URL=wanted.url, Version=version)
    run = _add(tree, EXECUTION_UNITS, EUID=uuid[:8], Name=name, Version=version)
    _put(tree, run, ExecutionEnvRef=environment, Status="Active")
    _put(
        tree,
        unit,
        Status=INSTALLED,
        Resolved="true",
        ExecutionEnvRef=environment,
        ExecutionUnitList=run.rstrip("."),
    )
    yield _result(tree, unit, INSTALLED)


def _update(tree: Tree, wanted: m.UpdateOpStruct) -> Iterator[m.OpResultStruct]:
    """Without UUID and URL: every unit, from where it came."""
    _check_uuid(wanted.uuid)
    meant = [
        unit
        for unit in tree.children(tree.root + UNITS)
        if wanted.uuid in (None, "", _get(tree, unit, "UUID"))
        and (wanted.uuid or wanted.url in (None, "", _get(tree, unit, "URL")))
    ]
    if not meant and (wanted.uuid or wanted.url):
        raise UnitFault(9028)
    for unit in meant:
        version = _version_in(wanted.url or "") or wanted.version
        if version and version == _get(tree, unit, "Version"):
            raise UnitFault(9032)
        _put(tree, unit, Version=version or _get(tree, unit, "Version"))
        _put(tree, unit, URL=wanted.url or _get(tree, unit, "URL"))
        yield _result(tree, unit, INSTALLED)


def _uninstall(tree: Tree, wanted: m.UninstallOpStruct) -> Iterator[m.OpResultStruct]:
    _check_uuid(wanted.uuid)
    meant = [
        unit
        for unit in _units(tree, wanted.uuid)
        if wanted.version in (None, "", _get(tree, unit, "Version"))
    ]
    if not meant:
        raise UnitFault(9028)
    for unit in meant:
        yield _result(tree, unit, UNINSTALLED)
        if (run := f"{_get(tree, unit, 'ExecutionUnitList')}.") in tree:
            tree.delete(run)
        tree.delete(unit)


_DO: Mapping[type[m.OperationStruct], Callable[[Tree, Any], Iterator[m.OpResultStruct]]] = {
    m.InstallOpStruct: _install,
    m.UpdateOpStruct: _update,
    m.UninstallOpStruct: _uninstall,
}


def _reported_uuid(operation: m.OperationStruct) -> str:
    """Of an operation that failed; the schema wants a well-formed one whatever was asked."""
    uuid = getattr(operation, "uuid", None) or ""
    return uuid if _UUID.fullmatch(uuid) else str(UUID(int=0))


def _check_uuid(uuid: str | None) -> None:
    if uuid and not _UUID.fullmatch(uuid):
        raise UnitFault(9022)


def _version_in(url: str) -> str | None:
    found = _VERSION.search(PurePosixPath(urlsplit(url).path).name)
    return found.group() if found else None


def _units(tree: Tree, uuid: str) -> list[str]:
    return [unit for unit in tree.children(tree.root + UNITS) if _get(tree, unit, "UUID") == uuid]


def _add(tree: Tree, table: str, **values: str) -> str:
    path = f"{tree.root}{table}{tree.add(tree.root + table)}."
    _put(tree, path, **values)
    return path


def _put(tree: Tree, path: str, **values: str) -> None:
    for name, value in values.items():
        if path + name in tree:
            tree.set(path + name, value)


def _get(tree: Tree, path: str, name: str) -> str:
    return tree.value(path + name) if path + name in tree else ""


def _result(tree: Tree, unit: str, state: str) -> m.OpResultStruct:
    return m.OpResultStruct(
        uuid=_get(tree, unit, "UUID"),
        deployment_unit_ref=unit.rstrip("."),
        version=_get(tree, unit, "Version"),
        current_state=state,
        resolved=True,
        execution_unit_ref_list=_get(tree, unit, "ExecutionUnitList"),
    )
