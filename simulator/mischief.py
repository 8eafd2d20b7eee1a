"""What devices in the field do wrong, as wrappers around one that behaves.

A :class:`Mischief` is asked at each moment that a misdeed may spoil, and by default leaves it as it
is; a misdeed overrides one or two of these. An instance belongs to one CPE and may count. By name
they can be had from the command line (:func:`parse`): ``drop:3``, ``small-batches:16``, or a whole
profile. ``docs/simulator.md`` lists them; where they were seen says the reference, section 9.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Literal

from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from acs.cwmp.messages import Envelope, EventStruct, Message
from simulator.behaviour import PARAMETER_KEY, Answer, Device
from simulator.events import BOOT, BOOTSTRAP, Report

Trait = Literal[
    "drops_cookies",
    "drops_connections",
    "keeps_old_cookies",
    "says_goodbye_twice",
    "repeats_events",
    "downloads_at_once",
    "reports_before_reboot",
    "is_busy",
    "is_deaf",
]

Usual = Callable[[Device, m.Request], Answer]


class LineCut(Exception):
    """The device drops the connection here, on purpose."""


class Mischief:
    """A device that behaves."""

    drops_cookies = False
    drops_connections = False  # opens a new one for each POST
    keeps_old_cookies = False  # sends the last session's cookie with the next Inform
    repeats_events = False  # keeps events until a session has ended well
    says_goodbye_twice = False  # one more empty POST after the ACS's last word
    downloads_at_once = False  # the file is fetched and applied before DownloadResponse
    reports_before_reboot = False  # TransferComplete comes before the new firmware runs
    is_busy = False  # answers connection requests with 503
    is_deaf = False  # does not answer connection requests at all

    def events(self, told: tuple[EventStruct, ...]) -> tuple[EventStruct, ...]:
        """The events of an Inform."""
        return told

    def answer(self, device: Device, request: m.Request, usual: Usual) -> Answer:
        return usual(device, request)

    def hearing(self, message: Message | None) -> None:
        """A message of the ACS has come, and nothing has been done about it yet."""

    async def before_sending(self, message: Message | None) -> None:
        """A message is about to go out; what it answers has been done."""

    def envelope(self, envelope: Envelope) -> Envelope:
        return envelope

    def body(self, body: bytes) -> bytes:
        return body

    def now(self, now: float) -> float:
        return now

    def transfer_fault(self) -> int:
        """What goes wrong with a file transfer; 0: nothing."""
        return 0

    def reports(self, report: Report) -> tuple[Report, ...]:
        """What becomes of a report."""
        return (report,)


# --- On the line -----------------------------------------------------------------------------


class Slow(Mischief):
    """Takes its time before each message."""

    def __init__(self, seconds: str = "1") -> None:
        self._seconds = float(seconds)

    async def before_sending(self, message: Message | None) -> None:  # noqa: ARG002
        await asyncio.sleep(self._seconds)


class Silent(Mischief):
    """Says so many messages in a session, then nothing more, with the connection left open."""

    def __init__(self, after: str = "1", patience_s: str = "300") -> None:
        self._after, self._patience_s = int(after), float(patience_s)
        self._said = 0

    async def before_sending(self, message: Message | None) -> None:
        self._said = 0 if isinstance(message, m.Inform) else self._said + 1
        if self._said >= self._after:
            await asyncio.sleep(self._patience_s)
            raise LineCut


class Drop(Mischief):
    """Cuts the connection when the ACS has said so many messages in a session."""

    def __init__(self, after: str = "1", times: str = "1000000") -> None:
        self._after, self._times = int(after), int(times)
        self._heard = 0

    async def before_sending(self, message: Message | None) -> None:
        if isinstance(message, m.Inform):
            self._heard = 0

    def hearing(self, message: Message | None) -> None:  # noqa: ARG002
        self._heard += 1
        if self._heard >= self._after and self._times > 0:
            self._times -= 1
            raise LineCut


class LosesRequest(Mischief):
    """Cuts the connection when a certain request comes, before anything is done about it."""

    def __init__(self, method: str, times: str = "1") -> None:
        self._method, self._times = method, int(times)

    def hearing(self, message: Message | None) -> None:
        if type(message).__name__ == self._method and self._times > 0:
            self._times -= 1
            raise LineCut


class LosesAnswer(Mischief):
    """Does what a certain request asks for, but the connection breaks before the answer."""

    def __init__(self, method: str, times: str = "1") -> None:
        self._method, self._times = method, int(times)

    async def before_sending(self, message: Message | None) -> None:
        if type(message).__name__ == f"{self._method}Response" and self._times > 0:
            self._times -= 1
            raise LineCut


class NoCookies(Mischief):
    """Never returns a cookie."""

    drops_cookies = True


class OldCookie(Mischief):
    """Sends the cookie of its last session with the next Inform."""

    keeps_old_cookies = True


class NewConnection(Mischief):
    """Opens a new TCP connection for each POST."""

    drops_connections = True


class RepeatsEvents(Mischief):
    """Tells the events of a failed session again, also those that were confirmed."""

    repeats_events = True


class ExtraEmptyPost(Mischief):
    """Sends one more empty POST after the ACS's 204 (TR-069 of 2004)."""

    says_goodbye_twice = True


