"""One CPE session: what we store of it, and what we say next (TR-069 3.7.2).

A conversation begins with an Inform that is already recorded, and is told each further POST as a
message. It answers the CPE's calls, and after the CPE's empty POST takes one operation after the
other from the device's queue, whose procedures it feeds with the answers. Everything that must
survive (an operation taken, a change about to be sent, a result) is committed before the bytes
leave. No sockets here, no cookies, no timers: see ``acs.sessions``.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from acs import acs_methods, translate
from acs.cwmp import versions
from acs.cwmp.faults import CwmpFault, RemoteProtocolError, fault
from acs.cwmp.messages import (
    AddObject,
    AddObjectResponse,
    AutonomousDUStateChangeComplete,
    AutonomousTransferComplete,
    DeleteObject,
    DeleteObjectResponse,
    DUStateChangeComplete,
    Envelope,
    Fault,
    GetParameterNamesResponse,
    GetParameterValuesResponse,
    InformResponse,
    Message,
    Request,
    Response,
    SetParameterValues,
    SetParameterValuesResponse,
    TransferComplete,
    UnknownMethod,
)
from acs.cwmp.session import Session, Speaker, Turn
from acs.procedures import script_for
from acs.procedures.steps import (
    METHOD_NOT_SUPPORTED,
    AwaitEvent,
    Done,
    Failed,
    Held,
    Once,
    Outcome,
    Procedure,
    Step,
    Subject,
    refusal,
    requested,
)
from acs.redaction import redacted, without, without_secrets_of
from acs.transcript import Transcript
from inventory import echoes, packages, sealed_variables, transfers, turns, values
from inventory.operations import Error, Kind, Operation
from inventory.recording import QUIET_EVENTS, Policy, Seen
from inventory.records import log
from inventory.sightings import Sighting
from inventory.signals import Signals
from inventory.store import Store
from inventory.turns import Ending, Mine, SessionRecord, Waiting
from inventory.values import Source

logger = logging.getLogger(__name__)

MAX_CPE_REQUESTS = 64
MAX_LOGGED_RPCS = 500
RESOURCES_EXCEEDED = 8004
# Requests that carry a ParameterKey, and so show whether they were applied.
Keyed = SetParameterValues | AddObject | DeleteObject
KeyedResponse = SetParameterValuesResponse | AddObjectResponse | DeleteObjectResponse
# Calls that tell how something ended, and may quote what was sent for it.
Ended = (
    TransferComplete
    | AutonomousTransferComplete
    | DUStateChangeComplete
    | AutonomousDUStateChangeComplete
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every conversation works with."""

    store: Store
    signals: Signals
    policy: Policy
    clock: Callable[[], float]


@dataclass(slots=True)
class _Asked:
    """The request that waits for its answer."""

    envelope: Envelope
    is_repeatable: bool
    parameter_key: str | None
    evidence: dict[str, Any]
    is_repeated: bool = False

    @property
    def request(self) -> Message:
        return self.envelope.body


@dataclass(slots=True)
class _Running:
    """The operation in hand, its script, and what the script knows of the device."""

    operation: Operation
    procedure: Procedure
    subject: Subject
    evidence: dict[str, Any]


