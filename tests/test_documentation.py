"""What a user can set, call or ask is documented, and what is documented is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from acs.cli import main
from acs.config import Settings, variable
from simulator.__main__ import main as cpe_sim

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "docs" / "settings.md"
COMMANDS = ROOT / "docs" / "commands.md"


def rows(section: type[BaseModel] = Settings, path: tuple[str, ...] = ()) -> Iterator[str]:
    """One row of the table for each setting."""
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from rows(inner, (*path, name))
        else:
            key = f"[{path[0]}] {name}" if path else name
            cells = f"`{variable((*path, name))}`", f"`{key}`", shown(field.default)
            yield f"| {' | '.join(cells)} | {field.description} |"


def shown(default: object) -> str:
    assert default is not PydanticUndefined
    if default is None or default == ():
        return ""
    assert not isinstance(default, SecretStr)
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


ALL_COMMANDS = [*commands(main, "acs"), *commands(cpe_sim, "cpe-sim")]


def test_the_table_of_settings_is_the_settings():
    head = "| environment | file | default | what it is |\n| --- | --- | --- | --- |\n"
    table = head + "\n".join(rows()) + "\n"
    text = SETTINGS.read_text()
    assert table in text, f"docs/settings.md should hold:\n\n{table}"


@pytest.mark.parametrize(("path", "command"), ALL_COMMANDS, ids=[path for path, _ in ALL_COMMANDS])
def test_every_command_and_option_is_documented(path, command):
    sections = re.split(r"^## ", COMMANDS.read_text(), flags=re.MULTILINE)
    (section,) = [text for text in sections if text.startswith(f"`{path}")]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert re.search(rf"`{parameter.opts[0]}\b", section), f"{parameter.opts[0]} of {path}"


def test_no_command_is_documented_that_is_not_there():
    documented = re.findall(
        r"^## `((?:acs|cpe-sim)[a-z -]*[a-z])", COMMANDS.read_text(), re.MULTILINE
    )
    assert sorted(documented) == sorted(path for path, _ in ALL_COMMANDS)


def test_every_target_of_make_says_what_it_is_for():
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    described = re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE)
    assert sorted(described) == sorted(phony.split())


def test_links_between_our_pages_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
