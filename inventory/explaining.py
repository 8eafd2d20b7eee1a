"""Why is it not applied? What stands between what is wanted of a device and the device.

Reasons come from what is stored alone, the most decisive first: what stops everything, then what
keeps the device away, then what one operation waits for, then what the device has refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory import devices, pending, reachability
from inventory.access import Caller
from inventory.devices import Key
from inventory.operations import AGAIN, READING, State
from inventory.records import explaining as records
from inventory.records import operations as operation_records
from inventory.records import refusals as refusal_records
from inventory.records.devices import Device
from inventory.records.explaining import Called
from inventory.records.operations import OperationRow
from inventory.store import Transaction
from inventory.turns import NO_EMPTY_POST

GRACE_S = 30.0  # that TR-069 3.2.2 gives a device to follow a connection request
OVERDUE = 1.5  # intervals without an Inform, before anybody should wonder
ENDED = 50  # operations that are looked at for what the device has refused
SESSIONS = 20
UNDECIDED_S = 60.0  # after an Inform: its session may not have ended, and has left no record
LATELY_S = 3600.0
REPEATED = 2  # one session that breaks off is an accident
SHOWN = 100  # operations of a queue, parameters of a reason

_CALLS: Mapping[str, str] = {
    "busy": "The device answered the last connection request with 503: it is busy.",
    "refused": "The device refused the last connection request with 401.",
    "unreachable": "The device could not be reached by a connection request.",
    "unexpected": "The device answered the last connection request oddly.",
    "no_url": "The device has told no URL for connection requests.",
    "forbidden_url": "The device's URL for connection requests leads somewhere else.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    text: str
    since: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """An operation in the device's queue, and what it waits for."""

    position: int
    operation: OperationRow
    waits_for: str
    behind: str | None = None
    """The key of the operation that goes before it."""


@dataclass(frozen=True, slots=True)
class Explanation:
    device: Device
    called: Called | None
    queue: Sequence[Place]
    queue_length: int
    reasons: Sequence[Reason]
    waiting: str | None
    """What waits, in the words of ``pending_settings``."""

    @property
    def summary(self) -> str:
        is_waiting = bool(self.queue_length or self.waiting)
        if not is_waiting:
            return "Nothing waits for the device."
        first = self.reasons[0].text if self.reasons else "The device will be asked when it comes."
        count = self.queue_length
        what = f"{count} operation{'s' * (count != 1)}" if count else "What is wanted of it"
        return f"{what} wait{'s' * (count < 2)} for the device. {first}"


def explain(tx: Transaction, caller: Caller, key: Key, now: float) -> Explanation:
    """Raises NotFound or Ambiguous."""
    device = devices.get(tx, caller, key)
    called = records.called(tx, device.id)
    rows = operation_records.open_in_turn(tx, device.id)
    places = _places(rows, device, now)
    reasons = [
        *_halts(device),
        *_not_let_in(tx, device),
        *_absence(device, now),
        *_broken_sessions(tx, device, now),
        *_calls(device, called, now),
        *_turns(places),
        *_refusals(tx, device),
        *_differences(tx, device),
    ]
    waiting = pending.settings(device)
    return Explanation(device, called, places[:SHOWN], len(places), reasons, waiting)


# --- What stops everything -------------------------------------------------------------------


def _halts(device: Device) -> Iterator[Reason]:
    if not device.is_active:
        yield Reason("inactive", "The device is not active, so no operation runs on it.")
    if device.identity_conflict is not None:
        yield Reason(
            "identity_conflict",
            "Two devices claim this identity; nothing is changed on it until a person decides.",
            device.identity_conflict,
        )


# --- What keeps the device away --------------------------------------------------------------


def _not_let_in(tx: Transaction, device: Device) -> Iterator[Reason]:
    for found in refusal_records.standing(tx, device.id):
        details = {"count": found.count, "last": found.last, "address": found.address}
        if found.is_onboarding:
            text = (
                "The device asks to be let in by onboarding credentials, and its type's policy does"
                " not do that: approve_onboarding lets it in."
            )
            yield Reason("onboarding_refused", text, found.since, details)
        else:
            text = "The device was refused with 401: it shows wrong credentials."
            yield Reason("authentication_refused", text, found.since, details)


def _absence(device: Device, now: float) -> Iterator[Reason]:
    if device.last_inform is None:
        yield Reason("never_seen", "The device has never been seen.", device.created)
        return
    age_s = now - device.last_inform
    details = {"age": round(age_s), "interval": device.interval_s}
    told = f"its last Inform was {_spell(age_s)} ago, its interval is {_spell(device.interval_s)}"
    if not device.is_up:
        yield Reason("offline", f"The device is Down: {told}.", device.status_change, details)
    elif age_s > OVERDUE * device.interval_s:
        yield Reason("overdue", f"The device is late: {told}.", device.last_inform, details)


def _broken_sessions(tx: Transaction, device: Device, now: float) -> Iterator[Reason]:
    last_inform = device.last_inform or 0.0
    is_undecided = now - last_inform < UNDECIDED_S
    counts_from = last_inform - LATELY_S if is_undecided else now
    cut = records.cut_short(tx, device.id, NO_EMPTY_POST, SESSIONS, counts_from=counts_from)
    if cut is not None and cut.count >= REPEATED:
        yield Reason(
            "sessions_break_off",
            f"The last {cut.count} sessions of the device ended before it was our turn: it never "
            "sent its empty POST.",
            cut.since,
            {"sessions": cut.count},
        )


