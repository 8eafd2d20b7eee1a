"""Whose turn it is: the rules of a CWMP session (TR-069 3.7), one table for both speakers.

The table does not know whether we are the ACS or the CPE, so neither side gets softer rules by
accident. What is not in the table is not allowed, and a refused step changes nothing. A Session
knows no bytes, IDs, cookies or clocks; ``None`` stands for an HTTP message without an envelope.

A caller who forgives looks before it steps; these are all the cases (reference: TR-069 3.7.2,
and what real devices do):

=================================  =========================  ==================================
a CPE sends                        seen by                    then
=================================  =========================  ==================================
an empty POST after the end        ``turn is CLOSED``         204 once more, no step
an empty POST before the Inform    ``turn is OPENING``        challenge or 204, no step
an empty POST when we await an     ``turn is ACS_ASKED``      ``abandon()``, and our turn is back:
answer (it lost the request)                                  ask again, go on, or close
a request of its own in that case  the same, message is a     answer it, no step: our request
                                   ``Request``                stays outstanding
the answer to something else       RemoteProtocolError        ``abandon()``, go on
an Inform in mid-session           message is an ``Inform``   a new ``Session``; this one failed
=================================  =========================  ==================================
"""

from collections.abc import Mapping
from enum import Enum

from acs.cwmp.faults import RETRY_REQUEST, LocalProtocolError, RemoteProtocolError
from acs.cwmp.messages import (
    AcsRequest,
    CpeRequest,
    Fault,
    Inform,
    InformResponse,
    Message,
    Request,
    Response,
    UnknownMethod,
)


class _Word(Enum):
    """A word of the table. Its members are the only ones of their kind, so identity hashes them:
    Enum's own hash is a function in Python, and a session looks into the table sixteen times.
    """

    __hash__ = object.__hash__


class Speaker(_Word):
    CPE = "CPE"
    ACS = "ACS"


class Turn(_Word):
    """What the session waits for."""

    OPENING = "the CPE's Inform"
    INFORMED = "the ACS's InformResponse"
    CPE_TURN = "a request of the CPE, or its empty POST"
    CPE_ASKED = "the ACS's answer"
    ACS_TURN = "a request of the ACS, or its empty answer"
    ACS_ASKED = "the CPE's answer"
    CPE_HELD = "the empty POST of a CPE that was told to hold its requests"
    HELD_ACS_TURN = "a request of the ACS, or leave for the CPE to speak"
    HELD_ACS_ASKED = "the answer of a CPE that holds its requests"
    CLOSED = "nothing: the session is over"


class Said(_Word):
    """What a message is to the table."""

    INFORM = "an Inform"
    INFORM_RESPONSE = "an InformResponse"
    REQUEST = "a request"
    RESPONSE = "a response"
    FAULT = "a fault"
    RETRY = "fault 8005"
    NOTHING = "an empty message"


_CPE, _ACS = Speaker.CPE, Speaker.ACS

TURNS: Mapping[Turn, Mapping[tuple[Speaker, Said], Turn]] = {
    Turn.OPENING: {(_CPE, Said.INFORM): Turn.INFORMED},
    Turn.INFORMED: {
        (_ACS, Said.INFORM_RESPONSE): Turn.CPE_TURN,
        (_ACS, Said.FAULT): Turn.CLOSED,
        (_ACS, Said.RETRY): Turn.OPENING,
    },
    Turn.CPE_TURN: {
        (_CPE, Said.REQUEST): Turn.CPE_ASKED,
        (_CPE, Said.NOTHING): Turn.ACS_TURN,
    },
    Turn.CPE_ASKED: {
        (_ACS, Said.RESPONSE): Turn.CPE_TURN,
        (_ACS, Said.FAULT): Turn.CPE_TURN,
        (_ACS, Said.RETRY): Turn.CPE_TURN,
    },
    Turn.ACS_TURN: {
        (_ACS, Said.REQUEST): Turn.ACS_ASKED,
        (_ACS, Said.NOTHING): Turn.CLOSED,
    },
    Turn.ACS_ASKED: {
        (_CPE, Said.RESPONSE): Turn.ACS_TURN,
        (_CPE, Said.FAULT): Turn.ACS_TURN,
    },
    # HoldRequests (3.5 table 4, deprecated): the ACS asks first. The CPE's empty POST does not
    # count while it is held, so it speaks after the ACS's empty answer instead of the end.
    Turn.CPE_HELD: {(_CPE, Said.NOTHING): Turn.HELD_ACS_TURN},
    Turn.HELD_ACS_TURN: {
        (_ACS, Said.REQUEST): Turn.HELD_ACS_ASKED,
        (_ACS, Said.NOTHING): Turn.CPE_TURN,
    },
    Turn.HELD_ACS_ASKED: {
        (_CPE, Said.RESPONSE): Turn.HELD_ACS_TURN,
        (_CPE, Said.FAULT): Turn.HELD_ACS_TURN,
    },
    Turn.CLOSED: {},
}

