"""A router is pointed at the ACS, appears in the inventory, and does what it is asked to."""

import pytest

NAME = "00D09E-SimGateway-SIM000001"
MODELS = {"tr181-gateway": "Device.", "tr098-gateway": "InternetGatewayDevice."}


def variable(name, value=None, value_type=None):
    given = {"variable_name": name}
    if value is not None:
        given["value"] = value
    if value_type is not None:
        given["value_type"] = value_type
    return given


@pytest.fixture(params=MODELS)
async def device(request, cpes, api):
    """A started CPE of each data model, and its root."""
    cpe = cpes(model=request.param)
    await cpe.start()
    return cpe, MODELS[request.param]


async def test_a_new_device_appears_and_is_up(device, api):
    cpe, _ = device
    found = await api.device(NAME)
    assert found["status"] == "Up"
    assert found["manufacturer"] == "Example Networks"
    assert found["oui"] == "00D09E"
    assert found["product_class"] == "SimGateway"
    assert found["serial_number"] == "SIM000001"
    assert found["unique_identifier"] == NAME
    assert found["address"] == "127.0.0.1"
    assert found["software_version"]
    assert found["connection_request_url"] == cpe.connection_request_url


async def test_a_new_device_is_enrolled(device, api):
    cpe, root = device
    await api.run(NAME, "get", variable(f"{root}DeviceInfo.SoftwareVersion"))
    username, password = cpe.connection_request_credentials
    assert username.startswith("acs")
    assert len(password) > 20
    assert cpe.tree.value(f"{root}ManagementServer.PeriodicInformInterval") == "300"


async def test_get_is_answered_at_once_with_types(device, api):
    _, root = device
    interval = f"{root}ManagementServer.PeriodicInformInterval"
    done = await api.run(NAME, "get", variable(interval), variable(f"{root}DeviceInfo."))
    assert done["status"] == "completed", done
    values = {found["variable_name"]: found for found in done["variables"]}
    assert values[interval]["value"] == "300"
    assert values[interval]["value_type"] == "unsignedInt"
    assert len(values) > 5


async def test_one_bad_name_does_not_lose_the_rest(device, api):
    _, root = device
    good, bad = f"{root}DeviceInfo.SoftwareVersion", f"{root}DeviceInfo.Nonsense"
    done = await api.run(NAME, "get", variable(good), variable(bad))
    assert done["status"] == "failed"
    assert done["error"]["parameters"][bad]["code"] == "9005"
    assert any(v["variable_name"] == good and v["value"] for v in done["variables"])


async def test_set_uses_the_devices_type_and_is_read_back(device, api):
    cpe, root = device
    interval = f"{root}ManagementServer.PeriodicInformInterval"
    done = await api.run(NAME, "set", variable(interval, 600, "integer"))
    assert done["status"] == "completed", done
    assert cpe.tree.value(interval) == "600"


async def test_a_refused_set_names_the_parameter(device, api):
    _, root = device
    uptime = f"{root}DeviceInfo.UpTime"
    done = await api.run(NAME, "set", variable(uptime, "5"))
    assert done["status"] == "failed"
    assert done["error"]["parameters"][uptime]["code"] == "9008"


async def test_reboot_is_completed_by_its_event(device, api):
    cpe, _ = device
    answer = await api.ask(
        "PUT", f"inventory_device_name_operation/{NAME}/", {"operation": "reboot"}
    )
    assert answer["status"] == "initiated"
    done = await api.result(answer["execution_id"])
    assert done["status"] == "completed", done
    assert cpe.counts["Reboot"] == 1


async def test_factory_reset_is_completed_by_bootstrap_and_enrols_anew(device, api):
    cpe, root = device
    await api.run(NAME, "get", variable(f"{root}DeviceInfo.SoftwareVersion"))
    before = cpe.connection_request_credentials
    answer = await api.ask(
        "PUT", f"inventory_device_name_operation/{NAME}/", {"operation": "factory"}
    )
    done = await api.result(answer["execution_id"])
    assert done["status"] == "completed", done
    assert cpe.counts["FactoryReset"] == 1
    await api.run(NAME, "get", variable(f"{root}DeviceInfo.SoftwareVersion"))
    assert cpe.connection_request_credentials[1] != before[1]


TABLES = {
    "Device.": "Device.NAT.PortMapping.",
    "InternetGatewayDevice.": (
        "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.PortMapping."
    ),
}


async def test_an_instance_is_added_and_deleted(device, api):
    cpe, root = device
    added = await api.run(NAME, "add.obj", variable(TABLES[root]))
    assert added["status"] == "completed", added
    (made,) = added["variables"]
    assert made["value"] == f"{TABLES[root]}{made['instance_number']}."
    assert cpe.counts["AddObject"] == 1
    gone = await api.run(NAME, "del.obj", variable(made["value"]))
    assert gone["status"] == "completed", gone
    again = await api.run(NAME, "del.obj", variable(made["value"]))
    assert again["status"] == "failed"


async def test_operations_go_in_the_order_they_were_queued(device, api):
    cpe, root = device
    name = f"{root}DeviceInfo.ProvisioningCode"
    queued = [await api.queue(NAME, "set", variable(name, f"code-{n}")) for n in range(5)]
    results = [await api.result(each) for each in queued]
    assert [result["status"] for result in results] == ["completed"] * 5
    assert cpe.tree.value(name) == "code-4"
