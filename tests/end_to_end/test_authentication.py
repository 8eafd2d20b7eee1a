"""Who may speak as a device: nobody without the credentials that are demanded of it."""

import aiohttp
import pytest

from acs import app

NAME = "00D09E-SimGateway-SIM000001"
UPTIME = {"variable_name": "Device.DeviceInfo.UpTime"}


@pytest.fixture
def shared():
    """Credentials that all devices share; none by default."""
    return {}


@pytest.fixture
async def server(settings, shared):
    async with app.running(settings(cwmp=shared)) as running:
        yield running


SHARED = {"username": "fleet", "password": "s3cret"}
each_scheme = pytest.mark.parametrize(
    "shared", [SHARED | {"auth": scheme} for scheme in ("digest", "basic", "both")]
)


@each_scheme
async def test_shared_credentials_let_a_device_in(cpes, api, shared):
    cpe = cpes(username="fleet", password="s3cret")
    record = await cpe.start()
    assert record.is_complete
    done = await api.run(NAME, "get", UPTIME)
    assert done["status"] == "completed"


@each_scheme
async def test_without_them_nothing_at_all_is_recorded(cpes, api, shared):
    for credentials in ({}, {"username": "fleet", "password": "wrong"}, {"username": "x"}):
        cpe = cpes(**credentials)
        record = await cpe.session(["0 BOOTSTRAP"])
        assert not record.is_complete
    assert (await api.ask("GET", "inventory_device_name/"))["count"] == 0


async def test_an_empty_post_is_challenged_where_credentials_are_demanded(server, cpes, api):
    async with aiohttp.ClientSession() as http:
        async with http.post(server.acs_url) as answer:
            assert answer.status == 204
        await api.ask(
            "POST",
            "inventory_device_name/",
            {"name": "r1", "serial_number": "SIM000001", "username": "u", "password": "p"},
        )
        async with http.post(server.acs_url) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Digest")


async def test_a_devices_own_credentials_are_demanded_of_it_alone(cpes, api):
    await api.ask(
        "POST",
        "inventory_device_name/",
        {"name": "r1", "serial_number": "SIM000001", "username": "u", "password": "p"},
    )
    refused = await cpes().session(["0 BOOTSTRAP"])
    assert not refused.is_complete
    other = await cpes("SIM000002").session(["0 BOOTSTRAP"])
    assert other.is_complete
    welcome = await cpes(username="u", password="p").session(["0 BOOTSTRAP"])
    assert welcome.is_complete
    found = await api.device("r1")
    assert found["unique_identifier"] == NAME
    assert found["status"] == "Up"


async def test_a_user_name_leads_to_its_record(cpes, api):
    await api.ask(
        "POST", "inventory_device_name/", {"name": "r1", "username": "u", "password": "p"}
    )
    record = await cpes("SIM000009", username="u", password="p").session(["0 BOOTSTRAP"])
    assert record.is_complete
    assert (await api.device("r1"))["serial_number"] == "SIM000009"


async def test_a_changed_password_reaches_the_device_and_the_old_one_works_until_then(cpes, api):
    cpe = cpes()
    await cpe.start()
    await api.run(NAME, "get", UPTIME)
    await api.ask(
        "PATCH", f"inventory_device_name/{NAME}/", {"username": "new", "password": "new-pass"}
    )
    await api.run(NAME, "get", UPTIME)
    assert cpe.tree.value("Device.ManagementServer.Username") == "new"
    assert cpe.tree.value("Device.ManagementServer.Password") == "new-pass"
    done = await api.run(NAME, "get", UPTIME)
    assert done["status"] == "completed"
    stranger = await cpes().session(["2 PERIODIC"])
    assert not stranger.is_complete


async def test_a_device_is_not_locked_out_by_a_reset(cpes, api):
    onboarding = {"onboarding_username": "factory", "onboarding_password": "onboard"}
    made = await api.ask("POST", "inventory_type/", {"short_name": "sim", **onboarding})
    own = {"username": "u", "password": "p", "type": made["id"]}
    await api.ask(
        "POST", "inventory_device_name/", {"name": "r1", "serial_number": "SIM000001"} | own
    )
    cpe = cpes(username="factory", password="onboard")
    await cpe.start()
    for operation, variables in (("get", [UPTIME]), ("factory", []), ("get", [UPTIME])):
        done = await api.run("r1", operation, *variables)
        assert done["status"] == "completed", done
    assert cpe.tree.value("Device.ManagementServer.Password") == "p"
