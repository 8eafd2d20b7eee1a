"""Which live session is this? Finds or opens the conversation that a POST belongs to.

A session is known by its cookie; without one by its live TCP connection; and, only where that is
switched on, by its address. A device has one session: its newest Inform replaces the one before.
Time limits are those of TR-069 3.7.2, by what the session waits for. Nothing here touches sockets;
the endpoint does (``acs.exchange`` is the seam).
"""

import asyncio
import contextlib
import logging
import secrets
from dataclasses import dataclass

from acs import translate
from acs.conversation import Conversation, Desk
from acs.cwmp.faults import RemoteProtocolError, fault
from acs.cwmp.messages import Envelope, Inform, InformResponse, TransferComplete
from acs.cwmp.versions import reply
from acs.exchange import Answer, Caller
from acs.registrations import Registrations
from inventory import recording, refusals
from inventory.errors import (
    RegistrationRefused,
    Superseded,
    Unauthenticated,
    WrongCredentials,
)
from inventory.movements import Movements, flag_conflict
from inventory.recording import Seen
from inventory.records.sightings import any_credentials
from inventory.refusals import Refusals
from inventory.sightings import Sighting

logger = logging.getLogger(__name__)

DENIED, INVALID = 8001, 8003


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Seconds, but for ``max_sessions``."""

    waiting_s: float = 30.0  # for the CPE's next request or empty POST
    answering_s: float = 240.0  # for its answer: a full read takes some devices minutes
    whole_s: float = 3600.0
    max_sessions: int = 5000
    by_address: bool = False  # a session without cookie and connection, by its address alone
    retry_after_s: int = 60


@dataclass(slots=True)
class _Live:
    """A conversation and what leads to it."""

    conversation: Conversation
    caller: Caller
    lock: asyncio.Lock
    deadline: float  # for the next POST
    end: float  # for the whole session
    patience_s: float | None  # SessionTimeout of the CPE
    connection: int | None  # the one that it goes on over, or went
    is_connected: bool = True


class Sessions:
    """All live sessions; the :class:`acs.exchange.Hearer` of the endpoint."""

    def __init__(self, desk: Desk, limits: SessionLimits, registrations: Registrations) -> None:
        self._desk = desk
        self._limits = limits
        self._registrations = registrations
        self._movements = Movements()
        self._refusals = Refusals()
        self._notes: set[asyncio.Task[None]] = set()
        self._by_cookie: dict[str, _Live] = {}
        self._by_device: dict[int, _Live] = {}
        self._by_connection: dict[int, _Live] = {}
        self._parted: dict[str, _Live] = {}  # over, but a transfer may end yet: by cookie
        self._is_draining = False
        self._emptied = asyncio.Event()
        desk.signals.on_work(self._work_came)
        desk.signals.on_bulk_work(self._work_came)

    def __len__(self) -> int:
        return len(self._by_cookie)

    def has_room(self, caller: Caller) -> bool:
        """Sessions that run go on whatever happens; new ones wait for better times."""
        if not self._is_draining and len(self._by_cookie) < self._limits.max_sessions:
            return True
        return caller.cookie in self._by_cookie or caller.connection in self._by_connection

    def is_live(self, device_id: int) -> bool:
        """Whether the device is in a session now, as far as its connection shows."""
        live = self._by_device.get(device_id)
        return live is not None and live.is_connected

    def connection_lost(self, connection: int) -> None:
        """A session lives on without its connection: the CPE may go on over another."""
        live = self._by_connection.pop(connection, None)
        if live is not None and live.connection == connection:
            live.is_connected = False

    async def hear(self, message: Envelope | None, caller: Caller) -> Answer:
        if message is not None and isinstance(message.body, Inform):
            return await self._open(message, caller)
        live = self._find(caller)
        if live is None:
            return await self._hear_stranger(message, caller)
        if not _is_same_user(live.caller, caller):
            return Answer(403, reason="this session belongs to another device")
        async with live.lock:
            return await self._go_on(live, message, caller)

    # --- A new session ---------------------------------------------------------------------

    async def _open(self, message: Envelope, caller: Caller) -> Answer:
        try:
            sighting = translate.sighting(message, caller.address, caller.authorization)
            response = reply(message, InformResponse())
        except ValueError as error:
            return _refuse(message, INVALID, str(error))
        except RemoteProtocolError as error:
            return _refuse(message, error.fault_code, str(error))
        session_id = secrets.token_hex(16)
        now = self._desk.clock()
        try:
            seen = await self._desk.store.write(
                recording.record_sighting,
                sighting,
                session_id,
                self._desk.policy,
                now,
                may_register=self._registrations.has_room(caller.address, now),
            )
        except Unauthenticated as refused:
            if isinstance(refused, WrongCredentials):
                self._note_refusal(refused, caller.address, now)
            return Answer(401, reason="authentication required")
        except RegistrationRefused as error:
            return self._refuse_registration(message, error)
        await self._settle_in(seen, sighting, message, caller)
        return Answer(200, response, cookie=session_id)

    def _note_refusal(self, refused: WrongCredentials, address: str, now: float) -> None:
        """Beside the answer: a 401 waits for no disk, least of all for one that is full."""
        count = self._refusals.due(refused, now)
        if count:
            work = self._write_refusal(refused, count, address, now)
            task = asyncio.create_task(work, name=f"refusal of device {refused.device_id}")
            self._notes.add(task)
            task.add_done_callback(self._notes.discard)

    async def _write_refusal(
        self, refused: WrongCredentials, count: int, address: str, now: float
    ) -> None:
        try:
            await self._desk.store.write_later(refusals.note, refused, count, address, now)
        except Exception:
            logger.exception("a refusal of device %s is not noted", refused.device_id)

    async def settle_notes(self) -> None:
        """Waits until all that is noted beside the answers is written."""
        await asyncio.gather(*self._notes)

    def _refuse_registration(self, message: Envelope, error: RegistrationRefused) -> Answer:
        if self._desk.policy.auto_register:
            return Answer(503, retry_after_s=self._limits.retry_after_s, reason=str(error))
        return _refuse(message, DENIED, "This device is not known here.")

    async def _settle_in(
        self, seen: Seen, sighting: Sighting, message: Envelope, caller: Caller
    ) -> None:
        """Makes the session live in place of the device's older one, and tells who listens."""
        older = self._by_device.get(seen.device_id)
        if older is not None:
            await self._drop(older, "superseded")
        now = self._desk.clock()
        patience_s = None if message.session_timeout_s is None else float(message.session_timeout_s)
        live = _Live(
            Conversation(self._desk, seen, sighting, message, caller.base_url),
            caller,
            asyncio.Lock(),
            deadline=now + (patience_s or self._limits.waiting_s),
            end=now + self._limits.whole_s,
            patience_s=patience_s,
            connection=caller.connection,
        )
        self._by_cookie[seen.session_id] = live
        self._by_device[seen.device_id] = live
        if caller.connection is not None:
            self._by_connection[caller.connection] = live
        if seen.is_new:
            self._registrations.spend(caller.address, now)
        if seen.came_from is not None:
            await self._watch(seen, seen.came_from, sighting)
        self._desk.signals.informed(seen.device_id)
        for operation_id in seen.ended:
            self._desk.signals.finished(operation_id)

    async def _watch(self, seen: Seen, origin: str, sighting: Sighting) -> None:
        place = recording.place(sighting.address, sighting.connection_request_url)
        now = self._desk.clock()
        if self._movements.moved(seen.device_id, origin, place, now):
            await self._desk.store.write(flag_conflict, seen.device_id, (origin, place), now)

    # --- A session that goes on ------------------------------------------------------------

    def _find(self, caller: Caller) -> _Live | None:
        if caller.cookie is not None and (live := self._by_cookie.get(caller.cookie)) is not None:
            return live
        if caller.connection is not None and caller.connection in self._by_connection:
            return self._by_connection[caller.connection]
        if not self._limits.by_address:
            return None
        there = [x for x in self._by_cookie.values() if x.caller.address == caller.address]
        return there[0] if len(there) == 1 else None

    async def _hear_stranger(self, message: Envelope | None, caller: Caller) -> Answer:
        """No session: an empty POST is a polite end, or a probe for the challenge (9.1)."""
        if message is not None:
            return await self._hear_late(message, caller)
        if caller.cookie is None and caller.authorization is None and await self._demands_proof():
            return Answer(401, reason="authentication required")
        return Answer(204)

    async def _hear_late(self, message: Envelope, caller: Caller) -> Answer:
        """A transfer begun in a session may end right after our last word, which was meant to be
        the CPE's last as well (3.7.1.4); some then report over the session that we have left."""
        live = self._parted.get(caller.cookie or "")
        if live is None or not isinstance(message.body, TransferComplete):
            return Answer(400, reason="no session")
        if not _is_same_user(live.caller, caller):
            return Answer(403, reason="this session belongs to another device")
        try:
            async with live.lock:
                said = await live.conversation.hear(message)
        except Superseded:
            return Answer(204)
        if live.conversation.has_work:
            self._desk.signals.work(live.conversation.seen.device_id)
        return Answer(200, said)

    async def _demands_proof(self) -> bool:
        if self._desk.policy.shared is not None:
            return True
        return await self._desk.store.glance(any_credentials)

    async def _go_on(self, live: _Live, message: Envelope | None, caller: Caller) -> Answer:
        conversation = live.conversation
        if conversation.is_over:  # while this POST waited for the one before it
            return Answer(204)
        if caller.connection is not None and caller.connection != live.connection:
            self._by_connection[caller.connection] = live
            live.connection, live.is_connected = caller.connection, True
        try:
            said = await conversation.hear(message)
        except Superseded:
            await self._drop(live, "superseded")
            return Answer(204)
        except Exception:
            await self._drop(live, "error")
            raise
        if conversation.is_over:
            await self._drop(live, "closed")
            if conversation.expects_report:
                live.deadline = self._desk.clock() + self._limits.waiting_s
                self._parted[conversation.seen.session_id] = live
            if conversation.has_work:  # queued when our last word was already said
                self._desk.signals.work(conversation.seen.device_id)
        else:
            live.deadline = self._desk.clock() + self._patience(live)
        return Answer(204) if said is None else Answer(200, said)

    def _patience(self, live: _Live) -> float:
        if live.conversation.awaits_answer:
            return max(self._limits.answering_s, live.patience_s or 0.0)
        return live.patience_s or self._limits.waiting_s

    # --- The end ---------------------------------------------------------------------------

    async def _drop(self, live: _Live, outcome: str) -> None:
        seen = live.conversation.seen
        self._by_cookie.pop(seen.session_id, None)
        if self._is_draining and not self._by_cookie:
            self._emptied.set()
        if self._by_device.get(seen.device_id) is live:
            del self._by_device[seen.device_id]
        connection = live.connection
        if connection is not None and self._by_connection.get(connection) is live:
            del self._by_connection[connection]
        await live.conversation.end(outcome)

    async def sweep(self) -> int:
        """Ends the sessions whose time is over; returns how many."""
        now = self._desk.clock()
        self._parted = {key: x for key, x in self._parted.items() if now <= x.deadline}
        late = [x for x in self._by_cookie.values() if now > min(x.deadline, x.end)]
        for live in late:
            if not live.lock.locked():  # a POST is being answered: it is we who are slow
                await self._drop(live, "timeout")
                if live.conversation.awaits_answer or live.conversation.has_work:
                    self._desk.signals.work(live.conversation.seen.device_id)
        return len(late)

    async def drain(self, grace_s: float) -> None:
        """Takes no new session, and gives the running ones ``grace_s`` to end."""
        self._is_draining = True
        if self._by_cookie:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), grace_s)
        for live in list(self._by_cookie.values()):
            await self._drop(live, "shutdown")
        await self.settle_notes()

    def _work_came(self, device_id: int) -> None:
        live = self._by_device.get(device_id)
        if live is not None:
            live.conversation.has_work = True


def _is_same_user(opener: Caller, caller: Caller) -> bool:
    """Later POSTs may leave their credentials out, but not show another device's."""
    if caller.authorization is None or opener.authorization is None:
        return True
    return caller.authorization.username == opener.authorization.username


def _refuse(message: Envelope, code: int, text: str) -> Answer:
    return Answer(
        200, Envelope(fault(code, text), id=message.id, namespace=message.namespace), reason=text
    )
