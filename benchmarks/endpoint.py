"""What the HTTP edge costs: server CPU of a quiet session, against a bare aiohttp handler.

A session is a fresh TCP connection with two POSTs, an Inform and an empty one; 50 run at once. The
servers are processes of their own and take turns, as these machines drift. ``bare`` reads nothing;
``endpoint`` is the real edge with the codec, before a hearer that does nothing; ``empty`` is the
edge with two empty POSTs, so without the codec.

Run: ``python -m benchmarks endpoint [sessions per turn] [turns]``
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import repeat
from statistics import median

from acs import process
from acs.cwmp.httpauth import Nonces
from acs.cwmp.messages import Envelope, Inform, InformResponse
from acs.endpoint.listener import Endpoint
from acs.endpoint.service import Challenges
from acs.exchange import Answer, Caller
from benchmarks import servers
from benchmarks.fleet import known
from benchmarks.load import Line, Session, cost_us, quiet_session
from benchmarks.processes import Served, report_until_closed

DEVICES = 1_000


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


async def serve() -> None:
    endpoint = Endpoint(Nobody(), Challenges(("digest",), "acs", Nonces(b"key")))
    port = await endpoint.listen("127.0.0.1", 0)
    process.settle()
    await report_until_closed(port)
    await endpoint.close()


async def two_empty_posts(port: int, _: bytes) -> None:
    line = await Line.dial(port)
    await line.post(b"")
    await line.post(b"")
    line.close()


async def compare(sessions: int = 1_500, turns: int = 5) -> None:
    async with AsyncExitStack() as opened:
        bare, edge = await servers.start("bare"), await Served.start(__name__, "endpoint")
        for served in (bare, edge):
            opened.push_async_callback(served.stop)
        plan: dict[str, tuple[Served, Session, Iterator[bytes]]] = {
            "bare": (bare, quiet_session, known(DEVICES)),
            "endpoint": (edge, quiet_session, known(DEVICES)),
            "empty": (edge, two_empty_posts, repeat(b"")),
        }
        measured: dict[str, list[float]] = {name: [] for name in plan}
        for turn in range(turns + 1):
            for name, (served, session, bodies) in plan.items():
                cost = await cost_us(served, sessions, session, bodies)
                if turn:
                    measured[name].append(cost)
    for name, costs in measured.items():
        ratio = median(mine / bare for mine, bare in zip(costs, measured["bare"], strict=True))
        print(f"{name:9} {median(costs):6.0f} µs CPU a session, {ratio:.2f} x bare")


def main(*arguments: str) -> None:
    asyncio.run(compare(*map(int, arguments)))


if __name__ == "__main__":
    assert sys.argv[1] == "serve"
    asyncio.run(serve())
