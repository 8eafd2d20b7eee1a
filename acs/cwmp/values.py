"""Values of parameters, their xsd types, and the paths that name them (TR-106 3.2, TR-069 A.2).

A value is kept as the raw text of the wire; this module answers questions about such texts and
changes none that came from a device. 64-bit numbers stay text or ``int``. Types go by the local
name of their xsd type (``"unsignedInt"``).
"""

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime

from acs.cwmp import messages

UNKNOWN_TIME = messages.UNKNOWN_TIME
INFINITE_TIME = "9999-12-31T23:59:59Z"

ROOTS = ("Device.", "InternetGatewayDevice.")
MAX_PATH = 256  # TR-069 A.3.2: string(256), for names and paths everywhere

INTEGER_RANGES: dict[str, tuple[int, int]] = {
    "int": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedLong": (0, 2**64 - 1),
}
TYPES = frozenset(
    {"string", "boolean", "dateTime", "base64Binary", "hexBinary", "decimal", *INTEGER_RANGES}
)

BooleanLiterals = tuple[str, str]  # how a device writes (false, true)
DIGITS: BooleanLiterals = ("0", "1")
WORDS: BooleanLiterals = ("false", "true")

_CANONICAL = {name.lower(): name for name in TYPES} | {
    "base64": "base64Binary",
    "bool": "boolean",
    "integer": "int",
    "short": "int",
    "byte": "int",
    "unsignedshort": "unsignedInt",
    "unsignedbyte": "unsignedInt",
    "nonnegativeinteger": "unsignedInt",
    "uint": "unsignedInt",
    "double": "decimal",
    "float": "decimal",
}
_TYPE = re.compile(r"\s*+(?:[\w.-]*+:)?+([A-Za-z0-9]*+)")

_TRUE = frozenset({"1", "true", "yes", "on", "enabled", "enable"})
_FALSE = frozenset({"0", "false", "no", "off", "disabled", "disable"})

# A name, an instance number, an alias (A.2.1, since 1.3) or a wildcard (A6). Names of real devices
# hold hyphens too. A segment must not run into the next, so nothing here can backtrack.
_SEGMENT = r"(?:[^\W\d][\w-]*+|\d++|\[[^\[\]\x00-\x20]{1,64}+\]|\*)"
_PATH = re.compile(rf"[^\W\d][\w-]*+(?:\.{_SEGMENT})*+\.?+")

# What XML 1.0 cannot carry, not even as a character reference.
NO_XML_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*+")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_CTIME = "%a %b %d %H:%M:%S %Y"  # CurrentTime of some clients: C's ctime()
_FIRST_CALENDAR_YEAR = 1000  # earlier years count from the boot (TR-106 3.2)


# --- Types -----------------------------------------------------------------------------------


def normal_type(xsi_type: str) -> str:
    """The local name of a type as devices write it: ``"xsd:unsignedint"``, ``"string(256)"``.

    ``"string"`` for the empty, the unknown (``xsd:json``) and the meaningless (``object``).
    """
    found = _TYPE.match(xsi_type)
    return _CANONICAL.get(found.group(1).lower(), "string") if found else "string"


def check(value: str, type: str) -> None:
    """Raises ValueError, with a reason for people, when ``value`` is no ``type``."""
    if NO_XML_CHARACTER.search(value):
        raise ValueError("a character that XML cannot carry")
    if type in INTEGER_RANGES:
        _check_integer(value, type)
    elif type not in TYPES:
        raise ValueError(f"{type!r} is not a type of CWMP")
    elif type in _LEXICAL and not _LEXICAL[type](value):
        raise ValueError(f"{_shown(value)} is not a {type}")


