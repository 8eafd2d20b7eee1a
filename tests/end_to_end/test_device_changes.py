"""What a person changes in a device's record reaches the device, and what it tells comes back."""

import pytest

from acs.cwmp.messages import GetParameterValues

NAME = "00D09E-SimGateway-SIM000001"
ROOTS = {"tr181-gateway": "Device.", "tr098-gateway": "InternetGatewayDevice."}
PATH = f"inventory_device_name/{NAME}/"


@pytest.fixture(params=ROOTS)
def model(request):
    return request.param


@pytest.fixture
async def cpe(cpes, model):
    made = cpes(model=model)
    await made.start()
    return made


async def settled(api, cpe, name=NAME):
    """What was queued before has been carried out when a later read has."""
    await api.run(name, "get", {"variable_name": f"{cpe.tree.root}DeviceInfo.UpTime"})


async def test_a_new_interval_is_sent_to_the_device(api, cpe):
    changed = await api.ask("PATCH", PATH, {"update_frequency": 900})
    assert changed["update_frequency"] == 900
    await settled(api, cpe)
    interval = f"{cpe.tree.root}ManagementServer.PeriodicInformInterval"
    assert cpe.tree.value(interval) == "900"


async def test_a_new_password_is_set_on_the_device_which_then_must_prove_it(api, cpe):
    server = f"{cpe.tree.root}ManagementServer."
    await api.ask("PATCH", PATH, {"username": "cpe-1", "password": "first"})
    await settled(api, cpe)
    assert cpe.tree.value(f"{server}Username") == "cpe-1"
    assert cpe.tree.value(f"{server}Password") == "first"
    await api.ask("PATCH", PATH, {"password": "second"})
    await settled(api, cpe)
    assert cpe.tree.value(f"{server}Password") == "second"
    await settled(api, cpe)
    assert (await api.device(NAME))["status"] == "Up"


async def test_a_single_device_tells_its_uptime_and_interfaces_once_they_were_read(api, cpe):
    await api.run(NAME, "get", {"variable_name": cpe.tree.root})
    found = await api.device(NAME)
    assert found["uptime"].startswith("0 days, 0 hours, ")
    assert {interface["status"] for interface in found["interfaces"]} & {"Up", "Enabled", "Down"}


async def test_values_are_read_from_the_device_when_that_is_asked_for(api, cpe):
    code = f"{cpe.tree.root}DeviceInfo.ProvisioningCode"
    cpe.tree.set(code, "changed behind our back")
    page = await api.ask(
        "GET",
        f"inventory_device_name_variables/{NAME}/",
        parameter__variable_name=code,
        force_update="true",
    )
    assert [each["value"] for each in page["results"]] == ["changed behind our back"]


async def test_a_preregistered_device_is_recognised_by_its_serial_number(api, cpes, model):
    body = {"name": "branch-12", "serial_number": "SIM000001", "location_name": "Branch 12"}
    await api.ask("POST", "inventory_device_name/", body)
    cpe = cpes(model=model)
    await cpe.start()
    found = await api.device("branch-12")
    assert (found["status"], found["unique_identifier"]) == ("Up", NAME)
    assert found["location_name"] == "Branch 12"
    status = await api.status("PATCH", "inventory_device_name/branch-12/", {"serial_number": "X"})
    assert status == 400


@pytest.mark.parametrize("is_preregistered", [False, True])
async def test_a_new_device_is_to_run_the_image_of_the_type_that_it_matches(
    api, cpes, model, is_preregistered
):
    described = {"name": "Release 9", "version": "9"}
    upload = api.http.post(
        f"{api.url}firmware_image/",
        data=b"image",
        params=described,
        headers={"Content-Type": "application/octet-stream"},
    )
    async with upload as answer:
        image = (await answer.json())["id"]
    body = {"short_name": "sim", "match_oui": "00D09E", "firmware_image": image}
    made = await api.ask("POST", "inventory_type/", body)
    if is_preregistered:
        body = {"name": NAME, "serial_number": "SIM000001"}
        await api.ask("POST", "inventory_device_name/", body)
    await cpes(model=model).start()
    found = await api.device(NAME)
    assert (found["type"], found["firmware_image"]) == (made["id"], image)
    assert found["firmware_image_is_pending"] is False


async def test_a_deleted_device_registers_anew(api, cpe):
    before = await api.device(NAME)
    await settled(api, cpe)
    await api.ask("DELETE", PATH)
    assert await api.status("GET", PATH) == 404
    await cpe.session(["1 BOOT"])
    after = await api.device(NAME)
    assert (after["status"], after["uuid"] == before["uuid"]) == ("Up", False)


async def test_a_session_of_a_device_under_debug_leaves_its_transcript(api, cpe):
    await api.ask("PATCH", PATH, {"debug": True})
    await settled(api, cpe)
    await cpe.session_where(lambda record: bool(record.received(GetParameterValues)))
    page = await api.ask("GET", f"{PATH}sessions/")
    said = [line["text"] for line in page["results"][0]["transcript"] or ()]
    assert any("GetParameterValues" in text for text in said)
