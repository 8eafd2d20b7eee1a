"""Requests for files get lost between real sockets, and so do their answers."""

import aiohttp
import pytest

from acs import app
from simulator.mischief import LosesAnswer, LosesRequest

NAME = "00D09E-SimGateway-SIM000001"


@pytest.fixture
async def server(settings):
    """Tries again soon."""
    async with app.running(settings(cwmp={"retry_s": 0.2})) as running:
        yield running


@pytest.fixture
async def image(api):
    form = aiohttp.FormData({"name": "gateway", "version": "9.9.9"})
    form.add_field("file", b"version=9.9.9\n", filename="gateway.bin")
    async with api.http.post(f"{api.url}firmware_image/", data=form) as answer:
        return (await answer.json())["id"]


@pytest.mark.parametrize("loss", [LosesAnswer, LosesRequest])
@pytest.mark.parametrize("operation", ["download", "upload"])
async def test_a_transfer_happens_once_and_its_operation_ends_well(
    cpes, api, image, loss, operation
):
    method = operation.capitalize()
    cpe = cpes()
    await cpe.start()
    cpe.mischief = (loss(method),)
    parameters = {"firmware_image": image} if operation == "download" else {}
    done = await api.run(NAME, operation, parameters=parameters)
    assert done["status"] == "completed", done
    assert cpe.counts[method] == 1
