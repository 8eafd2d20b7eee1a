"""``…_setting/``: what is wanted of a device, what of it waits, and what is queued for that."""

import json
from pathlib import Path
from typing import Any

import pytest

from inventory import applying, configuration, sealed_variables
from inventory.access import Role
from inventory.secrets import Vault
from inventory.values import Model, Reported, Source, remember

BASE = "/inventory_device_name_setting/"
NTP, CODE = "Device.Time.NTPServer1", "Device.DeviceInfo.ProvisioningCode"
SECRET = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
TEMPLATE = [
    {"variable_name": NTP, "value": "ntp.example.net"},
    {"variable_name": "InternetGatewayDevice.Time.NTPServer1", "value": "ntp.example.net"},
    {"variable_name": CODE, "notification": 2},
]


@pytest.fixture
async def device(api: Any) -> dict[str, Any]:
    """A device that has been seen, of a type with a template."""
    body: dict[str, Any] = {"short_name": "router", "parameters": TEMPLATE}
    await api.told("POST", "/inventory_type/", json=body)
    body = {"name": "router", "type": 1}
    _, made = await api.told("POST", "/inventory_device_name/", json=body)
    await api.store.write(
        lambda tx: tx.run("UPDATE devices SET unique_identifier = 'A-SN1', root = 'Device.'")
    )
    return made


async def tell(api: Any, tmp_path: Path, **values: str) -> None:
    """The device has these values."""
    told = [Reported(path, value, "string") for path, value in values.items()]
    vault = Vault.load(tmp_path / "keys")
    await remember(api.store, vault, 1, Model("", "", "", ""), told, Source.SET, api.clock.now)
    await api.store.write(configuration.confirm, 1, vault, api.clock.now)


async def wanted(api: Any, token: str = "admin", **params: Any) -> dict[str, dict[str, Any]]:
    _, page = await api.told("GET", f"{BASE}router/", params=params, token=token)
    return {each["variable_name"]: each for each in page["results"]}


async def change(api: Any, method: str = "PATCH", **values: Any) -> tuple[int, Any]:
    body = {
        "variables": [{"variable_name": name, "value": value} for name, value in values.items()]
    }
    return await api.told(method, f"{BASE}router/", json=body)


async def pending_settings(api: Any) -> str | None:
    _, seen = await api.told("GET", "/inventory_device_name/router/")
    return seen["pending_settings"]


async def queued(api: Any) -> list[tuple[str, list[str]]]:
    """State and names of every set that was queued."""
    rows = await api.store.read(
        lambda tx: tx.all("SELECT state, request FROM operations WHERE kind = 'set' ORDER BY id")
    )
    return [
        (row["state"], [each["variable_name"] for each in json.loads(row["request"])["variables"]])
        for row in rows
    ]


async def test_wanted_is_the_template_of_the_devices_data_model(api, device):
    found = await wanted(api)
    assert sorted(found) == [CODE, NTP]
    assert found[NTP] == {
        "parent": {"id": 1, "name": "router", "serial_number": None},
        "parameter": {
            "variable_name": NTP,
            "name": "Time.NTPServer1",
            "short_name": "NTPServer1",
        },
        "variable_name": NTP,
        "value": "ntp.example.net",
        "value_type": None,
        "current": None,
        "pending": True,
        "origin": "template",
        "last_updated": "2023-11-14T22:13:20Z",
    }
    assert found[CODE]["pending"] is False


async def test_a_devices_own_setting_stands_above_its_types(api, device):
    status, page = await change(api, **{NTP: "10.0.0.1"})
    assert (status, page["count"]) == (200, 2)
    assert (await wanted(api))[NTP]["value"] == "10.0.0.1"
    assert (await wanted(api))[NTP]["origin"] == "own"
    await change(api, **{NTP: None})
    assert (await wanted(api))[NTP]["origin"] == "template"


async def test_a_setting_waits_until_the_device_is_known_to_have_it(api, device, tmp_path):
    assert await pending_settings(api) == "configuration_change"
    await change(api, **{NTP: "10.0.0.1"})
    _, seen = await api.told("GET", "/inventory_device_name/router/", params={"pending": 1})
    assert seen["pending_details"] == {
        "config_changes": 1,
        "firmware_update": False,
        "last_config_push": None,
        "items": [
            {
                "kind": "configuration_change",
                "operation_id": None,
                "age": 0,
                "parameter": NTP,
                "current": None,
                "wanted": "10.0.0.1",
            }
        ],
    }
    await tell(api, tmp_path, **{NTP: "10.0.0.1"})
    assert await pending_settings(api) is None
    assert (await wanted(api))[NTP]["current"] == "10.0.0.1"
    assert await wanted(api, pending="true") == {}


async def test_what_differs_is_queued_and_takes_the_place_of_what_was(api, device, tmp_path):
    await tell(api, tmp_path, **{NTP: "ntp.example.net"})
    await change(api, **{CODE: "A"})
    await change(api, **{SECRET: "friend"})
    assert await queued(api) == [("cancelled", [CODE]), ("pending", [CODE, SECRET])]
    assert api.woken == [1, 1]
    kept = await api.store.read(
        lambda tx: [
            row["request"]
            for row in tx.all("SELECT request FROM operations WHERE state = 'pending'")
        ]
    )
    assert "friend" not in kept[0]
    revealed = sealed_variables.reveal(
        json.loads(kept[0])["variables"], Vault.load(tmp_path / "keys")
    )
    assert {each["variable_name"]: each["value"] for each in revealed} == {
        CODE: "A",
        SECRET: "friend",
    }


