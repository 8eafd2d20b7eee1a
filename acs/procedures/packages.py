"""Installing, updating and removing software modules: ChangeDUState (A.4.1.10).

Sent once; the device tells the end of each package by DUStateChangeComplete. Where the answer was
lost, its table of deployment units shows whether all of it has happened; else its report is
awaited, for nothing tells whether the request was ever received.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    ChangeDUState,
    InstallOpStruct,
    OperationStruct,
    UninstallOpStruct,
    UpdateOpStruct,
)
from acs.procedures.reading import discover_root, read
from acs.procedures.steps import (
    METHOD_NOT_SUPPORTED,
    NOT_SUPPORTED,
    AwaitEvent,
    Done,
    Failed,
    Once,
    Procedure,
    Step,
    Subject,
    refusal,
)
from inventory.operations import Error, Operation

CHANGE_COMPLETE = "11 DU STATE CHANGE COMPLETE"
UNITS = "SoftwareModules.DeploymentUnit."

Package = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """A deployment unit that the device has."""

    name: str
    uuid: str
    url: str
    version: str


def change_packages(operation: Operation, subject: Subject) -> Procedure:
    packages: Sequence[Package] = operation.request["packages"]
    evidence = operation.evidence or {}
    was_sent = "at" in evidence
    units: list[Unit] = []
    if was_sent or any("name" in package for package in packages):
        units = yield from _units(subject)
    if was_sent:
        if all(_shows(units, sent) for sent in evidence["packages"]):
            return Done({"proof": "DeploymentUnit", "packages": evidence["packages"]})
        return AwaitEvent(CHANGE_COMPLETE)
    meant = [_named(units, package) for package in packages]
    missing = [package["name"] for package in meant if "name" in package]
    if missing:
        fault = {"code": NOT_SUPPORTED, "message": "The device has no such package."}
        text = f"The device has no package {', '.join(missing)}."
        return Failed(Error(NOT_SUPPORTED, text, dict.fromkeys(missing, fault)))
    request = ChangeDUState(tuple(map(_struct, meant)), operation.key)
    try:
        yield Once(request, {"packages": [_told(package) for package in meant]})
    except CwmpFault as refused:
        if refused.fault_code == METHOD_NOT_SUPPORTED:
            return Failed(Error(NOT_SUPPORTED, "The device has no ChangeDUState."))
        return Failed(refusal(refused))
    return AwaitEvent(CHANGE_COMPLETE)


def _units(subject: Subject) -> Generator[Step, Any, list[Unit]]:
    """What the device has now; nothing where it does not tell."""
    root = subject.root or (yield from discover_root()) or ""
    table = root + UNITS
    found = yield from read((table,), subject.get_batch)
    rows: dict[str, dict[str, str]] = {}
    for name, held in found.values.items():
        instance, _, column = name.removeprefix(table).partition(".")
        rows.setdefault(instance, {})[column] = held.value
    return [
        Unit(*(row.get(column, "") for column in ("Name", "UUID", "URL", "Version")))
        for row in rows.values()
    ]


def _named(units: Sequence[Unit], package: Package) -> Package:
    """A package that is called by its name, by its UUID instead."""
    uuid = next((unit.uuid for unit in units if unit.name == package.get("name")), None)
    if not uuid:
        return package
    return {**{key: value for key, value in package.items() if key != "name"}, "uuid": uuid}


def _struct(package: Package) -> OperationStruct:
    about = {key: package.get(key) for key in ("uuid", "version")}
    source = {key: package.get(key) for key in ("username", "password")}
    place = {"execution_env_ref": package.get("execution_env_ref")}
    match package["operation"]:
        case "install":
            return InstallOpStruct(package["url"], about["uuid"], **source, **place)
        case "uninstall":
            return UninstallOpStruct(about["uuid"] or "", about["version"], **place)
        case _:
            return UpdateOpStruct(**about, url=package.get("url"), **source)


def _told(package: Package) -> dict[str, Any]:
    """Without what is secret."""
    kept = ("operation", "url", "uuid", "version")
    return {key: package[key] for key in kept if package.get(key)}


def _shows(units: Sequence[Unit], package: Package) -> bool:
    """Whether the device has what was asked for. An update without a version shows nothing."""
    uuid, url, version = (package.get(key) for key in ("uuid", "url", "version"))
    there = [
        unit
        for unit in units
        if (not uuid or unit.uuid == uuid)
        and (package["operation"] == "uninstall" or not url or unit.url == url)
        and (not version or unit.version == version)
    ]
    if package["operation"] == "uninstall":
        return not there
    return bool(there) and (package["operation"] == "install" or bool(version))
