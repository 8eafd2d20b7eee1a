"""``acs serve``: the ACS and its API in one process."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import click

from acs import app
from acs.cli import options
from acs.cli.options import HostAndPort
from acs.cli.units import UNUSABLE
from acs.config import LogSettings


@click.command("serve")
@click.option("--cwmp", type=HostAndPort(), help="Where CPEs connect (default 0.0.0.0:7547).")
@click.option("--api", type=HostAndPort(), help="Where the API listens (default 127.0.0.1:8080).")
@click.option("--log-level", type=click.Choice(options.LOG_LEVELS), help="Least level logged.")
@options.where
def command(
    cwmp: dict[str, Any] | None,
    api: dict[str, Any] | None,
    log_level: str | None,
    db: Path | None,
    config: Path | None,
) -> None:
    """Run the server until it is told to stop (SIGTERM, SIGINT).

    Every setting has an environment variable ACS_... and a key in the TOML file too; flags beat
    the environment, and that beats the file. Port 0 picks a free port.
    """
    log = {"level": log_level} if log_level else None
    settings = options.settings(db, config, cwmp=cwmp, api=api, log=log)
    _log(settings.log)
    try:
        asyncio.run(app.serve(settings, announce=click.echo))
    except UNUSABLE as error:
        raise click.ClickException(f"The server cannot start: {error}") from None


def _log(settings: LogSettings) -> None:
    logging.basicConfig(
        level=settings.level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # It tells the parameters of each statement, passwords among them.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
