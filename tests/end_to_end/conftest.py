"""The real server with real simulated CPEs, all on loopback and on free ports."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp
import pytest

from acs import app
from acs.config import load
from simulator.cpe import Cpe, Pace
from simulator.listener import Listener

TOKEN = "end-to-end-token-of-the-tests"


@dataclass
class Api:
    """The REST API as a script sees it."""

    url: str
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """The answer's JSON; anything but 2xx fails the test."""
        async with self.http.request(method, self.url + path, json=body, params=params) as answer:
            text = await answer.text()
            assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
            return await answer.json() if text else None

    async def status(self, method: str, path: str, body: Any = None) -> int:
        async with self.http.request(method, self.url + path, json=body) as answer:
            return answer.status

    async def queue(self, name: str, operation: str, *variables: Any, **more: Any) -> str:
        """Queues an operation; returns its id."""
        body = {"name": name, "operation": operation, "variables": list(variables), **more}
        return (await self.ask("POST", "inventory_device_name_headless_operation/", body))["id"]

    async def result(self, operation_id: str, wait: int = 20) -> Any:
        """The operation, when it is final."""
        path = "inventory_device_name_headless_operation/"
        found = await self.ask("GET", path, id=operation_id, wait=wait)
        return found[0] if isinstance(found, list) else found

    async def run(self, name: str, operation: str, *variables: Any, **more: Any) -> Any:
        return await self.result(await self.queue(name, operation, *variables, **more))

    async def image(self, version: str, content: bytes | None = None) -> int:
        """Uploads a firmware image that shows this version when it runs; returns its id."""
        form = aiohttp.FormData()
        form.add_field("name", f"gateway {version}")
        form.add_field("version", version)
        content = content or b"version=%s\n" % version.encode()
        form.add_field("file", content, filename=f"gateway-{version}.bin")
        async with self.http.post(f"{self.url}firmware_image/", data=form) as answer:
            assert answer.status == 201, await answer.text()
            return int((await answer.json())["id"])

    async def device(self, name: str) -> Any:
        return await self.ask("GET", f"inventory_device_name/{name}/")


@pytest.fixture
def settings(tmp_path):
    """Makes settings of a server on free loopback ports; sections may be added to."""

    def make(**sections):
        given = {
            "cwmp": {"host": "127.0.0.1", "port": 0},
            "api": {"host": "127.0.0.1", "port": 0},
            "storage": {"path": tmp_path / "acs.db"},
            "bootstrap_token": TOKEN,
            "grace_s": 1,
        }
        for name, section in sections.items():
            given[name] = {**given.get(name, {}), **section}
        return load(given)

    return make


@pytest.fixture
async def server(settings):
    async with app.running(settings()) as running:
        yield running


@pytest.fixture
async def api(server) -> AsyncIterator[Api]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        yield Api(server.api_url, http)


@pytest.fixture
async def listener():
    async with Listener() as listening:
        yield listening


@pytest.fixture
async def cpes(server, listener):
    """Makes CPEs that can be called; they are stopped at the end."""
    made = []

    def make(serial_number="SIM000001", model="tr181-gateway", **options):
        options = {
            "acs_url": server.acs_url,
            "oui": "00D09E",
            "product_class": "SimGateway",
            "manufacturer": "Example Networks",
            "random": Random(serial_number),
            "connection_requests": listener,
            "pace": Pace(speed=1000),
            **options,
        }
        cpe = Cpe(model=model, serial_number=serial_number, **options)
        made.append(cpe)
        return cpe

    yield make
    for cpe in made:
        await cpe.stop()
