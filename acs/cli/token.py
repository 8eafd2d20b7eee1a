"""``acs token``: who may use the REST API."""

import re
import time
from pathlib import Path
from typing import Any

import click

from acs.cli import options, units
from acs.cli.columns import moment, table
from acs.cli.units import OPERATOR
from inventory import access, tokens
from inventory.access import Role, Token
from inventory.errors import NotFound
from inventory.query import ANY_VERSION, Page, Window
from inventory.store import Transaction

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PAGE = 500
_HEADINGS = ("ID", "NAME", "ROLE", "ORGANIZATIONS", "CREATED", "LAST USED", "STATE")


class Duration(click.ParamType[float]):
    """``90d``, ``12h`` and the like, in seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        found = re.fullmatch(r"([0-9]{1,9})([smhdw])", value)
        if found is None or not int(found[1]):
            self.fail(f"{value!r} is not a number and one of s, m, h, d, w (90d)", param, ctx)
        return float(int(found[1]) * _SECONDS[found[2]])


@click.group("token")
def command() -> None:
    """Make, list and revoke API tokens."""


@command.command()
@click.option("--name", required=True, help="Who or what it is for.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.ADMIN.value,
    show_default=True,
    help="What it may do.",
)
@click.option(
    "--organization",
    "organizations",
    type=int,
    multiple=True,
    metavar="ID",
    help="Bind it to this organization; may be given several times.",
)
@click.option("--expires", type=Duration(), metavar="90d", help="How long it is valid.")
@options.where
def create(
    name: str,
    role: str,
    organizations: tuple[int, ...],
    expires: float | None,
    db: Path | None,
    config: Path | None,
) -> None:
    """Print a new token; it is shown this once."""
    storage = options.settings(db, config).storage
    now, secret = time.time(), access.new_secret()
    until = None if expires is None else now + expires
    units.run(storage, tokens.issue, OPERATOR, name, Role(role), organizations, until, secret, now)
    click.echo(secret)


@command.command("list")
@options.where
def list_(db: Path | None, config: Path | None) -> None:
    """List all tokens, without their secrets."""
    storage = options.settings(db, config).storage
    now = time.time()
    found = units.run(storage, _all)
    for line in table(_HEADINGS, [_row(token, now) for token in found]):
        click.echo(line)


@command.command()
@click.argument("name_or_id", metavar="NAME|ID")
@options.where
def revoke(name_or_id: str, db: Path | None, config: Path | None) -> None:
    """End a token for good."""
    storage = options.settings(db, config).storage
    token = units.run(storage, _revoke, name_or_id, time.time())
    click.echo(f"Token {token.name} is revoked.")


def _all(tx: Transaction) -> list[Token]:
    found: list[Token] = []
    while True:
        page: Page[Token] = tokens.list_tokens(tx, OPERATOR, Window(_PAGE, len(found)))
        found += page.items
        if len(found) >= page.count:
            return found


def _revoke(tx: Transaction, name_or_id: str, now: float) -> Token:
    """A name goes before an id: it may consist of digits."""
    known = _all(tx)
    found = [t for t in known if t.name == name_or_id] or [
        t for t in known if str(t.id) == name_or_id
    ]
    if not found:
        raise NotFound("API token", name_or_id)
    tokens.revoke(tx, OPERATOR, found[0].id, ANY_VERSION, now)
    return found[0]


def _row(token: Token, now: float) -> tuple[str, ...]:
    bound = ",".join(map(str, sorted(token.organizations or ()))) or "all"
    return (
        str(token.id),
        token.name,
        token.role.value,
        bound,
        moment(token.created),
        moment(token.last_used),
        _state(token, now),
    )


def _state(token: Token, now: float) -> str:
    if token.revoked is not None:
        return f"revoked {moment(token.revoked)}"
    if token.expires is None:
        return "valid"
    return f"{'valid until' if token.is_valid(now) else 'expired'} {moment(token.expires)}"
