"""A device has shown itself: one unit from its Inform to the row.

The unit finds the device's record (or registers it), checks who it is, records what it told, ends
operations that waited for what has happened, and makes the new session the only one that may speak
for the device. Where anything is refused, nothing at all is recorded. An Inform that tells nothing
new costs two statements.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inventory import (
    admission,
    applying,
    awaited,
    configuration,
    credentials,
    enrolment,
    parameter_key,
    reachability,
    transfers,
)
from inventory.admission import Shared
from inventory.credentials import Pair
from inventory.errors import RegistrationRefused, Unauthenticated, WrongCredentials
from inventory.matching import match_type
from inventory.operations import DAY_S, RETRY_S
from inventory.parameter_key import Keys
from inventory.records import devices as device_records
from inventory.records import log, settings
from inventory.records import operations as operation_records
from inventory.records import sightings as records
from inventory.refusals import LOGGED_S
from inventory.secrets import Vault
from inventory.sightings import Event, Sighting
from inventory.store import Row, Transaction
from inventory.values import Model, forget, keep_told, pack_reported

# Events that come and go without anything having happened.
QUIET_EVENTS = frozenset({"2 PERIODIC", "6 CONNECTION REQUEST", "3 SCHEDULED", "14 HEARTBEAT"})
MAX_BOOTSTRAPS_A_DAY = 3
RESETS_TOO_OFTEN = "reset more than three times today: its settings are not applied again by itself"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator has decided about devices in general; intervals are in seconds."""

    vault: Vault
    shared: Shared | None = None
    auto_register: bool = True
    interval_s: int = 300
    get_batch: int = 32
    retry_s: float = RETRY_S  # before an unanswered request is tried again; longer each time


@dataclass(frozen=True, slots=True)
class Seen:
    """What the session must know of the device that opened it."""

    device_id: int
    name: str
    session_id: str
    model: Model
    root: str | None
    get_batch: int
    has_work: bool
    is_active: bool = True
    debug: bool = False
    is_new: bool = False
    came_from: str | None = None  # where it was before, when that is not where it is now
    ended: tuple[int, ...] = ()  # operations that reached their end here


def record_sighting(
    tx: Transaction,
    sighting: Sighting,
    session_id: str,
    policy: Policy,
    now: float,
    *,
    may_register: bool = True,
) -> Seen:
    """Raises Unauthenticated or RegistrationRefused; nothing is recorded then."""
    row = records.known(tx, sighting.unique_identifier)
    if row is not None and _is_quiet(row, sighting) and _is_open(row, policy):
        records.touch(tx, row["id"], session_id, _spell(sighting.events), now)
        return _seen(row, sighting, session_id, policy, bool(row["has_work"]))
    if row is None:
        row = _recognise(tx, sighting, policy, now)
    if row is None:
        return _register(tx, sighting, session_id, policy, now, may_register=may_register)
    _admit(tx, row, sighting, policy, now)
    if not _is_quiet(row, sighting):
        return _record(tx, row, sighting, session_id, policy, now)
    records.touch(tx, row["id"], session_id, _spell(sighting.events), now)
    return _seen(row, sighting, session_id, policy, bool(row["has_work"]))


def _is_open(row: Row, policy: Policy) -> bool:
    return row["password"] is None and row["type_password"] is None and policy.shared is None


def _is_quiet(row: Row, sighting: Sighting) -> bool:
    return (
        row["told"] == sighting.told
        and bool(row["is_up"])
        and QUIET_EVENTS.issuperset([event.code for event in sighting.events])
        and parameter_key.is_settled(_keys(row), sighting.parameter_key)
    )


def _keys(row: Row) -> Keys:
    keeps = row["keeps_key"]
    return Keys(
        row["key_confirmed"],
        row["key_outstanding"],
        row["key_reported"],
        None if keeps is None else bool(keeps),
        row["drift_since"],
    )


def _spell(events: Sequence[Event]) -> str:
    return ",".join([f"{event.code}:{event.command_key}" for event in events])


