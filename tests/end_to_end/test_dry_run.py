"""A dry run tells what would be sent, and sends nothing."""

import pytest

NAME = "00D09E-SimGateway-SIM000001"
HEADLESS = "inventory_device_name_headless_operation/"
CODE = "Device.DeviceInfo.ProvisioningCode"
KEY = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


@pytest.fixture
async def cpe(cpes, api):
    cpe = cpes()
    await cpe.start()
    await api.run(NAME, "get", {"variable_name": "Device."})
    return cpe


async def rehearse(api, operation, *variables):
    body = {"name": NAME, "operation": operation, "variables": list(variables)}
    return await api.ask("POST", HEADLESS, body, dry_run="true")


async def test_a_dry_run_tells_values_and_touches_neither_queue_nor_device(cpe, api):
    before = dict(cpe.counts)
    old = cpe.tree.value(CODE)
    told = await rehearse(api, "set", {"variable_name": CODE, "value": "new"})
    assert told["dry_run"] is True
    assert told["rpcs"] == [
        {
            "rpc": "SetParameterValues",
            "parameters": [
                {
                    "variable_name": CODE,
                    "current_value": old,
                    "value": "new",
                    "value_type": "string",
                    "notification": None,
                }
            ],
        }
    ]
    assert told["variables"] == told["rpcs"][0]["parameters"]
    assert (await api.ask("GET", HEADLESS, name=NAME, envelope="true"))["count"] == 1  # the get
    assert dict(cpe.counts) == before


async def test_what_was_told_is_what_is_sent(cpe, api):
    body = {"variables": [{"variable_name": CODE, "value": "wanted"}]}
    await api.ask("PATCH", f"inventory_device_name_setting/{NAME}/", body)
    await api.run(NAME, "get", {"variable_name": CODE})
    cpe.tree.set(CODE, "drifted")
    await api.run(NAME, "get", {"variable_name": CODE})
    for operation in ("sync", "reconf", "inventory_sync"):
        told = await rehearse(api, operation)
        (line,) = told["variables"]
        assert (line["current_value"], line["value"]) == ("drifted", "wanted")
    assert cpe.tree.value(CODE) == "drifted"
    await api.run(NAME, "sync")
    assert (await rehearse(api, "sync"))["variables"] == []


async def test_only_what_can_be_told_is_rehearsed(cpe, api):
    for body in (
        {"name": NAME, "operation": "reboot"},
        {"device_targets": [NAME], "operation": "sync"},
    ):
        url = f"{api.url}{HEADLESS}?dry_run=true"
        async with api.http.post(url, json=body) as answer:
            assert (answer.status, [*await answer.json()]) == (400, ["dry_run"])
