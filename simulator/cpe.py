"""One simulated CPE and its life: boot, Inform, session, timers, reboots, files.

This is the edge where a device's pure parts (tree, behaviour, events, diagnostics) meet sockets,
clocks and chance. Rules kept here: one session at a time; what was accepted is carried out even
when the session breaks afterwards; what a real CPE keeps over a reboot is kept, the rest is lost.
"""

import asyncio
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from acs.cwmp.messages import EventStruct, Message
from acs.cwmp.stun import Address, UdpRequest
from acs.cwmp.versions import parse_version
from simulator import (
    behaviour,
    diagnostics,
    dialogue,
    events,
    informing,
    nat,
    timing,
    transfers,
    tree,
    units,
)
from simulator.behaviour import Device, Transfer, TransferState
from simulator.client import Client
from simulator.dialogue import SessionRecord
from simulator.events import Events, Report
from simulator.label import Label
from simulator.listener import Listener
from simulator.mischief import Mischief, Trait
from simulator.timing import REAL_TIME, Pace, stamp

SHARED_RANDOM = Random()  # noqa: S311 - jitter and made-up results, nothing secret

LOG_LINES = 100


@dataclass(frozen=True, slots=True)
class _Restart:
    """A restart that is due, and what it does besides booting."""

    off_s: float
    events: tuple[EventStruct, ...] = ()
    is_reset: bool = False
    version: str = ""  # of the firmware that runs afterwards, if it changes
    reports: tuple[Report, ...] = ()


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
        self.label = Label(manufacturer, oui, product_class, serial_number)
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
        self._opening = informing.opening(cwmp_version)
        own = {
            **self.label.values,
            "ManagementServer.URL": acs_url,
            "ManagementServer.Username": username or "",
            "ManagementServer.Password": password or "",
            "ManagementServer.ConnectionRequestURL": self._register(),
            **factory,
        }
        kind = tree.load(model)
        self.device = Device(
            tree.Tree(kind, {kind.root + name: value for name, value in own.items()}),
            parse_version(cwmp_version) or (1, 0),
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
        self._binding: nat.Binding | None = None  # as it is kept now, and who keeps it
        self._binder: asyncio.Task[None] | None = None
        self._last_call = (0, 0)  # timestamp and id of the last UDP connection request
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._log: deque[str] = deque(maxlen=LOG_LINES)

    def _register(self) -> str:
        return "" if self._listener is None else self._listener.register(self)

    # --- What it is --------------------------------------------------------------------------

    @property
    def serial_number(self) -> str:
        return self.label.serial_number

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
        if not self.is_up or self._does("is_deaf"):
            return None
        if self._does("is_busy"):
            return 503
        self._awaited()
        return 200

    def _awaited(self) -> None:
        """The ACS awaits a session: not even a retry's wait counts now."""
        self._events.add(events.CONNECTION_REQUEST)
        self._retry_at = 0
        self._wake.set()

    def _does(self, trait: Trait) -> bool:
        return any(getattr(one, trait) for one in self.mischief)

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
        return self._has_reason and _loop_time() >= self._retry_at

    @property
    def _has_reason(self) -> bool:
        """Something to tell; or a failed session, which is repeated even when all its events were
        delivered, so that the ACS can go on (TR-069 3.2.1.1)."""
        return bool(self._events or self._has_news or self._retry_count)

    async def _rest(self) -> None:
        """Until something happens, or is due."""
        due = [self._periodic_at] if self._periodic_at else []
        due += [at for at, _ in self._scheduled]
        due += [self._retry_at] if self._has_reason else []
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
        wait_s = timing.until_periodic_s(self.tree, self.now(), self._booted_at)
        if wait_s is None:
            self._periodic_at = 0
        else:
            self._periodic_at = _loop_time() + wait_s / self._pace.periodic_speed

    def _plan_retry(self) -> None:
        self._retry_count += 1
        wait_s = timing.until_retry_s(self.tree, self._retry_count, self._random)
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
        self._tend_binding()

    def _power_down(self) -> None:
        """What does not live in flash is lost."""
        self.is_up = False
        for chore in self._chores:
            chore.cancel()
        self._tests.clear()
        self._binding = self._binder = None
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
            for report in due.reports:
                self._tell(report)

    def _reset(self) -> None:
        self.tree.reset()
        self.device.transfers.clear()
        self._events.clear()
        self._scheduled.clear()
        self._unit_changes.clear()
        self._is_bootstrapped = False

    def _run_firmware(self, version: str) -> None:
        name = self.tree.root + transfers.SOFTWARE_VERSION
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
            wire = dialogue.Wire(client, self._acs_url(), self._opening, self.mischief)
            await dialogue.converse(self, wire, record)
            if self._does("says_goodbye_twice"):
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
            if self._does("repeats_events"):
                self._delivered(record.events)
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
            self._tend_binding()
        self.session_count += 1
        self.sessions.append(record)
        self._ended.set()
        self._wake.set()
        if self._on_session is not None:
            self._on_session(self, record)

    def inform(self) -> m.Inform:
        return m.Inform(
            self.label.device_id,
            self._told(),
            1,
            stamp(self.now()),
            self._retry_count,
            informing.parameters(self.tree),
        )

    def informed(self, inform: m.Inform) -> None:
        if not self._does("repeats_events"):
            self._delivered(inform.event)
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
            if (
                isinstance(effect, behaviour.StartTransfer)
                and effect.transfer.is_download
                and self._does("downloads_at_once")
            ):
                return await self._fetched_at_once(effect.transfer)
            self._carry_out_effect(effect)
        return answer.message

    def _delivered(self, told: tuple[EventStruct, ...]) -> None:
        announced = {event for report in self._events.reports for event in report.events}
        self._events.informed(event for event in told if event not in announced)

    def _new_client(self) -> Client:
        client = Client(
            self.tree.get("ManagementServer.Username"),
            self.tree.get("ManagementServer.Password"),
            tls=self._tls,
            timeout_s=self._timeout_s,
            is_preemptive=self._is_preemptive,
            keeps_connection=not self._does("drops_connections"),
            keeps_cookies=not self._does("drops_cookies"),
        )
        if self._does("keeps_old_cookies"):
            client.cookies = self._old_cookies
        return client

    def _acs_url(self) -> str:
        return self.tree.get("ManagementServer.URL")

    def _refresh(self) -> None:
        """Values that go with the time."""
        now = self.now()
        for name, value in (
            ("DeviceInfo.UpTime", str(max(0, int(now - self._booted_at)))),
            ("Time.CurrentLocalTime", stamp(now)),
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
                self._restart = replace(due, is_reset=True, events=(), reports=())
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

    def _chore(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Something that takes time, beside the sessions; a power cut ends it."""
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chore_ended)
        return task

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
        results = units.carry_out(self.tree, change.operations, stamp(self.now()))
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
        started, outcome = stamp(self.now()), m.FaultStruct()
        try:
            transfer.firmware_version = await self._move(transfer)
        except transfers.TransferFailed as failure:
            outcome = m.FaultStruct(failure.code, str(failure))
        transfer.state = TransferState.DONE
        report = transfers.report(transfer, outcome, started, stamp(self.now()))
        if transfer.firmware_version and not self._does("reports_before_reboot"):
            self._install(transfer, report)
        else:
            self._tell(report)

    async def _move(self, transfer: Transfer) -> str:
        if code := next((code for one in self.mischief if (code := one.transfer_fault())), 0):
            raise transfers.TransferFailed(code)
        return await transfers.move(transfer, self.tree, tuple(self._log), self._tls)

    def _install(self, transfer: Transfer, *reports: Report) -> None:
        """Writes the new firmware and boots into it, not in the middle of a session."""
        off_s = self._pace.install_s + self._pace.boot_s
        due = self._restart or _Restart(off_s)
        version, transfer.firmware_version = transfer.firmware_version, ""
        self._restart = replace(due, off_s=off_s, version=version, reports=(*due.reports, *reports))
        self._wake.set()

    async def _fetched_at_once(self, transfer: Transfer) -> Message:
        """Status 0: fetched and applied before the answer, and no TransferComplete follows."""
        self.device.transfers.remove(transfer)
        started = stamp(self.now())
        try:
            version = await self._move(transfer)
        except transfers.TransferFailed as failure:
            return fault(failure.code)
        if version:
            self._run_firmware(version)
        return m.DownloadResponse(0, started, stamp(self.now()))

    def _close(self, transfer: Transfer) -> None:
        """The ACS knows how it ended."""
        self.device.transfers.remove(transfer)
        if transfer.firmware_version:
            self._install(transfer)

    # --- Behind NAT --------------------------------------------------------------------------

    def _tend_binding(self) -> None:
        """Keeps a STUN binding as the parameters say now."""
        wanted = nat.wanted_binding(self.tree) if self.is_up else None
        if wanted == self._binding:
            return
        if self._binder is not None:
            self._binder.cancel()
        self._binding, self._binder = wanted, None
        if wanted is not None:
            self._binder = self._chore(
                nat.keep(wanted, self._pace.wait, self._random, self._bound, self._called)
            )

    def _bound(self, mapped: Address, own: Address) -> None:
        server = f"{self.tree.root}ManagementServer."
        for name, value in (
            (f"{server}NATDetected", "true" if mapped != own else "false"),
            (f"{server}UDPConnectionRequestAddress", f"{mapped[0]}:{mapped[1]}"),
        ):
            if name in self.tree:
                self.change(name, value)

    def _called(self, request: UdpRequest) -> None:
        """Annex G: a time that goes back and an id that comes twice are dropped."""
        username, password = self.connection_request_credentials
        is_new = request.timestamp >= self._last_call[0] and request.id != self._last_call[1]
        if is_new and request.username == username and request.verify(password):
            self._last_call = (request.timestamp, request.id)
            self._awaited()

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
        self._log.append(f"{stamp(self.now())} {line}")


def _spoiled(
    one: Mischief,
    usual: Callable[[Device, m.Request], behaviour.Answer],
    device: Device,
    request: m.Request,
) -> behaviour.Answer:
    return one.answer(device, request, usual)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
