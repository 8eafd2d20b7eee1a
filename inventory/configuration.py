"""What each device is to be like, and what of it still waits.

Wanted are the settings of the device's type, as far as they are of the device's data model, and
above them its own. Current is what the parameter cache holds. What differs waits, until the device
is known to have it; what was set again and again in vain is set aside (``inventory.drift``): it
differs, and waits for nothing any more. What is queued to change that is in ``inventory.applying``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory import settings
from inventory.parameters import HeldValue
from inventory.paths import select
from inventory.query import EVERYTHING
from inventory.recalling import recall_in
from inventory.records import devices as device_records
from inventory.records import settings as records
from inventory.records import types as type_records
from inventory.records.devices import Device
from inventory.records.settings import Found, Own
from inventory.records.values import Model
from inventory.secrets import Vault
from inventory.settings import Setting
from inventory.store import Transaction


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wanted setting beside what the device has, and what the last looks at it have found."""

    setting: Setting
    is_own: bool
    changed: float
    held: HeldValue | None
    found: Found | None = None

    @property
    def differs(self) -> bool:
        """Whether the device is not known to have the wanted value."""
        wanted = self.setting.value
        if wanted is None:
            return False
        if self.held is None:
            return True
        value_type = self.held.value_type or self.setting.value_type
        return not settings.is_same(wanted, self.held.value, value_type)

    @property
    def is_set_aside(self) -> bool:
        """Whether the device was given this very value often enough, and shows another."""
        return self.found is not None and self.found.is_set_aside

    @property
    def is_pending(self) -> bool:
        """Whether the device is to get the value yet."""
        return self.differs and not self.is_set_aside


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that a device is to be like."""

    wanted: tuple[Wanted, ...]


def of_device(tx: Transaction, device_id: int, vault: Vault) -> Configuration:
    """For an operation that applies it."""
    device = device_records.by_id(tx, EVERYTHING, device_id)
    return Configuration(() if device is None else tuple(wanted(tx, device, vault)))


def drop_own(tx: Transaction, device_id: int) -> None:
    """Only the type's template counts from now on; the device's own settings are gone."""
    records.drop_own(tx, device_id)


def model_of(device: Device) -> Model:
    return Model(
        device.manufacturer or "",
        device.oui or "",
        device.product_class or "",
        device.software_version or "",
    )


def wanted(tx: Transaction, device: Device, vault: Vault) -> list[Wanted]:
    """All that is wanted of the device, by path, beside what it has."""
    template = _template(tx, device, vault)
    own = {each.path: each for each in records.own(tx, device.id)}
    merged = settings.overlaid(list(template), [revealed(each, vault) for each in own.values()])
    if not merged:
        return []
    held = _held(tx, device, list(merged), vault)
    found = records.found(tx, device.id)
    changed = _template_changed(tx, device) if template else 0.0
    times = {path: own[path].last_change if path in own else changed for path in merged}
    return [
        Wanted(
            setting,
            is_own=path in own,
            changed=times[path],
            held=held.get(path),
            found=_if_about(found.get(path), setting, times[path]),
        )
        for path, setting in merged.items()
    ]


def _if_about(found: Found | None, setting: Setting, changed: float) -> Found | None:
    """What was found counts for the value that was wanted then; of secrets the time tells which."""
    if found is None or setting.value is None:
        return None
    is_about = found.since >= changed if found.wanted is None else found.wanted == setting.value
    return found if is_about else None


def _template(tx: Transaction, device: Device, vault: Vault) -> Sequence[Setting]:
    if device.type_id is None:
        return ()
    lines = type_records.template(tx, device.type_id)
    return [
        settings.reveal(line, vault) for line in lines if line.path.startswith(device.root or "")
    ]


def _template_changed(tx: Transaction, device: Device) -> float:
    found = type_records.by_id(tx, device.type_id or 0)
    return found.last_change if found is not None else 0.0


def revealed(own: Own, vault: Vault) -> Setting:
    """A device's own setting, in clear."""
    value = own.value if own.sealed is None else vault.open(own.sealed)
    return Setting(own.path, value, own.value_type)


def _held(
    tx: Transaction, device: Device, paths: Sequence[str], vault: Vault
) -> Mapping[str, HeldValue]:
    if not paths or device.unique_identifier is None:
        return {}
    return {
        each.path: each for each in recall_in(tx, vault, device.id, model_of(device), select(paths))
    }


# --- What waits ------------------------------------------------------------------------------


def review(tx: Transaction, device_id: int, vault: Vault, now: float) -> Sequence[Wanted]:
    """Finds out anew what waits; after whatever may have changed what is wanted or what is held.

    What was found about values that are not wanted any more is forgotten.
    """
    device = device_records.by_id(tx, EVERYTHING, device_id)
    if device is None:
        return ()
    all_wanted = wanted(tx, device, vault)
    about = {each.setting.path for each in all_wanted if each.found is not None}
    records.forget_found_except(tx, device_id, about)
    records.set_pending(tx, device_id, any(each.is_pending for each in all_wanted), now)
    return all_wanted


def confirm(tx: Transaction, device_id: int, vault: Vault, now: float) -> None:
    """The same after the device has told or taken values, where something is wanted of it."""
    if records.has_wanted(tx, device_id) or records.is_pending(tx, device_id):
        review(tx, device_id, vault, now)


def confirm_told(
    tx: Transaction, device_id: int, paths: Sequence[str], vault: Vault, now: float
) -> None:
    """The same after an Inform that told these parameters."""
    if not records.wanted_paths(tx, device_id).isdisjoint(paths):
        review(tx, device_id, vault, now)
