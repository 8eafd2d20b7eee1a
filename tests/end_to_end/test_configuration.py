"""What is wanted of a device comes true on it, and what does not is told by name."""

import pytest

from simulator.mischief import Rewrites

NAME = "00D09E-SimGateway-SIM000001"
CODE = "DeviceInfo.ProvisioningCode"
SSID = {
    "Device.": "WiFi.SSID.1.SSID",
    "InternetGatewayDevice.": "LANDevice.1.WLANConfiguration.1.SSID",
}
ROOTS = {"tr181-gateway": "Device.", "tr098-gateway": "InternetGatewayDevice."}


@pytest.fixture
async def template(api):
    """A type for the simulated gateways, whose template names both data models."""

    async def make(*lines, **more):
        parameters = list(lines) or [
            {"variable_name": root + CODE, "value": "T1", "notification": 2}
            for root in ROOTS.values()
        ]
        body = {
            "short_name": "sim",
            "match_product_class": "SimGateway",
            "parameters": parameters,
            **more,
        }
        return await api.ask("POST", "inventory_type/", body)

    return make


@pytest.fixture(params=ROOTS)
def model(request):
    return request.param


async def own(api, **values):
    body = {
        "variables": [{"variable_name": name, "value": value} for name, value in values.items()]
    }
    await api.ask("PATCH", f"inventory_device_name_setting/{NAME}/", body)


async def settled(api, cpe):
    """What was queued before has been carried out when a later read has."""
    await api.run(NAME, "get", {"variable_name": f"{cpe.tree.root}DeviceInfo.UpTime"})


async def test_a_new_device_gets_the_template_of_its_type_for_its_data_model(
    api, cpes, template, model
):
    await template()
    cpe = cpes(model=model)
    await cpe.start()
    await settled(api, cpe)
    assert cpe.tree.value(cpe.tree.root + CODE) == "T1"
    assert cpe.tree.notification(cpe.tree.root + CODE) == 2
    found = await api.device(NAME)
    assert found["type_short_name"] == "sim"
    assert found["pending_settings"] is None


async def test_own_settings_stand_above_the_template(api, cpes, template, model):
    await template()
    cpe = cpes(model=model)
    await cpe.start()
    await settled(api, cpe)
    await own(api, **{cpe.tree.root + CODE: "mine"})
    await settled(api, cpe)
    assert cpe.tree.value(cpe.tree.root + CODE) == "mine"


async def test_sync_finds_drift_and_corrects_it(api, cpes, template, model):
    await template()
    cpe = cpes(model=model)
    await cpe.start()
    await settled(api, cpe)
    name = cpe.tree.root + CODE
    cpe.tree.put(name, "somebody else's")
    done = await api.run(NAME, "sync")
    assert done["status"] == "completed", done
    assert cpe.tree.value(name) == "T1"
    (found,) = done["result"]["drift"]
    assert (found["parameter"], found["wanted"], found["found"]) == (name, "T1", "somebody else's")
    assert (await api.device(NAME))["pending_settings"] is None


async def test_sync_reads_the_whole_device_into_the_inventory(api, cpes, model):
    cpe = cpes(model=model)
    await cpe.start()
    done = await api.run(NAME, "sync")
    assert done["status"] == "completed", done
    assert done["result"]["read"] == sum(1 for _ in cpe.tree.parameters(cpe.tree.root))
    listed = await api.ask("GET", "inventory_device_name_variables/", parent__name=NAME, limit=1)
    assert listed["count"] >= done["result"]["read"]


async def test_reconf_applies_the_rest_and_names_what_is_refused(api, cpes, template):
    await template(
        {"variable_name": f"Device.{CODE}", "value": "T1"},
        {"variable_name": "Device.DeviceInfo.UpTime", "value": "5"},
        {"variable_name": "Device.Nonsense", "value": "x"},
    )
    cpe = cpes()
    await cpe.start()
    done = await api.run(NAME, "reconf")
    assert done["status"] == "failed"
    refused = done["error"]["parameters"]
    assert refused["Device.DeviceInfo.UpTime"]["code"] == "9008"
    assert refused["Device.Nonsense"]["code"] == "9005"
    assert cpe.tree.value(f"Device.{CODE}") == "T1"


async def test_a_value_that_the_device_changes_again_and_again_is_set_aside(api, cpes, template):
    made = await template({"variable_name": f"Device.{CODE}", "value": "lower"})
    cpe = cpes(mischief=[Rewrites("upper", "*ProvisioningCode")])
    await cpe.start()
    for _ in range(4):
        await api.run(NAME, "sync")
    sets = cpe.counts["SetParameterValues"]
    done = await api.run(NAME, "sync")
    assert done["status"] == "completed", done
    assert cpe.counts["SetParameterValues"] == sets
    (drift,) = (await api.ask("GET", f"inventory_type/{made['id']}/drift/"))["results"]
    assert drift["variable_name"] == f"Device.{CODE}"
    assert (drift["wanted"], drift["found"]) == ("lower", "LOWER")
    assert drift["is_set_aside"]


@pytest.mark.parametrize(("operation", "code"), [("factory", "mine"), ("device_factory", "T1")])
async def test_after_a_reset_the_settings_are_applied_again(
    api, cpes, template, model, operation, code
):
    await template()
    cpe = cpes(model=model)
    await cpe.start()
    await settled(api, cpe)
    await own(api, **{cpe.tree.root + CODE: "mine"})
    await settled(api, cpe)
    done = await api.run(NAME, operation)
    assert done["status"] == "completed", done
    assert cpe.counts["FactoryReset"] == 1
    assert cpe.tree.value(cpe.tree.root + CODE) == code


async def test_a_reset_by_somebody_else_is_made_good(api, cpes, template):
    await template()
    cpe = cpes()
    await cpe.start()
    await settled(api, cpe)
    cpe.tree.reset()
    await cpe.session(["0 BOOTSTRAP", "1 BOOT"])
    await settled(api, cpe)
    assert cpe.tree.value(f"Device.{CODE}") == "T1"
