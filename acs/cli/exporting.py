"""``acs export``: all devices into a CSV or JSON file."""

import io
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from acs import tables
from acs.cli import options, units
from acs.cli.units import OPERATOR, Office
from api.resources.device_models import DeviceAnswer, shown
from inventory import devices

DEVICES_AT_ONCE = 500

# A single device's answer alone has these.
_OF_A_SINGLE_ONE = frozenset({"uptime", "interfaces", "pending_details"})
_KNOWN = frozenset(DeviceAnswer.model_fields) - _OF_A_SINGLE_ONE
FIELDS = tuple(
    name
    for name, field in DeviceAnswer.model_fields.items()
    if name in _KNOWN
    and not (isinstance(field.json_schema_extra, dict) and field.json_schema_extra)
)
"""What is written by default: the fields of the API without the copies under older names."""

_OF_THIS_SERVER = frozenset({"id", "uuid", "type", "firmware_image", "location"}) | {
    "firmware_image_is_pending"
}
PORTABLE = tuple(
    "organization_name" if name == "organization_id" else name
    for name in FIELDS
    if name not in _OF_THIS_SERVER
)
"""What another server can take in: names in place of ids, and no firmware images."""


class Fields(click.ParamType[Sequence[str]]):
    """Names of fields, separated by commas."""

    name = "name,…"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Sequence[str]:
        names: Sequence[str] = value.split(",") if isinstance(value, str) else value
        if unknown := [name for name in names if name not in _KNOWN]:
            self.fail(f"no such field: {', '.join(unknown)}", param, ctx)
        return names


@click.command("export")
@click.argument("file", default="-", type=click.Path(dir_okay=False, allow_dash=True))
@options.form
@click.option("--fields", type=Fields(), help="These alone, in this order.")
@click.option("--portable", is_flag=True, help="For another server: names in place of ids.")
@options.where
def command(
    file: str,
    form: str | None,
    fields: Sequence[str] | None,
    portable: bool,
    db: Path | None,
    config: Path | None,
) -> None:
    """Write all devices to FILE, or to standard output, with the fields of the API.

    Passwords are not among them. What is written can be taken in again by "acs import".
    """
    fields = fields or (PORTABLE if portable else FIELDS)
    writer_of = tables.WRITERS[options.form_of(file, form)]

    async def work(office: Office) -> int:
        count, after = 0, 0
        with _opened(file) as out:
            writer = writer_of(out, fields)
            while some := await office.store.read(devices.behind, OPERATOR, after, DEVICES_AT_ONCE):
                for device in some:
                    whole = shown(device, office.setup.interval_s).model_dump(mode="json")
                    writer.write({name: whole[name] for name in fields})
                count, after = count + len(some), some[-1].id
            writer.end()
        return count

    count = units.run_in_office(options.settings(db, config), work)
    click.echo(f"{count} devices", err=True)


@contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    """The file is there when it is whole; what it held before stays until then."""
    if file == "-":
        out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        yield out
        out.detach()
        return
    path = Path(file)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with part.open("x", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
