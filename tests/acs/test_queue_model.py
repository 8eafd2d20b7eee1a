"""Queue, sessions, crashes and lost messages against a simple model of a device.

Whatever happens in whatever order: nothing is lost, nothing is done twice, new operations go out by
priority and age, and every operation ends once. Hypothesis chooses what happens.
"""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from inventory import operations, timekeeping
from inventory.operations import EXCLUSIVE, Kind, Priority
from inventory.recording import Policy
from inventory.secrets import Vault
from inventory.signals import Signals
from inventory.sqlite.store import SqliteStore

KINDS = st.sampled_from([Kind.GET, Kind.SET, Kind.REBOOT, Kind.ADD_OBJECT, Kind.DELETE_OBJECT])
PRIORITIES = st.sampled_from([Priority.PERSON, Priority.NORMAL, Priority.LOW])
WAITING = {"scheduled", "pending"}
FINAL = {"completed", "failed", "cancelled", "expired"}
FATES = (
    "answers",
    "the request is lost",
    "the answer is lost",
    "the answer is lost, and the restart never told",
)
UPTIME = "Device.DeviceInfo.UpTime"


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now

    def pass_(self, seconds):
        self.now += seconds


class Device:
    """What the device really does, and how often."""

    def __init__(self, clock):
        self.clock, self.booted = clock, clock() - 10_000
        self.done = Counter()
        self.values = {}
        self.tables = {}
        self.key = ""
        self.reboots = []  # keys of accepted reboots that have not happened yet
        self.events = []

    def carry_out(self, request):
        """The answer to a request, with all its effects."""
        match request:
            case m.GetParameterValues(parameter_names=names):
                return self._read(names)
            case m.SetParameterValues(parameter_list=listed):
                self.values |= {value.name: value.value for value in listed}
                self.key = request.parameter_key
                return m.SetParameterValuesResponse()
            case m.GetParameterNames(parameter_path=table):
                numbers = self.tables.get(table, [])
                found = [m.ParameterInfoStruct(f"{table}{n}.", writable=True) for n in numbers]
                return m.GetParameterNamesResponse(tuple(found))
            case m.AddObject(object_name=table):
                self.done["add.obj", table] += 1
                numbers = self.tables.setdefault(table, [])
                numbers.append(max(numbers, default=0) + 1)
                self.key = request.parameter_key
                return m.AddObjectResponse(numbers[-1])
            case m.DeleteObject(object_name=path):
                self.key = request.parameter_key
                if path in self.values:
                    del self.values[path]
                    return m.DeleteObjectResponse()
                return fault(9005)
            case m.Reboot(command_key=key):
                self.done["reboot", key] += 1
                self.reboots.append(key)
                return m.RebootResponse()
            case _:
                return fault(9000)

    def _read(self, names):
        known = {UPTIME: str(int(self.clock() - self.booted)), **self.values}
        listed = [m.ParameterValueStruct(name, known.get(name, "x")) for name in names]
        return m.GetParameterValuesResponse(tuple(listed))

    def session_ended(self):
        """What was accepted happens now."""
        if self.reboots:
            self.booted = self.clock()
            self.events = ["1 BOOT", *(f"M Reboot|{key}" for key in self.reboots)]
            self.reboots = []


