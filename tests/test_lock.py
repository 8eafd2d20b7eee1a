"""Every environment is made of tried versions: nothing that we need is left to chance."""

import re
import tomllib
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "constraints.txt"
# They make environments and come with them.
INSTALLERS = {"pip", "setuptools"}


def pinned() -> dict[str, str]:
    lines = [line.split(";")[0].strip() for line in LOCK.read_text().splitlines()]
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): pin for name, pin in pins}


def needed() -> set[str]:
    """Everything that this interpreter installs for us, at any depth."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    found: set[str] = set()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name in found | INSTALLERS or not applies(requirement, set()):
            continue
        found.add(name)
        inner = map(Requirement, requires(requirement.name) or [])
        waiting += [
            str(other).split(";")[0] for other in inner if applies(other, requirement.extras)
        ]
    return found


def applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})


def test_everything_that_is_installed_for_us_is_pinned():
    assert needed() - set(pinned()) == set()


def test_what_is_pinned_is_what_is_installed():
    pins = pinned()
    assert {name: version(name) for name in needed()} == {name: pins.get(name) for name in needed()}


def test_a_pin_names_no_place_to_fetch_from():
    for line in LOCK.read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(
            r"[a-z0-9-]+==[\w.]+( ; python_version [<>=]+ \"[\d.]+\")?", line
        )
