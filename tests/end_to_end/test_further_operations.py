"""Names, attributes, health, services and software modules, on simulated devices."""

import pytest

NAME = "00D09E-SimGateway-SIM000001"
MODELS = {"tr181-gateway": "Device.", "tr098-gateway": "InternetGatewayDevice."}
HEADLESS = "inventory_device_name_headless_operation/"
PACKAGE = "http://files.example/agent-2.1.ipk"


@pytest.fixture(params=MODELS)
async def device(request, cpes, api):
    """A started CPE of each data model, and its root."""
    cpe = cpes(model=request.param)
    await cpe.start()
    return cpe, MODELS[request.param]


def variable(name, **more):
    return {"variable_name": name, **more}


async def test_names_tell_what_can_be_written(device, api):
    _, root = device
    done = await api.run(NAME, "names", variable(f"{root}ManagementServer."))
    assert done["status"] == "completed", done
    writable = {each["variable_name"]: each["writable"] for each in done["variables"]}
    assert writable[f"{root}ManagementServer.PeriodicInformInterval"] is True
    assert writable[f"{root}ManagementServer.ParameterKey"] is False
    assert len(writable) > 10
    level = await api.run(NAME, "names", variable(root), parameters={"next_level": True})
    assert {each["variable_name"].count(".") for each in level["variables"]} <= {1, 2}
    whole = await api.run(NAME, "names")
    assert whole["variables_count"] > len(level["variables"])


async def test_a_notification_that_was_set_is_read_back(device, api):
    cpe, root = device
    code = f"{root}ManagementServer.PeriodicInformInterval"
    done = await api.run(NAME, "set.attr", variable(code, notification=2))
    assert done["status"] == "completed", done
    assert cpe.tree.notification(code) == 2
    found = await api.run(NAME, "get.attr", variable(code), variable(f"{root}DeviceInfo.No"))
    assert found["status"] == "failed"
    assert found["error"]["parameters"][f"{root}DeviceInfo.No"]["code"] == "9005"
    told, refused = found["variables"]
    assert (refused["variable_name"], refused["value"]) == (f"{root}DeviceInfo.No", None)
    assert (told["notification"], told["access_list"]) == (2, list(cpe.tree.access_list(code)))
    done = await api.run(NAME, "set.attr", variable(code, value="1"))
    assert done["status"] == "completed", done
    assert cpe.tree.notification(code) == 1


async def test_a_health_check_judges_what_the_device_tells(device, api):
    cpe, root = device
    flags = {"check_memory": True, "check_disk": True, "check_cpu": True, "check_fan": True}
    done = await api.run(NAME, "health_check", parameters=flags | {"memory_threshold_percent": 95})
    assert done["status"] == "completed", done
    found = done["result"]
    assert (found["status"], found["checks_passed"], found["checks_failed"]) == ("healthy", 2, 0)
    assert [text.partition(":")[0] for text in found["warnings"]] == ["disk", "fan"]
    cpe.tree.set(f"{root}DeviceInfo.MemoryStatus.Free", "10")
    done = await api.run(NAME, "health_check")
    assert (done["result"]["status"], done["result"]["checks_failed"]) == ("unhealthy", 1)


async def test_a_service_is_restarted_as_the_type_says(device, api):
    cpe, root = device
    code = f"{root}DeviceInfo.ProvisioningCode"
    refused = await api.run(NAME, "restart_service", parameters={"service_name": "dns"})
    assert (refused["status"], refused["error"]["code"]) == ("failed", "not_supported")
    secret = f"{root}ManagementServer.Password"
    values = {code: "again", secret: "open sesame"}
    lines = [{"variable_name": name, "value": value} for name, value in values.items()]
    services = {"dns": lines}
    body = {"short_name": "sim", "services": services}
    made = await api.ask("POST", "inventory_type/", body)
    await api.ask("PATCH", f"inventory_device_name/{NAME}/", {"type": made["id"]})
    done = await api.run(NAME, "restart_service", parameters={"service_name": "dns"})
    assert done["status"] == "completed", done
    assert {name: cpe.tree.value(name) for name in values} == values


async def test_packages_are_installed_updated_and_removed(device, api):
    cpe, _ = device
    done = await api.run(NAME, "update", parameters={"package_list": [PACKAGE]})
    assert done["status"] == "completed", done
    (installed,) = done["result"]["packages"]
    assert (installed["state"], installed["version"]) == ("Installed", "2.1")
    again = await api.run(NAME, "update", parameters={"package_list": [PACKAGE]})
    assert (again["status"], again["error"]["code"]) == ("failed", "9026")
    newer = {"name": "agent-2.1", "url": PACKAGE.replace("2.1", "2.2")}
    done = await api.run(NAME, "update", parameters={"package_list": [newer]})
    assert done["result"]["packages"][0]["version"] == "2.2", done
    gone = {"operation": "uninstall", "uuid": installed["uuid"]}
    done = await api.run(NAME, "update", parameters={"package_list": [gone]})
    assert done["result"]["packages"][0]["state"] == "Uninstalled", done
    assert cpe.counts["ChangeDUState"] == 4


@pytest.mark.usefixtures("device")
async def test_the_older_words_mean_the_same(api):
    done = await api.run(NAME, "inventory_sync")
    assert (done["status"], done["operation"]) == ("completed", "inventory_sync")
