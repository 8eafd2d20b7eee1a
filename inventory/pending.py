"""What still waits for a device, in the documented words and order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inventory import configuration, operations
from inventory.operations import Kind
from inventory.records import operations as operation_records
from inventory.records.devices import WAITING, Device
from inventory.secrets import Vault
from inventory.store import Transaction

FIRMWARE = "firmware_update"
SETTING = "configuration_change"
OPERATIONS = {
    Kind.DOWNLOAD: FIRMWARE,
    Kind.REBOOT: "reboot_pending",
    Kind.FACTORY: "factory_pending",
    Kind.DEVICE_FACTORY: "device_factory_pending",
    Kind.SYNC: "configuration_sync",
    Kind.RECONF: "reconfiguration",
}
ORDER = (*OPERATIONS.values(), SETTING)


@dataclass(frozen=True, slots=True)
class Item:
    """One waiting thing; of a setting also its values, in clear."""

    kind: str
    since: float
    operation_id: int | None = None
    parameter: str | None = None
    current: str | None = None
    wanted: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    device: Device
    items: Sequence[Item]

    @property
    def config_changes(self) -> int:
        return sum(item.kind == SETTING for item in self.items)

    @property
    def firmware_update(self) -> bool:
        return FIRMWARE in _words(self.device)


def settings(device: Device) -> str | None:
    """The words, comma-separated; None when nothing waits."""
    return ",".join(_words(device)) or None


def _words(device: Device) -> list[str]:
    states = {
        FIRMWARE: device.firmware_image_is_pending,
        "reboot_pending": device.reboot_wanted is not None,
        "configuration_sync": device.drift_since is not None,
        SETTING: device.settings_pending is not None,
    }
    found = {word for word, holds in states.items() if holds}
    found |= {word for kind, word in OPERATIONS.items() if device.waiting & WAITING[kind]}
    return [word for word in ORDER if word in found]


def details(tx: Transaction, device: Device, vault: Vault) -> Details:
    """One by one, in the order of the words."""
    queued = list(_operations(tx, device))
    items = [*queued, *_states(device, queued), *_settings(tx, device, vault)]
    return Details(device, sorted(items, key=lambda item: ORDER.index(item.kind)))


def _operations(tx: Transaction, device: Device) -> Iterator[Item]:
    for row in operation_records.open_kinds(tx, device.id, OPERATIONS):
        operation = operations.read(row)
        is_of_image = operation.kind is not Kind.DOWNLOAD or "firmware_image" in operation.request
        if is_of_image and not operation.is_recurring:  # of which only the runs wait
            yield Item(OPERATIONS[operation.kind], operation.created, operation.id)


def _states(device: Device, queued: Sequence[Item]) -> Iterator[Item]:
    """What no operation is queued for, yet or any more."""
    if device.firmware_image_is_pending and not any(item.kind == FIRMWARE for item in queued):
        yield Item(FIRMWARE, device.last_change)  # its Download has failed
    if device.reboot_wanted is not None:
        yield Item("reboot_pending", device.reboot_wanted)
    if device.drift_since is not None:
        yield Item("configuration_sync", device.drift_since)


def _settings(tx: Transaction, device: Device, vault: Vault) -> Iterator[Item]:
    for each in configuration.wanted(tx, device, vault):
        if each.is_pending:
            yield Item(
                SETTING,
                each.changed,
                parameter=each.setting.path,
                current=None if each.held is None else each.held.value,
                wanted=each.setting.value,
            )
