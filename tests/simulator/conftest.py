"""A scripted ACS on a raw TCP socket, so that the simulator is tried against no code of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from acs.cwmp import codec, versions
from acs.cwmp import messages as m
from acs.cwmp.faults import MalformedMessage
from acs.cwmp.messages import Envelope
from simulator.cpe import Cpe, Pace

FAST = Pace(speed=2000)

ANSWERS: dict[type, m.Message] = {
    m.Inform: m.InformResponse(),
    m.TransferComplete: m.TransferCompleteResponse(),
    m.AutonomousTransferComplete: m.AutonomousTransferCompleteResponse(),
    m.RequestDownload: m.RequestDownloadResponse(),
    m.DUStateChangeComplete: m.DUStateChangeCompleteResponse(),
    m.GetRPCMethods: m.GetRPCMethodsResponse(("Inform",)),
}


@dataclass
class Request:
    """One HTTP request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class ScriptedAcs:
    """Answers what a CPE says, and asks what stands in ``to_ask`` after its empty POST."""

    to_ask: list[m.Message] = field(default_factory=list)
    heard: list[Envelope] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    raw_files: dict[str, list[bytes]] = field(default_factory=dict)  # whole answers, in turn
    hangs_up_on: list[type] = field(default_factory=list)  # once for each
    raw_answers: list[bytes] = field(default_factory=list)  # sent instead, one per request
    faults: list[m.Fault] = field(default_factory=list)  # answers to the next CPE requests
    calls_back: Callable[[], object] = lambda: None  # while the session is open
    connections: int = 0
    port: int = 0
    called: asyncio.Event = field(default_factory=asyncio.Event)
    _opening: Envelope | None = None
    _ids: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/acs"

    def heard_of(self, kind: type) -> list[m.Message]:
        return [one.body for one in self.heard if isinstance(one.body, kind)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ", 2)
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                request = Request(method, target, headers, body, number)
                self.requests.append(request)
                self.called.set()
                writer.write(self.raw_answers.pop(0) if self.raw_answers else self._answer(request))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, request: Request) -> bytes:
        if request.method == "PUT":
            self.files[request.target] = request.body
            return _http(201)
        if request.method == "GET":
            if self.raw_files.get(request.target):
                return self.raw_files[request.target].pop(0)
            content = self.files.get(request.target)
            return _http(404) if content is None else _http(200, content)
        try:
            envelope = codec.decode(request.body) if request.body else None
        except MalformedMessage:
            return _http(400)
        if envelope is not None:
            self.heard.append(envelope)
            if type(envelope.body) in self.hangs_up_on:
                self.hangs_up_on.remove(type(envelope.body))
                raise ConnectionError
        answer = self._reply(envelope)
        if answer is None:
            return _http(204)
        return _http(200, codec.encode(answer), "Set-Cookie: session=abc123; Path=/\r\n")

    def _reply(self, envelope: Envelope | None) -> Envelope | None:
        body = None if envelope is None else envelope.body
        if envelope is not None and isinstance(body, m.CpeRequest):
            if isinstance(body, m.Inform):
                self._opening = envelope
            reply = self.faults.pop(0) if self.faults else ANSWERS[type(body)]
            return versions.reply(envelope, reply)
        if not self.to_ask or self._opening is None:
            return None
        self._ids += 1
        self.calls_back()
        return Envelope(self.to_ask.pop(0), f"acs-{self._ids}", namespace=self._opening.namespace)


def _http(status: int, body: bytes = b"", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Whatever\r\n{more}"
    if status != 204:
        head += f"Content-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


@pytest.fixture
async def acs() -> AsyncIterator[ScriptedAcs]:
    script = ScriptedAcs()
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    async with server:
        yield script


MakeCpe = Callable[..., Cpe]


@pytest.fixture
async def make_cpe(acs: ScriptedAcs) -> AsyncIterator[MakeCpe]:
    made: list[Cpe] = []

    def make(**options: object) -> Cpe:
        settings = {"acs_url": acs.url, "pace": FAST, "random": Random(7), **options}
        made.append(Cpe(**settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for cpe in made:
        await cpe.stop()


@pytest.fixture
def cpe(make_cpe: MakeCpe) -> Cpe:
    return make_cpe()
