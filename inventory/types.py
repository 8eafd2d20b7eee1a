"""Device types: a match rule, a template of settings, and what else their devices have in common.

Types belong to nobody: callers who are bound to organizations only read them. Passwords go in and
never come out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory import audit, configuration, services, settings
from inventory.access import Caller
from inventory.complaints import Complaints, no_such, taken
from inventory.errors import NotFound
from inventory.query import Expected, Page, Window
from inventory.records import firmware as firmware_records
from inventory.records import types as records
from inventory.records.types import DeviceType
from inventory.secrets import Vault
from inventory.services import Services
from inventory.settings import Setting
from inventory.store import Transaction

DETACHED_AT_ONCE = 25  # each one's settings are looked through
Fields = Mapping[str, Any]

DEFAULTS: Fields = {
    "description": None,
    "match_manufacturer": None,
    "match_oui": None,
    "match_product_class": None,
    "match_software_version": None,
    "match_hardware_version": None,
    "match_order": 0,
    "firmware_image": None,
    "update_frequency": None,
    "services": {},
    "username": None,
    "onboarding_policy": "open",
    "onboarding_username": None,
    "allow_basic_connection_request": False,
    "parameters": (),
}
"""What a field is that a POST or PUT leaves out; passwords keep what they have."""

_COLUMNS = {"firmware_image": "firmware_image_id"}
_BLANK_IS_NONE = {name for name in DEFAULTS if name.startswith("match_")} - {"match_order"}
_PASSWORDS = ("password", "onboarding_password")


@dataclass(frozen=True, slots=True)
class Whole:
    """A type with its template and services, whose secret values are in clear: masking is the
    caller's."""

    type: DeviceType
    template: Sequence[Setting]
    services: Services


def page(
    tx: Transaction, _caller: Caller, vault: Vault, short_name: str | None, window: Window
) -> Page[Whole]:
    found = records.page(tx, short_name, window)
    return Page([_whole(tx, vault, each) for each in found.items], found.count)


def get(tx: Transaction, _caller: Caller, vault: Vault, type_id: int) -> Whole:
    return _whole(tx, vault, _existing(tx, type_id))


def _existing(tx: Transaction, type_id: int) -> DeviceType:
    found = records.by_id(tx, type_id)
    if found is None:
        raise NotFound("device type", type_id)
    return found


def _whole(tx: Transaction, vault: Vault, found: DeviceType) -> Whole:
    lines = records.template(tx, found.id)
    template = [settings.reveal(line, vault) for line in lines]
    return Whole(found, template, services.reveal(found.services, vault))


def create(tx: Transaction, caller: Caller, fields: Fields, vault: Vault, now: float) -> Whole:
    """``fields`` has a ``short_name``; what else it leaves out is the default."""
    whole = {**DEFAULTS, "name": fields["short_name"], **fields}
    _check(tx, None, whole)
    type_id = records.insert(tx, now, _columns(whole, vault))
    _set_template(tx, type_id, whole["parameters"], vault)
    _record(tx, caller, "create", type_id, fields, now)
    return get(tx, caller, vault, type_id)


def change(
    tx: Transaction,
    caller: Caller,
    type_id: int,
    fields: Fields,
    vault: Vault,
    expected: Expected,
    now: float,
) -> Whole:
    """Changes what ``fields`` names; a changed template is then to be told to its devices."""
    before = get(tx, caller, vault, type_id)
    expected.check(before.type.tag)
    _check(tx, before.type, fields)
    held = _held(before)
    changed = {name: value for name, value in fields.items() if value != held.get(name, ...)}
    if not changed:
        return before
    records.update(tx, type_id, now, _columns(changed, vault))
    if "parameters" in changed:
        _set_template(tx, type_id, changed["parameters"], vault)
    if {"parameters", "update_frequency"} & changed.keys():
        records.roll_out(
            tx,
            type_id,
            notifies=_notifications(before.template)
            != _notifications(changed.get("parameters", before.template)),
            tells_interval="update_frequency" in changed,
        )
    _record(tx, caller, "change", type_id, changed, now)
    return get(tx, caller, vault, type_id)


def _notifications(template: Sequence[Setting]) -> Mapping[str, int]:
    """What is wanted, by path."""
    return {each.path: each.notification for each in template if each.notification is not None}


def _held(found: Whole) -> dict[str, Any]:
    """What a change is compared with."""
    names = {"short_name", "name", *DEFAULTS} - {"parameters", "services"}
    plain = {name: getattr(found.type, _COLUMNS.get(name, name)) for name in names}
    return {**plain, "parameters": tuple(found.template), "services": found.services}


def _check(tx: Transaction, before: DeviceType | None, fields: Fields) -> None:
    complaints = Complaints()
    short_name, image_id = fields.get("short_name"), fields.get("firmware_image")
    other = records.by_short_name(tx, short_name) if short_name else None
    if other is not None and (before is None or other.id != before.id):
        complaints.about("short_name", taken("device type", "short name"))
    if image_id is not None and firmware_records.by_id(tx, image_id) is None:
        complaints.about("firmware_image", no_such(image_id))
    complaints.raise_any()
    settings.check(fields.get("parameters", ()), "parameters")


def _columns(fields: Fields, vault: Vault) -> dict[str, Any]:
    columns: dict[str, Any] = {
        _COLUMNS.get(name, name): None if value == "" and name in _BLANK_IS_NONE else value
        for name, value in fields.items()
        if name != "parameters"
    }
    if "services" in columns:
        columns["services"] = json.dumps(services.seal(columns["services"], vault))
    sealed = {name: vault.seal(columns[name]) for name in _PASSWORDS if columns.get(name)}
    return columns | sealed


def _set_template(tx: Transaction, type_id: int, template: Sequence[Setting], vault: Vault) -> None:
    records.set_template(tx, type_id, [settings.seal(setting, vault) for setting in template])


def detach_some(
    tx: Transaction, _caller: Caller, type_id: int, vault: Vault, expected: Expected, now: float
) -> bool:
    """Takes the type from some of its devices, before it is deleted; whether more may be."""
    expected.check(_existing(tx, type_id).tag)
    detached = records.detach(tx, type_id, DETACHED_AT_ONCE)
    for device_id in detached:
        configuration.review(tx, device_id, vault, now)
    return len(detached) == DETACHED_AT_ONCE


def delete(tx: Transaction, caller: Caller, type_id: int, expected: Expected, now: float) -> None:
    found = _existing(tx, type_id)
    expected.check(found.tag)
    records.delete(tx, type_id)
    _record(tx, caller, "delete", type_id, {"short_name": found.short_name}, now)


def _record(
    tx: Transaction, caller: Caller, action: str, type_id: int, fields: Fields, now: float
) -> None:
    details = {
        name: [setting.path for setting in value] if name == "parameters" else value
        for name, value in fields.items()
        if name not in {"services", *_PASSWORDS}
    }
    details |= dict.fromkeys({"services", *_PASSWORDS} & fields.keys(), "changed")
    audit.record(tx, caller, action, "device type", type_id, None, "done", details, now)