# --- In the envelope -------------------------------------------------------------------------


class WrongId(Mischief):
    """Answers with an ID that nobody sent."""

    def envelope(self, envelope: Envelope) -> Envelope:
        is_answer = isinstance(envelope.body, m.Response | m.Fault)
        return replace(envelope, id="null") if is_answer else envelope


class NoId(Mischief):
    """Sends no ID, neither with its requests nor with its answers."""

    def envelope(self, envelope: Envelope) -> Envelope:
        return replace(envelope, id=None)


class Malformed(Mischief):
    """Breaks off in the middle of its message, each time or for one kind of message."""

    def __init__(self, message: str = "", times: str = "1000000") -> None:
        self._message, self._times = message.encode(), int(times)

    def body(self, body: bytes) -> bytes:
        if not body or self._message not in body or self._times < 1:
            return body
        self._times -= 1
        return body[: len(body) * 2 // 3]


class NoTypes(Mischief):
    """Leaves out xsi:type."""

    def body(self, body: bytes) -> bytes:
        return re.sub(rb' xsi:type="[^"]*"', b"", body)


class WrongCounts(Mischief):
    """Writes the wrong number of members into soap-enc:arrayType."""

    def body(self, body: bytes) -> bytes:
        return re.sub(rb"\[\d+\]", b"[0009]", body)


class Clock(Mischief):
    """Its clock is wrong by so many seconds."""

    def __init__(self, seconds: str = "-86400") -> None:
        self._seconds = float(seconds)

    def now(self, now: float) -> float:
        return now + self._seconds


# --- In what it does -------------------------------------------------------------------------


class Bootstraps(Mischief):
    """Sends BOOTSTRAP at every boot."""

    def events(self, told: tuple[EventStruct, ...]) -> tuple[EventStruct, ...]:
        bootstrap = EventStruct(BOOTSTRAP)
        if EventStruct(BOOT) not in told or bootstrap in told:
            return told
        return (bootstrap, *told)


class NoParameterKey(Mischief):
    """Does not store the ParameterKey."""

    def answer(self, device: Device, request: m.Request, usual: Usual) -> Answer:
        name = device.tree.root + PARAMETER_KEY
        before = device.tree.value(name)
        answer = usual(device, request)
        device.tree.set(name, before)
        return answer


class Faults(Mischief):
    """Refuses requests that name a parameter like this (shell wildcards), or a method."""

    def __init__(self, code: str, pattern: str = "*") -> None:
        self._code, self._pattern = int(code), pattern

    def answer(self, device: Device, request: m.Request, usual: Usual) -> Answer:
        named = (type(request).__name__, *_names(request))
        if any(fnmatchcase(name, self._pattern) for name in named):
            return Answer(fault(self._code))
        return usual(device, request)


class SmallBatches(Mischief):
    """Refuses more than so many names at once with 9004."""

    def __init__(self, most: str = "16") -> None:
        self._most = int(most)

    def answer(self, device: Device, request: m.Request, usual: Usual) -> Answer:
        if len(_names(request)) > self._most:
            return Answer(fault(9004))
        return usual(device, request)


class NoRoot(Mischief):
    """Cannot bear requests for its whole data model."""

    def answer(self, device: Device, request: m.Request, usual: Usual) -> Answer:
        if {"", device.tree.root} & set(_names(request)):
            return Answer(fault(9005))
        return usual(device, request)


class LeavesOutUnknown(Mischief):
    """Answers a read with what it knows, and says nothing of the rest."""

    def answer(self, device: Device, request: m.Request, usual: Usual) -> Answer:
        if not isinstance(request, m.GetParameterValues):
            return usual(device, request)
        known = tuple(name for name in request.parameter_names if name in device.tree)
        if not known:
            return Answer(m.GetParameterValuesResponse())
        return usual(device, m.GetParameterValues(known))


class Rewrites(Mischief):
    """Stores strings otherwise than they were sent: ``upper``, ``lower``, ``strip`` or ``mask``."""

    _FORMS: Mapping[str, Callable[[str], str]] = {
        "upper": str.upper,
        "lower": str.lower,
        "strip": str.strip,
        "mask": lambda value: "*" * len(value),
    }

    def __init__(self, form: str = "upper", pattern: str = "*") -> None:
        self._rewrite, self._pattern = self._FORMS[form], pattern

    def answer(self, device: Device, request: m.Request, usual: Usual) -> Answer:
        answer = usual(device, request)
        if isinstance(request, m.SetParameterValues) and not answer.is_fault:
            for wanted in request.parameter_list:
                if wanted.type == "string" and fnmatchcase(wanted.name, self._pattern):
                    device.tree.set(wanted.name, self._rewrite(wanted.value))
        return answer


class LaterApplied(Mischief):
    """Answers Status 1 to what changes its settings: committed, applied later."""

    def answer(self, device: Device, request: m.Request, usual: Usual) -> Answer:
        answer = usual(device, request)
        if isinstance(
            answer.message,
            m.SetParameterValuesResponse | m.AddObjectResponse | m.DeleteObjectResponse,
        ):
            return replace(answer, message=replace(answer.message, status=1))
        return answer


class Busy(Mischief):
    """Answers every connection request with 503."""

    is_busy = True


class Deaf(Mischief):
    """Answers no connection request, like a device behind NAT."""

    is_deaf = True


# --- With files ------------------------------------------------------------------------------


class DownloadsAtOnce(Mischief):
    """Answers Download with Status 0, when all is done."""

    downloads_at_once = True


class ReportsBeforeReboot(Mischief):
    """Sends TransferComplete first, and reboots into the new firmware then."""

    reports_before_reboot = True


class TransferFails(Mischief):
    """Every file transfer ends with this fault."""

    def __init__(self, code: str = "9010") -> None:
        self._code = int(code)

    def transfer_fault(self) -> int:
        return self._code


class NeverReports(Mischief):
    """Never sends a TransferComplete."""

    def reports(self, report: Report) -> tuple[Report, ...]:
        return () if isinstance(report.request, m.TransferComplete) else (report,)


class ReportsTwice(Mischief):
    """Sends each TransferComplete twice."""

    def reports(self, report: Report) -> tuple[Report, ...]:
        if not isinstance(report.request, m.TransferComplete):
            return (report,)
        return (report, replace(report, request=replace(report.request)))


class ForgetsKey(Mischief):
    """Sends TransferComplete with this CommandKey, by default an empty one."""

    def __init__(self, command_key: str = "") -> None:
        self._key = command_key

    def reports(self, report: Report) -> tuple[Report, ...]:
        if not isinstance(report.request, m.TransferComplete):
            return (report,)
        told = tuple(
            replace(event, command_key=self._key) if event.command_key else event
            for event in report.events
        )
        request = replace(report.request, command_key=self._key)
        return (replace(report, request=request, events=told),)


def _names(request: m.Request) -> tuple[str, ...]:
    """The parameters and objects that a request names."""
    match request:
        case m.GetParameterValues() | m.GetParameterAttributes():
            return request.parameter_names
        case m.SetParameterValues() | m.SetParameterAttributes():
            return tuple(one.name for one in request.parameter_list)
        case m.GetParameterNames():
            return (request.parameter_path,)
        case m.AddObject() | m.DeleteObject():
            return (request.object_name,)
        case _:
            return ()


# --- By name ---------------------------------------------------------------------------------

KINDS: Mapping[str, type[Mischief]] = {
    "slow": Slow,
    "silent": Silent,
    "drop": Drop,
    "loses-request": LosesRequest,
    "loses-answer": LosesAnswer,
    "no-cookies": NoCookies,
    "old-cookie": OldCookie,
    "new-connection": NewConnection,
    "repeats-events": RepeatsEvents,
    "extra-empty-post": ExtraEmptyPost,
    "wrong-id": WrongId,
    "no-id": NoId,
    "malformed": Malformed,
    "no-types": NoTypes,
    "wrong-counts": WrongCounts,
    "clock": Clock,
    "bootstraps": Bootstraps,
    "no-parameter-key": NoParameterKey,
    "faults": Faults,
    "small-batches": SmallBatches,
    "no-root": NoRoot,
    "leaves-out-unknown": LeavesOutUnknown,
    "rewrites": Rewrites,
    "later-applied": LaterApplied,
    "busy": Busy,
    "deaf": Deaf,
    "downloads-at-once": DownloadsAtOnce,
    "reports-before-reboot": ReportsBeforeReboot,
    "transfer-fails": TransferFails,
    "never-reports": NeverReports,
    "reports-twice": ReportsTwice,
    "forgets-key": ForgetsKey,
}

# Kinds of device that are met in the field, without the names of their makers.
PROFILES: Mapping[str, tuple[str, ...]] = {
    "old-dsl-router": ("no-parameter-key", "small-batches:32", "extra-empty-post", "wrong-counts"),
    "string-matching-client": ("new-connection", "no-root", "no-types"),
    "small-cell": ("no-id", "clock:-631152000", "later-applied", "small-batches:8"),
    "careless-mesh-node": (
        "bootstraps",
        "old-cookie",
        "repeats-events",
        "leaves-out-unknown",
        "rewrites:upper:*Code",
    ),
    "bad-flasher": ("forgets-key", "reports-twice", "reports-before-reboot"),
    "behind-nat": ("deaf", "slow:0.2"),
}


def parse(text: str) -> tuple[Mischief, ...]:
    """New instances for ``name``, ``name:argument:…`` or a profile's name.

    Raises ``ValueError`` for a name or an argument that does not fit.
    """
    if text in PROFILES:
        return tuple(one for part in PROFILES[text] for one in parse(part))
    name, *arguments = text.split(":")
    kind = KINDS.get(name)
    if kind is None:
        raise ValueError(f"no mischief or profile named {name!r}")
    try:
        return (kind(*arguments),)
    except (TypeError, ValueError, LookupError) as error:
        raise ValueError(f"{name} does not take {':'.join(arguments)!r}") from error