class Conversation:
    """See the module. ``has_work`` is set from outside when an operation is queued meanwhile."""

    def __init__(
        self, desk: Desk, seen: Seen, sighting: Sighting, opening: Envelope, base_url: str = ""
    ) -> None:
        self.seen = seen
        self.has_work = seen.has_work
        self.outcome: str | None = None  # set once, when the conversation is over
        self.expects_report = False  # a transfer was begun here, and may end before we part
        self.started = desk.clock()
        self._desk = desk
        self._mine = Mine(seen.device_id, seen.session_id)
        self._sighting = sighting
        self._base_url = base_url
        self._namespace = opening.namespace
        self._session = Session(Speaker.ACS)
        self._session.step(Speaker.CPE, opening.body)
        self._session.step(Speaker.ACS, InformResponse())
        self._running: _Running | None = None
        self._asked: _Asked | None = None
        self._sent_ids: list[str] = []
        self._cpe_requests = 0
        self._rpcs: list[dict[str, Any]] = []
        self._faults = 0
        self._notes = dict.fromkeys(opening.notes)
        self._transcript = Transcript() if seen.debug else None

    @property
    def is_over(self) -> bool:
        return self.outcome is not None

    @property
    def awaits_answer(self) -> bool:
        """Whether a request of ours is outstanding (a device may need minutes for it)."""
        return self._asked is not None

    async def hear(self, envelope: Envelope | None) -> Envelope | None:
        """Takes the CPE's next POST (None: an empty one); returns what to answer, None for 204.

        Raises Superseded when a newer session has taken over; what was said here is dropped then.
        """
        if envelope is None:
            return await self._hear_nothing()
        envelope = await self._discreet(envelope)
        self._note(envelope)
        body = envelope.body
        if isinstance(body, Response | Fault) or _is_unknown_response(body):
            return await self._hear_answer(envelope)
        assert isinstance(body, Request)
        return await self._answer(envelope, body)

    async def _discreet(self, envelope: Envelope) -> Envelope:
        """What a fault says is kept in several places; no secret of ours goes any further."""
        body, vault = envelope.body, self._desk.policy.vault
        if isinstance(body, Fault):
            request = Message() if self._asked is None else self._asked.request
            return replace(envelope, body=without_secrets_of(request, body, vault.is_secret))
        if not isinstance(body, Ended):
            return envelope
        key = getattr(body, "command_key", None) or ""  # an autonomous one has none
        sent = await self._desk.store.glance(echoes.secrets_of, self._mine.device_id, key, vault)
        return replace(envelope, body=without(body, sent))

    # --- The CPE's own calls ---------------------------------------------------------------

    async def _answer(self, envelope: Envelope, request: Request) -> Envelope:
        """Answers a call of the CPE, also in the middle of ours, which stays outstanding."""
        self._cpe_requests += 1
        if self._cpe_requests > MAX_CPE_REQUESTS:
            self.outcome = "error"
            return self._reply(envelope, fault(RESOURCES_EXCEEDED))
        told = acs_methods.report(request)
        if told is not None:
            for operation_id in await self._desk.store.write(self._keep_report, told, request):
                self.has_work = True  # something may have waited for its end
                self._desk.signals.finished(operation_id)
        answer = acs_methods.answer(request)
        if self._session.turn is Turn.CPE_TURN:
            self._session.step(Speaker.CPE, request)
            self._session.step(Speaker.ACS, answer)
        return self._reply(envelope, answer)

    def _keep_report(self, tx: Any, told: acs_methods.Report, request: Request) -> list[int]:
        """What a call tells is kept before it is answered: some devices reboot on the answer."""
        self._mine.check(tx)
        device_id, now = self._mine.device_id, self._desk.clock()
        log.add(tx, device_id, "event", told.text, now, told.details)
        match request:
            case TransferComplete():
                end, version = translate.transfer_end(request), self._sighting.software_version
                return transfers.complete(tx, device_id, end, version, now)
            case DUStateChangeComplete(command_key=key):
                changes = translate.package_changes(request)
                return packages.complete(tx, device_id, key or "", changes, now)
        return []

    def _reply(self, envelope: Envelope, body: Message) -> Envelope:
        return self._said(Envelope(body, id=envelope.id, namespace=self._namespace))

    # --- Our turn --------------------------------------------------------------------------

    async def _hear_nothing(self) -> Envelope | None:
        if self._session.turn is Turn.ACS_ASKED:
            return await self._ask_again()
        if self._session.turn is Turn.CPE_TURN:
            self._session.step(Speaker.CPE, None)
        return await self._go_on()

    async def _ask_again(self) -> Envelope | None:
        """The CPE says nothing where an answer is due: it has lost the request.

        Asked once more where that is harmless; else the operation stays running, and the next
        session finds out what became of it.
        """
        asked = self._asked
        assert asked is not None
        if asked.is_repeatable and not asked.is_repeated:
            asked.is_repeated = True
            return asked.envelope
        self._session.abandon()
        self._asked = self._running = None
        self._close()
        return None

    async def _go_on(self) -> Envelope | None:
        """The next request to the device, or the end of the session."""
        while self.has_work:
            self.has_work = False
            turn = await self._desk.store.write(
                turns.take_turn, self._mine, self._desk.policy, self._desk.clock()
            )
            if (request := await self._begin(turn)) is not None:
                return request
        self._close()
        return None

    async def _begin(self, turn: turns.Turn) -> Envelope | None:
        """Starts operations until one has something to ask; None when no turn is left."""
        while True:
            for operation_id in turn.ended:
                self._desk.signals.finished(operation_id)
            if turn.operation is None:
                return None
            self._running = await self._prepare(turn.operation, turn)
            said = await self._advance(None)
            if isinstance(said, Envelope):
                return said
            if said is None:
                return None
            turn = said

    async def _prepare(self, operation: Operation, turn: turns.Turn) -> _Running:
        request = sealed_variables.opened(operation.request, self._desk.policy.vault)
        known = await self._held(request) if operation.kind is Kind.SET else {}
        subject = Subject(
            root=self.seen.root,
            get_batch=self.seen.get_batch,
            clock=self._desk.clock,
            held=known,
            enrolment=turn.enrolment,
            configuration=turn.configuration,
            transfer=turn.transfer,
            service=turn.service,
            base_url=self._base_url,
            is_secret=self._desk.policy.vault.is_secret,
        )
        procedure = script_for(replace(operation, request=request), subject)
        return _Running(operation, procedure, subject, dict(operation.evidence or {}))

    async def _held(self, request: dict[str, Any]) -> dict[str, Held]:
        """What the inventory knows of the parameters that are to be set."""
        paths = [variable["variable_name"] for variable in request["variables"]]
        held = await values.recall(
            self._desk.store, self._desk.policy.vault, self._mine.device_id, self.seen.model, paths
        )
        return {each.path: Held(each.value, each.value_type) for each in held}

    async def _advance(
        self, answer: Message | None, refused: CwmpFault | None = None
    ) -> Envelope | turns.Turn | None:
        """Feeds the script; returns its next request, or the turn that follows its end.

        None means that the session ends here, because the device acts when it is over.
        """
        running = self._running
        assert running is not None
        try:
            step = self._next_step(running.procedure, answer, refused)
        except StopIteration as stop:
            return await self._settle(running, stop.value)
        except CwmpFault as unexpected:
            return await self._settle(running, Failed(refusal(unexpected)))
        except Exception:
            logger.exception("operation %s of device %s", running.operation.key, self.seen.name)
            error = Error("internal_error", "The server failed to carry the operation out.")
            return await self._settle(running, Failed(error))
        return await self._ask(running, step)

    def _next_step(
        self, procedure: Procedure, answer: Message | None, refused: CwmpFault | None
    ) -> Step:
        """What the script asks next of what the session's version of CWMP has.

        Anything else is refused as the device would do it, without troubling it.
        """
        step = procedure.send(answer) if refused is None else procedure.throw(refused)
        while not versions.has_method(self._namespace, requested(step)):
            step = procedure.throw(CwmpFault(fault(METHOD_NOT_SUPPORTED)))
        return step

    async def _ask(self, running: _Running, step: Step) -> Envelope:
        """Sends a request; what changes the device is in its row before the bytes leave."""
        request = requested(step)
        key: str | None = None
        if isinstance(request, Keyed):
            key = secrets.token_hex(12)
            request = replace(request, parameter_key=key)
        if isinstance(step, Once) or key is not None:
            extra = step.evidence if isinstance(step, Once) else {}
            running.evidence = {
                "sent": type(request).__name__,
                "at": self._desk.clock(),
                **({} if key is None else {"parameter_key": key}),
                **extra,
            }
            await self._desk.store.write(
                turns.note_sending, self._mine, running.operation.id, running.evidence, key
            )
        self._session.step(Speaker.ACS, request)
        sent_id = f"{self._mine.session_id[:8]}{len(self._sent_ids)}"
        envelope = Envelope(request, id=sent_id, namespace=self._namespace)
        self._sent_ids.append(sent_id)
        self._asked = _Asked(envelope, not isinstance(step, Once), key, running.evidence)
        return self._said(envelope)

    async def _settle(self, running: _Running, outcome: Outcome) -> turns.Turn | None:
        """Keeps how an operation ended, and takes the next one."""
        self._running = None
        if isinstance(outcome, AwaitEvent):
            evidence = {**running.evidence, "answered": True, **outcome.evidence}
            kept: Ending | Waiting = Waiting(running.operation, outcome.event, evidence)
        else:
            await self._remember_batch(outcome)
            error = outcome.error if isinstance(outcome, Failed) else None
            kept = Ending(running.operation, self._storable(outcome.result), error, outcome.look)
        turn = await self._desk.store.write(
            turns.settle, self._mine, kept, self._desk.policy, self._desk.clock()
        )
        if isinstance(outcome, AwaitEvent):
            self.has_work = not outcome.ends_session
            self.expects_report = running.operation.kind in transfers.KINDS
        return None if isinstance(outcome, AwaitEvent) and outcome.ends_session else turn

    def _storable(self, result: Any) -> Any:
        if not isinstance(result, dict) or "variables" not in result:
            return result
        sealed = sealed_variables.seal(result["variables"], self._desk.policy.vault)
        return {**result, "variables": sealed}

    async def _remember_batch(self, outcome: Done | Failed) -> None:
        if outcome.get_batch is None or outcome.get_batch >= self.seen.get_batch:
            return
        self.seen = replace(self.seen, get_batch=outcome.get_batch)
        await self._desk.store.write(turns.remember_batch, self._mine, outcome.get_batch)

    def _close(self) -> None:
        if self._session.turn is Turn.ACS_TURN:
            self._session.step(Speaker.ACS, None)
        self.outcome = "closed"

    # --- The CPE's answers -----------------------------------------------------------------

    async def _hear_answer(self, envelope: Envelope) -> Envelope | None:
        asked = self._asked
        if asked is None:
            return await self._hear_nothing()  # an answer to nothing says nothing
        if envelope.id in self._sent_ids and envelope.id != asked.envelope.id:
            return asked.envelope  # a late duplicate: the CPE has not seen our request yet
        self._asked = None
        refused: CwmpFault | None = None
        try:
            self._session.step(Speaker.CPE, envelope.body)
        except RemoteProtocolError as error:
            self._session.abandon()
            refused = CwmpFault(Fault(9002, str(error)))
        if isinstance(envelope.body, Fault):
            refused = CwmpFault(envelope.body)
        if refused is None:
            await self._keep(asked, envelope.body)
        elif asked.parameter_key is not None:
            await self._desk.store.write(turns.drop_key, self._mine, asked.parameter_key)
        said = await self._advance(envelope.body, refused)
        if isinstance(said, turns.Turn):
            said = await self._begin(said)
            return said if said is not None else await self._go_on()
        if said is None:
            self._close()
        return said

    async def _keep(self, asked: _Asked, answer: Message) -> None:
        """What an answer says about the device goes into the inventory."""
        desk, mine, now = self._desk, self._mine, self._desk.clock()
        if asked.parameter_key is not None and isinstance(answer, KeyedResponse):
            await desk.store.write(
                turns.confirm_key,
                mine,
                asked.parameter_key,
                now,
                is_applied=answer.status == 0,
                interval_s=_interval_set(asked.request),
            )
        match answer:
            case GetParameterValuesResponse(parameter_list=found):
                await self._remember(translate.reports(found), Source.GET, now)
                if facts := translate.facts(found):
                    await desk.store.write(turns.learn_facts, mine, facts, now)
            case SetParameterValuesResponse():
                assert isinstance(asked.request, SetParameterValues)
                reported = translate.reports(asked.request.parameter_list)
                await self._remember(reported, Source.SET, now)
            case GetParameterNamesResponse(parameter_list=names):
                await values.remember_names(
                    desk.store,
                    self.seen.model,
                    [(info.name, info.writable) for info in names],
                    guard=mine.check,
                )
            case DeleteObjectResponse():
                assert isinstance(asked.request, DeleteObject)
                await desk.store.write(self._forget, asked.request.object_name)

    async def _remember(
        self, reported: tuple[values.Reported, ...], source: Source, now: float
    ) -> None:
        await values.remember(
            self._desk.store,
            self._desk.policy.vault,
            self._mine.device_id,
            self.seen.model,
            reported,
            source,
            now,
            guard=self._mine.check,
        )

    def _forget(self, tx: Any, path: str) -> None:
        self._mine.check(tx)
        values.forget(tx, self._mine.device_id, (path,))

    # --- What is told of the session afterwards --------------------------------------------

    async def end(self, outcome: str) -> None:
        """Writes the session's row, if there is something to tell."""
        self.outcome = self.outcome or outcome
        if self._session.turn is Turn.CPE_TURN and outcome != "shutdown":
            self._notes[turns.NO_EMPTY_POST] = None
        events = [event.code for event in self._sighting.events]
        is_quiet = not self._rpcs and self.outcome == "closed" and QUIET_EVENTS.issuperset(events)
        if is_quiet and self._transcript is None:
            return
        record = SessionRecord(
            session_id=self._mine.session_id,
            device_id=self._mine.device_id,
            started=self.started,
            ended=self._desk.clock(),
            outcome=self.outcome,
            address=self._sighting.address,
            events=events,
            retry_count=self._sighting.retry_count,
            rpcs=self._rpcs[:MAX_LOGGED_RPCS],
            faults=self._faults,
            notes=list(self._notes),
            transcript=None if self._transcript is None else self._transcript.packed(),
        )
        await self._desk.store.write(turns.keep_session, record)

    def _note(self, envelope: Envelope) -> None:
        """Takes down what the CPE said."""
        self._notes.update(dict.fromkeys(envelope.notes))
        rpc: dict[str, Any] = {"from": "cpe", "name": _name(envelope.body)}
        if isinstance(envelope.body, Fault):
            self._faults += 1
            rpc["fault"] = envelope.body.fault_code
        self._rpcs.append(rpc)
        if self._transcript is not None:
            self._take_down(self._transcript, "cpe", envelope)

    def _said(self, envelope: Envelope) -> Envelope:
        """Takes down what we say."""
        self._rpcs.append({"from": "acs", "name": _name(envelope.body)})
        if self._transcript is not None:
            self._take_down(self._transcript, "acs", envelope)
        return envelope

    def _take_down(self, transcript: Transcript, speaker: str, envelope: Envelope) -> None:
        told = redacted(envelope, self._desk.policy.vault.is_secret)
        transcript.add(speaker, self._desk.clock(), told)


def _interval_set(request: Message) -> int | None:
    """The periodic inform interval that a request has set, if it did."""
    if not isinstance(request, SetParameterValues):
        return None
    for value in request.parameter_list:
        if value.name.endswith(".ManagementServer.PeriodicInformInterval"):
            return translate.interval(value.value)
    return None


def _is_unknown_response(body: Message) -> bool:
    return isinstance(body, UnknownMethod) and body.name.endswith("Response")


def _name(body: Message) -> str:
    return body.name if isinstance(body, UnknownMethod) else type(body).__name__
