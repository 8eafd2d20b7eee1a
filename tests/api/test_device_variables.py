"""``…_variables/``: what the inventory holds of a device's parameters, and setting them now."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from api.house import HOUSE
from inventory.access import Role
from inventory.secrets import Vault
from inventory.values import Model, Reported, Source, remember

BASE = "/inventory_device_name_variables/"
SSID = "Device.WiFi.SSID.{}.SSID"
SECRET = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


@pytest.fixture
async def device(api: Any, tmp_path: Path) -> dict[str, Any]:
    """A device that has been seen, with a few values."""
    body = {"name": "router", "serial_number": "SN1"}
    _, made = await api.told("POST", "/inventory_device_name/", json=body)
    await api.store.write(
        lambda tx: tx.run("UPDATE devices SET unique_identifier = 'A-SN1', root = 'Device.'")
    )
    await tell(
        api,
        tmp_path,
        [
            Reported("Device.DeviceInfo.UpTime", "1326121", "unsignedInt"),
            Reported(SSID.format(2), "guests", "string"),
            Reported(SSID.format(10), "office", "string"),
            Reported(SECRET, "open sesame", "string"),
        ],
    )
    return made


async def tell(api: Any, tmp_path: Path, told: Sequence[Reported], source=Source.GET) -> None:
    vault = Vault.load(tmp_path / "keys")
    await remember(api.store, vault, 1, Model("", "", "", ""), told, source, api.clock.now)


async def listed(api: Any, token: str = "admin", **params: Any) -> list[dict[str, Any]]:
    params = {"parent__name": "router", **params}
    status, page = await api.told("GET", BASE, params=params, token=token)
    assert status == 200, page
    return page["results"]


async def names(api: Any, **params: Any) -> list[str]:
    return [each["variable_name"] for each in await listed(api, **params)]


async def test_a_value_is_told_with_what_is_known_of_it(api, device):
    assert await listed(api, parameter__variable_name="Device.DeviceInfo.UpTime") == [
        {
            "parent": {"id": 1, "name": "router", "serial_number": "SN1"},
            "parameter": {
                "variable_name": "Device.DeviceInfo.UpTime",
                "name": "DeviceInfo.UpTime",
                "short_name": "UpTime",
            },
            "variable_name": "Device.DeviceInfo.UpTime",
            "value": "1326121",
            "value_type": "unsignedInt",
            "writable": None,
            "pending": False,
            "updated": "2023-11-14T22:13:20Z",
            "source": "get",
        }
    ]


async def test_values_are_found_by_names_partial_paths_and_wildcards(api, device):
    two, ten = SSID.format(2), SSID.format(10)
    assert await names(api) == ["Device.DeviceInfo.UpTime", SECRET, two, ten]
    assert await names(api, parameter__variable_name=f"{ten}, {two}") == [two, ten]
    assert await names(api, parameter__variable_name="Device.DeviceInfo.") == [
        "Device.DeviceInfo.UpTime"
    ]
    assert await names(api, wildcard=SSID.format("*")) == [two, ten]
    assert await names(api, parameter__variable_name="*SSID", wildcard="true") == [two, ten]
    assert await names(api, parameter__variable_name="Device.Nothing") == []
    assert (await listed(api, dates="false"))[0]["updated"] is None


async def test_the_device_must_be_named_and_exist(api, device):
    assert await api.told("GET", BASE) == (400, {"parent__name": ["This field is required."]})
    assert (await api.told("GET", BASE, params={"parent__name": "nobody"}))[0] == 404
    by_serial, by_id = "/inventory_device_serial_variables/", "/inventory_device_variables/"
    page = await api.told("GET", BASE, params={"parent__name": "router"})
    assert await api.told("GET", by_serial, params={"parent__serial_number": "SN1"}) == page
    assert await api.told("GET", by_id, params={"parent_id": 1}) == page
    assert await api.told("GET", f"{BASE}router/") == page


async def test_pages_are_cut_from_the_whole(api, device):
    status, page = await api.told("GET", f"{BASE}router/", params={"limit": 2, "offset": 3})
    assert (status, page["count"], len(page["results"])) == (200, 4, 1)


async def test_a_secret_value_is_masked_for_viewers(api, device):
    await api.token("viewer", Role.VIEWER)
    seen = await listed(api, token="viewer", parameter__variable_name=SECRET)
    assert seen[0]["value"] == "********"
    assert (await listed(api, parameter__variable_name=SECRET))[0]["value"] == "open sesame"


async def test_a_value_that_is_not_the_wanted_one_is_pending(api, device):
    body = {"variables": [{"variable_name": SSID.format(2), "value": "visitors"}]}
    await api.told("PATCH", "/inventory_device_name_setting/router/", json=body)
    assert await names(api, pending="true") == [SSID.format(2)]
    assert SSID.format(2) not in await names(api, pending="false")


async def test_values_are_set_as_one_operation_that_starts_at_once(api, device):
    asked = [
        {"variable_name": SSID.format(2), "value": "visitors", "value_type": "string"},
        {"variable_name": SECRET, "value": "friend"},
    ]
    status, operation = await api.told("PUT", f"{BASE}router/", json={"variables": asked})
    assert (status, operation["operation"], operation["status"]) == (200, "set", "scheduled")
    assert operation["variables"] == asked
    assert api.woken == [1]
    kept = await api.store.read(lambda tx: tx.one("SELECT request FROM operations")["request"])
    assert "friend" not in kept


async def test_what_is_listed_can_be_set_as_it_is(api, device):
    found = await listed(api, parameter__variable_name=SSID.format(2))
    status, operation = await api.told("PUT", f"{BASE}router/", json={"variables": found})
    assert (status, operation["operation"]) == (200, "set")
    wrong = {"variables": [{**found[0], "colour": None}]}
    _, errors = await api.told("PUT", f"{BASE}router/", json=wrong)
    assert errors == {"variables": [{"colour": ["Unknown field."]}]}


async def test_values_of_an_inactive_device_are_not_set(api, device):
    await api.told("PATCH", "/inventory_device_name/router/", json={"is_active": False})
    body = {"variables": [{"variable_name": SSID.format(2), "value": 1}]}
    assert (await api.told("PUT", f"{BASE}router/", json=body))[0] == 409


@pytest.mark.parametrize("body", [{}, {"variables": []}, {"variables": [{"value": "x"}]}])
async def test_nothing_to_set_is_refused(api, device, body):
    status, errors = await api.told("PUT", f"{BASE}router/", json=body)
    assert (status, list(errors)) == (400, ["variables"])


async def test_force_update_reads_from_the_device_first(api, device, tmp_path):
    asked: list[Any] = []

    async def read_values(device_id: int, paths: Sequence[str]) -> None:
        asked.append((device_id, list(paths)))
        await tell(api, tmp_path, [Reported(SSID.format(2), "fresh", "string")])

    app = api.client.app
    fields = {name: getattr(app[HOUSE], name) for name in app[HOUSE].__slots__}
    app._state[HOUSE] = type(app[HOUSE])(**{**fields, "read_values": read_values})
    wanted = SSID.format("*")
    found = await listed(api, wildcard=wanted, force_update="true")
    assert asked == [(1, ["Device.WiFi.SSID."])]
    assert found[0]["value"] == "fresh"


# --- What the device's own page shows of them -------------------------------------------------


async def test_a_single_device_tells_its_uptime_and_interfaces(api, device, tmp_path):
    ethernet = "Device.Ethernet.Interface.{}.{}"
    values = {
        (1, "Name"): "eth0",
        (1, "Status"): "Up",
        (1, "MaxBitRate"): "1000",
        (2, "Status"): "Down",
        (2, "MaxBitRate"): "-1",
    }
    told = [Reported(ethernet.format(*at), value, "string") for at, value in values.items()]
    await tell(api, tmp_path, told)
    _, seen = await api.told("GET", "/inventory_device_name/router/")
    assert seen["uptime"] == "15 days, 8 hours, 22 minutes"
    assert seen["interfaces"] == [
        {"name": "eth0", "status": "Up", "speed": "1000 Mbit/s"},
        {"name": "Ethernet.Interface.2", "status": "Down", "speed": None},
    ]
    _, page = await api.told("GET", "/inventory_device_name/")
    assert (page["results"][0]["uptime"], page["results"][0]["interfaces"]) == (None, [])