async def test_put_drops_what_it_does_not_name(api, device):
    await change(api, **{NTP: "10.0.0.1", CODE: "A"})
    _, page = await change(api, "PUT", **{CODE: "A"})
    assert {each["variable_name"]: each["origin"] for each in page["results"]} == {
        CODE: "own",
        NTP: "template",
    }


async def test_the_same_settings_again_change_nothing(api, device):
    await change(api, **{CODE: "A"})
    async with api.request("GET", "/inventory_device_name/router/") as answer:
        tag = answer.headers["ETag"]
    await change(api, **{CODE: "A"})
    assert len(await queued(api)) == 1
    async with api.request("GET", "/inventory_device_name/router/") as answer:
        assert answer.headers["ETag"] == tag


async def test_a_device_that_was_never_seen_is_told_when_it_comes(api):
    await api.told("POST", "/inventory_device_name/", json={"name": "router"})
    status, page = await change(api, **{NTP: "10.0.0.1"})
    assert (status, page["results"][0]["pending"]) == (200, True)
    assert await queued(api) == []


async def test_a_secret_setting_is_masked_for_viewers(api, device):
    await change(api, **{SECRET: "friend"})
    await api.token("viewer", Role.VIEWER)
    assert (await wanted(api, token="viewer"))[SECRET]["value"] == "********"
    _, audit = await api.told("GET", "/audit/", params={"object": "device"})
    assert "friend" not in str(audit)


async def test_what_no_device_could_hold_is_refused(api, device):
    status, errors = await change(api, **{"Device.Time.": "x"})
    assert (status, errors) == (
        400,
        {"variables": ['"Device.Time." is not the full name of a parameter.']},
    )


async def test_what_is_listed_can_be_put_back_and_what_is_inherited_stays_so(api, device):
    await change(api, **{CODE: "A"})
    listed = list((await wanted(api)).values())
    for each in listed:
        del each["variable_name"]  # it is also named within parameter
    body = {"variables": listed}
    status, page = await api.told("PUT", f"{BASE}router/", json=body)
    assert status == 200, page
    origins = {each["variable_name"]: each["origin"] for each in page["results"]}
    assert origins == {CODE: "own", NTP: "template"}
    for each in listed:
        each["value"] = "10.0.0.1"
    _, page = await api.told("PUT", f"{BASE}router/", json=body)
    assert {each["origin"] for each in page["results"]} == {"own"}


async def test_what_is_no_field_of_a_setting_is_refused_within_it(api, device):
    variables = [{"variable_name": NTP, "value": "x", "notification": None}]
    answer = await api.told("PATCH", f"{BASE}router/", json={"variables": variables})
    assert answer == (400, {"variables": [{"notification": ["Unknown field."]}]})


async def test_a_value_that_is_not_of_its_type_is_refused_under_it(api, device):
    variables = [
        {"variable_name": NTP, "value": "x"},
        {"variable_name": CODE, "value": "notanint", "value_type": "unsignedInt"},
    ]
    answer = await api.told("PATCH", f"{BASE}router/", json={"variables": variables})
    assert answer == (
        400,
        {
            "variables": [
                {},
                {"value": ["This is not a value of type unsignedInt (0 to 4294967295)."]},
            ]
        },
    )


async def test_a_changed_template_reaches_the_devices_of_its_type(api, device, tmp_path):
    await tell(api, tmp_path, **{NTP: "ntp.example.net"})
    vault = Vault.load(tmp_path / "keys")

    async def rounds() -> int:
        done = 0
        while await api.store.write(applying.roll_out, vault, 300, api.clock.now):
            done += 1
        return done

    await rounds()
    assert await queued(api) == []
    lines = [{"variable_name": NTP, "value": "ntp2.example.net"}]
    await api.told("PATCH", "/inventory_type/1/", json={"parameters": lines})
    assert await rounds() == 2
    ((_, names),) = await queued(api)
    assert names == [NTP]
    assert await pending_settings(api) == "configuration_change"


async def test_drift_is_listed_for_the_devices_of_a_type(api, device):
    north = await api.organization("North")
    await api.token("north", Role.VIEWER, frozenset({north}))
    await api.store.write(
        lambda tx: tx.run(
            """INSERT INTO drift (device_id, path, wanted, found, since, corrections)
               VALUES (1, :path, 'a', 'b', :now, 2)""",
            path=NTP,
            now=api.clock.now,
        )
    )
    _, page = await api.told("GET", "/inventory_type/1/drift/")
    assert page["results"] == [
        {
            "device_id": 1,
            "device_name": "router",
            "variable_name": NTP,
            "wanted": "a",
            "found": "b",
            "since": "2023-11-14T22:13:20Z",
            "corrections": 2,
            "is_set_aside": False,
        }
    ]
    _, page = await api.told("GET", "/inventory_type/1/drift/", token="north")
    assert page["count"] == 0
    assert (await api.told("GET", "/inventory_type/9/drift/"))[0] == 404


async def test_a_whole_number_is_wanted_without_a_fraction(api, device):
    await change(api, **{NTP: 311.0})
    assert (await wanted(api))[NTP]["value"] == "311"
