"""``acs import``: devices out of a CSV or JSON file."""

import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from acs import intake, tables
from acs.cli import options, units
from acs.cli.units import OPERATOR, Office
from acs.intake import Entry, Outcome, Verdict
from acs.tables import Row

ROWS_AT_ONCE = 40  # each takes some 0.2 ms, and a unit no more than ten


@click.command("import")
@click.argument(
    "name", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@options.form
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@options.where
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    form: str | None,
    dry_run: bool,
    db: Path | None,
    config: Path | None,
) -> None:
    """Take in devices from FILE (CSV or JSON; "-" is standard input).

    Rows are matched by name: new devices are made, and of known ones what differs is changed. Wrong
    rows are named with their line, and left out. Exit status 1 when there were any.
    """
    settings = options.settings(db, config)
    with click.open_file(name, "rb") as file:
        rows = tables.read(file, options.form_of(name, form))

        async def work(office: Office) -> Counter[Outcome]:
            tally: Counter[Outcome] = Counter()
            with _progress(name) as bar:
                async for verdict in _verdicts(office, rows, dry_run=dry_run):
                    tally[verdict.outcome] += 1
                    _complain(name, verdict)
                    if not bar.hidden:
                        bar.update(file.tell() - bar.pos)
            return tally

        tally = units.run_in_office(settings, work)
    told = ", ".join(f"{tally[outcome]} {outcome}" for outcome in Outcome)
    click.echo(f"{told}{' (dry run: nothing was kept)' if dry_run else ''}", err=True)
    ctx.exit(1 if tally[Outcome.REFUSED] else 0)


async def _verdicts(
    office: Office, rows: Iterator[Row], *, dry_run: bool
) -> AsyncIterator[Verdict]:
    """Some at a time. While the next ones are read, a server has the database for itself."""
    while entries := list(map(intake.read, islice(rows, ROWS_AT_ONCE))):
        for verdict in await _take(office, entries, dry_run=dry_run):
            yield verdict


async def _take(office: Office, entries: Sequence[Entry], *, dry_run: bool) -> Sequence[Verdict]:
    now = time.time()
    if not dry_run:
        return await office.store.write_later(intake.take, OPERATOR, entries, office.setup, now)
    try:
        await office.store.write_later(intake.rehearse, OPERATOR, entries, office.setup, now)
    except intake.Rehearsed as rehearsed:
        return rehearsed.verdicts
    raise AssertionError("a rehearsal has no other end")


def _complain(file: str, verdict: Verdict) -> None:
    for field, texts in verdict.errors.items():
        text = " ".join(texts) if isinstance(texts, list) else str(texts)
        click.echo(f"{file}:{verdict.line}: {field}: {text}", err=True)


def _progress(name: str) -> Any:
    """On a terminal, by how much of the file has been read."""
    is_seen = sys.stderr.isatty() and name != "-"
    length = Path(name).stat().st_size if is_seen else 0
    return click.progressbar(length=length, label="import", file=sys.stderr, hidden=not is_seen)
