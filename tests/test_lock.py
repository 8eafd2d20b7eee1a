"""Every environment is made of tried versions: nothing that we need is left to chance."""

import re
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[1] / "constraints.txt"
ROOT = "cwmp-acs"


def pinned() -> dict[str, str]:
    lines = [line.split(";")[0].strip() for line in LOCK.read_text().splitlines()]
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): pin for name, pin in pins}


def needed() -> set[str]:
    """Everything that this interpreter installs for us, at any depth."""
    found: set[str] = set()
    waiting = [(ROOT, frozenset({"dev"}))]
    while waiting:
        name, extras = waiting.pop()
        for text in requires(name) or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker and not any(marker.evaluate({"extra": e}) for e in extras | {""}):
                continue
            key = canonicalize_name(requirement.name)
            if key not in found:
                found.add(key)
                waiting.append((requirement.name, frozenset(requirement.extras)))
    return found


def test_everything_that_is_installed_for_us_is_pinned():
    assert needed() - set(pinned()) == set()


def test_what_is_pinned_is_what_is_installed():
    pins = pinned()
    assert {name: version(name) for name in needed()} == {name: pins[name] for name in needed()}


def test_a_pin_names_no_place_to_fetch_from():
    for line in LOCK.read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(
            r"[a-z0-9-]+==[\w.]+( ; python_version [<>=]+ \"[\d.]+\")?", line
        )
