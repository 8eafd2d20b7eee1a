"""``acs key``: the key of what is sealed in the database."""

import time
from pathlib import Path

import click

from acs.cli import options, units
from acs.cli.units import OPERATOR, Office
from inventory import audit, keys
from inventory.keys import Tally
from inventory.secrets import Vault


@click.group("key")
def command() -> None:
    """Change the key that passwords are sealed with."""


@command.command()
@click.option("--resume", is_flag=True, help="Add no key: go on with the newest one.")
@options.where
def rotate(resume: bool, db: Path | None, config: Path | None) -> None:
    """Add a key, and seal with it whatever older keys have sealed.

    It may be broken off and gone on with (--resume), and the server may run. Older keys stay in the
    file, for backups need them, and so does what a running server seals until it learns of the new
    one.
    """
    settings = options.settings(db, config)
    storage = settings.storage
    options.must_exist(storage.path)

    async def work(office: Office) -> Tally:
        vault = office.setup.vault
        if not resume:
            vault = Vault.rotate(storage.key_path, storage.secret_names)
        tally = await keys.reseal(office.store, vault)
        told = {"sealed": tally.sealed, "unreadable": tally.unreadable}
        word, key = "resume" if resume else "rotate", storage.key_path.name
        await office.store.write(
            audit.record, OPERATOR, word, "key", key, None, "done", told, time.time()
        )
        return tally

    tally = units.run_in_office(settings, work)
    click.echo(f"{tally.sealed} sealed anew")
    if tally.unreadable:
        raise click.ClickException(f"{tally.unreadable} could be opened by no key of the file.")
