"""The parameter values of one device, as the inventory holds them, and what is wanted of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from inventory import configuration, devices
from inventory.access import Caller
from inventory.configuration import Wanted, model_of
from inventory.devices import Key
from inventory.names import Names
from inventory.parameters import HeldValue
from inventory.paths import natural, select
from inventory.query import Page, Window
from inventory.recalling import recall_in
from inventory.records.devices import Device
from inventory.secrets import Vault
from inventory.store import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Variable:
    """A value of the device, in clear: masking is the caller's."""

    device: Device
    held: HeldValue
    is_pending: bool
    """Another value is wanted."""


@dataclass(frozen=True, slots=True)
class WantedOf:
    """A wanted setting of the device."""

    device: Device
    wanted: Wanted


def page(
    tx: Transaction,
    caller: Caller,
    key: Key,
    names: Sequence[str],
    is_pending: bool | None,
    vault: Vault,
    store_names: Names,
    window: Window,
) -> Page[Variable]:
    """Those of exact names, partial paths and wildcards (none: all), by path."""
    device = devices.get(tx, caller, key)
    wanted = {each.setting.path: each for each in configuration.wanted(tx, device, vault)}
    held = recall_in(tx, vault, device.id, model_of(device), select(names), store_names)
    found = [Variable(device, each, _differs(wanted.get(each.path))) for each in held]
    return _window([each for each in found if is_pending in {None, each.is_pending}], window)


def _differs(wanted: Wanted | None) -> bool:
    return wanted is not None and wanted.differs


def wanted_page(
    tx: Transaction,
    caller: Caller,
    key: Key,
    is_pending: bool | None,
    vault: Vault,
    window: Window,
) -> Page[WantedOf]:
    """The device's wanted settings, of its type and of its own, by path."""
    device = devices.get(tx, caller, key)
    found = [WantedOf(device, each) for each in configuration.wanted(tx, device, vault)]
    found.sort(key=lambda each: natural(each.wanted.setting.path))
    return _window([each for each in found if is_pending in {None, each.wanted.differs}], window)


def _window(found: list[T], window: Window) -> Page[T]:
    return Page(found[window.offset : window.offset + window.limit], len(found))
