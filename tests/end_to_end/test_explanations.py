"""A person finds out what a device is like now, and why something is not applied on it."""

import asyncio

import pytest

from acs import app
from simulator.mischief import Busy, Deaf, Drop

NAME = "00D09E-SimGateway-SIM000001"
DEVICE = f"inventory_device_name/{NAME}/"
SERVER = "Device.ManagementServer."
PASSPHRASE = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
CODE = {"variable_name": "Device.DeviceInfo.ProvisioningCode"}


@pytest.fixture
async def server(settings):
    """Has little patience, and calls nobody a second time before a test is over."""
    async with app.running(settings(reach={"timeout_s": 1, "patience_s": 2})) as running:
        yield running


@pytest.fixture
async def cpe(cpes, api):
    """A CPE that is enrolled, and has been called."""
    cpe = cpes()
    await cpe.start()
    await api.run(NAME, "get", CODE)
    return cpe


async def explained(api):
    return await api.ask("GET", f"{DEVICE}explain/")


async def reason(api, code):
    """The reason, as soon as it is told."""
    async with asyncio.timeout(20):
        while True:
            for found in (await explained(api))["reasons"]:
                if found["code"] == code:
                    return found
            await asyncio.sleep(0.05)


# --- update_status ---------------------------------------------------------------------------


@pytest.mark.usefixtures("cpe")
@pytest.mark.parametrize(
    "path",
    [
        DEVICE,
        "inventory_device_name/",
        "inventory_device_name_headless_operation/",
        f"inventory_device_name_headless_operation/?name={NAME}",
    ],
)
async def test_a_device_shows_itself_before_the_answer(api, path):
    before = (await api.device(NAME))["last_connection"]
    url = f"{api.url}{path}{'&' if '?' in path else '?'}update_status=true"
    async with api.http.get(url) as answer:
        assert answer.status == 200
    assert (await api.device(NAME))["last_connection"] > before


async def test_devices_that_cannot_be_reached_keep_their_state_and_fail_nothing(cpes, cpe, api):
    others = [cpes(f"SIM00000{number}") for number in range(2, 6)]
    await asyncio.gather(*(other.start() for other in others))
    for number in range(2, 6):
        await api.run(NAME.replace("1", str(number)), "get", CODE)
    others[0].mischief, others[1].mischief = (Deaf(),), (Busy(),)
    await others[2].stop()
    before = await api.ask("GET", "inventory_device_name/", ordering="name")
    after = await api.ask("GET", "inventory_device_name/", ordering="name", update_status="true")
    later = [
        new["last_connection"] > old["last_connection"]
        for old, new in zip(before["results"], after["results"], strict=True)
    ]
    assert later == [True, False, False, False, True]
    assert [device["status"] for device in after["results"]] == ["Up"] * 5


# --- explain ---------------------------------------------------------------------------------


async def test_of_a_device_that_is_well_there_is_nothing_to_say(cpe, api):
    told = await explained(api)
    assert (told["summary"], told["reasons"]) == ("Nothing waits for the device.", [])
    assert told["connection_request"]["outcome"] == "accepted"


async def test_a_connection_request_that_is_refused_is_told_with_what_waits(cpe, api):
    cpe.tree.set(f"{SERVER}ConnectionRequestPassword", "another")
    queued = await api.queue(NAME, "get", CODE)
    found = await reason(api, "connection_request_refused")
    assert "401" in found["text"]
    told = await explained(api)
    assert told["summary"].startswith("1 operation waits for the device. The device refused")
    assert [(place["id"], place["waits_for"]) for place in told["queue"]] == [
        (queued, "the device")
    ]


async def test_a_fault_is_told_with_its_parameter(cpe, api):
    uptime = "Device.DeviceInfo.UpTime"
    await api.run(NAME, "set", {"variable_name": uptime, "value": "5"})
    found = await reason(api, "fault")
    assert found["details"]["parameters"][uptime]["code"] == "9008"


async def test_a_device_that_never_reaches_its_empty_post_is_told_of(cpe, api):
    cpe.mischief = (Drop("1"),)
    await api.queue(NAME, "get", CODE)
    found = await reason(api, "sessions_break_off")
    assert found["details"]["sessions"] >= 2
    sessions = (await api.ask("GET", f"{DEVICE}sessions/"))["results"]
    assert any("empty POST" in note for note in sessions[0]["notes"])


# --- Sessions --------------------------------------------------------------------------------


async def transcript(api, method, *, is_kept):
    """Of a session with this method in it, as soon as there is one that was kept or was not."""
    async with asyncio.timeout(20):
        while True:
            for session in (await api.ask("GET", f"{DEVICE}sessions/"))["results"]:
                methods = {rpc["name"] for rpc in session["rpcs"]}
                if method in methods and (session["transcript"] is not None) == is_kept:
                    return session["transcript"]
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("cpe")
async def test_what_was_said_is_shown_while_debug_is_on_and_secrets_are_not(api):
    await transcript(api, "GetParameterValues", is_kept=False)  # that session is over
    await api.ask("PATCH", DEVICE, {"debug": True})
    secret = {"variable_name": PASSPHRASE, "value": "hunter2hunter2"}
    await api.queue(NAME, "set", secret)
    said = await transcript(api, "SetParameterValues", is_kept=True)
    request = next(line for line in said if "SetParameterValues>" in line["text"])
    assert request["speaker"] == "acs"
    assert PASSPHRASE in request["text"]
    assert "hunter2" not in "".join(line["text"] for line in said)
    await api.ask("PATCH", DEVICE, {"debug": False})
    await api.queue(NAME, "names", {"variable_name": SERVER})
    await transcript(api, "GetParameterNames", is_kept=False)
