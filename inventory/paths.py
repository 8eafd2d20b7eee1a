"""Which parameters are meant (names, partial paths, wildcards), and the order to show them in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_COMPONENT = r"[^.]+"
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a caller asked for."""

    names: frozenset[str]
    objects: tuple[str, ...]  # partial paths: everything below
    rules: tuple[re.Pattern[str], ...]
    heads: tuple[str, ...]  # the object that each rule begins with

    @property
    def is_exact(self) -> bool:
        """Nothing but names was asked for."""
        return not self.objects and not self.rules

    def has(self, path: str) -> bool:
        return (
            path in self.names
            or path.startswith(self.objects)
            or any(rule.fullmatch(path) for rule in self.rules)
        )


def select(paths: Sequence[str]) -> Selection:
    """Nothing, or an empty path, means everything.

    A ``*`` that is a whole component stands for one component (``SSID.*.Enable``), any other one
    for any characters, dots included (``Device.WiFi.*``, ``*MACAddress``).
    """
    wild = [path for path in paths if "*" in path]
    plain = [path for path in paths if "*" not in path]
    partial = [path for path in plain if not path or path.endswith(".")]
    return Selection(
        names=frozenset(plain).difference(partial),
        objects=tuple(partial) if paths else ("",),
        rules=tuple(map(_rule, wild)),
        heads=tuple(path[: path.rfind(".", 0, path.index("*")) + 1] for path in wild),
    )


def _rule(path: str) -> re.Pattern[str]:
    """A pattern that never tries one text in two ways: paths and patterns come from strangers."""
    fixed = re.sub(r"(^|\.)\*(?=\.)", "\\1\0", path + "*" * path.endswith("."))
    first, *further = [
        re.escape(part).replace("\0", _COMPONENT) for part in re.split(r"\*+", fixed)
    ]
    if not further:
        return re.compile(first)
    *inner, last = further
    return re.compile(first + "".join(f"(?>.*?{part})" for part in inner) + ".*" + last, re.DOTALL)


def natural(path: str) -> str:
    """A key that sorts instance numbers as numbers."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(10), path)
