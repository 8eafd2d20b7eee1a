"""The description against the server: requests made from it, good ones and bad ones, few of each.

Seeded, so that a run repeats the last one; ``make check`` runs the long version.
"""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, assume, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api import openapi
from api.app import ROUTES, ApiOptions, make_app
from api.listener import ApiRunner
from api.resources.operation_models import MAX_WAIT_S
from api.words import BOOLEAN, INTEGER, NUL, NULL, TIME, WORDS
from inventory import access
from inventory.access import Role
from inventory.signals import Signals
from inventory.sqlite.store import SqliteStore

# The three families of device paths are one implementation; by name stands for all.
OTHERS = "operation|variables|setting|diags|ipping"
SAME = (
    rf"/inventory_device(_serial)?/|/inventory_device(_serial)?_({OTHERS})/"
    "|/inventory_device_headless_operation/"
)
DESCRIBED = schemathesis.openapi.from_dict(openapi.document(ROUTES, "1")).exclude(path_regex=SAME)


@dataclass
class Served:
    url: str
    token_id: int
    secret: str


@pytest.fixture(scope="module")
def served(house_in, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API in a thread of its own, for a client that does not know asyncio."""
    started, stop, told = threading.Event(), None, []
    folder = tmp_path_factory.mktemp("schemathesis")

    async def serve() -> None:
        nonlocal stop
        stop = asyncio.Event()
        told.append(asyncio.get_running_loop())
        async with await SqliteStore.open(folder / "inventory.db") as store:
            token, secret = await store.write(
                access.create_token, "all", Role.ADMIN, None, None, 0.0, None
            )
            app = make_app(store, Signals(), ApiOptions(), house_in(folder))
            runner = ApiRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            told.append(Served(f"http://127.0.0.1:{runner.addresses[0][1]}", token.id, secret))
            started.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(10)
    loop, there = told
    yield there
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)


# What a schema can tell: a request that keeps to the schema is never refused in these words.
TELLABLE = re.compile(
    "|".join(
        re.sub(r"\\\{\w+\\\}", ".*", re.escape(words))
        for words in {*WORDS.values(), NULL, NUL, INTEGER, BOOLEAN, TIME}
    )
)


def good_requests_are_refused_only_for_what_no_schema_can_tell(ctx, response, case):
    """In place of ``positive_data_acceptance``, which knows no taken names and no If-Match."""
    if case.meta.generation.mode is GenerationMode.POSITIVE:
        assert response.status_code not in {405, 406, 413, 415}, response.text
        if response.status_code == 400:
            assert not TELLABLE.search(json.dumps(response.json(), ensure_ascii=False))


# Revoking the token that the run itself uses would make all that follows a 401.
SUICIDE = ("DELETE", "/api/v1/api_token/{id}/")


def shorten_the_wait(case):
    """No device is there that could end an operation."""
    wait = (case.query or {}).get("wait")
    if isinstance(wait, int | float) and 0 < wait <= MAX_WAIT_S:
        case.query["wait"] = wait / 1000


@DESCRIBED.parametrize()
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_the_description_promises_is_kept(case, served):
    assume((case.method, case.path) != SUICIDE or case.path_parameters["id"] != served.token_id)
    shorten_the_wait(case)
    case.call_and_validate(
        base_url=served.url,
        headers={"Authorization": f"Bearer {served.secret}"},
        additional_checks=[good_requests_are_refused_only_for_what_no_schema_can_tell],
        excluded_checks=[positive_data_acceptance],
    )
