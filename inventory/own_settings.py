"""The settings that a device has of its own, above the template of its type."""

from collections.abc import Collection, Iterable, Sequence

from inventory import applying, configuration, devices, settings
from inventory.access import Caller
from inventory.configuration import Wanted
from inventory.devices import Changed, Key
from inventory.query import Expected
from inventory.records import settings as records
from inventory.records.settings import Own
from inventory.secrets import Vault
from inventory.settings import Setting
from inventory.store import Transaction


def change(
    tx: Transaction,
    caller: Caller,
    key: Key,
    given: Sequence[Setting],
    vault: Vault,
    expected: Expected,
    now: float,
    *,
    whole: bool,
    inherited: Collection[str] = (),
) -> Changed:
    """Sets the device's own settings and queues what differs then.

    A setting without a value is dropped; with ``whole`` so are those that are not given. One whose
    path is in ``inherited`` comes back as it was shown: it does not become the device's own unless
    its value was changed.
    """
    device = devices.get(tx, caller, key)
    expected.check(devices.tag(device))
    if inherited:
        given = _without_inherited(given, inherited, configuration.wanted(tx, device, vault))
    kept = [setting for setting in given if setting.value is not None]
    settings.check(kept, "variables")
    before = {each.path: configuration.revealed(each, vault) for each in records.own(tx, device.id)}
    news = [setting for setting in kept if before.get(setting.path) != setting]
    gone = _gone(before, given, whole)
    if not news and not gone:
        applying.send_missing(tx, device, vault, now, caller.name)
        return devices.state_of(tx, device.id)
    records.keep(tx, device.id, [_sealed(setting, vault, now) for setting in news])
    records.drop(tx, device.id, gone)
    applying.send_changes(tx, device, vault, now, caller.name)
    changed = sorted({*(setting.path for setting in news), *gone})
    return devices.touch(tx, caller, device, {"settings": changed}, now)


def _without_inherited(
    given: Sequence[Setting], inherited: Collection[str], wanted: Sequence[Wanted]
) -> list[Setting]:
    template = {(x.setting.path, x.setting.value) for x in wanted if not x.is_own}
    return [x for x in given if x.path not in inherited or (x.path, x.value) not in template]


def _gone(before: Iterable[str], given: Sequence[Setting], whole: bool) -> list[str]:
    dropped = {setting.path for setting in given if setting.value is None}
    named = {setting.path for setting in given}
    return [path for path in before if path in dropped or (whole and path not in named)]


def _sealed(setting: Setting, vault: Vault, now: float) -> Own:
    line = settings.seal(setting, vault)
    return Own(line.path, line.value, line.sealed, line.value_type, now)
