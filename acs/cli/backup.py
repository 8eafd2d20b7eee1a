"""``acs backup``: a copy of the inventory, while the server may be at work."""

import sqlite3
import tarfile
from pathlib import Path

import click

from acs import archive
from acs.cli import options
from inventory.sqlite import backups

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("backup")
@click.argument("file", type=FILE)
@click.option("--whole", is_flag=True, help="A tar file with the key, images and uploads too.")
@options.where
def command(file: Path, whole: bool, db: Path | None, config: Path | None) -> None:
    """Write the present state of the database to FILE, for its owner's eyes alone.

    The key file and the folders of images and uploads are not in it, unless you ask for the whole:
    then it is a tar file, and who has it has the passwords.
    """
    storage = options.settings(db, config).storage
    options.must_exist(storage.path)
    try:
        if whole:
            archive.pack(storage, file)
        else:
            backups.backup(storage.path, file)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise click.ClickException(f"Nothing was written: {error}") from None
    if not whole:
        folders = f"{storage.image_folder} and {storage.upload_folder}"
        click.echo(f"Keep {storage.key_path} too: it opens the passwords.", err=True)
        click.echo(f"Firmware images and files of devices are in {folders}.", err=True)
