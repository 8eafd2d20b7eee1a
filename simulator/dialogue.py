"""One session from the CPE's side: who speaks next, and what goes over the line.

The rules are those of ``acs.cwmp.session``; this CPE is strict and ends the session when the ACS
breaks one, answers with another ID or in another namespace. What is said comes from a
:class:`Peer`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Protocol, TypeVar

from acs.cwmp import codec
from acs.cwmp import messages as m
from acs.cwmp.faults import RETRY_REQUEST, MalformedMessage, RemoteProtocolError
from acs.cwmp.messages import Envelope, EventStruct, Message
from acs.cwmp.session import Session, Speaker, Turn
from simulator.client import Client, HttpError
from simulator.mischief import LineCut, Mischief

MAX_RETRIES = 4  # of one request that the ACS answers with 8005, as in icwmp
XML = 'text/xml; charset="utf-8"'

M = TypeVar("M", bound=Message)


class SessionFailed(Exception):
    """The session has ended before its time; the message says why."""


# How a session fails without fault of ours.
LINE_ERRORS = (
    SessionFailed,
    MalformedMessage,
    RemoteProtocolError,
    HttpError,
    LineCut,
    OSError,
    TimeoutError,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One POST and its answer; None stands for a message without an envelope."""

    sent: Message | None
    received: Message | None
    latency_s: float


@dataclass(slots=True)
class SessionRecord:
    """What became of one session."""

    events: tuple[EventStruct, ...]
    started: float  # Unix seconds, by the CPE's clock
    exchanges: list[Exchange] = field(default_factory=list)
    duration_s: float = 0
    error: str = ""

    @property
    def is_complete(self) -> bool:
        return not self.error

    def told(self, code: str, command_key: str = "") -> bool:
        """Has this event been delivered in this session?"""
        delivered = self.received(m.InformResponse)
        return bool(delivered) and EventStruct(code, command_key) in self.events

    def sent(self, kind: type[M]) -> list[M]:
        return [one.sent for one in self.exchanges if isinstance(one.sent, kind)]

    def received(self, kind: type[M]) -> list[M]:
        return [one.received for one in self.exchanges if isinstance(one.received, kind)]


class Peer(Protocol):
    """The CPE as a dialogue needs it."""

    def inform(self) -> m.Inform:
        """What opens the session."""

    def informed(self, inform: m.Inform) -> None:
        """The ACS has confirmed the Inform."""

    def next_request(self) -> m.CpeRequest | None:
        """What the CPE has to say itself, as long as it may."""

    def answered(self, request: m.CpeRequest) -> None:
        """The ACS has answered a request of the CPE's own."""

    async def answer(self, request: m.Request) -> Message:
        """Does what the ACS asks for, and says so."""


class Wire:
    """The line of one session: messages become envelopes, bytes and POSTs."""

    def __init__(
        self,
        client: Client,
        url: str,
        opening: Envelope,
        mischief: Sequence[Mischief],
    ) -> None:
        """``opening`` is the Inform's envelope; its namespace and headers hold for the session."""
        self._client, self._url = client, url
        self._opening = opening
        self._mischief = mischief
        self._ids = 0

    async def exchange(self, message: Message | None, answered: Envelope | None) -> Envelope | None:
        """Says one message, which may answer an envelope of the ACS, and returns the answer."""
        for one in self._mischief:
            await one.before_sending(message)
        sent = None if message is None else self._envelope(message, answered)
        heard = await self._post(sent)
        for one in self._mischief:
            one.hearing(_said(heard))
        if sent is not None and heard is not None and not isinstance(heard.body, m.Request):
            self._check_answer(sent, heard)
        return heard

    def _envelope(self, message: Message, answered: Envelope | None) -> Envelope:
        if answered is None:
            self._ids += 1
            envelope = Envelope(message, str(self._ids), self._opening.namespace)
            if isinstance(message, m.Inform):
                envelope = Envelope(
                    message,
                    envelope.id,
                    self._opening.namespace,
                    session_timeout_s=self._opening.session_timeout_s,
                    supported_versions=self._opening.supported_versions,
                )
        else:
            envelope = Envelope(message, answered.id, self._opening.namespace)
        return reduce(lambda made, one: one.envelope(made), self._mischief, envelope)

    async def _post(self, sent: Envelope | None) -> Envelope | None:
        body, headers = b"", {}
        if sent is not None:
            body = reduce(lambda made, one: one.body(made), self._mischief, codec.encode(sent))
            headers = {"Content-Type": XML, "SOAPAction": ""}
        reply = await self._client.request("POST", self._url, body, headers)
        if reply.status not in (200, 204):
            raise SessionFailed(f"HTTP {reply.status}")
        return codec.decode(reply.body) if reply.body else None

    def _check_answer(self, sent: Envelope, heard: Envelope) -> None:
        if heard.id != sent.id:
            raise SessionFailed(f"the ACS answered the ID {sent.id!r} with {heard.id!r}")
        if heard.namespace != sent.namespace:
            raise SessionFailed(f"the ACS answered in the namespace {heard.namespace}")


async def converse(peer: Peer, wire: Wire, record: SessionRecord) -> None:
    """Plays one session to its end and notes it in ``record``.

    Raises one of LINE_ERRORS when it ends too early.
    """
    turns = Session(Speaker.CPE)
    message: Message | None = peer.inform()
    asked: Envelope | None = None  # the ACS's request that ``message`` answers
    retries = 0
    while not turns.is_closed:
        turns.step(Speaker.CPE, message)
        heard = await _timed(wire, message, asked, record)
        said = _said(heard)
        turns.step(Speaker.ACS, said, hold_requests=heard is not None and heard.hold_requests)
        asked = None
        if isinstance(said, m.Fault) and said.fault_code == RETRY_REQUEST:
            retries += 1
            if retries > MAX_RETRIES:
                raise SessionFailed("the ACS asks for one request again and again")
            continue
        retries = 0
        if isinstance(message, m.Inform):
            if isinstance(said, m.Fault):
                raise SessionFailed(f"the ACS refused the Inform: {said.fault_code}")
            peer.informed(message)
        elif isinstance(message, m.CpeRequest):
            peer.answered(message)
        if isinstance(said, m.Request):
            message, asked = await peer.answer(said), heard
        else:
            message = peer.next_request() if turns.turn is Turn.CPE_TURN else None


async def _timed(
    wire: Wire, message: Message | None, asked: Envelope | None, record: SessionRecord
) -> Envelope | None:
    before = time.perf_counter()
    heard = await wire.exchange(message, asked)
    latency_s = time.perf_counter() - before
    record.exchanges.append(Exchange(message, _said(heard), latency_s))
    return heard


def _said(envelope: Envelope | None) -> Message | None:
    return None if envelope is None else envelope.body
