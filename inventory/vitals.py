"""What a device's cached parameters say of its state: how long it runs, and its interfaces."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from inventory.parameters import HeldValue
from inventory.paths import Selection, natural

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400

_UPTIME = "DeviceInfo.UpTime"
# The objects that stand for a physical interface.
_OBJECTS = {
    "Device.": (
        "Ethernet.Interface.*.",
        "WiFi.Radio.*.",
        "DSL.Line.*.",
        "Optical.Interface.*.",
        "Cellular.Interface.*.",
    ),
    "InternetGatewayDevice.": (
        "LANDevice.*.LANEthernetInterfaceConfig.*.",
        "LANDevice.*.WLANConfiguration.*.",
        "WANDevice.*.WANEthernetInterfaceConfig.",
        "WANDevice.*.WANDSLInterfaceConfig.",
    ),
}
_FIELDS = ("Name", "Status", "CurrentBitRate", "MaxBitRate")


@dataclass(frozen=True, slots=True)
class Interface:
    name: str
    status: str | None
    speed: str | None


@dataclass(frozen=True, slots=True)
class Vitals:
    uptime: str | None
    interfaces: Sequence[Interface]


@cache
def selection(root: str | None) -> Selection:
    """The parameters to recall, of the device's data model, as one rule: it is asked of each."""
    objects = _OBJECTS.get(root or "", ())
    spelled = "|".join(re.escape(each).replace(r"\*", "[0-9]+") for each in objects)
    return Selection(
        names=frozenset([f"{root}{_UPTIME}"]),
        objects=(),
        rules=(re.compile(f"{re.escape(root or '')}(?:{spelled})(?:{'|'.join(_FIELDS)})"),),
        heads=tuple(f"{root}{each.partition('*')[0]}" for each in objects),
    )


def vitals(held: Sequence[HeldValue]) -> Vitals:
    uptime = next((each.value for each in held if each.path.endswith(_UPTIME)), "")
    return Vitals(_spoken(uptime), list(_interfaces(held)))


def _spoken(seconds: str) -> str | None:
    """``15 days, 8 hours, 22 minutes``."""
    if not re.fullmatch(r"[0-9]{1,12}", seconds):
        return None
    total = int(seconds)
    parts = {
        "day": total // DAY_S,
        "hour": total % DAY_S // HOUR_S,
        "minute": total % HOUR_S // MINUTE_S,
    }
    return ", ".join(f"{n} {unit}{'' if n == 1 else 's'}" for unit, n in parts.items())


def _interfaces(held: Sequence[HeldValue]) -> Iterator[Interface]:
    found: dict[str, dict[str, str]] = {}
    for each in held:
        if each.path.endswith(_UPTIME):
            continue
        place, _, name = each.path.rpartition(".")
        found.setdefault(place, {})[name] = each.value
    for place in sorted(found, key=natural):
        values = found[place]
        named = values.get("Name") or place.partition(".")[2]
        yield Interface(named, values.get("Status"), _speed(values))


def _speed(values: Mapping[str, str]) -> str | None:
    """Both are in Mbit/s; a maximum may be ``Auto`` or -1."""
    given = values.get("CurrentBitRate") or values.get("MaxBitRate")
    if not given or given == "-1":
        return None
    return f"{given} Mbit/s" if given.isdecimal() else given
