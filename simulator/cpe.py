"""One simulated CPE and its life: boot, Inform, session, timers, reboots, files.

This is the edge where a device's pure parts (tree, behaviour, events, diagnostics) meet sockets,
clocks and chance. Rules kept here: one session at a time; what was accepted is carried out even
when the session breaks afterwards; what a real CPE keeps over a reboot is kept, the rest is lost.
"""

import asyncio
import hashlib
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from acs.cwmp.messages import Envelope, EventStruct, Message
from acs.cwmp.values import parse_boolean, parse_datetime
from acs.cwmp.versions import parse_version
from simulator import behaviour, diagnostics, dialogue, events, transfers, tree, units
from simulator.behaviour import PARAMETER_KEY, Device, Transfer, TransferState
from simulator.client import Client
from simulator.dialogue import SessionRecord
from simulator.events import Events, Report
from simulator.listener import Listener
from simulator.mischief import Mischief

SHARED_RANDOM = Random()  # noqa: S311 - jitter and made-up results, nothing secret

# What each protocol version shows of itself: the namespace, and the headers of the Inform.
NAMESPACES = {
    "1.0": "urn:dslforum-org:cwmp-1-0",
    "1.1": "urn:dslforum-org:cwmp-1-1",
    "1.2": "urn:dslforum-org:cwmp-1-2",
    "1.3": "urn:dslforum-org:cwmp-1-2",
    "1.4": "urn:dslforum-org:cwmp-1-2",
}
SESSION_TIMEOUT_S = 60

LAST_GROWING_RETRY = 10  # TR-069 3.2.1.1: from the tenth on the wait grows no more

