"""The servers that are measured, each a process of its own.

``python -m benchmarks.servers serve bare`` answers every POST without looking at it, as an aiohttp
handler does in five lines; ``… serve DATABASE`` is the real server on that inventory. Both print
their ports first.
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import web
from yarl import URL

from acs import app, process
from acs.config import load
from benchmarks.processes import Served, report_until_closed

TOKEN = "benchmark"


async def start(kind: str | Path) -> Served:
    """A server of that kind: ``words`` are the ports of the ACS and of the API."""
    return await Served.start(__name__, str(kind))


async def answer(request: web.Request) -> web.Response:
    if request.content_length:
        return web.Response(body=b"x" * 500, content_type="text/xml")
    return web.Response(status=204)


async def serve_bare() -> None:
    application = web.Application()
    application.router.add_post("/acs", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    await report_until_closed(site.port)
    await runner.cleanup()


async def serve_acs(path: Path) -> None:
    settings = {
        "cwmp": {"host": "127.0.0.1", "port": 0},
        "api": {"host": "127.0.0.1", "port": 0, "rate_limit": 0},
        "storage": {"path": path},
        "reach": {"allow": ["127.0.0.0/8"]},
        "bootstrap_token": TOKEN,
    }
    async with app.running(load(settings)) as server:
        process.settle()
        await report_until_closed(URL(server.acs_url).port, URL(server.api_url).port)


if __name__ == "__main__":
    kind = sys.argv[2]
    asyncio.run(serve_bare() if kind == "bare" else serve_acs(Path(kind)))
