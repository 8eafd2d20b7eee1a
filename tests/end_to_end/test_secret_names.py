"""Names that the settings call secret: sealed at rest, hidden from viewers and transcripts."""

import aiohttp
import pytest

from acs import app

NAME = "00D09E-SimGateway-SIM000001"
SSID = "Device.WiFi.SSID.1.SSID"
SECRET = "told-to-nobody-at-all"
VARIABLES = "inventory_device_name_variables/"


@pytest.fixture
async def server(settings):
    async with app.running(settings(storage={"secret_names": r"\.ssid$"})) as running:
        yield running


async def test_a_value_under_such_a_name_is_kept_sealed_and_shown_to_few(
    server, api, cpes, tmp_path
):
    await cpes().start()
    await api.ask("PATCH", f"inventory_device_name/{NAME}/", {"debug": True})
    done = await api.run(NAME, "set", {"variable_name": SSID, "value": SECRET})
    assert done["status"] == "completed"
    read = await api.run(NAME, "get", {"variable_name": SSID})
    assert read["variables"][0]["value"] == SECRET
    made = await api.ask("POST", "api_token/", {"name": "viewer", "role": "viewer"})
    wanted = {"parent__name": NAME, "parameter__variable_name": SSID}
    mine = await api.ask("GET", VARIABLES, **wanted)
    headers = {"Authorization": f"Bearer {made['token']}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.get(server.api_url + VARIABLES, params=wanted) as answer:
            viewers = await answer.json()
        async with http.get(f"{server.api_url}audit/") as answer:
            assert SECRET not in await answer.text()
    assert mine["results"][0]["value"] == SECRET
    assert viewers["results"][0]["value"] == "********"
    sessions = await api.ask("GET", f"inventory_device_name/{NAME}/sessions/")
    assert SECRET not in str(sessions)
    for file in tmp_path.glob("acs.db*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes()
