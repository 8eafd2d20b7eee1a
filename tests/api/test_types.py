"""``/inventory_type/``: match rules, templates, and the passwords that never come out."""

from typing import Any

from inventory.access import Role

BASE = "/inventory_type/"
NTP = {
    "variable_name": "Device.Time.NTPServer1",
    "value": "ntp.example.net",
    "value_type": "string",
    "notification": None,
}
KEY = {
    "variable_name": "Device.WiFi.AccessPoint.1.Security.KeyPassphrase",
    "value": "open sesame",
    "value_type": None,
    "notification": None,
}


async def made(api: Any, short_name: str = "router", **fields: Any) -> dict[str, Any]:
    status, found = await api.told("POST", BASE, json={"short_name": short_name, **fields})
    assert status == 201, found
    return found


async def test_a_type_is_created_with_its_defaults(api):
    found = await made(api)
    assert found == {
        "id": 1,
        "short_name": "router",
        "name": "router",
        "description": None,
        "match_manufacturer": None,
        "match_oui": None,
        "match_product_class": None,
        "match_software_version": None,
        "match_hardware_version": None,
        "match_order": 0,
        "firmware_image": None,
        "update_frequency": None,
        "services": {},
        "username": None,
        "onboarding_policy": "open",
        "onboarding_username": None,
        "allow_basic_connection_request": False,
        "parameters": [],
        "revision": 2,
        "created": "2023-11-14T22:13:20Z",
        "last_change": "2023-11-14T22:13:20Z",
    }
    assert await api.told("GET", f"{BASE}1/") == (200, found)
    assert (await api.told("GET", BASE))[1]["results"] == [found]


async def test_an_answer_can_be_put_back(api):
    variable = {name: NTP[name] for name in ("variable_name", "value", "value_type")}
    found = await made(api, parameters=[KEY, NTP], services={"clock": [variable]})
    assert found["services"] == {"clock": [variable]}
    assert await api.told("PUT", f"{BASE}1/", json=found) == (200, found)


async def test_a_secret_of_a_template_is_masked_for_viewers_and_nowhere_in_clear(api, tmp_path):
    await made(api, parameters=[KEY, NTP], password="shared secret")
    await api.token("viewer", Role.VIEWER)
    _, seen = await api.told("GET", f"{BASE}1/", token="viewer")
    assert [line["value"] for line in seen["parameters"]] == ["ntp.example.net", "********"]
    _, seen = await api.told("GET", f"{BASE}1/")
    assert seen["parameters"][1]["value"] == "open sesame"
    kept = await api.store.read(_everything)
    assert "open sesame" not in kept
    assert "shared secret" not in kept


def _everything(tx: Any) -> str:
    tables = ("device_types", "device_type_parameters", "audit")
    return "\n".join(str(list(row)) for table in tables for row in tx.all(f"SELECT * FROM {table}"))


async def test_a_secret_of_a_service_is_masked_for_viewers_and_nowhere_in_clear(api):
    secret = {name: KEY[name] for name in ("variable_name", "value", "value_type")}
    found = await made(api, services={"wifi": [secret]})
    assert found["services"] == {"wifi": [secret]}
    await api.token("viewer", Role.VIEWER)
    for path in (BASE, f"{BASE}1/"):
        _, seen = await api.told("GET", path, token="viewer")
        assert "********" in str(seen), path
        assert "open sesame" not in str(seen), path
    assert "open sesame" not in await api.store.read(_everything)
    _, again = await api.told("PUT", f"{BASE}1/", json=found)
    assert again == found


async def test_a_changed_template_is_a_new_revision(api):
    found = await made(api, parameters=[NTP])
    _, same = await api.told("PATCH", f"{BASE}1/", json={"parameters": [NTP]})
    assert same["revision"] == found["revision"]
    _, changed = await api.told("PATCH", f"{BASE}1/", json={"parameters": [KEY]})
    assert changed["revision"] == found["revision"] + 1
    assert [line["variable_name"] for line in changed["parameters"]] == [KEY["variable_name"]]


async def test_what_no_device_could_hold_is_refused(api):
    lines = [
        {"variable_name": "Device.Time.", "value": "x"},
        {"variable_name": "X.Y", "value": "x"},
        NTP,
        NTP,
        {"variable_name": "Device.DeviceInfo.ProvisioningCode"},
    ]
    status, errors = await api.told("POST", BASE, json={"short_name": "x", "parameters": lines})
    assert (status, errors) == (
        400,
        {
            "parameters": [
                '"Device.DeviceInfo.ProvisioningCode" has neither value nor notification.',
                '"Device.Time." is not the full name of a parameter.',
                '"Device.Time.NTPServer1" is given more than once.',
                '"X.Y" is not the full name of a parameter.',
            ]
        },
    )


async def test_a_value_that_is_not_of_its_type_is_refused_under_it(api):
    line = {"variable_name": NTP["variable_name"], "value": "notanint", "value_type": "unsignedInt"}
    body = {"short_name": "x", "parameters": [NTP, line], "services": {"clock": [line]}}
    words = {"value": ["This is not a value of type unsignedInt (0 to 4294967295)."]}
    status, errors = await api.told("POST", BASE, json=body)
    assert (status, errors) == (400, {"parameters": [{}, words], "services": {"clock": [words]}})


async def test_a_short_name_is_unique(api):
    await made(api)
    status, errors = await api.told("POST", BASE, json={"short_name": "router"})
    expected = {"short_name": ["device type with this short name already exists."]}
    assert (status, errors) == (400, expected)


async def test_a_new_device_takes_the_first_type_whose_rule_matches(api):
    await made(api, "general", match_oui="*", match_order=5)
    await made(api, "special", match_oui="00aabb", match_product_class="HG*")
    for product_class, expected in (("HG-500", "special"), ("XX", "general")):
        body = {"name": product_class, "oui": "00AABB", "product_class": product_class}
        _, device = await api.told("POST", "/inventory_device_name/", json=body)
        assert device["type_short_name"] == expected
    status, device = await api.told(
        "POST", "/inventory_device_name/", json={"name": "x", "oui": "00AABB", "type": None}
    )
    assert (status, device["type"]) == (201, None)


async def test_a_device_inherits_the_interval_of_its_type(api):
    found = await made(api, update_frequency=900)
    body = {"name": "x", "type": found["id"]}
    _, device = await api.told("POST", "/inventory_device_name/", json=body)
    assert device["update_frequency"] == 900
    _, device = await api.told("PUT", "/inventory_device_name/x/", json=device)
    await api.told("PATCH", f"{BASE}1/", json={"update_frequency": 600})
    _, device = await api.told("GET", "/inventory_device_name/x/")
    assert device["update_frequency"] == 600


async def test_another_type_queues_reconfiguration(api):
    found = await made(api)
    await api.told("POST", "/inventory_device_name/", json={"name": "x"})
    path, body = "/inventory_device_name/x/", {"type": found["id"]}
    _, device = await api.told("PATCH", path, json=body)
    assert "reconfiguration" in device["pending_settings"].split(",")


async def test_devices_outlive_their_type(api):
    found = await made(api)
    await api.told("POST", "/inventory_device_name/", json={"name": "x", "type": found["id"]})
    async with api.request("DELETE", f"{BASE}1/") as answer:
        assert answer.status == 204
    status, device = await api.told("GET", "/inventory_device_name/x/")
    assert (status, device["type"]) == (200, None)
