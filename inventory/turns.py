"""Units of a live session: taking the next operation, noting what leaves, keeping what came back.

Each unit begins with the same question: is this still the device's session? A newer Inform has
replaced it otherwise, and whatever this one brings is dropped (:class:`Superseded`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from inventory import (
    applying,
    configuration,
    credentials,
    drift,
    enrolment,
    operations,
    services,
    transfers,
)
from inventory.configuration import Configuration
from inventory.drift import Look
from inventory.enrolment import Enrolment
from inventory.errors import Superseded
from inventory.operations import Error, Kind, Operation
from inventory.recording import Policy
from inventory.records import log
from inventory.records import turns as records
from inventory.secrets import Vault
from inventory.store import Transaction
from inventory.transfers import Transfer

NO_EMPTY_POST = "the session ended before its empty POST"  # a note in the session's record


@dataclass(frozen=True, slots=True)
class Mine:
    """The session that speaks, and the device that it speaks for."""

    device_id: int
    session_id: str

    def check(self, tx: Transaction) -> None:
        """Raises Superseded when a newer session has taken over."""
        if not records.is_current(tx, self.device_id, self.session_id):
            raise Superseded(str(self.device_id))


@dataclass(frozen=True, slots=True)
class Turn:
    """What to do next: nothing, or an operation that is now marked running."""

    operation: Operation | None = None
    enrolment: Enrolment | None = None  # the values, for an enrolment
    transfer: Transfer | None = None  # the file, for a download or upload
    configuration: Configuration | None = None  # for what applies all that is wanted
    service: Sequence[Mapping[str, Any]] = ()  # what is set to restart a service
    ended: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """How an operation ended: ``error`` is None when it succeeded."""

    operation: Operation
    result: Any = None
    error: Error | None = None
    look: Look | None = None  # how the device differed from what is wanted


@dataclass(frozen=True, slots=True)
class Waiting:
    """An operation whose end the device will tell by ``event``."""

    operation: Operation
    event: str
    evidence: Mapping[str, Any]


def take_turn(tx: Transaction, mine: Mine, policy: Policy, now: float) -> Turn:
    """The operation whose turn it is on the device, marked running."""
    mine.check(tx)
    return _next_turn(tx, mine, policy, now)


def settle(
    tx: Transaction, mine: Mine, ending: Ending | Waiting, policy: Policy, now: float
) -> Turn:
    """Keeps how an operation ended, or that it waits, and takes the next one in the same unit."""
    mine.check(tx)
    if isinstance(ending, Waiting):
        return Turn(ended=_wait(tx, ending, now))
    ended = (ending.operation.id,) if _end(tx, ending, policy.vault, now) else ()
    configuration.confirm(tx, mine.device_id, policy.vault, now)
    turn = _next_turn(tx, mine, policy, now)
    return replace(turn, ended=(*ended, *turn.ended))


def _wait(tx: Transaction, waiting: Waiting, now: float) -> tuple[int, ...]:
    """Returns the operation's id when what it waits for is there already."""
    operation_id = waiting.operation.id
    operations.wait_for(tx, operation_id, waiting.event, waiting.evidence)
    if "reported" not in waiting.evidence:
        return ()
    return tuple(transfers.conclude_running(tx, operation_id, now))


def _end(tx: Transaction, ending: Ending, vault: Vault, now: float) -> bool:
    operation, error = ending.operation, ending.error
    if error is None:
        is_first = operations.complete(tx, operation.id, ending.result, now)
        credentials.taken(tx, operation, vault)
        transfers.arrived(tx, operation.device_id, operation.kind, operation.request, now)
    else:
        is_first = operations.fail(tx, operation.id, error, now, ending.result)
    if is_first and ending.look is not None:
        drift.keep(tx, operation.device_id, ending.look, now)
    if is_first:
        log.operation_ended(
            tx,
            operation.device_id,
            operation.kind,
            operation.key,
            "completed" if error is None else "failed",
            now,
            None if error is None else error.as_json(),
        )
    return is_first


def _next_turn(tx: Transaction, mine: Mine, policy: Policy, now: float) -> Turn:
    device = records.standing(tx, mine.device_id)
    if not device["is_active"]:
        return Turn()
    operation, ended = operations.claim_next(
        tx,
        mine.device_id,
        now,
        retry_s=policy.retry_s,
        reading_only=device["identity_conflict"] is not None,
    )
    values = file = wanted = None
    if operation is not None and operation.kind is Kind.ENROL:
        values = enrolment.wanted(tx, mine.device_id, policy.vault, policy.interval_s)
    if operation is not None and operation.kind in transfers.KINDS:
        file = transfers.prepare(tx, operation, policy.vault)
    if operation is not None and applying.needs_configuration(operation):
        wanted = configuration.of_device(tx, mine.device_id, policy.vault)
    service = services.restarting(tx, operation, policy.vault) if operation is not None else ()
    return Turn(operation, values, file, wanted, service, tuple(ended))


def note_sending(
    tx: Transaction,
    mine: Mine,
    operation_id: int,
    evidence: Mapping[str, Any],
    parameter_key: str | None,
) -> None:
    """Before a request leaves that changes the device: what it is, and the key that it carries."""
    mine.check(tx)
    operations.note(tx, operation_id, evidence)
    if parameter_key is not None:
        records.set_outstanding_key(tx, mine.device_id, parameter_key)


def confirm_key(
    tx: Transaction,
    mine: Mine,
    parameter_key: str,
    now: float,
    *,
    is_applied: bool,
    interval_s: int | None = None,
) -> None:
    """The device has answered a request that carried this key; Status 1 waits for a reboot.

    ``interval_s`` is the periodic inform interval that it has taken with it, if any.
    """
    mine.check(tx)
    records.confirm_key(tx, mine.device_id, parameter_key, now)
    if not is_applied:
        records.want_reboot(tx, mine.device_id, now)
    if interval_s is not None:
        records.set_interval(tx, mine.device_id, interval_s)


def drop_key(tx: Transaction, mine: Mine, parameter_key: str) -> None:
    """The device has refused the request, so this key will never be seen."""
    mine.check(tx)
    records.drop_outstanding_key(tx, mine.device_id, parameter_key)


def learn_facts(tx: Transaction, mine: Mine, facts: Mapping[str, str], now: float) -> None:
    """The device has told, when it was read, what some never tell with an Inform."""
    mine.check(tx)
    records.set_facts(tx, mine.device_id, **facts)
    transfers.see_version(tx, mine.device_id, facts.get("software_version"), now)


def remember_batch(tx: Transaction, mine: Mine, names: int) -> None:
    """How many names the device bears in one GetParameterValues."""
    mine.check(tx)
    records.set_batch(tx, mine.device_id, names)


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session that has something to tell."""

    session_id: str
    device_id: int
    started: float
    ended: float
    outcome: str
    address: str
    events: list[str]
    retry_count: int
    rpcs: list[dict[str, Any]]
    faults: int
    notes: list[str]
    transcript: bytes | None = None


def keep_session(tx: Transaction, record: SessionRecord) -> None:
    """Writes the session's row."""
    records.add_session(tx, **{item.name: getattr(record, item.name) for item in fields(record)})
