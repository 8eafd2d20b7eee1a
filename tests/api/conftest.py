"""A real API on a real store on loopback, with a token of every kind."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from api.app import ApiOptions, make_app
from api.house import House
from inventory import access, organizations
from inventory.access import Role
from inventory.actions.rehearsing import Rehearsal
from inventory.devices import Setup
from inventory.operations import Kind
from inventory.secrets import Vault
from inventory.signals import Signals
from inventory.sqlite.store import SqliteStore

HOUSE = access.of_the_house("tests")
CARRIED_OUT = {
    Kind.GET,
    Kind.SET,
    Kind.ADD_OBJECT,
    Kind.DELETE_OBJECT,
    Kind.REBOOT,
    Kind.FACTORY,
    Kind.DOWNLOAD,
    Kind.UPLOAD,
}


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Api:
    """The served API: its client, and everything that it was built from."""

    client: TestClient[Any, Any]
    store: SqliteStore
    clock: Clock
    woken: list[int]
    secrets: dict[str, str] = field(default_factory=dict)

    async def token(
        self,
        name: str,
        role: Role = Role.ADMIN,
        organizations: frozenset[int] | None = None,
        expires: float | None = None,
    ) -> str:
        """Makes a token, and remembers its secret under its name."""
        made = await self.store.write(
            access.create_token, name, role, organizations, expires, self.clock.now, None
        )
        self.secrets[name] = made[1]
        return self.secrets[name]

    async def organization(self, name: str) -> int:
        made = await self.store.write(organizations.create, HOUSE, name, None, self.clock.now)
        return made.id

    def request(self, method: str, path: str, /, *, token: str | None = "admin", **options: Any):
        """A request with the named token's secret; ``path`` is one below ``/api/v1``, or a URL that
        was told in an answer."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {self.secrets.get(token, token)}")
        url = URL(path, encoded=True)
        path = url.raw_path_qs if url.absolute else "/api/v1" + path
        return self.client.request(method, URL(path, encoded=True), headers=headers, **options)

    async def told(self, method: str, path: str, /, **options: Any) -> tuple[int, Any]:
        """Status and JSON of an answer; None where it has no body."""
        async with self.request(method, path, **options) as response:
            return response.status, await response.json() if await response.read() else None


async def _nobody_answers(*_: Any) -> None:
    """No device can be reached."""


async def _judge_webhook(url: str) -> str | None:
    return "Not there." if "private" in url else None


async def _no_reply(_address: str, count: int, _timeout_s: float) -> list[float | None]:
    return [None] * count


@pytest.fixture(scope="session")
def house_in() -> Callable[[Path], House]:
    """The rest of the server, as far as the API needs it: no device can be reached."""
    return lambda folder: House(
        setup=Setup(Vault.load(folder / "keys")),
        image_folder=folder / "images",
        upload_folder=folder / "uploads",
        ask_to_inform=_nobody_answers,
        read_values=_nobody_answers,
        rehearse=lambda _: Rehearsal((), None),
        ping=_no_reply,
        judge_webhook=_judge_webhook,
        carries_out=CARRIED_OUT,
    )


MakeApi = Callable[..., Awaitable[Api]]


@pytest.fixture
async def make_api(
    aiohttp_client: Any, house_in: Callable[[Path], House], tmp_path: Path
) -> AsyncIterator[MakeApi]:
    """Serves an API with the options given, and an unbound admin's token named ``admin``."""
    stores: list[SqliteStore] = []

    async def make(**options: Any) -> Api:
        store = await SqliteStore.open(tmp_path / f"inventory-{len(stores)}.db")
        stores.append(store)
        signals, clock, woken = Signals(), Clock(), []
        signals.on_work(woken.append)
        house = house_in(tmp_path)
        app = make_app(store, signals, ApiOptions(**options), house, clock=clock)
        api = Api(await aiohttp_client(app), store, clock, woken)
        await api.token("admin")
        return api

    yield make
    for store in stores:
        await store.close()


@pytest.fixture
async def api(make_api: MakeApi) -> Api:
    return await make_api()