# Forced Inform parameters below the root (data models, ``forcedInform``).
FORCED = (
    "DeviceSummary",
    "RootDataModelVersion",
    "DeviceInfo.SpecVersion",
    "DeviceInfo.HardwareVersion",
    "DeviceInfo.SoftwareVersion",
    "DeviceInfo.ProvisioningCode",
    "ManagementServer.ConnectionRequestURL",
    PARAMETER_KEY,
)
DEFAULT_CONNECTION = "Layer3Forwarding.DefaultConnectionService"
SOFTWARE_VERSION = "DeviceInfo.SoftwareVersion"
WAN_ADDRESSES = (
    "IP.Interface.1.IPv4Address.1.IPAddress",
    "WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.ExternalIPAddress",
)
LOG_LINES = 100
CLOCKS_APART = 0.01  # of a period: the loop's clock may fire that much before the wall's is due


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a CPE takes for things; ``speed`` shortens all of them.

    Periodic Informs have a speed of their own: an ACS counts on their interval. UpTime and
    CurrentTime always go by the real clock.
    """

    speed: float = 1
    periodic_speed: float = 1
    boot_s: float = 30
    install_s: float = 20  # to write a new firmware
    diagnostics_s: float = 5

    def wait(self, seconds: float) -> float:
        return seconds / self.speed


REAL_TIME = Pace()


@dataclass(frozen=True, slots=True)
class _Restart:
    """A restart that is due, and what it does besides booting."""

    off_s: float
    events: tuple[EventStruct, ...] = ()
    is_reset: bool = False
    version: str = ""  # of the firmware that runs afterwards, if it changes
    report: Report | None = None


class Cpe:
    """A device: ``start`` boots it, then it lives in the background until ``stop``.

    For a test that wants each session in its own hand there is ``session``.
    """

    def __init__(
        self,
        acs_url: str,
        *,
        model: str = "tr181-gateway",
        serial_number: str = "SIM000001",
        oui: str = "00D09E",
        product_class: str = "SimGateway",
        manufacturer: str = "Example Networks",
        username: str | None = None,
        password: str | None = None,
        is_preemptive: bool = False,
        cwmp_version: str = "1.2",
        factory: Mapping[str, str] = {},
        clock: Callable[[], float] = time.time,
        pace: Pace = REAL_TIME,
        random: Random = SHARED_RANDOM,
        connection_requests: Listener | None = None,
        mischief: Sequence[Mischief] = (),
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 30,
        remembered: int = 50,
        gate: AbstractAsyncContextManager[Any] | None = None,
        on_session: Callable[["Cpe", SessionRecord], None] | None = None,
    ) -> None:
        """``model`` is a file or the name of one of our own; ``username`` and ``password`` are the
        factory's credentials toward the ACS, sent unasked when ``is_preemptive``; ``factory`` gives
        values that differ from the model's, by names below the root; ``timeout_s`` is the patience
        with each HTTP answer; the last ``remembered`` sessions stay in ``sessions``; ``gate`` is
        held during each session, so that a fleet can bound how many there are at once.
        """
        self.serial_number, self.oui, self.product_class = serial_number, oui, product_class
        self.manufacturer = manufacturer
        self.cwmp_version = cwmp_version
        self.mischief = tuple(mischief)
        self.counts: Counter[str] = Counter()  # requests carried out, by method
        self.commands: Counter[tuple[str, str]] = Counter()  # the same by method and CommandKey
        self.sessions: deque[SessionRecord] = deque(maxlen=remembered)
        self.session_count = 0
        self.boot_count = 0
        self.is_up = False
        self._clock, self._pace, self._random = clock, pace, random
        self._listener = connection_requests
        self._is_preemptive, self._tls, self._timeout_s = is_preemptive, tls, timeout_s
        self._on_session = on_session
        self._gate = gate or nullcontext()
        kind = tree.load(model)
        own = {**self._own_values(acs_url, username or "", password or ""), **factory}
        self._version = parse_version(cwmp_version) or (1, 0)
        self.device = Device(
            tree.Tree(kind, {kind.root + name: value for name, value in own.items()}),
            self._version,
        )
        self._events = Events()
        self._old_cookies: dict[str, str] = {}
        self._known_url = acs_url
        self._is_bootstrapped = False
        self._booted_at = clock()
        self._retry_count = 0
        self._retry_at = 0.0  # by the loop's clock; sessions wait for it after a failure
        self._has_news = False  # an active notification is due
        self._periodic_at = 0.0
        self._scheduled: list[tuple[float, str]] = []  # ScheduleInform: loop time, CommandKey
        self._restart: _Restart | None = None
        self._unit_changes: list[behaviour.ChangeUnits] = []  # not finished yet
        self._tests: list[str] = []  # diagnostics that start when the session ends
        self._client: Client | None = None
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._log: deque[str] = deque(maxlen=LOG_LINES)

    # --- What it is --------------------------------------------------------------------------

    @property
    def tree(self) -> tree.Tree:
        return self.device.tree

    @property
    def connection_request_credentials(self) -> tuple[str, str]:
        server = "ManagementServer.ConnectionRequest"
        return self.tree.get(f"{server}Username"), self.tree.get(f"{server}Password")

    @property
    def connection_request_url(self) -> str:
        return self.tree.get("ManagementServer.ConnectionRequestURL")

    def now(self) -> float:
        """Unix seconds by this CPE's own clock, which may be wrong."""
        now = self._clock()
        for one in self.mischief:
            now = one.now(now)
        return now

    # --- Living ------------------------------------------------------------------------------

    async def start(self) -> SessionRecord:
        """Powers on, and lives in the background from now on; returns the first session."""
        self._boot(())
        record = await self.session()
        self._life = asyncio.create_task(self._live())
        return record

    async def stop(self) -> None:
        """Powers off for good."""
        tasks = [*self._chores, *([self._life] if self._life else [])]
        for task in tasks:
            task.cancel()
        self._cut_line()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        self.is_up, self._life = False, None
        if self._listener is not None:
            self._listener.forget(self.connection_request_url)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def power_cut(self, off_s: float = 0) -> None:
        """Takes the power away in mid-sentence; it comes back after so many seconds."""
        due = self._restart or _Restart(0)
        self._restart = replace(due, off_s=off_s + self._pace.boot_s)
        self._power_down()
        self._cut_line()
        self._wake.set()

    def restart(self) -> None:
        """Power off and on again."""
        self.power_cut()

    def change(self, name: str, value: str) -> None:
        """The device itself changes a parameter: notified as its attributes demand."""
        if self.tree.put(name, value):
            self._has_news = True
            self._wake.set()

    def request_download(self, file_type: str, arguments: Iterable[m.ArgStruct] = ()) -> None:
        """The device wishes for a file (RequestDownload)."""
        request = m.RequestDownload(file_type, tuple(arguments))
        self._report(request, events.REQUEST_DOWNLOAD)

    def report_autonomous_transfer(self, request: m.AutonomousTransferComplete) -> None:
        """The device has moved a file that the ACS did not ask for."""
        self._report(request, events.AUTONOMOUS_TRANSFER_COMPLETE)

    def ask(self, request: m.CpeRequest) -> None:
        """Something to say in the next session, without an event of its own."""
        self._report(request)

    def connection_requested(self) -> int | None:
        """A caller with the right credentials: the HTTP status for him, None for silence."""
        if not self.is_up or any(one.is_deaf for one in self.mischief):
            return None
        if any(one.is_busy for one in self.mischief):
            return 503
        self._events.add(events.CONNECTION_REQUEST)
        self._retry_at = 0
        self._wake.set()
        return 200

    async def session_where(self, wanted: Callable[[SessionRecord], bool]) -> SessionRecord:
        """The first ended session that is wanted, of those remembered and those to come."""
        seen = 0
        while True:
            oldest = self.session_count - len(self.sessions)
            for number in range(max(seen, oldest), self.session_count):
                if wanted(self.sessions[number - oldest]):
                    return self.sessions[number - oldest]
            seen = self.session_count
            self._ended.clear()
            await self._ended.wait()

    async def told(self, code: str, command_key: str = "") -> SessionRecord:
        """The session in which this event was delivered; waits for it."""
        return await self.session_where(lambda record: record.told(code, command_key))

    async def session(self, codes: Iterable[str] = ()) -> SessionRecord:
        """Runs exactly one session now, with these events and those that wait; never raises for
        what goes wrong on the line, the record says it."""
        async with self._lock:
            await self._finish_restart()
            for code in codes:
                self._events.add(code)
            if not self._events and not self.tree.changed:
                self._events.add(events.PERIODIC)
            return await self._converse()

    # --- Time --------------------------------------------------------------------------------

    async def _live(self) -> None:
        while True:
            async with self._lock:
                await self._finish_restart()
                self._collect_due_events()
                if self._is_session_due():
                    await self._converse()
                    continue
            await self._rest()

    def _is_session_due(self) -> bool:
        return bool(self._events or self._has_news) and _loop_time() >= self._retry_at

    async def _rest(self) -> None:
        """Until something happens, or is due."""
        due = [self._periodic_at] if self._periodic_at else []
        due += [at for at, _ in self._scheduled]
        due += [self._retry_at] if self._events or self._has_news else []
        if not self._wake.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(due, default=None)):
                    await self._wake.wait()
        self._wake.clear()

    def _collect_due_events(self) -> None:
        now = _loop_time()
        if self._periodic_at and now >= self._periodic_at:
            self._events.add(events.PERIODIC)
            self._plan_periodic()
        for entry in [one for one in self._scheduled if one[0] <= now]:
            self._scheduled.remove(entry)
            self._events.add(events.SCHEDULED)
            self._events.add("M ScheduleInform", entry[1])

    def _plan_periodic(self) -> None:
        """When the next periodic Inform is due; PeriodicInformTime is the phase, if it is set."""
        server = self.tree.get
        if not parse_boolean(server("ManagementServer.PeriodicInformEnable", "false")):
            self._periodic_at = 0
            return
        interval = int(server("ManagementServer.PeriodicInformInterval", "300")) or 1
        phase = parse_datetime(server("ManagementServer.PeriodicInformTime"))
        start = phase.timestamp() if phase else self._booted_at
        wait_s = interval - (self.now() - start) % interval
        if wait_s < interval * CLOCKS_APART:
            wait_s += interval
        self._periodic_at = _loop_time() + wait_s / self._pace.periodic_speed

    def _plan_retry(self) -> None:
        """TR-069 3.2.1.1: at random within a range that grows with each failure."""
        self._retry_count += 1
        least_s = float(self.tree.get("ManagementServer.CWMPRetryMinimumWaitInterval", "5"))
        factor = float(self.tree.get("ManagementServer.CWMPRetryIntervalMultiplier", "2000")) / 1000
        growth = factor ** (min(self._retry_count, LAST_GROWING_RETRY) - 1)
        wait_s = self._random.uniform(least_s * growth, least_s * growth * factor)
        self._retry_at = _loop_time() + self._pace.wait(wait_s)

    # --- Power -------------------------------------------------------------------------------

    def _boot(self, told: tuple[EventStruct, ...]) -> None:
        self.boot_count += 1
        self._booted_at = self.now()
        self._note("boot")
        self._events.rebooted()
        self._events.add(events.BOOT)
        for event in told:
            self._events.add(event.event_code, event.command_key)
        if not self._is_bootstrapped:
            self._events.add(events.BOOTSTRAP)
        self._retry_count, self._retry_at = 0, 0
        self.is_up = True
        self._plan_periodic()
        for transfer in self.device.transfers:
            if transfer.state is not TransferState.DONE:
                self._chore(self._carry_out(transfer))
        for change in self._unit_changes:
            self._chore(self._change_units(change))

    def _power_down(self) -> None:
        """What does not live in flash is lost."""
        self.is_up = False
        for chore in self._chores:
            chore.cancel()
        self._tests.clear()
        self._has_news = False
        self.tree.forget_changes(self.tree.changed)
        for transfer in self.device.transfers:
            if transfer.state is TransferState.RUNNING:
                transfer.state = TransferState.WAITING

    async def _finish_restart(self) -> None:
        """Goes through a restart that is due: down, the time it takes, and up again."""
        while (due := self._restart) is not None:
            self._power_down()
            await asyncio.sleep(self._pace.wait(due.off_s))
            if self._restart is not due:
                continue  # the power was cut once more while it booted
            self._restart = None
            if due.is_reset:
                self._reset()
            self._boot(due.events)
            if due.version:
                self._run_firmware(due.version)
            if due.report:
                self._tell(due.report)

    def _reset(self) -> None:
        self.tree.reset()
        self.device.transfers.clear()
        self._events.clear()
        self._scheduled.clear()
        self._unit_changes.clear()
        self._is_bootstrapped = False

    def _run_firmware(self, version: str) -> None:
        name = self.tree.root + SOFTWARE_VERSION
        self._has_news |= self.tree.put(name, version)
        self.tree.keep_over_reset(name)

    def _cut_line(self) -> None:
        if self._client is not None:
            self._client.abort()

    # --- The session -------------------------------------------------------------------------

    async def _converse(self) -> SessionRecord:
        async with self._gate:
            return await self._play()

    async def _play(self) -> SessionRecord:
        told = self._told()
        record = SessionRecord(told, self.now())
        self._refresh()
        self._client = client = self._new_client()
        started = time.perf_counter()
        try:
            wire = dialogue.Wire(client, self._acs_url(), self._opening(), self.mischief)
            await dialogue.converse(self, wire, record)
            if any(one.says_goodbye_twice for one in self.mischief):
                await wire.exchange(None, None)
        except dialogue.LINE_ERRORS as error:
            record.error = f"{type(error).__name__}: {error}".rstrip(": ")
            client.abort()
        finally:
            self._client = None
            await client.close()
        record.duration_s = time.perf_counter() - started
        self._old_cookies = client.cookies
        self._after_session(record)
        return record

    def _told(self) -> tuple[EventStruct, ...]:
        waiting = self._events.waiting()
        if self.tree.changed:
            self._events.add(events.VALUE_CHANGE)
            waiting = self._events.waiting()
        for one in self.mischief:
            waiting = one.events(waiting)
        return waiting

    def _after_session(self, record: SessionRecord) -> None:
        self._note(f"session {'ended' if record.is_complete else record.error}")
        if record.is_complete:
            self._retry_count, self._retry_at = 0, 0
        elif self._restart is None:
            self._events.session_failed()
            self._plan_retry()
        for path in self._tests:
            self._chore(self._diagnose(path))
        self._tests.clear()
        if self._acs_url() != self._known_url:
            self._known_url = self._acs_url()
            self._events.add(events.BOOTSTRAP)
        if self.is_up:
            self._plan_periodic()
        self.session_count += 1
        self.sessions.append(record)
        self._ended.set()
        self._wake.set()
        if self._on_session is not None:
            self._on_session(self, record)

    def inform(self) -> m.Inform:
        return m.Inform(
            m.DeviceIdStruct(self.manufacturer, self.oui, self.product_class, self.serial_number),
            self._told(),
            1,
            _stamp(self.now()),
            self._retry_count,
            tuple(self._inform_parameters()),
        )

    def informed(self, inform: m.Inform) -> None:
        self._events.informed(event for event in inform.event if event not in self._announcements())
        self.tree.forget_changes(value.name for value in inform.parameter_list)
        self._has_news = bool(self._has_news and self.tree.changed)
        if EventStruct(events.BOOTSTRAP) in inform.event:
            self._is_bootstrapped = True

    def next_request(self) -> m.CpeRequest | None:
        report = next(iter(self._events.reports), None)
        return None if report is None else report.request

    def answered(self, request: m.CpeRequest) -> None:
        """Also a fault is an answer: what the ACS cannot do it will not be asked again."""
        for report in self._events.reports:
            if report.request is request:
                self._events.reported(report)
                if report.transfer in self.device.transfers:
                    self._close(report.transfer)

    async def answer(self, request: m.Request) -> Message:
        usual: Callable[[Device, m.Request], behaviour.Answer] = behaviour.answer
        for one in reversed(self.mischief):
            usual = partial(_spoiled, one, usual)
        answer = usual(self.device, request)
        if answer.is_fault:
            return answer.message
        method = type(request).__name__
        self.counts[method] += 1
        self.commands[method, getattr(request, "command_key", None) or ""] += 1
        for effect in answer.effects:
            if isinstance(effect, behaviour.StartTransfer) and self._downloads_at_once(effect):
                return await self._fetched_at_once(effect.transfer)
            self._carry_out_effect(effect)
        return answer.message

    def _announcements(self) -> set[EventStruct]:
        return {event for report in self._events.reports for event in report.events}

    def _inform_parameters(self) -> Iterable[m.ParameterValueStruct]:
        names = [self.tree.root + name for name in FORCED]
        connection = self.tree.get(DEFAULT_CONNECTION)
        names += [f"{connection}.ExternalIPAddress"] if connection else []
        for name in dict.fromkeys([*names, *self._chosen_parameters(), *self.tree.changed]):
            if name in self.tree and not name.endswith("."):
                yield m.ParameterValueStruct(name, self.tree.shown(name), self.tree.node(name).type)

    def _chosen_parameters(self) -> Iterable[str]:
        """What the ACS wants in every Inform (ManagementServer.InformParameter, TR-069 A6)."""
        table = f"{self.tree.root}ManagementServer.InformParameter."
        for entry in self.tree.children(table) if table in self.tree else ():
            if parse_boolean(self.tree.value(f"{entry}Enable")):
                yield self.tree.value(f"{entry}ParameterName")

    def _opening(self) -> Envelope:
        """The headers that tell the protocol's version."""
        return Envelope(
            m.Inform(),
            namespace=NAMESPACES[self.cwmp_version],
            session_timeout_s=SESSION_TIMEOUT_S if self._version >= (1, 3) else None,
            supported_versions=tuple(reversed(NAMESPACES)) if self._version >= (1, 4) else (),
        )

    def _new_client(self) -> Client:
        client = Client(
            self.tree.get("ManagementServer.Username"),
            self.tree.get("ManagementServer.Password"),
            tls=self._tls,
            timeout_s=self._timeout_s,
            is_preemptive=self._is_preemptive,
            keeps_connection=all(one.keeps_connection for one in self.mischief),
            keeps_cookies=all(one.keeps_cookies for one in self.mischief),
        )
        if any(one.keeps_old_cookies for one in self.mischief):
            client.cookies = self._old_cookies
        return client

    def _acs_url(self) -> str:
        return self.tree.get("ManagementServer.URL")

    def _refresh(self) -> None:
        """Values that go with the time."""
        now = self.now()
        for name, value in (
            ("DeviceInfo.UpTime", str(max(0, int(now - self._booted_at)))),
            ("Time.CurrentLocalTime", _stamp(now)),
        ):
            if self.tree.root + name in self.tree:
                self.tree.set(self.tree.root + name, value)

    # --- What requests lead to ---------------------------------------------------------------

    def _carry_out_effect(self, effect: behaviour.Effect) -> None:
        match effect:
            case behaviour.RebootAfterSession(command_key):
                self._restart_later(EventStruct("M Reboot", command_key))
            case behaviour.ResetAfterSession():
                due = self._restart or _Restart(self._pace.boot_s)
                self._restart = replace(due, is_reset=True, events=(), report=None)
            case behaviour.StartTransfer(transfer):
                self._chore(self._carry_out(transfer))
            case behaviour.ScheduleInformIn(delay_s, command_key):
                self._scheduled.append((_loop_time() + self._pace.wait(delay_s), command_key))
                self._wake.set()
            case behaviour.RunDiagnostics(path):
                self._tests.append(path)
            case behaviour.ChangeUnits():
                self._unit_changes.append(effect)
                self._chore(self._change_units(effect))

    def _restart_later(self, event: EventStruct) -> None:
        """Reboots after this session; a reset that is due, or another reboot, takes this along."""
        due = self._restart or _Restart(self._pace.boot_s)
        if not due.is_reset:
            self._restart = replace(due, events=(*due.events, event))

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        """Something that takes time, beside the sessions; a power cut ends it."""
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chore_ended)

    def _chore_ended(self, task: asyncio.Task[None]) -> None:
        """One that failed by a bug of ours stays, for ``stop`` to raise it."""
        if task.cancelled() or task.exception() is None:
            self._chores.discard(task)

    async def _diagnose(self, path: str) -> None:
        await asyncio.sleep(self._pace.wait(self._pace.diagnostics_s))
        if path in self.tree:
            diagnostics.run(self.tree, path, self.now(), self._random)
            self._events.add(events.DIAGNOSTICS_COMPLETE)
            self._wake.set()

    async def _change_units(self, change: behaviour.ChangeUnits) -> None:
        await asyncio.sleep(self._pace.wait(self._pace.install_s))
        results = units.carry_out(self.tree, change.operations, _stamp(self.now()))
        self._unit_changes.remove(change)
        self._report(
            m.DUStateChangeComplete(results, change.command_key or None),
            events.DU_STATE_CHANGE_COMPLETE,
            EventStruct("M ChangeDUState", change.command_key),
        )

    # --- Files -------------------------------------------------------------------------------

    async def _carry_out(self, transfer: Transfer) -> None:
        await asyncio.sleep(self._pace.wait(transfer.delay_s))
        if transfer not in self.device.transfers:
            return  # cancelled meanwhile
        transfer.state = TransferState.RUNNING
        started = self.now()
        try:
            version = await self._move(transfer)
        except transfers.TransferFailed as failure:
            outcome = m.FaultStruct(failure.code, str(failure))
            self._tell(self._transfer_report(transfer, started, outcome))
            return
        transfer.firmware_version = version
        report = self._transfer_report(transfer, started, m.FaultStruct())
        if version and not any(one.reports_before_reboot for one in self.mischief):
            self._install(transfer, report)
        else:
            self._tell(report)

    async def _move(self, transfer: Transfer) -> str:
        """Moves the file; returns the version of a firmware image, "" for everything else."""
        if code := next((code for one in self.mischief if (code := one.transfer_fault())), 0):
            raise transfers.TransferFailed(code)
        if not transfer.is_download:
            content = transfers.content_of(transfer, self.tree, list(self._log))
            await transfers.send(transfer, content, self._tls)
            return ""
        fetched = await transfers.fetch(transfer, self._tls)
        if transfer.file_type == transfers.CONFIGURATION:
            transfers.restore(self.tree, fetched.settings)
        if transfer.file_type != transfers.FIRMWARE:
            return ""
        return fetched.version or self.tree.get(SOFTWARE_VERSION)

    def _install(self, transfer: Transfer, report: Report | None) -> None:
        """Writes the new firmware and boots into it, not in the middle of a session."""
        off_s = self._pace.install_s + self._pace.boot_s
        due = self._restart or _Restart(off_s)
        version, transfer.firmware_version = transfer.firmware_version, ""
        self._restart = replace(due, off_s=off_s, version=version, report=report)
        self._wake.set()

    def _transfer_report(
        self, transfer: Transfer, started: float, outcome: m.FaultStruct
    ) -> Report:
        transfer.state = TransferState.DONE
        failed = bool(outcome.fault_code)
        return Report(
            m.TransferComplete(
                transfer.command_key,
                outcome,
                m.UNKNOWN_TIME if failed else _stamp(started),
                m.UNKNOWN_TIME if failed else _stamp(self.now()),
            ),
            (
                EventStruct(events.TRANSFER_COMPLETE),
                EventStruct(f"M {transfer.method}", transfer.command_key),
            ),
            transfer,
        )

    def _downloads_at_once(self, effect: behaviour.StartTransfer) -> bool:
        return effect.transfer.is_download and any(one.downloads_at_once for one in self.mischief)

    async def _fetched_at_once(self, transfer: Transfer) -> Message:
        """Status 0: fetched and applied before the answer, and no TransferComplete follows."""
        self.device.transfers.remove(transfer)
        started = self.now()
        try:
            version = await self._move(transfer)
        except transfers.TransferFailed as failure:
            return fault(failure.code)
        if version:
            self._run_firmware(version)
        return m.DownloadResponse(0, _stamp(started), _stamp(self.now()))

    def _close(self, transfer: Transfer) -> None:
        """The ACS knows how it ended."""
        self.device.transfers.remove(transfer)
        if transfer.firmware_version:
            self._install(transfer, None)

    # --- Telling -----------------------------------------------------------------------------

    def _report(self, request: m.CpeRequest, code: str = "", *more: EventStruct) -> None:
        self._tell(Report(request, (*([EventStruct(code)] if code else []), *more)))

    def _tell(self, report: Report) -> None:
        reports: tuple[Report, ...] = (report,)
        for one in self.mischief:
            reports = tuple(made for each in reports for made in one.reports(each))
        for each in reports:
            self._events.report(each)
        self._wake.set()

    def _note(self, line: str) -> None:
        """For the log file that an Upload sends."""
        self._log.append(f"{_stamp(self.now())} {line}")

    def _own_values(self, acs_url: str, username: str, password: str) -> dict[str, str]:
        """What is printed on this one device: identity, credentials, addresses."""
        digest = hashlib.sha256(f"{self.oui}-{self.serial_number}".encode()).digest()
        url = self._listener.register(self) if self._listener is not None else ""
        values = {
            "DeviceInfo.Manufacturer": self.manufacturer,
            "DeviceInfo.ManufacturerOUI": self.oui,
            "DeviceInfo.ProductClass": self.product_class,
            "DeviceInfo.SerialNumber": self.serial_number,
            "ManagementServer.URL": acs_url,
            "ManagementServer.Username": username,
            "ManagementServer.Password": password,
            "ManagementServer.ConnectionRequestURL": url,
            "ManagementServer.ConnectionRequestUsername": f"{self.oui}-{self.serial_number}",
            "ManagementServer.ConnectionRequestPassword": digest.hex()[:16],
        }
        # The shared address space of carriers (RFC 6598), as behind a provider's NAT.
        address = f"100.{64 + digest[0] % 64}.{digest[1]}.{digest[2]}"
        return values | dict.fromkeys(WAN_ADDRESSES, address)


def _spoiled(
    one: Mischief,
    usual: Callable[[Device, m.Request], behaviour.Answer],
    device: Device,
    request: m.Request,
) -> behaviour.Answer:
    return one.answer(device, request, usual)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _stamp(moment: float) -> str:
    time = datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(moment))
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