def _calls(device: Device, called: Called | None, now: float) -> Iterator[Reason]:
    last_inform = device.last_inform or 0.0
    if called is not None and called.outcome in _CALLS:
        text = f"{_CALLS[called.outcome]} It comes by itself every {_spell(device.interval_s)}."
        yield Reason(
            f"connection_request_{called.outcome}", text, called.time, {"detail": called.detail}
        )
    elif called is not None and last_inform < called.time < now - GRACE_S:
        text = "The device accepted the last connection request, but has not come since."
        yield Reason("connection_request_unanswered", text, called.time)
    host = reachability.hidden_host(device.connection_request_url, device.address)
    if host is not None:
        yield Reason(
            "behind_nat",
            f"The device is behind NAT: it listens at {host} and comes from {device.address}.",
            details={"url_host": host, "address": device.address},
        )


# --- What an operation waits for -------------------------------------------------------------


def _places(rows: Sequence[OperationRow], device: Device, now: float) -> list[Place]:
    """In the order of their turns; the recurring ones have none of their own."""
    places: list[Place] = []
    for row in rows:
        if row["awaits"] != AGAIN:
            behind = _before(row, rows, now)
            waits_for = f"{behind['kind']} ({behind['key']})" if behind else None
            told = waits_for or _wait(row, device, now)
            key = behind["key"] if behind else None
            places.append(Place(len(places) + 1, row, told, key))
    return places


def _before(row: OperationRow, rows: Sequence[OperationRow], now: float) -> OperationRow | None:
    """What must go first: an operation that has its turn, or one that excludes this one."""
    if row["state"] == State.RUNNING or row["due"] > now:
        return None
    for other in rows:
        if other["id"] == row["id"]:
            return None
        has_turn = other["awaits"] is None and (other["state"] == State.RUNNING or _due(other, now))
        excludes = row["is_exclusive"] and other["is_exclusive"] and other["state"] == State.RUNNING
        if has_turn or excludes:
            return other
    return None


def _due(row: OperationRow, now: float) -> bool:
    return bool(row["due"] <= now < row["expires"])


def _wait(row: OperationRow, device: Device, now: float) -> str:
    if row["awaits"] is not None:
        return f"the event {row['awaits']}"
    if row["state"] == State.RUNNING:
        return "an answer of the device" if row["due"] <= now else "the next attempt"
    if row["due"] > now:
        return "its time"
    if device.identity_conflict is not None and row["kind"] not in READING:
        return "a person's decision about the identity conflict"
    return "the device"


def _turns(places: Sequence[Place]) -> Iterator[Reason]:
    if not places:
        return
    first = places[0].operation
    about = {"transaction_id": first["key"], "operation": first["kind"]}
    if first["awaits"] is not None:
        text = f"The {first['kind']} was accepted and waits for the event {first['awaits']}."
        yield Reason("waiting_for_event", text, first["started"], about)
    elif first["state"] == State.RUNNING:
        text = f"The {first['kind']} was sent and not answered yet ({first['attempts']} attempts)."
        yield Reason("not_answered", text, first["started"], about | {"next_attempt": first["due"]})
    elif places[0].waits_for == "its time":
        text = f"The {first['kind']} is not due yet."
        yield Reason("scheduled", text, first["created"], about | {"due": first["due"]})
    behind = [place for place in places if place.behind is not None]
    if behind:
        text = f"{len(behind)} more wait behind {behind[0].waits_for}."
        yield Reason("waiting_behind", text, behind[0].operation["due"], about)


# --- What the device has refused -------------------------------------------------------------


def _refusals(tx: Transaction, device: Device) -> Iterator[Reason]:
    """The last run of each kind of operation, where it failed."""
    judged: set[str] = set()
    for row in operation_records.last_ended(tx, device.id, ENDED):
        if row["kind"] in judged or row["state"] not in {State.COMPLETED, State.FAILED}:
            continue
        judged.add(row["kind"])
        if row["state"] == State.FAILED:
            yield _refusal(row)


def _refusal(row: OperationRow) -> Reason:
    error = row["error"] or {"code": "", "message": "", "parameters": {}}
    names = list(error["parameters"])[:SHOWN]
    about = f" ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})" if names else ""
    text = f"The last {row['kind']} failed: {error['code']} {error['message']}{about}"
    return Reason(
        "fault",
        text,
        row["completed"],
        {
            "transaction_id": row["key"],
            "operation": row["kind"],
            "fault_code": error["code"],
            "parameters": {name: error["parameters"][name] for name in names},
        },
    )


def _differences(tx: Transaction, device: Device) -> Iterator[Reason]:
    found = records.differing(tx, device.id, SHOWN)
    aside = [each for each in found if each.is_set_aside]
    if aside:
        yield _difference("set_aside", "were set again and again and read back different", aside)
    drifting = [each for each in found if not each.is_set_aside]
    if drifting:
        yield _difference("drift", "differ on the device from what is wanted", drifting)
    if device.reboot_wanted is not None:
        text = "The device has taken settings that it applies when it reboots."
        yield Reason("reboot_needed", text, device.reboot_wanted)
    if device.settings_pending is not None:
        text = "The device is not known to have all that is wanted of it."
        yield Reason("settings_pending", text, device.settings_pending)


def _difference(code: str, what: str, found: Sequence[records.Differing]) -> Reason:
    values = {each.path: {"wanted": each.wanted, "found": each.found} for each in found}
    names = ", ".join(list(values)[:3]) + (", …" if len(values) > 3 else "")
    text = f"{len(values)} settings {what}: {names}."
    return Reason(code, text, min(each.since for each in found), {"parameters": values})


def _spell(seconds: float) -> str:
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{max(seconds, 0):.0f} s"
