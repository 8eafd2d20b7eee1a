"""What a device is given when it registers and after each BOOTSTRAP.

Random connection-request credentials of its own, a periodic inform interval, and its phase, so that
the fleet's Informs are spread over the interval. The credentials are in the store, sealed, before
any byte of them leaves; the pair before stays valid until a connection request has proved the new.
"""

import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inventory import operations
from inventory.operations import Kind, Origin, Priority
from inventory.records import enrolment as records
from inventory.secrets import Vault
from inventory.store import Transaction

_PHASE_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The values to set on the device; the interval is in seconds."""

    username: str
    password: str
    interval_s: int
    phase: str


def credentials(vault: Vault) -> tuple[str, bytes]:
    """Fresh connection-request credentials: the user name, and the password sealed."""
    return f"acs{secrets.token_hex(4)}", vault.seal(secrets.token_urlsafe(18))


def require(tx: Transaction, device_id: int, vault: Vault, now: float, *, whole: bool) -> None:
    """Queues an enrolment with fresh credentials, unless one is still on its way.

    ``whole`` is False when only credentials are to be renewed.
    """
    if operations.open_of_kind(tx, device_id, Kind.ENROL) is not None:
        return
    username, password = credentials(vault)
    records.renew_request_credentials(tx, device_id, username, password)
    begin(tx, device_id, now, whole=whole)


def begin(tx: Transaction, device_id: int, now: float, *, whole: bool) -> None:
    """Queues an enrolment with the credentials that the device's record holds."""
    operations.queue(
        tx,
        device_id,
        Kind.ENROL,
        {"whole": whole},
        now,
        origin=Origin.SYSTEM,
        priority=Priority.ENROLMENT,
    )


def wanted(tx: Transaction, device_id: int, vault: Vault, default_interval_s: int) -> Enrolment:
    """What the device is to be given now."""
    row = records.wanted(tx, device_id)
    interval_s = row["update_frequency"] or row["type_update_frequency"] or default_interval_s
    return Enrolment(
        username=row["request_username"] or "",
        password=vault.open(row["request_password"]),
        interval_s=interval_s,
        phase=phase_of(row["unique_identifier"] or row["uuid"], interval_s),
    )


def phase_of(identity: str, interval_s: int) -> str:
    """A PeriodicInformTime that is the device's own within the interval (A.3.3, 3.7.1.3)."""
    offset = zlib.crc32(identity.encode()) % interval_s
    return (_PHASE_EPOCH + timedelta(seconds=offset)).strftime("%Y-%m-%dT%H:%M:%SZ")
