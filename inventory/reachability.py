"""Where a device takes connection requests, and what became of the last one."""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from inventory.records import log
from inventory.records import reachability as records
from inventory.secrets import Vault
from inventory.store import Transaction

ANSWERED = frozenset({"accepted", "busy"})  # these two take turns, and nothing is wrong
_WORDS = {
    "refused": "refused with 401",
    "no_url": "no URL to call",
    "forbidden_url": "its URL leads somewhere else",
}

# Networks that lead nowhere from outside (RFC 1918, 3927, 4193, 4291, 6598).
LOCAL = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "169.254.0.0/16",
            "127.0.0.0/8",
            "fc00::/7",
            "fe80::/10",
            "::1/128",
        ),
    )
)


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
    """Keeps what became of a connection request; the one before is forgotten, and only a change
    is worth a line of the device's log."""
    before = records.outcome(tx, device_id)
    is_kept = records.keep_outcome(tx, device_id, outcome, detail, now)
    if is_kept and _is_news(before, outcome):
        kind = "event" if outcome in ANSWERED else "alert"
        details = {"outcome": outcome, "before": before, "detail": detail}
        text = f"connection request: {_WORDS.get(outcome, outcome)}"
        log.add(tx, device_id, kind, text, now, details)


def _is_news(before: str | None, outcome: str) -> bool:
    if outcome in ANSWERED:
        return before is not None and before not in ANSWERED
    return outcome != before


def prove_newest(tx: Transaction, device_id: int) -> None:
    """The device has taken its newest password: the older one is of no use any more."""
    records.forget_previous(tx, device_id)


def hidden_host(url: str | None, address: str | None) -> str | None:
    """The private address that a device listens at behind NAT; None where it is not behind one."""
    host = _host(url)
    is_hidden = host is not None and address and host != address and _is_local(host)
    return host if is_hidden else None


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


def _is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in LOCAL if network.version == address.version)