def _seen(
    row: Row,
    sighting: Sighting,
    session_id: str,
    policy: Policy,
    has_work: bool,
    is_new: bool = False,
    came_from: str | None = None,
    ended: Sequence[int] = (),
) -> Seen:
    return Seen(
        device_id=row["id"],
        name=row["name"],
        session_id=session_id,
        model=_model(row, sighting),
        root=sighting.root or row["root"],
        get_batch=row["get_batch"] or policy.get_batch,
        has_work=has_work,
        is_active=bool(row["is_active"]),
        debug=bool(row["debug"]),
        is_new=is_new,
        came_from=came_from,
        ended=tuple(ended),
    )


def _model(row: Row, sighting: Sighting) -> Model:
    return Model(
        sighting.manufacturer,
        sighting.oui,
        sighting.product_class,
        sighting.software_version or row["software_version"] or "",
    )


def _origin(row: Row, sighting: Sighting) -> str | None:
    if row["address"] is None:
        return None
    url = sighting.connection_request_url or row["connection_request_url"]
    before = place(row["address"], row["connection_request_url"])
    return None if before == place(sighting.address, url) else before


def place(address: str, connection_request_url: str | None) -> str:
    """Where a device is: the address that we see, and the one that it sees."""
    return f"{address} {connection_request_url or ''}"


# --- Who is it? ------------------------------------------------------------------------------


def _recognise(tx: Transaction, sighting: Sighting, policy: Policy, now: float) -> Row | None:
    """A pre-registered record that is meant: by serial number, else by its own HTTP user name."""
    rows = records.preregistered(tx, sighting.serial_number, sighting.oui, sighting.product_class)
    if len(rows) != 1 and sighting.proof is not None and sighting.proof.username:
        rows = [
            row
            for row in records.by_username(tx, sighting.proof.username)
            if sighting.proof.verify(policy.vault.open(row["password"]))
        ]
    if len(rows) != 1:
        if sighting.proof is None and records.awaits_by_username(tx):
            raise Unauthenticated("it may be one that is known by its user name")
        return None
    records.adopt_identity(
        tx,
        rows[0]["id"],
        now,
        type_id=_matching_type(tx, sighting),
        **_identity(sighting),
    )
    return records.by_id(tx, rows[0]["id"])


def _admit(tx: Transaction, row: Row, sighting: Sighting, policy: Policy, now: float) -> None:
    is_bootstrap = sighting.has("0 BOOTSTRAP")
    admitted = admission.admit(
        row,
        sighting.proof,
        policy.vault,
        policy.shared,
        is_bootstrap=is_bootstrap,
        is_reset_expected=is_bootstrap
        and bool(row["has_work"])
        and awaited.expects_reset(tx, row["id"]),
        is_approved=is_bootstrap
        and row["onboarding_password"] is not None
        and device_records.onboarding_is_approved(tx, row["id"]),
        is_being_onboarded=row["onboarded"] is not None
        and now - row["onboarded"] < admission.ONBOARDING_S,
    )
    if admitted.by_new_password:
        device_records.forget_previous_credentials(tx, row["id"])
        device_records.end_onboarding(tx, row["id"])
    by_factory_pair = admitted.by_onboarding or admitted.by_recent_onboarding
    if by_factory_pair:
        _note_onboarding(tx, row["id"], now, is_renewed=admitted.by_onboarding)
    if is_bootstrap and (by_factory_pair or admitted.by_older_password):
        _restore_credentials(tx, row, sighting, policy, now)


def _note_onboarding(tx: Transaction, device_id: int, now: float, *, is_renewed: bool) -> None:
    """Only policy or a person begins the hour anew: the hour itself would never end otherwise."""
    if is_renewed:
        device_records.take_onboarding(tx, device_id, now)
    if device_records.may_log_onboarding(tx, device_id, now, LOGGED_S):
        log.add(tx, device_id, "alert", "let in by its type's onboarding credentials", now)


def _restore_credentials(
    tx: Transaction, row: Row, sighting: Sighting, policy: Policy, now: float
) -> None:
    """A reset device would be refused later on, by what is demanded of it.

    It gets back what is its own alone; where it has nothing of its own it is given that now. Else
    whoever knows a published factory pair could ask for what the whole fleet shares.
    """
    demanded = admission.demand(row, policy.vault, policy.shared)
    if demanded is None:
        return
    root = sighting.root or row["root"]
    if row["password"] is None:
        credentials.give_own(tx, row["id"], root, policy.vault, now)
        log.add(tx, row["id"], "event", "given a user name and password of its own", now)
        return
    pair = Pair(demanded.username, demanded.password)
    credentials.restore(tx, row["id"], root, pair, policy.vault, now)