def to_wire(value: str, type: str, boolean_literals: BooleanLiterals = DIGITS) -> str:
    """A checked value in the form that devices understand.

    Booleans in the device's own literals, times without fractions of a second (rejected by some)
    and in UTC when no zone was given, integers without sign or zeros in front.
    """
    if type == "boolean":
        flag = parse_boolean(value)
        return value if flag is None else boolean_literals[flag]
    if type in INTEGER_RANGES and _INTEGER.fullmatch(value):
        return str(int(value))
    if type == "dateTime" and (time := _TIME.fullmatch(value)):
        return f"{value[:19]}{time.group(7) or _implied_zone(value)}"
    return value


def parse_boolean(text: str) -> bool | None:
    """True or False for every spelling seen (``1``, ``TRUE``, ``Enabled``); ``None`` for none."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


def parse_datetime(text: str) -> datetime | None:
    """The moment that a device's time names, in UTC; a time without a zone is taken as UTC.

    ``None`` for what is no moment: the unknown and the infinite time, times since the boot (years
    before 1000), garbage. Never raises.
    """
    moment = _parse_iso(text.strip()) or _parse_ctime(text.strip())
    if moment is None or not _FIRST_CALENDAR_YEAR <= moment.year < 9999:
        return None
    return moment.astimezone(UTC)


def is_time(text: str) -> bool:
    """True for a lexically right ``xsd:dateTime`` of a possible date."""
    found = _TIME.fullmatch(text)
    if not found:
        return False
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    try:
        datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return False
    return _is_zone(found.group(7))


def _check_integer(value: str, type: str) -> None:
    low, high = INTEGER_RANGES[type]
    if not _INTEGER.fullmatch(value):
        raise ValueError(f"{_shown(value)} is not a whole number")
    if not low <= int(value) <= high:
        raise ValueError(f"{_shown(value)} is outside {low} to {high}")


def _is_base64(value: str) -> bool:
    try:
        b64decode("".join(value.split()), validate=True)
    except ValueError:
        return False
    return True


_LEXICAL: dict[str, Callable[[str], bool]] = {
    "boolean": lambda value: value in (*DIGITS, *WORDS),
    "dateTime": is_time,
    "base64Binary": _is_base64,
    "hexBinary": lambda value: _HEX.fullmatch(value) is not None,
    "decimal": lambda value: _DECIMAL.fullmatch(value) is not None,
}


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else f"{value[:40]}…")


def _is_zone(zone: str | None) -> bool:
    if zone is None or zone == "Z":
        return True
    minutes = int(zone[1:3]) * 60 + int(zone[4:])
    return int(zone[4:]) < 60 and minutes <= 14 * 60


def _implied_zone(value: str) -> str:
    # A time since the boot has no zone, and would become another thing with one.
    return "" if int(value[:4]) < _FIRST_CALENDAR_YEAR else "Z"


def _parse_iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        return None


def _parse_ctime(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _CTIME).replace(tzinfo=UTC)
    except ValueError:
        return None


# --- Paths -----------------------------------------------------------------------------------


def is_partial(path: str) -> bool:
    """True for an object's path, which ends in a dot; the empty path means everything."""
    return not path or path.endswith(".")


def root_of(path: str) -> str | None:
    """``"Device."`` or ``"InternetGatewayDevice."``; ``None`` for a path under neither."""
    for root in ROOTS:
        if path.startswith(root):
            return root
    return None


def section_of(path: str) -> str:
    """The first two levels: ``Device.WiFi.`` of ``Device.WiFi.SSID.1.SSID``.

    A parameter that stands directly under the root belongs to the root's own section.
    """
    first = path.find(".") + 1
    second = path.find(".", first) + 1
    return path[: second or first]


def check_path(path: str) -> None:
    """Raises ValueError, with a reason, when ``path`` names no parameter or object.

    The empty path, CWMP's word for everything, is none: many devices cannot bear it.
    """
    if not path:
        raise ValueError("an empty path")
    if len(path) > MAX_PATH:
        raise ValueError(f"a path of more than {MAX_PATH} characters")
    if not _PATH.fullmatch(path):
        raise ValueError(f"{_shown(path)} is not a parameter path")
