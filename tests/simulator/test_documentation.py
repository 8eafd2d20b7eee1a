"""What docs/simulator.md says of misdeeds and devices is what there is."""

import re
from pathlib import Path

from simulator.mischief import KINDS, PROFILES

TEXT = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def rows(heading):
    """The first cells, and the rest, of the table after this heading."""
    table = TEXT.partition(heading)[2].lstrip().partition("\n\n")[0]
    return dict(re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.M))


def words(cell):
    return [word.partition(":")[0] for word in re.findall(r"`([^`]+)`", cell)]


def test_every_misdeed_is_documented_and_no_other():
    documented = [name for cell in rows("| name | a device that |\n") for name in words(cell)]
    assert sorted(documented) == sorted(KINDS)


def test_every_profile_is_documented_with_its_parts():
    documented = rows("| profile | consists of |\n")
    found = {
        words(name)[0]: tuple(re.findall(r"`([^`]+)`", parts)) for name, parts in documented.items()
    }
    assert found == dict(PROFILES)
