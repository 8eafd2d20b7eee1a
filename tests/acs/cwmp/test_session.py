"""Sessions as they are spoken: every word is told to both sides, which must agree about it."""

import random

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import LocalProtocolError, RemoteProtocolError, fault
from acs.cwmp.session import TURNS, Session, Speaker, Turn

CPE, ACS = Speaker.CPE, Speaker.ACS
NOTHING = None


class Wire:
    """One session with its two ends; both hear everything."""

    def __init__(self) -> None:
        self.ends = {CPE: Session(CPE), ACS: Session(ACS)}

    def __rshift__(self, message: m.Message | None) -> "Wire":
        return self.say(CPE, message)

    def __lshift__(self, message: m.Message | None) -> "Wire":
        return self.say(ACS, message)

    def say(self, speaker: Speaker, message: m.Message | None, **header: bool) -> "Wire":
        for end in self.ends.values():
            end.step(speaker, message, **header)
        assert self.ends[CPE].turn is self.ends[ACS].turn
        assert self.ends[CPE].outstanding == self.ends[ACS].outstanding
        return self

    @property
    def turn(self) -> Turn:
        return self.ends[ACS].turn

    @property
    def outstanding(self) -> m.Request | None:
        return self.ends[ACS].outstanding


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def opened(wire) -> Wire:
    return wire >> m.Inform() << m.InformResponse()


@pytest.fixture
def handed_over(opened) -> Wire:
    return opened >> NOTHING


def test_a_session_with_calls_in_both_directions(opened):
    opened >> m.TransferComplete() << m.TransferCompleteResponse()
    opened >> m.GetRPCMethods() << m.GetRPCMethodsResponse()
    opened >> NOTHING << m.GetParameterValues() >> m.GetParameterValuesResponse()
    opened << m.GetRPCMethods() >> m.GetRPCMethodsResponse()
    opened << m.Reboot() >> fault(9001)
    assert opened.turn is Turn.ACS_TURN
    opened << NOTHING
    assert opened.ends[CPE].is_closed
    assert opened.ends[ACS].is_closed


def test_the_shortest_session(opened):
    opened >> NOTHING << NOTHING
    assert opened.turn is Turn.CLOSED


def test_the_outstanding_request_is_known_until_it_is_answered(handed_over):
    assert handed_over.outstanding is None
    handed_over << m.Reboot("op_1")
    assert handed_over.outstanding == m.Reboot("op_1")
    handed_over >> m.RebootResponse()
    assert handed_over.outstanding is None


def test_an_unknown_method_is_answered_with_a_fault_and_the_session_goes_on(opened):
    opened >> m.UnknownMethod("X_0011AB_Hello") << fault(8000)
    assert opened.turn is Turn.CPE_TURN


def test_a_vendor_method_may_be_answered_by_its_own_name(handed_over):
    handed_over << m.UnknownMethod("X_0011AB_Hello")
    handed_over >> m.UnknownMethod("X_0011AB_HelloResponse")
    assert handed_over.turn is Turn.ACS_TURN


def test_a_fault_to_the_inform_ends_the_session_and_8005_asks_for_it_again(wire):
    wire >> m.Inform() << fault(8005)
    assert wire.turn is Turn.OPENING
    wire >> m.Inform() << fault(8003)
    assert wire.turn is Turn.CLOSED


def test_after_8005_the_cpe_may_repeat_its_request(opened):
    opened >> m.TransferComplete() << fault(8005)
    opened >> m.TransferComplete() << m.TransferCompleteResponse()


def test_a_cpe_that_answers_with_an_acs_code_has_answered(handed_over):
    handed_over << m.Reboot() >> fault(8005)
    assert handed_over.turn is Turn.ACS_TURN


def test_with_hold_requests_the_acs_asks_first_and_the_cpe_afterwards(wire):
    wire >> m.Inform()
    wire.say(ACS, m.InformResponse(), hold_requests=True)
    with pytest.raises(RemoteProtocolError):
        wire.ends[ACS].step(CPE, m.TransferComplete())
    wire >> NOTHING << m.GetRPCMethods() >> m.GetRPCMethodsResponse() << NOTHING
    assert wire.turn is Turn.CPE_TURN
    wire >> m.TransferComplete() << m.TransferCompleteResponse()
    wire >> NOTHING << NOTHING
    assert wire.turn is Turn.CLOSED


# --- What may not be said ----------------------------------------------------------------------

SAMPLES: dict[str, m.Message | None] = {
    "Inform": m.Inform(),
    "InformResponse": m.InformResponse(),
    "own request": m.GetRPCMethods(),
    "answer": m.GetRPCMethodsResponse(),
    "answer to something else": m.AddObjectResponse(),
    "fault": fault(9001),
    "nothing": NOTHING,
}

