"""A listener on loopback, a hearer that remembers, and a raw wire to speak over."""

import asyncio
from dataclasses import dataclass, field

import pytest

from acs.cwmp.httpauth import Nonces
from acs.cwmp.messages import Envelope, InformResponse
from acs.endpoint.listener import Endpoint
from acs.endpoint.service import Challenges
from acs.exchange import Answer

INFORM = (
    b'<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" '
    b'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" '
    b'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    b'xmlns:cwmp="urn:dslforum-org:cwmp-1-0"><soap-env:Header>'
    b'<cwmp:ID soap-env:mustUnderstand="1">42</cwmp:ID></soap-env:Header><soap-env:Body>'
    b"<cwmp:Inform><DeviceId><Manufacturer>Example</Manufacturer><OUI>001122</OUI>"
    b"<ProductClass>Gateway</ProductClass><SerialNumber>SN1</SerialNumber></DeviceId>"
    b'<Event soap-enc:arrayType="cwmp:EventStruct[1]"><EventStruct><EventCode>1 BOOT</EventCode>'
    b"<CommandKey></CommandKey></EventStruct></Event><MaxEnvelopes>1</MaxEnvelopes>"
    b"<CurrentTime>2026-01-01T00:00:00Z</CurrentTime><RetryCount>0</RetryCount>"
    b'<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[0]"></ParameterList>'
    b"</cwmp:Inform></soap-env:Body></soap-env:Envelope>"
)


@dataclass
class Remembering:
    """Answers an envelope with InformResponse and an empty POST with 204, unless told otherwise."""

    told: Answer | Exception | None = None
    room: bool = True
    heard: list = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    someone_left: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self):
        self.may_answer.set()

    async def hear(self, message, caller):
        self.heard.append((message, caller))
        self.is_asked.set()
        await self.may_answer.wait()
        if isinstance(self.told, Exception):
            raise self.told
        if self.told or message is None:
            return self.told or Answer(204)
        return Answer(200, Envelope(InformResponse(), id=message.id), cookie="c0ffee")

    def connection_lost(self, connection):
        self.lost.append(connection)
        self.someone_left.set()

    def has_room(self, caller):
        return self.room

    @property
    def caller(self):
        return self.heard[-1][1]


@dataclass
class Response:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    raw: bytes

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    def __getitem__(self, name):
        (value,) = self.all(name)
        return value


@dataclass
class Wire:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, octets):
        self.writer.write(octets)

    async def answer(self):
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().strip().split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        length = int(dict(headers).get("Content-Length", 0))
        body = await self.reader.readexactly(length)
        return Response(int(first.split()[1]), headers, body, head + body)

    async def ask(self, octets):
        self.send(octets)
        return await self.answer()

    async def is_closed(self):
        return await self.reader.read(1) == b""


@pytest.fixture
def inform():
    return INFORM


@pytest.fixture
def hearer():
    return Remembering()


@pytest.fixture
def challenges():
    return Challenges(("digest", "basic"), "acs", Nonces(b"key"))


@pytest.fixture
async def listen(hearer, challenges):
    """Opens an endpoint with these options; all of them are closed at the end of the test."""
    endpoints = []

    async def listen(**options):
        endpoint = Endpoint(hearer, challenges, **options)
        endpoints.append(endpoint)
        return endpoint, await endpoint.listen("127.0.0.1", 0)

    yield listen
    for endpoint in endpoints:
        await endpoint.close()


@pytest.fixture
async def dial():
    """Opens a raw connection to a port of ours."""
    writers = []

    async def dial(port, **options):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)
        writers.append(writer)
        return Wire(reader, writer)

    yield dial
    for writer in writers:
        writer.close()


@pytest.fixture
async def wire(listen, dial):
    """A connection to an endpoint with default options."""
    _, port = await listen()
    return await dial(port)


@pytest.fixture
def post():
    """The bytes of a POST."""

    def post(body=b"", *headers, path="/acs", version="1.1"):
        lines = [f"POST {path} HTTP/{version}", "Host: acs.example.net:7547", *headers]
        if not any(line.startswith("Transfer-Encoding") for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "\r\n"]).encode() + body

    return post
