"""What a device is to be like: the template of its type, and its own settings above it.

A wanted value is *pending* until the parameter cache shows that the device has it. Values are
compared as the device's types mean them: ``1`` and ``true`` are one boolean, ``07`` and ``7`` one
number. Secret values are sealed in the store, and in clear only here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inventory.complaints import Complaints
from inventory.records.types import Line
from inventory.secrets import Vault

PATH = re.compile(r"(?:InternetGateway)?Device\.(?:[^\s.*]+\.)*[^\s.*]+")
MAX_PATH = 256  # A.3.2.2
MOST = 2000  # settings of a device or type


@dataclass(frozen=True, slots=True)
class Setting:
    """A wanted parameter, in clear. Without a value only its notification is wanted."""

    path: str
    value: str | None
    value_type: str | None = None
    notification: int | None = None


def check(settings: Sequence[Setting], field: str) -> None:
    """Raises Invalid, under the field, for what no device could be asked to hold."""
    complaints = Complaints()
    seen: set[str] = set()
    for setting in settings:
        if len(setting.path) > MAX_PATH or not PATH.fullmatch(setting.path):
            complaints.about(field, f'"{setting.path}" is not the full name of a parameter.')
        if setting.path in seen:
            complaints.about(field, f'"{setting.path}" is given more than once.')
        if setting.value is None and setting.notification is None:
            complaints.about(field, f'"{setting.path}" has neither value nor notification.')
        seen.add(setting.path)
    complaints.raise_any()


def seal(setting: Setting, vault: Vault) -> Line:
    """The setting as it may be stored."""
    is_sealed = setting.value is not None and vault.is_secret(setting.path)
    return Line(
        path=setting.path,
        value=None if is_sealed else setting.value,
        sealed=vault.seal(setting.value) if is_sealed and setting.value is not None else None,
        value_type=setting.value_type,
        notification=setting.notification,
    )


def reveal(line: Line, vault: Vault) -> Setting:
    value = line.value if line.sealed is None else vault.open(line.sealed)
    return Setting(line.path, value, line.value_type, line.notification)


def overlaid(template: Sequence[Setting], own: Sequence[Setting]) -> Mapping[str, Setting]:
    """The wanted settings by path, in order: a device's own value stands above its type's, and
    leaves the notification and the type of the value that it does not tell."""
    merged = {setting.path: setting for setting in template}
    merged.update((setting.path, _above(merged.get(setting.path), setting)) for setting in own)
    return dict(sorted(merged.items()))


def _above(line: Setting | None, own: Setting) -> Setting:
    if line is None:
        return own
    notification = line.notification if own.notification is None else own.notification
    return replace(own, value_type=own.value_type or line.value_type, notification=notification)


def is_same(wanted: str, held: str, value_type: str | None) -> bool:
    """Whether the device's value is the wanted one, as the type means it."""
    if wanted == held:
        return True
    kind = (value_type or "").rpartition(":")[2]
    if kind == "boolean":
        return _truth(wanted) is not None and _truth(wanted) == _truth(held)
    if kind in {"int", "integer", "unsignedInt", "long", "unsignedLong"}:
        return _number(wanted) is not None and _number(wanted) == _number(held)
    return False


def _truth(text: str) -> bool | None:
    return {"1": True, "true": True, "0": False, "false": False}.get(text.strip().lower())


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,30}\s*", text) else None