class QueueModel(RuleBasedStateMachine):
    def __init__(self, office, cpe):
        super().__init__()
        self.make_office, self.make_cpe = office, cpe
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.waiting = {}  # id -> rank, of those that were never sent so far
        self.queued = {}
        self.said = None  # what the server said last
        self.runner.run(self._open())

    async def _open(self):
        folder = Path(self.folder.name)
        vault = Vault.load(folder / "key")
        store = await SqliteStore.open(folder / "acs.db")
        self.office = self.make_office(store, Signals(), Clock(), Policy(vault))
        self.cpe = self.make_cpe(self.office)
        await self.cpe.enrol()
        self.device = Device(self.office.clock)
        self.device.key = self.cpe.key

    def teardown(self):
        try:
            self.runner.run(self._settle())
            self.runner.run(self._check())
        finally:
            self.runner.run(self.office.store.close())
            self.runner.close()
            self.folder.cleanup()

    # --- What may happen -----------------------------------------------------------------------

    @rule(kind=KINDS, priority=PRIORITIES)
    def somebody_queues(self, kind, priority):
        self.runner.run(self._queue(kind, priority))

    async def _queue(self, kind, priority):
        number = len(self.queued)
        name = {
            Kind.ADD_OBJECT: f"Device.T{number}.",
            Kind.DELETE_OBJECT: f"Device.D.{number}.",
        }.get(kind, f"Device.X{number}")
        if kind is Kind.DELETE_OBJECT:
            self.device.values[name] = ""
        variable = {"variable_name": name, "value": f"v{number}", "value_type": "string"}
        office = self.office
        made = await office.store.write(
            operations.queue,
            1,
            kind,
            {"variables": [variable]},
            office.clock(),
            priority=priority,
        )
        office.signals.work(1)
        self.queued[made.id] = (kind, name, made.key)
        self.waiting[made.id] = (int(priority), made.id)

    @initialize(kinds=st.lists(KINDS, min_size=1, max_size=4))
    def some_work_is_there(self, kinds):
        for kind in kinds:
            self.runner.run(self._queue(kind, Priority.PERSON))

    @precondition(lambda self: self.said is None)
    @rule(seconds=st.sampled_from([1, 30, 100]))
    def the_device_informs(self, seconds):
        self._pass(seconds)
        self.runner.run(self._inform())

    async def _inform(self):
        self.device.session_ended()
        self.cpe.key = self.device.key
        await self.cpe.inform(*(self.device.events or ["2 PERIODIC"]))
        self.device.events = []
        await self._take(await self.cpe.say(None))

    @precondition(lambda self: self.said is not None)
    @rule(fate=st.sampled_from(FATES))
    def the_device_goes_on(self, fate):
        if fate == "answers":
            self.runner.run(self._answer())
            return
        if fate != "the request is lost":
            self.device.carry_out(self.said.body)
        self._break_off()
        if fate == "the answer is lost, and the restart never told":
            self._pass(5)
            self.device.session_ended()
            self.device.events = []

    async def _answer(self):
        said, self.said = self.said, None
        answer = self.device.carry_out(said.body)
        await self._take(await self.cpe.send(m.Envelope(answer, id=said.id)))

    @precondition(lambda self: self.said is not None)
    @rule()
    def the_server_crashes(self):
        self.office.restart()
        self.said = None

    @precondition(lambda self: self.said is not None)
    @rule()
    def the_device_informs_over_an_open_session(self):
        self._break_off()
        self.runner.run(self._inform())

    def _pass(self, seconds):
        self.office.clock.pass_(seconds)
        self.runner.run(self.office.sessions.sweep())

    def _break_off(self):
        self.said = None
        self.cpe.lose_connection()

    # --- What must hold ------------------------------------------------------------------------

    async def _take(self, answer):
        self.said = answer.envelope if answer.status == 200 else None
        if self.said is not None:
            await self._check_order()

    async def _check_order(self):
        """What is new on the wire is the first of those that may go."""
        states = dict(await self._states())
        started = [number for number in self.waiting if states[number] not in WAITING]
        has_exclusive = any(
            state == "running" and self.queued[number][0] in EXCLUSIVE
            for number, state in states.items()
            if number in self.queued and number not in started
        )
        for number in started:
            rank = self.waiting.pop(number)
            ahead = [
                other
                for other, its_rank in self.waiting.items()
                if its_rank < rank
                and other not in started
                and not (has_exclusive and self.queued[other][0] in EXCLUSIVE)
            ]
            assert not ahead, f"{number} went before {ahead}"

    async def _states(self):
        return await self.office.rows("SELECT id, state FROM operations")

    async def _settle(self):
        """In peace everything ends: nothing gets lost any more, and time goes on."""
        self.said = None
        for _ in range(20 + 6 * len(self.queued)):
            if all(state in FINAL for _, state in await self._states()):
                return
            await self._inform()
            while self.said is not None:
                await self._answer()
            self.office.clock.pass_(200)
            await self.office.store.write(timekeeping.advance, self.office.clock())
        raise AssertionError(f"still open: {await self._states()}")

    async def _check(self):
        states = dict(await self._states())
        for number, (kind, name, key) in self.queued.items():
            state = states[number]
            if kind is Kind.REBOOT:
                times = self.device.done["reboot", key]
            elif kind is Kind.ADD_OBJECT:
                times = self.device.done["add.obj", name]
            elif kind is Kind.DELETE_OBJECT:
                times = int(name not in self.device.values)
            elif kind is Kind.SET:
                times = int(name in self.device.values)
            else:
                continue
            assert times <= 1, f"{kind} was done {times} times"
            if state == "completed":
                assert times == 1, f"{kind} is said to be completed"


def test_whatever_happens_nothing_is_lost_and_nothing_done_twice(players):
    run_state_machine_as_test(
        lambda: QueueModel(*players),
        settings=settings(
            max_examples=80,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
