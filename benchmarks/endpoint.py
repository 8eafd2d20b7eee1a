"""What the HTTP edge costs: server CPU of a quiet session, against a bare aiohttp handler.

A session is a fresh TCP connection with two POSTs, an Inform and an empty one; 50 run at once. The
servers are processes of their own and take turns, as these machines drift. ``bare`` reads nothing
and answers the same bytes; ``endpoint`` is the real edge with the codec, before a hearer that does
nothing; ``empty`` is the edge with two empty POSTs, so without the codec.

Run: ``python -m benchmarks.endpoint [sessions per round]``
"""

import asyncio
import statistics
import sys
from threading import Thread
from time import process_time

from aiohttp import web

from acs.cwmp.httpauth import Nonces
from acs.cwmp.messages import Envelope, Inform, InformResponse
from acs.endpoint.listener import Endpoint
from acs.endpoint.service import Challenges
from acs.exchange import Answer, Caller

AT_ONCE = 50
ROUNDS = 5
PARAMETERS = "".join(
    f"<ParameterValueStruct><Name>InternetGatewayDevice.DeviceInfo.Number{number}</Name>"
    f'<Value xsi:type="xsd:string">value {number}</Value></ParameterValueStruct>'
    for number in range(8)
)
INFORM = (
    '<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:cwmp="urn:dslforum-org:cwmp-1-0"><soap-env:Header>'
    '<cwmp:ID soap-env:mustUnderstand="1">1</cwmp:ID></soap-env:Header><soap-env:Body>'
    "<cwmp:Inform><DeviceId><Manufacturer>Example</Manufacturer><OUI>001122</OUI>"
    "<ProductClass>Gateway</ProductClass><SerialNumber>SN0001</SerialNumber></DeviceId>"
    '<Event soap-enc:arrayType="cwmp:EventStruct[1]"><EventStruct><EventCode>2 PERIODIC'
    "</EventCode><CommandKey></CommandKey></EventStruct></Event><MaxEnvelopes>1</MaxEnvelopes>"
    "<CurrentTime>2026-01-01T00:00:00Z</CurrentTime><RetryCount>0</RetryCount>"
    f'<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[8]">{PARAMETERS}'
    "</ParameterList></cwmp:Inform></soap-env:Body></soap-env:Envelope>"
).encode()


class Nobody:
    """A hearer that answers at once and remembers nothing."""

    async def hear(self, message: Envelope | None, _: Caller) -> Answer:
        if message is not None and isinstance(message.body, Inform):
            answer = Envelope(InformResponse(), id=message.id, namespace=message.namespace)
            return Answer(200, answer, cookie="0123456789abcdef0123456789abcdef")
        return Answer(204)

    def connection_lost(self, connection: int) -> None:
        pass

    def has_room(self, _: Caller) -> bool:
        return True


async def bare(request: web.BaseRequest) -> web.Response:
    if request.content_length:
        return web.Response(body=b"x" * 700, content_type="text/xml")
    return web.Response(status=204)


async def serve(kind: str) -> None:
    """Tells its port, then its CPU seconds at each line of standard input, until that ends."""
    if kind == "bare":
        runner = web.ServerRunner(web.Server(bare, access_log=None))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        port = site.port
    else:
        endpoint = Endpoint(Nobody(), Challenges(("digest",), "acs", Nonces(b"key")))
        port = await endpoint.listen("127.0.0.1", 0)
    print(port, flush=True)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        for _ in sys.stdin:
            print(process_time(), flush=True)
        loop.call_soon_threadsafe(done.set)

    Thread(target=tell, daemon=True).start()
    await done.wait()


class Server:
    def __init__(self, process: asyncio.subprocess.Process, port: int, inform: bytes) -> None:
        self.process, self.port, self.inform = process, port, inform

    @classmethod
    async def start(cls, kind: str) -> "Server":
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.endpoint", "serve", kind, stdin=pipe, stdout=pipe
        )
        port = int(await process.stdout.readline())
        return cls(process, port, b"" if kind == "empty" else INFORM)

    async def cpu(self) -> float:
        self.process.stdin.write(b"\n")
        return float(await self.process.stdout.readline())

    async def stop(self) -> None:
        self.process.stdin.close()
        await self.process.wait()


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
    head = f"POST /acs HTTP/1.1\r\nHost: acs\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: text/xml\r\n\r\n" if body else "Cookie: session=0123456789abcdef\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length or 0))


async def session(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    await post(reader, writer, server.inform)
    await post(reader, writer, b"")
    writer.close()


async def cpu_per_session(server: Server, sessions: int) -> float:
    """Microseconds of the server's CPU."""

    async def one_of_many() -> None:
        for _ in range(sessions // AT_ONCE):
            await session(server)

    before = await server.cpu()
    await asyncio.gather(*(one_of_many() for _ in range(AT_ONCE)))
    return (await server.cpu() - before) / (sessions // AT_ONCE * AT_ONCE) * 1e6


async def compare(sessions: int) -> None:
    servers = {kind: await Server.start(kind) for kind in ("bare", "endpoint", "empty")}
    try:
        measured: dict[str, list[float]] = {kind: [] for kind in servers}
        for warm in range(ROUNDS + 1):
            for kind, server in servers.items():
                cost = await cpu_per_session(server, sessions)
                if warm:
                    measured[kind].append(cost)
    finally:
        for server in servers.values():
            await server.stop()
    reference = statistics.median(measured["bare"])
    for kind, costs in measured.items():
        cost = statistics.median(costs)
        print(f"{kind:9} {cost:6.0f} µs CPU a session, {cost / reference:.2f} x bare")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(sys.argv[2]))
    else:
        asyncio.run(compare(int(sys.argv[1]) if sys.argv[1:] else 1000))
