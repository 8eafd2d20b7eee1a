"""A server's sessions without sockets: envelopes in, answers out, on a real store."""

from dataclasses import dataclass, field
from itertools import count

import pytest

from acs.conversation import Desk
from acs.cwmp import messages as m
from acs.exchange import Caller
from acs.registrations import Registrations
from acs.sessions import SessionLimits, Sessions
from inventory import operations
from inventory.operations import Kind
from inventory.recording import Policy
from inventory.secrets import Vault
from inventory.signals import Signals
from inventory.sqlite.store import SqliteStore

ROOT = "Device."


class Clock:
    """Stands still until it is told."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now

    def pass_(self, seconds):
        self.now += seconds


@dataclass
class Office:
    """What a test needs of the server's side."""

    store: SqliteStore
    signals: Signals
    clock: Clock
    policy: Policy
    sessions: Sessions = field(init=False)

    def __post_init__(self):
        self.restart()

    def restart(self, limits=None, **policy):
        """As after a crash: nothing but the store is left."""
        if policy:
            self.policy = Policy(**{"vault": self.policy.vault, **policy})
        desk = Desk(self.store, self.signals, self.policy, self.clock)
        self.sessions = Sessions(desk, limits or SessionLimits(), Registrations())

    async def queue(self, kind, variables=(), device_id=1, **more):
        """Queues an operation, tells of it, and returns its id."""
        named = [
            {"variable_name": ROOT + each} if isinstance(each, str) else each for each in variables
        ]
        request = {"variables": named, **more}
        made = await self.store.write(
            operations.queue, device_id, Kind(kind), request, self.clock()
        )
        self.signals.work(device_id)
        return made.id

    async def operation(self, operation_id):
        return await self.store.read(operations.find, operation_id)

    async def rows(self, sql, **parameters):
        return await self.store.read(lambda tx: [tuple(row) for row in tx.all(sql, **parameters)])


class ScriptedCpe:
    """Says what a test tells it to, with cookies as a CPE keeps them."""

    _connections = count(1)

    def __init__(self, office, serial_number="1", address="192.0.2.1"):
        self.office, self.serial_number, self.address = office, serial_number, address
        self.authorization = None
        self.key = ""
        self.version = "1.0"
        self.url = f"http://{address}:7547/cr"
        self._cookie = None
        self._connection = None

    async def inform(
        self, *events, retry_count=0, namespace="urn:dslforum-org:cwmp-1-2", told=None
    ):
        """Opens a session over a new connection."""
        self._connection, self._cookie = next(self._connections), None
        values = {
            "DeviceInfo.SoftwareVersion": self.version,
            "ManagementServer.ConnectionRequestURL": self.url,
            "ManagementServer.ParameterKey": self.key,
        }
        named = {ROOT + name: value for name, value in values.items()} | dict(told or {})
        body = m.Inform(
            m.DeviceIdStruct("Example", "00D09E", "Gateway", self.serial_number),
            tuple(m.EventStruct(*event.split("|")) for event in events or ("2 PERIODIC",)),
            retry_count=retry_count,
            parameter_list=tuple(
                m.ParameterValueStruct(name, value)
                for name, value in named.items()
                if value is not None
            ),
        )
        return await self.send(m.Envelope(body, id="i1", namespace=namespace))

    async def send(self, envelope):
        caller = Caller(
            self.address,
            self._connection,
            self._cookie,
            self.authorization,
            tls_subject=None,
            base_url="http://acs.example:7547",
        )
        answer = await self.office.sessions.hear(envelope, caller)
        self._cookie = answer.cookie or self._cookie
        return answer

    async def say(self, body, id="c1"):
        """Posts a message of its own, or an answer; None posts nothing."""
        return await self.send(None if body is None else m.Envelope(body, id=id))

    async def answer(self, asked, body):
        """Answers what the server asked."""
        return await self.send(m.Envelope(body, id=asked.envelope.id))

    def lose_connection(self):
        self.office.sessions.connection_lost(self._connection)

    async def enrol(self):
        """Registers, and takes what it is given."""
        await self.inform("0 BOOTSTRAP", "1 BOOT")
        asked = await self.say(None)
        while asked.status == 200:
            self.key = asked.envelope.body.parameter_key
            asked = await self.answer(asked, m.SetParameterValuesResponse())
        await self.inform()
        await self.say(None)


@pytest.fixture
async def office(tmp_path):
    vault = Vault.load(tmp_path / "key")
    async with await SqliteStore.open(tmp_path / "acs.db") as store:
        yield Office(store, Signals(), Clock(), Policy(vault))


@pytest.fixture
def cpe(office):
    return ScriptedCpe(office)


@pytest.fixture
def other_cpe(office):
    """Makes further CPEs."""

    def make(serial_number, address="192.0.2.2"):
        return ScriptedCpe(office, serial_number, address)

    return make


@pytest.fixture
def players():
    """The classes themselves, for tests that open an office of their own."""
    return Office, ScriptedCpe
