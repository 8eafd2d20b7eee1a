"""The events of one CPE: what waits to be told to the ACS, and what confirms that it was told.

Delivery rules of TR-069 3.7.1.5: an event stays until the response that confirms it, over failed
sessions and, most of them, over reboots. Events that announce a report of the CPE's own (``7
TRANSFER COMPLETE``) are confirmed by the report's response, all others by InformResponse.
``4 VALUE CHANGE`` is not kept here: it follows from what the tree has to report.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from acs.cwmp.messages import CpeRequest, EventStruct
from simulator.behaviour import Transfer

BOOTSTRAP = "0 BOOTSTRAP"
BOOT = "1 BOOT"
PERIODIC = "2 PERIODIC"
SCHEDULED = "3 SCHEDULED"
VALUE_CHANGE = "4 VALUE CHANGE"
CONNECTION_REQUEST = "6 CONNECTION REQUEST"
TRANSFER_COMPLETE = "7 TRANSFER COMPLETE"
DIAGNOSTICS_COMPLETE = "8 DIAGNOSTICS COMPLETE"
REQUEST_DOWNLOAD = "9 REQUEST DOWNLOAD"
AUTONOMOUS_TRANSFER_COMPLETE = "10 AUTONOMOUS TRANSFER COMPLETE"
DU_STATE_CHANGE_COMPLETE = "11 DU STATE CHANGE COMPLETE"

_LOST_BY_REBOOT = frozenset({VALUE_CHANGE, CONNECTION_REQUEST, DIAGNOSTICS_COMPLETE})
_NOT_RETRIED = frozenset({CONNECTION_REQUEST})


@dataclass(frozen=True, slots=True)
class Report:
    """A call of the CPE's own, and the events that announce it in the Inform."""

    request: CpeRequest
    events: tuple[EventStruct, ...]
    transfer: Transfer | None = None  # the one that a TransferComplete tells of


class Events:
    """What waits to be told: plain events, and reports with theirs."""

    __slots__ = ("_plain", "_reports")

    def __init__(self) -> None:
        self._plain: dict[EventStruct, None] = {}  # an ordered set
        self._reports: list[Report] = []

    def __bool__(self) -> bool:
        return bool(self._plain or self._reports)

    def add(self, code: str, command_key: str = "") -> None:
        self._plain[EventStruct(code, command_key)] = None

    def report(self, report: Report) -> None:
        self._reports.append(report)

    @property
    def reports(self) -> tuple[Report, ...]:
        return tuple(self._reports)

    def waiting(self) -> tuple[EventStruct, ...]:
        """All of them, as an Inform lists them: each once, by number, ``M`` events last."""
        announced = (event for report in self._reports for event in report.events)
        return tuple(sorted(dict.fromkeys([*self._plain, *announced]), key=_order))

    def informed(self, told: Iterable[EventStruct]) -> None:
        """The ACS has confirmed an Inform with these events."""
        for event in told:
            self._plain.pop(event, None)

    def reported(self, report: Report) -> None:
        """The ACS has answered the report."""
        if report in self._reports:
            self._reports.remove(report)

    def session_failed(self) -> None:
        self._drop(_NOT_RETRIED)

    def rebooted(self) -> None:
        self._drop(_LOST_BY_REBOOT)

    def clear(self) -> None:
        """A factory reset: nothing that was to be told matters any more."""
        self._plain.clear()
        self._reports.clear()

    def _drop(self, codes: frozenset[str]) -> None:
        self._plain = {event: None for event in self._plain if event.event_code not in codes}


def _order(event: EventStruct) -> tuple[int, int]:
    number = event.event_code.split(" ", 1)[0]
    return (0, int(number)) if number.isdigit() else (1, 0)
