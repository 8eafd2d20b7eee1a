"""A device that answers connection requests as it is scripted."""

import asyncio
from dataclasses import dataclass, field

import pytest

from acs.reach.directory import Target


@dataclass
class Device:
    """Gives each request the next answer of its script: ``None`` hangs up, its end hangs."""

    script: list[bytes | None]
    requests: list[str] = field(default_factory=list)
    connections: int = 0
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
                self.is_asked.set()
                if not self.script:
                    await self.release.wait()
                    return
                answer = self.script.pop(0)
                if answer is None:
                    return
                writer.write(answer)
                if b"X-Hang-Up" in answer:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def credentials(self):
        """The Authorization header of each request."""
        return [
            next(
                (line[15:] for line in request.split("\r\n") if line.startswith("Authorization: ")),
                None,
            )
            for request in self.requests
        ]


def answer(status, *headers, body=b""):
    lines = [f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}", "\r\n"]
    return "\r\n".join(lines).encode() + body


@pytest.fixture(name="answer")
def _answer():
    return answer


@pytest.fixture
async def device():
    """Starts a device with a script; gives it and a target that leads to it."""
    servers = []

    async def start(*script, path="/cr/7f3a?x=1", **target):
        device = Device(list(script))
        server = await asyncio.start_server(device.serve, "127.0.0.1", 0)
        servers.append((server, device))
        port = server.sockets[0].getsockname()[1]
        settings = {
            "url": f"http://127.0.0.1:{port}{path}",
            "username": "acs",
            "passwords": ("new", "old"),
            "peer_address": "127.0.0.1",
        }
        return device, Target(**(settings | target))

    yield start
    for server, device in servers:
        device.release.set()
        server.close()