# How each state is reached, and what alone may be said in it.
OPEN = [(CPE, m.Inform()), (ACS, m.InformResponse())]
STATES = {
    Turn.OPENING: ([], {(CPE, "Inform")}),
    Turn.INFORMED: (OPEN[:1], {(ACS, "InformResponse"), (ACS, "fault")}),
    Turn.CPE_TURN: (OPEN, {(CPE, "own request"), (CPE, "nothing")}),
    Turn.CPE_ASKED: ([*OPEN, (CPE, m.GetRPCMethods())], {(ACS, "answer"), (ACS, "fault")}),
    Turn.ACS_TURN: ([*OPEN, (CPE, NOTHING)], {(ACS, "own request"), (ACS, "nothing")}),
    Turn.ACS_ASKED: (
        [*OPEN, (CPE, NOTHING), (ACS, m.GetRPCMethods())],
        {(CPE, "answer"), (CPE, "fault")},
    ),
    Turn.CPE_HELD: (OPEN, {(CPE, "nothing")}),
    Turn.HELD_ACS_TURN: ([*OPEN, (CPE, NOTHING)], {(ACS, "own request"), (ACS, "nothing")}),
    Turn.HELD_ACS_ASKED: (
        [*OPEN, (CPE, NOTHING), (ACS, m.GetRPCMethods())],
        {(CPE, "answer"), (CPE, "fault")},
    ),
    Turn.CLOSED: ([*OPEN, (CPE, NOTHING), (ACS, NOTHING)], set()),
}


def reach(turn: Turn, we: Speaker) -> Session:
    session = Session(we)
    for speaker, message in STATES[turn][0]:
        session.step(speaker, message, hold_requests="HELD" in turn.name)
    assert session.turn is turn
    return session


def test_every_state_is_described_above():
    assert set(STATES) == set(TURNS) == set(Turn)
    assert {turn for steps in TURNS.values() for turn in steps.values()} <= set(Turn)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("speaker", Speaker, ids=lambda speaker: speaker.name)
@pytest.mark.parametrize("we", Speaker, ids=lambda we: f"we are the {we.name}")
@pytest.mark.parametrize("turn", STATES, ids=lambda turn: turn.name)
def test_what_is_not_allowed_is_refused_and_changes_nothing(turn, we, speaker, kind):
    session = reach(turn, we)
    before = (session.turn, session.outstanding)
    if (speaker, kind) in STATES[turn][1]:
        session.step(speaker, SAMPLES[kind])
        assert (session.turn, session.outstanding) != before
    else:
        with pytest.raises(LocalProtocolError if speaker is we else RemoteProtocolError):
            session.step(speaker, SAMPLES[kind])
        assert (session.turn, session.outstanding) == before


def test_a_peer_that_calls_the_wrong_side_is_heard_but_we_never_do_so():
    session = reach(Turn.CPE_TURN, ACS)
    session.step(CPE, m.Reboot())
    session.step(ACS, fault(8000))
    with pytest.raises(LocalProtocolError):
        reach(Turn.CPE_TURN, CPE).step(CPE, m.Reboot())
    with pytest.raises(LocalProtocolError):
        reach(Turn.ACS_TURN, ACS).step(ACS, m.TransferComplete())


def test_the_error_carries_what_could_be_answered():
    for we, speaker, code in ((ACS, CPE, 8001), (CPE, ACS, 9001)):
        with pytest.raises(RemoteProtocolError) as caught:
            Session(we).step(speaker, m.GetRPCMethods())
        assert caught.value.fault_code == code
        assert speaker.name in str(caught.value)


# --- What callers forgive ----------------------------------------------------------------------


def test_a_lost_request_is_given_up_and_asked_again():
    for turn in (Turn.ACS_ASKED, Turn.HELD_ACS_ASKED):
        session = reach(turn, ACS)
        lost = session.outstanding
        assert session.abandon() == lost
        assert session.outstanding is None
        session.step(ACS, lost)
        session.step(CPE, m.GetRPCMethodsResponse())


def test_nothing_can_be_given_up_unless_the_acs_asked():
    for turn in set(Turn) - {Turn.ACS_ASKED, Turn.HELD_ACS_ASKED}:
        with pytest.raises(LocalProtocolError):
            reach(turn, ACS).abandon()


def test_two_sides_that_keep_to_the_table_never_disagree():
    chance = random.Random(69)
    for _ in range(200):
        wire = Wire()
        while wire.turn is not Turn.CLOSED:
            choices = sorted(STATES[wire.turn][1], key=str)
            speaker, kind = chance.choice(choices)
            wire.say(speaker, SAMPLES[kind], hold_requests=chance.random() < 0.3)
