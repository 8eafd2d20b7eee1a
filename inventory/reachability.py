"""Where a device takes connection requests, and what became of the last one."""

from dataclasses import dataclass, field

from inventory.records import reachability as records
from inventory.secrets import Vault
from inventory.store import Transaction


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """How to call a device: its own URL and credentials, the newest password first."""

    url: str
    address: str | None
    username: str
    passwords: tuple[str, ...] = field(repr=False)
    allow_basic: bool = False


def whereabouts(tx: Transaction, device_id: int, vault: Vault) -> Whereabouts | None:
    """None when the device is unknown or has told no URL."""
    row = records.target(tx, device_id)
    if row is None or not row["connection_request_url"]:
        return None
    sealed = (row["request_password"], row["previous_request_password"])
    return Whereabouts(
        url=row["connection_request_url"],
        address=row["address"],
        username=row["request_username"] or "",
        passwords=tuple(vault.open(password) for password in sealed if password),
        allow_basic=bool(row["allow_basic"]),
    )


def report(tx: Transaction, device_id: int, outcome: str, detail: str, now: float) -> None:
    """Keeps what became of a connection request; the one before is forgotten."""
    records.keep_outcome(tx, device_id, outcome, detail, now)


def prove_newest(tx: Transaction, device_id: int) -> None:
    """The device has taken its newest password: the older one is of no use any more."""
    records.forget_previous(tx, device_id)
