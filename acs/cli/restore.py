"""``acs restore``: a backup takes the place of the inventory."""

import tarfile
from pathlib import Path

import click

from acs import archive
from acs.cli import options, units
from acs.cli.units import UNUSABLE, Office
from inventory.sqlite import backups
from inventory.sqlite.backups import NotABackup


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask before a database is replaced.")
@options.where
def command(file: Path, yes: bool, db: Path | None, config: Path | None) -> None:
    """Put a backup, or a tar file of the whole, in place of the database.

    Refused while a server has the database open, and when the backup is damaged or was written by a
    newer version; the database is then what it was. Of a tar file, keys and files are added to
    those that are there.
    """
    settings = options.settings(db, config)
    storage = settings.storage
    if storage.path.exists() and not yes:
        click.confirm(f"Replace {storage.path}?", abort=True)
    storage.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if tarfile.is_tarfile(file):
            archive.unpack(file, storage)
        else:
            backups.restore(file, storage.path)
    except (*UNUSABLE, NotABackup, tarfile.TarError, EOFError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{storage.path} is as it was in {file}.", err=True)
    units.run_in_office(settings, _look)


async def _look(_office: Office) -> None:
    """Opening it shows whether the key file fits."""
