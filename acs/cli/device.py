"""``acs device``: the inventory's devices, under the same rules as over the API."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from acs.cli import options, units
from acs.cli.columns import moment, table
from acs.cli.units import OPERATOR, Office
from api.models import body_of
from api.resources import device_models, operation_models
from api.resources.device_models import DevicePatch, DevicesQuery
from api.resources.operation_models import OrderByName
from inventory import devices, portrait
from inventory.actions import orders, placing, viewing
from inventory.devices import Changed, Family, Key
from inventory.names import names_of
from inventory.operations import State
from inventory.query import ANY_VERSION
from inventory.records.devices import Device

SOON_S = 1.0
"""An order is due so long after it is given: a running server finds it, and calls the device."""
LOOK_S = 0.5
_HEADINGS = ("NAME", "STATUS", "LAST INFORM", "ADDRESS", "PRODUCT", "SOFTWARE", "PENDING")


@click.group("device")
def command() -> None:
    """See, change and order about devices."""


@command.command("list")
@click.option("--search", help="A part of name, serial number, address or customer id.")
@click.option("--status", type=click.Choice(["up", "down"]), help="Of this status alone.")
@click.option("--organization", metavar="ID", help="Of this organization alone.")
@click.option("--type", "type_", metavar="ID", help="Of this type alone.")
@click.option("--pending/--not-pending", default=None, help="Those for which something waits.")
@click.option("--ordering", help="name, last_connection, status_change, created; each also with -.")
@click.option("--limit", default=100, show_default=True, help="How many at most (1000).")
@click.option("--offset", default=0, help="How many to pass over.")
@click.option("--json", "as_json", is_flag=True, help="All fields, an object in each line.")
@options.where
def list_(as_json: bool, db: Path | None, config: Path | None, **given: Any) -> None:
    """List devices, by id."""
    given["type"] = given.pop("type_")
    named = {name: value for name, value in given.items() if value is not None}

    async def work(office: Office) -> None:
        query = body_of(DevicesQuery, named)
        page = await office.store.read(
            devices.page, OPERATOR, query.filter, query.order, query.window
        )
        if as_json:
            for device in page.items:
                click.echo(json.dumps(_shown(device, office), ensure_ascii=False))
            return
        for line in table(_HEADINGS, [_row(device) for device in page.items]):
            click.echo(line)
        click.echo(f"{len(page.items)} of {page.count}", err=True)

    _in_office(work, db, config)


@command.command()
@click.argument("name")
@options.where
def show(name: str, db: Path | None, config: Path | None) -> None:
    """Print all that is known of a device, as JSON; secret settings are among what waits for it."""

    async def work(office: Office) -> None:
        vault, names = office.setup.vault, names_of(office.store)
        drawn = await office.store.read(
            portrait.draw, OPERATOR, _key(name), vault, names, with_details=True
        )
        whole = device_models.shown_whole(
            drawn, lambda _path, value: value, office.setup.interval_s, time.time()
        )
        click.echo(json.dumps(whole.model_dump(mode="json"), indent=2, ensure_ascii=False))

    _in_office(work, db, config)


@command.command("set")
@click.argument("name")
@click.argument("changes", metavar="FIELD=VALUE...", nargs=-1, required=True)
@options.where
def set_(name: str, changes: tuple[str, ...], db: Path | None, config: Path | None) -> None:
    """Change fields of a device; an empty VALUE is null, and "password=-" asks for it.

    What the device itself must be told is queued; it learns of it at its next Inform.
    """
    fields = {field: value or None for field, value in map(_pair, changes)}
    if fields.get("password") == "-":
        fields["password"] = click.prompt("Password", hide_input=True, err=True)

    async def work(office: Office) -> None:
        before = await office.store.read(devices.get, OPERATOR, _key(name))
        given = body_of(DevicePatch, fields).given()
        changed: Changed = await office.store.write(
            devices.change,
            OPERATOR,
            _key(name),
            given,
            office.setup,
            ANY_VERSION,
            time.time(),
        )
        is_same = changed.device.version == before.version
        click.echo(f"{changed.device.name}: {'unchanged' if is_same else 'changed'}")

    _in_office(work, db, config)


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.where
def delete(name: str, yes: bool, db: Path | None, config: Path | None) -> None:
    """Delete a device with its history; it registers anew when it Informs again."""

    async def work(office: Office) -> None:
        device = await office.store.read(devices.get, OPERATOR, _key(name))
        if not yes:
            click.confirm(f"Delete {device.name}?", abort=True)
        key = Key(Family.ID, device.id)
        while await office.store.write_later(
            devices.delete_some_history, OPERATOR, key, ANY_VERSION, time.time()
        ):
            pass
        await office.store.write(devices.delete, OPERATOR, key, ANY_VERSION, time.time())
        click.echo(f"{device.name} is deleted.")

    _in_office(work, db, config)


@command.command()
@click.argument("name")
@click.argument("word", metavar="OPERATION")
@click.argument("variables", metavar="[PATH|PATH=VALUE]...", nargs=-1)
@click.option(
    "--parameter", "parameters", metavar="NAME=VALUE", multiple=True, help="Of the operation."
)
@click.option("--wait", type=click.FloatRange(0), default=0.0, help="Seconds to wait for its end.")
@options.where
def operation(
    name: str,
    word: str,
    variables: tuple[str, ...],
    parameters: tuple[str, ...],
    wait: float,
    db: Path | None,
    config: Path | None,
) -> None:
    """Queue an operation (get, set, reboot, sync ...) and print its key.

    A running server calls the device at once. Exit status 1 when it has failed within --wait.
    """
    body = {
        "name": name,
        "operation": word,
        "variables": [_variable(each) for each in variables],
        "parameters": dict(map(_pair, parameters)),
    }

    async def work(office: Office) -> None:
        report = await _place(office, body_of(OrderByName, body))
        click.echo(report.operation.key)
        if wait:
            await _tell_end(office, report.operation.id, time.monotonic() + wait)

    _in_office(work, db, config)


async def _place(office: Office, body: OrderByName) -> viewing.Report:
    order = orders.make(
        body.kind,
        body.asked,
        body.parameters.values,
        body.parameters.echo,
        office.setup.vault,
        timeout_s=body.parameters.timeout_s,
        file=body.parameters.file,
        task=body.parameters.task,
    )
    now = time.time()
    order = replace(order, due=now + SOON_S)
    return await office.store.write(placing.queue, OPERATOR, body.keys[0], order, now)


async def _tell_end(office: Office, operation_id: int, until: float) -> None:
    """Prints the operation with its result; a failed one is an error."""
    eyes = operation_models.Eyes("", viewing.unsealing(OPERATOR, office.setup.vault))
    while True:
        reference = viewing.Reference(id=operation_id)
        report = await office.store.read(viewing.get, OPERATOR, reference)
        if report.operation.is_final or time.monotonic() >= until:
            break
        await asyncio.sleep(LOOK_S)
    shown = operation_models.shown(report, eyes).model_dump(mode="json")
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    if report.operation.is_final and report.operation.state is not State.COMPLETED:
        raise click.ClickException(f"{report.operation.key} {report.operation.state}")


def _in_office(work: units.Work[None], db: Path | None, config: Path | None) -> None:
    settings = options.settings(db, config)
    options.must_exist(settings.storage.path)
    units.run_in_office(settings, work)


def _key(name: str) -> Key:
    return Key(Family.NAME, name)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{text!r} is not NAME=VALUE")
    return name, value


def _variable(text: str) -> dict[str, str]:
    """``PATH``, or ``PATH=VALUE``, where the value may be empty."""
    path, equals, value = text.partition("=")
    return {"variable_name": path} | ({"value": value} if equals else {})


def _shown(device: Device, office: Office) -> Any:
    return device_models.shown(device, office.setup.interval_s).model_dump(mode="json")


def _row(device: Device) -> Sequence[str]:
    shown = device_models.shown(device, 0)
    cells = (shown.address, shown.product_class, shown.software_version, shown.pending_settings)
    return (device.name, shown.status, moment(device.last_inform), *(cell or "-" for cell in cells))