def _matching_type(tx: Transaction, sighting: Sighting) -> int | None:
    return match_type(
        tx,
        sighting.manufacturer,
        sighting.oui,
        sighting.product_class,
        sighting.software_version,
        sighting.hardware_version,
    )


def _identity(sighting: Sighting) -> dict[str, str]:
    return {
        "unique_identifier": sighting.unique_identifier,
        "manufacturer": sighting.manufacturer,
        "oui": sighting.oui,
        "product_class": sighting.product_class,
        "serial_number": sighting.serial_number,
    }


def _register(
    tx: Transaction,
    sighting: Sighting,
    session_id: str,
    policy: Policy,
    now: float,
    *,
    may_register: bool,
) -> Seen:
    """A new record with all that the device has told, and its enrolment."""
    if not policy.auto_register:
        raise RegistrationRefused("registration is off")
    if not may_register:
        raise RegistrationRefused("too many registrations")
    username, password = enrolment.credentials(policy.vault)
    device_id = records.register(
        tx,
        now,
        uuid=str(uuid.uuid4()),
        name=_free_name(tx, sighting.unique_identifier),
        type_id=_matching_type(tx, sighting),
        key_reported=sighting.parameter_key,
        request_username=username,
        request_password=password,
        **_identity(sighting),
        **_told(sighting, policy.vault),
    )
    records.add_presence(
        tx,
        device_id,
        session_id,
        last_events=_spell(sighting.events),
        told=sighting.told,
        interval_s=sighting.interval_s or policy.interval_s,
        now=now,
    )
    row = records.by_id(tx, device_id)
    assert row is not None
    try:
        _admit(tx, row, sighting, policy, now)
    except WrongCredentials:  # of no device: the record is undone with this
        raise Unauthenticated("wrong credentials") from None
    enrolment.begin(tx, device_id, now, whole=True)
    applying.apply_anew(tx, device_id, policy.vault, now)
    log.add(tx, device_id, "event", "registered", now, {"address": sighting.address})
    log.add(tx, device_id, "status", "Up", now)
    _note_hiding(tx, row["id"], None, row["connection_request_url"], sighting.address, now)
    _record_events(tx, device_id, sighting, now)
    return _seen(row, sighting, session_id, policy, has_work=True, is_new=True)


def _free_name(tx: Transaction, unique_identifier: str) -> str:
    """The identifier itself, unless a person gave that very name to another device."""
    name, number = unique_identifier, 1
    while records.name_is_taken(tx, name):
        number += 1
        name = f"{unique_identifier} ({number})"
    return name


# --- What did it tell? -----------------------------------------------------------------------


def _record(
    tx: Transaction, row: Row, sighting: Sighting, session_id: str, policy: Policy, now: float
) -> Seen:
    device_id = row["id"]
    keys = _keys(row)
    is_reset = sighting.has("0 BOOTSTRAP") and parameter_key.shows_reset(
        keys, sighting.parameter_key
    )
    _record_keys(tx, device_id, keys, sighting, now, is_reset=is_reset)
    if row["told"] != sighting.told:
        _record_told(tx, row, sighting, policy.vault, now)
    records.appear(
        tx,
        device_id,
        session_id,
        last_events=_spell(sighting.events),
        told=sighting.told,
        interval_s=sighting.interval_s or row["interval_s"],
        now=now,
    )
    ended: Sequence[int] = ()
    if row["has_work"]:
        ended = awaited.resolve(tx, device_id, sighting, now, is_reset=is_reset)
    if sighting.has("0 BOOTSTRAP"):
        _enrol(tx, row, sighting, policy, now, is_reset=is_reset)
    if row["told"] != sighting.told or is_reset:
        told = [each.path for each in sighting.parameters()]
        configuration.confirm_told(tx, device_id, told, policy.vault, now)
    if not row["is_up"]:
        log.add(tx, device_id, "status", "Up", now)
    _record_events(tx, device_id, sighting, now, row["last_events"])
    has_work = operation_records.has_open(tx, device_id)
    origin = _origin(row, sighting)
    return _seen(row, sighting, session_id, policy, has_work, came_from=origin, ended=ended)


