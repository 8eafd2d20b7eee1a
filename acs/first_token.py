"""The way in after the first start: an admin token, shown once.

It goes to the terminal, or where there is none into a file that only its owner reads, beside the
database; it is in no log.
"""

import os
import sys
from pathlib import Path

from inventory import access
from inventory.access import Role
from inventory.store import Store, Transaction

NAME = "admin"


async def ensure(store: Store, given: str | None, beside: Path, now: float) -> str | None:
    """Makes the token when the store has none; returns what to tell the operator of it.

    ``given`` is a secret that he chose himself and so knows; ``beside`` is the database's path.
    """
    if await store.read(access.has_tokens):
        return None
    secret = given or access.new_secret()
    # Told before it is valid: a crash between the two leaves no token that nobody knows.
    news = None if given else _hand_over(secret, beside.with_name(beside.name + ".token"))
    await store.write(_create, secret, now)
    return news


def _create(tx: Transaction, secret: str, now: float) -> None:
    if not access.has_tokens(tx):
        access.create_token(tx, NAME, Role.ADMIN, None, None, now, None, secret)


def _hand_over(secret: str, file: Path) -> str:
    if sys.stdout.isatty():
        return f"Admin token, shown this once: {secret}"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        os.fchmod(handle.fileno(), 0o600)  # a file that was there keeps its mode otherwise
        handle.write(f"{secret}\n")
    return f"Admin token: in {file} (move it to a safe place)"
