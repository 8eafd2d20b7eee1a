"""CPEs as a load: raw HTTP over one TCP connection a session, many sessions at once."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator

from acs.cwmp.codec import decode, encode
from acs.cwmp.messages import Envelope, SetParameterValues, SetParameterValuesResponse
from benchmarks.processes import Served

AT_ONCE = 50


class Line:
    """One TCP connection to a server, for one session."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.cookie = reader, writer, ""

    @classmethod
    async def dial(cls, port: int) -> "Line":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        head = f"POST /acs HTTP/1.1\r\nHost: acs\r\nContent-Length: {len(body)}\r\n"
        if body:
            head += "Content-Type: text/xml\r\n"
        if self.cookie:
            head += f"Cookie: {self.cookie}\r\n"
        self.writer.write(f"{head}\r\n".encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        cookie = re.search(rb"(?i)set-cookie: ([^;\r]+)", answer)
        if cookie:
            self.cookie = cookie[1].decode()
        return int(answer[9:12]), await self.reader.readexactly(int(length or 0))

    def close(self) -> None:
        self.writer.close()


Session = Callable[[int, bytes], Awaitable[None]]


async def quiet_session(port: int, body: bytes) -> None:
    """An Inform and an empty POST, which the server answers with 204."""
    line = await Line.dial(port)
    status, _ = await line.post(body)
    assert status == 200, status
    status, _ = await line.post(b"")
    assert status == 204, status
    line.close()


async def registration(port: int, body: bytes) -> None:
    """The same two POSTs of a new device, which is given its enrolment to carry out."""
    line = await Line.dial(port)
    await line.post(body)
    status, said = await line.post(b"")
    assert status == 200, status
    assert b"SetParameterValues>" in said
    line.close()


async def first_session(port: int, body: bytes) -> None:
    """The whole first session of a new device; whatever is to be set is set."""
    line = await Line.dial(port)
    await line.post(body)
    status, said = await line.post(b"")
    while status == 200:
        asked = decode(said)
        assert isinstance(asked.body, SetParameterValues), asked.body
        answer = Envelope(SetParameterValuesResponse(), asked.id, asked.namespace)
        status, said = await line.post(encode(answer))
    line.close()


async def three_posts(port: int, body: bytes) -> None:
    """As many POSTs as :func:`first_session` has, to a server that reads none of them."""
    line = await Line.dial(port)
    for said in (body, b"", ANSWER):
        await line.post(said)
    line.close()


ANSWER = encode(Envelope(SetParameterValuesResponse(), id="1"))


async def cost_us(
    served: Served, sessions: int, session: Session, bodies: Iterator[bytes]
) -> float:
    """Microseconds of the server's CPU for one session."""
    port, left = int(served.words[0]), iter(range(sessions))

    async def one_of_many() -> None:
        for _ in left:
            await session(port, next(bodies))

    before, _ = await served.cpu_and_memory()
    await asyncio.gather(*(one_of_many() for _ in range(AT_ONCE)))
    return ((await served.cpu_and_memory())[0] - before) / sessions * 1e6