def _record_keys(
    tx: Transaction, device_id: int, keys: Keys, sighting: Sighting, now: float, *, is_reset: bool
) -> None:
    if is_reset:
        after = parameter_key.after_reset(keys, sighting.parameter_key)
    else:
        after = parameter_key.after_inform(keys, sighting.parameter_key, now)
    if keys.outstanding is not None and after.confirmed == keys.outstanding:
        awaited.mark_applied(tx, device_id, keys.outstanding)
    if after != keys:
        records.update_keys(
            tx,
            device_id,
            confirmed=after.confirmed,
            outstanding=after.outstanding,
            reported=after.reported,
            keeps=after.keeps,
            drift_since=after.drift_since,
            is_foreign=not is_reset and parameter_key.is_foreign(keys, sighting.parameter_key),
            is_reset=is_reset,
        )


def _record_told(tx: Transaction, row: Row, sighting: Sighting, vault: Vault, now: float) -> None:
    if sighting.software_version != row["software_version"]:
        transfers.see_version(tx, row["id"], sighting.software_version, now)
    keep_told(tx, vault, row["id"], _model(row, sighting), sighting.parameters())
    records.update_told(tx, row["id"], manufacturer=sighting.manufacturer, **_told(sighting, vault))
    url = row["connection_request_url"]
    before = reachability.hidden_host(url, row["address"])
    url = sighting.connection_request_url or url
    _note_hiding(tx, row["id"], before, url, sighting.address, now)


def _note_hiding(
    tx: Transaction, device_id: int, before: str | None, url: str | None, address: str, now: float
) -> None:
    """A device that has come to be behind NAT cannot be called any more."""
    host = reachability.hidden_host(url, address)
    if host is not None and before is None:
        details = {"url_host": host, "address": address}
        log.add(tx, device_id, "alert", "behind NAT", now, details)


def _told(sighting: Sighting, vault: Vault) -> dict[str, Any]:
    return {
        "root": sighting.root,
        "protocol": sighting.protocol,
        "address": sighting.address,
        "software_version": sighting.software_version,
        "hardware_version": sighting.hardware_version,
        "connection_request_url": sighting.connection_request_url,
        "inform_values": pack_reported(sighting.parameters(), vault.is_secret),
    }


def _enrol(
    tx: Transaction,
    row: Row,
    sighting: Sighting,
    policy: Policy,
    now: float,
    *,
    is_reset: bool,
) -> None:
    """Everything anew after a reset, at most three times a day; else credentials alone."""
    whole = is_reset
    repeats = sighting.retry_count > 0 and "0 BOOTSTRAP:" in row["last_events"].split(",")
    if is_reset and not repeats:
        forget(tx, row["id"])
        day = int(now // DAY_S)
        count = 1 + (row["bootstrap_count"] if row["bootstrap_day"] == day else 0)
        records.set_bootstraps(tx, row["id"], day, count)
        whole = count <= MAX_BOOTSTRAPS_A_DAY
        settings.forget_found_except(tx, row["id"], ())
        if not whole:
            log.add(tx, row["id"], "alert", RESETS_TOO_OFTEN, now)
    enrolment.require(tx, row["id"], policy.vault, now, whole=whole)
    if whole:
        applying.apply_anew(tx, row["id"], policy.vault, now)


def _record_events(
    tx: Transaction, device_id: int, sighting: Sighting, now: float, last_events: str = ""
) -> None:
    """One line per thing that happened; an Inform that is repeated tells nothing twice."""
    told_before = set(last_events.split(",")) if sighting.retry_count else set()
    for event in sighting.events:
        if event.code in QUIET_EVENTS or f"{event.code}:{event.command_key}" in told_before:
            continue
        details = {"command_key": event.command_key} if event.command_key else None
        log.add(tx, device_id, "event", event.code, now, details)
    if sighting.has("1 BOOT") and not sighting.retry_count:
        records.set_boot(tx, device_id, now)
