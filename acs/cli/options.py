"""What several commands take: where the settings stand, and which database is meant."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from acs.config import ConfigurationError, Settings, load, unknown_variables

FORMS = ("csv", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")

Command = TypeVar("Command", bound=Callable[..., Any])


class HostAndPort(click.ParamType[dict[str, Any]]):
    """``HOST:PORT``, ``[IPV6]:PORT`` or ``:PORT``; the host may be left out, the port not."""

    name = "host:port"
    _form = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^:\[\]]*)):(?P<port>[0-9]{1,5})")

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        found = self._form.fullmatch(value)
        if found is None or int(found["port"]) > 65_535:
            self.fail(
                f"{value!r} is not HOST:PORT (an IPv6 address stands in brackets)", param, ctx
            )
        host = found["v6"] or found["host"]
        return {"port": int(found["port"])} | ({"host": host} if host else {})


def form(command: Command) -> Command:
    """Adds ``--format``."""
    return click.option(
        "--format", "form", type=click.Choice(FORMS), help="Default: by the file's name, else CSV."
    )(command)


def form_of(file: str, form: str | None) -> str:
    """What ``--format`` says, else the file's name."""
    return form or ("json" if file.lower().endswith((".json", ".jsonl")) else "csv")


def where(command: Command) -> Command:
    """Adds ``--db`` and ``--config``."""
    database = click.option(
        "--db", type=click.Path(path_type=Path, dir_okay=False), help="Database file."
    )
    config = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="ACS_CONFIG",
        show_envvar=True,
        help="TOML file of settings.",
    )
    return database(config(command))


def must_exist(database: Path) -> None:
    """For commands that have nothing to do with a new database."""
    if not database.is_file():
        raise click.ClickException(f"There is no database {database}.")


def settings(db: Path | None, config: Path | None, **flags: Mapping[str, Any] | None) -> Settings:
    """The settings of this call; what is wrong with them goes to the terminal, with exit code 2."""
    given: dict[str, Any] = {section: values for section, values in flags.items() if values}
    if db is not None:
        given["storage"] = {"path": db}
    for name in unknown_variables():
        click.echo(f"warning: {name} names no setting, and is ignored", err=True)
    try:
        return load(given, config)
    except ConfigurationError as error:
        click.echo(f"The settings cannot be used:\n{error}", err=True)
        sys.exit(2)