_ASKED_BY_ACS = {Turn.ACS_ASKED: Turn.ACS_TURN, Turn.HELD_ACS_ASKED: Turn.HELD_ACS_TURN}
_ANSWERS = frozenset({Said.INFORM_RESPONSE, Said.RESPONSE, Said.FAULT, Said.RETRY})
_DENIED = {Speaker.ACS: 8001, Speaker.CPE: 9001}  # "Request denied", from us in either role


class Session:
    """One CWMP session as one side sees it; ``step`` is told everything that either side says."""

    __slots__ = ("_outstanding", "_turn", "_we")

    def __init__(self, we: Speaker) -> None:
        self._we = we
        self._turn = Turn.OPENING
        self._outstanding: Request | None = None

    @property
    def turn(self) -> Turn:
        return self._turn

    @property
    def outstanding(self) -> Request | None:
        """The request, of either side, that waits for its answer."""
        return self._outstanding

    @property
    def is_closed(self) -> bool:
        return self._turn is Turn.CLOSED

    def step(
        self, speaker: Speaker, message: Message | None, *, hold_requests: bool = False
    ) -> Turn:
        """Takes note of what was said, and returns what the session waits for now.

        ``hold_requests`` is the header of the ACS's envelope. Raises RemoteProtocolError when the
        peer, LocalProtocolError when we may not say this now; the session stays as it was.
        """
        said = _said(speaker, message)
        following = TURNS[self._turn].get((speaker, said))
        if following is None:
            raise self._error(speaker, f"said {said.value}, awaited is {self._turn.value}")
        if said in _ANSWERS:
            self._check_answer(speaker, message)
            self._outstanding = None
        elif isinstance(message, Request):
            self._check_asker(speaker, message)
            self._outstanding = message
        held = hold_requests and speaker is Speaker.ACS and following is Turn.CPE_TURN
        self._turn = Turn.CPE_HELD if held and said is not Said.NOTHING else following
        return self._turn

    def abandon(self) -> Request:
        """Gives up the ACS's outstanding request, which is returned: it is the ACS's turn again."""
        if self._turn not in _ASKED_BY_ACS or self._outstanding is None:
            raise LocalProtocolError(f"nothing to abandon, awaited is {self._turn.value}")
        request, self._outstanding = self._outstanding, None
        self._turn = _ASKED_BY_ACS[self._turn]
        return request

    def _check_answer(self, speaker: Speaker, message: Message | None) -> None:
        if isinstance(message, Fault) or self._outstanding is None:
            return
        asked, answered = _name(self._outstanding), _name(message)
        if answered != f"{asked}Response":
            raise self._error(speaker, f"answered {asked} with {answered}")

    def _check_asker(self, speaker: Speaker, request: Request) -> None:
        # A peer that calls the wrong side is answered "method not supported"; we never do it.
        own = AcsRequest if self._we is Speaker.ACS else CpeRequest
        if speaker is self._we and not isinstance(request, own | UnknownMethod):
            raise LocalProtocolError(f"{_name(request)} is not a call of the {speaker.value}")

    def _error(self, speaker: Speaker, what: str) -> LocalProtocolError | RemoteProtocolError:
        if speaker is self._we:
            return LocalProtocolError(f"we {what}")
        return RemoteProtocolError(f"the {speaker.value} {what}", _DENIED[self._we])


def _said(speaker: Speaker, message: Message | None) -> Said:
    match message:
        case None:
            return Said.NOTHING
        case Inform():
            return Said.INFORM
        case InformResponse():
            return Said.INFORM_RESPONSE
        case Fault(fault_code=code):
            is_retry = speaker is Speaker.ACS and code == RETRY_REQUEST
            return Said.RETRY if is_retry else Said.FAULT
        case Response():
            return Said.RESPONSE
        case UnknownMethod(name=name) if name.endswith("Response"):
            return Said.RESPONSE  # an answer to a method that no schema names, or a misspelt one
        case _:
            return Said.REQUEST


def _name(message: Message | None) -> str:
    return message.name if isinstance(message, UnknownMethod) else type(message).__name__
