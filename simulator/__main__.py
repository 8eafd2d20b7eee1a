"""The command ``cpe-sim``."""

import asyncio
import contextlib
import resource
import signal
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import click

from simulator import arrivals, mischief
from simulator.fleet import Fleet, Plan
from simulator.informing import NAMESPACES
from simulator.listener import Listener
from simulator.timing import Pace
from simulator.tree import load

PROGRESS_S = 2


@click.group()
def main() -> None:
    """Simulated CPEs: devices that speak CWMP to an ACS."""


@main.command()
@click.option("--acs-url", required=True, help="Where the CPEs call, e.g. http://host:7547/acs.")
@click.option("--count", default=1, show_default=True, type=click.IntRange(1), help="How many.")
@click.option(
    "--model",
    "models",
    multiple=True,
    default=["tr181-gateway"],
    show_default=True,
    help="A data model file (CSV or JSON) or tr181-gateway, tr098-gateway; several take turns.",
)
@click.option("--serial-prefix", default="SIM", show_default=True)
@click.option("--oui", default="00D09E", show_default=True)
@click.option("--product-class", default="SimGateway", show_default=True)
@click.option("--cwmp-version", type=click.Choice(list(NAMESPACES)), default="1.2")
@click.option("--interval", type=click.IntRange(1), help="Seconds between periodic Informs.")
@click.option("--username", help="HTTP user toward the ACS.")
@click.option("--password", help="HTTP password toward the ACS.", envvar="CPE_SIM_PASSWORD")
@click.option(
    "--arrival", type=click.Choice(list(arrivals.KINDS)), default="steady", show_default=True
)
@click.option(
    "--over", default=10.0, show_default=True, help="Seconds within which all have arrived."
)
@click.option("--duration", type=float, help="Seconds to run; without it until interrupted.")
@click.option(
    "--connection-request",
    metavar="HOST:PORT",
    default="127.0.0.1:0",
    show_default=True,
    help="Where the CPEs listen for connection requests.",
)
@click.option("--speed", default=1.0, show_default=True, help="How much faster things take.")
@click.option(
    "--mischief", "misdeeds", multiple=True, help="See `cpe-sim mischief`; may be repeated."
)
@click.option("--ca", type=click.Path(exists=True, path_type=Path), help="CA file for https.")
@click.option("--seed", type=int, help="Makes chance repeatable.")
def run(
    acs_url: str,
    count: int,
    models: tuple[str, ...],
    serial_prefix: str,
    oui: str,
    product_class: str,
    cwmp_version: str,
    interval: int | None,
    username: str | None,
    password: str | None,
    arrival: str,
    over: float,
    duration: float | None,
    connection_request: str,
    speed: float,
    misdeeds: tuple[str, ...],
    ca: Path | None,
    seed: int | None,
) -> None:
    """Runs COUNT CPEs against an ACS, then tells how it went.

    Exits with 1 when every session failed.
    """
    plan = Plan(
        acs_url,
        count,
        models,
        serial_prefix,
        oui,
        product_class,
        username,
        password,
        cwmp_version,
        interval,
        misdeeds,
        Pace(speed=speed),
    )
    _check(plan)
    host, port = _address(connection_request)
    tls = ssl.create_default_context(cafile=str(ca)) if ca else None
    random = Random(seed)  # noqa: S311 - jitter, nothing secret
    when = list(arrivals.KINDS[arrival](count, over, random))
    fleet = asyncio.run(_run(plan, when, Listener(host, port), tls, random, duration))
    if fleet.summary.failures == fleet.summary.sessions > 0:
        raise SystemExit(1)


@main.command("mischief")
def list_mischief() -> None:
    """Lists misdeeds and the profiles made of them."""
    for name, kind in sorted(mischief.KINDS.items()):
        click.echo(f"{name:24}{(kind.__doc__ or '').splitlines()[0]}")
    click.echo()
    for name, parts in sorted(mischief.PROFILES.items()):
        click.echo(f"{name:24}{', '.join(parts)}")


async def _run(
    plan: Plan,
    when: list[float],
    listener: Listener,
    tls: ssl.SSLContext | None,
    random: Random,
    duration_s: float | None,
) -> Fleet:
    _allow_many_sockets()
    async with listener:
        fleet = Fleet(plan, random, listener, tls)
        began = time.monotonic()
        async with _reporting(fleet, began):
            await _until_over(fleet, when, duration_s)
        for line in fleet.summary.lines(time.monotonic() - began):
            click.echo(line)
        await fleet.stop()
    return fleet


async def _until_over(fleet: Fleet, when: list[float], duration_s: float | None) -> None:
    """Until the time is up or somebody interrupts."""
    over = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, over.set)
    start = asyncio.create_task(fleet.start(when))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), duration_s)
    start.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await start


@contextlib.asynccontextmanager
async def _reporting(fleet: Fleet, began: float) -> AsyncIterator[None]:
    """A line of progress every few seconds, on stderr."""

    async def report() -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            elapsed_s = time.monotonic() - began
            click.echo(
                f"{elapsed_s:6.0f} s  {fleet.arrived}/{len(fleet.cpes)} up, "
                f"{fleet.summary.line(elapsed_s)}",
                err=True,
            )

    task = asyncio.create_task(report())
    try:
        yield
    finally:
        task.cancel()


def _check(plan: Plan) -> None:
    """Whatever is wrong with the arguments is said before anything starts."""
    try:
        for model in plan.models:
            load(model)
        for text in plan.mischief:
            mischief.parse(text)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from error


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise click.UsageError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _allow_many_sockets() -> None:
    """As many open files as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
