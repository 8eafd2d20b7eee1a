"""``/inventory_device_name/`` and its two sisters: the fields, their rules, lists and filters."""

from typing import Any
from urllib.parse import quote

import pytest

from inventory.access import Role

BASE = "/inventory_device_name/"


async def made(api: Any, name: str = "router-1", **fields: Any) -> dict[str, Any]:
    status, device = await api.told("POST", BASE, json={"name": name, **fields})
    assert status == 201, device
    return device


def path_of(name: str) -> str:
    return f"{BASE}{quote(name, safe='')}/"


async def patched(api: Any, name: str, /, **fields: Any) -> tuple[int, Any]:
    return await api.told("PATCH", path_of(name), json=fields)


async def refused(api: Any, method: str, path: str, /, **fields: Any) -> Any:
    status, errors = await api.told(method, path, json=fields)
    assert status == 400, errors
    return errors


# --- Every key, always ------------------------------------------------------------------------


async def test_a_registered_device_shows_every_key(api):
    device = await made(api)
    assert device == {
        "id": 1,
        "uuid": device["uuid"],
        "name": "router-1",
        "customer_id": None,
        "is_active": True,
        "status": "Down",
        "status_change": "2023-11-14T22:13:20Z",
        "type": None,
        "type_short_name": None,
        "software_version": None,
        "hardware_version": None,
        "manufacturer": None,
        "oui": None,
        "product_class": None,
        "unique_identifier": None,
        "serial_number": None,
        "serial_number_alt": None,
        "description": None,
        "organization_id": 1,
        "firmware_image": None,
        "firmware_image_is_pending": False,
        "location": None,
        "location_name": None,
        "location_short_name": None,
        "latitude": None,
        "longitude": None,
        "username": None,
        "connection_request_url": None,
        "update_frequency": 300,
        "address": None,
        "last_connection": None,
        "last_configuration": None,
        "last_change": "2023-11-14T22:13:20Z",
        "created": "2023-11-14T22:13:20Z",
        "debug": False,
        "identity_conflict": None,
        "uptime": None,
        "interfaces": [],
        "pending_changes": False,
        "pending_settings": None,
        "pending_details": None,
        "organization": 1,
        "organization_name": "Default",
        "type_name": None,
        "ip_address": None,
        "model": None,
        "firmware_version": None,
        "last_seen": None,
        "last_status_change": "2023-11-14T22:13:20Z",
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:20Z",
    }
    assert await api.told("GET", path_of("router-1")) == (200, device)


async def test_a_device_is_served_under_three_keys(api):
    device = await made(api, serial_number="SN1")
    assert await api.told("GET", "/inventory_device_serial/SN1/") == (200, device)
    assert await api.told("GET", f"/inventory_device/{device['id']}") == (200, device)


async def test_the_location_of_a_new_device_is_in_the_family_it_was_made_in(api):
    for base, key in (
        ("/inventory_device_name/", "a%2Fb%3F"),
        ("/inventory_device_serial/", "S%2F1"),
        ("/inventory_device/", "3"),
    ):
        body = {"name": "a/b?" if "name" in base else base, "serial_number": "S/1"}
        async with api.request("POST", base, json=body) as answer:
            assert answer.headers["Location"] == f"/api/v1{base}{key}/"
        assert (await api.told("GET", f"{base}{key}/"))[0] in {200, 409}


async def test_a_serial_number_of_several_devices_is_a_conflict_that_names_them(api):
    await made(api, "one", serial_number="SN1")
    await made(api, "two", serial_number="SN1")
    status, problem = await api.told("GET", "/inventory_device_serial/SN1/")
    assert (status, problem["names"]) == (409, ["one", "two"])


async def test_an_unknown_device_is_not_found_under_any_key(api):
    for path in (path_of("x"), "/inventory_device_serial/x/", "/inventory_device/9/"):
        assert (await api.told("GET", path))[0] == 404


@pytest.mark.parametrize(
    "name",
    ["a/b", "50%", "%2F", "dots.in.name", "...", "ünïcödé ✓", 'quo"te', "a+b c", "a;b?c#d"],
)
async def test_a_name_may_hold_every_printable_character(api, name):
    await made(api, name)
    status, device = await api.told("GET", path_of(name))
    assert (status, device["name"]) == (200, name)


async def test_a_name_is_case_sensitive(api):
    await made(api, "Router")
    await made(api, "router")
    assert (await api.told("GET", path_of("ROUTER")))[0] == 404


# --- What is refused --------------------------------------------------------------------------


async def test_all_field_errors_are_told_at_once(api):
    errors = await refused(
        api,
        "POST",
        BASE,
        type=99,
        firmware_image=98,
        location=97,
        latitude="91",
        longitude="west",
        oui="XYZ",
        update_frequency=0,
        colour="red",
    )
    assert errors == {
        "name": ["This field is required."],
        "update_frequency": ["Ensure this value is greater than or equal to 1."],
        "colour": ["Unknown field."],
        "latitude": ["Ensure this value is less than or equal to 90."],
        "longitude": ["A valid number is required."],
    }
    errors = await refused(
        api,
        "POST",
        BASE,
        name="x",
        type=99,
        firmware_image=98,
        location=97,
        organization_id=96,
        oui="XYZ",
    )
    assert errors == {
        "type": ['Invalid pk "99" - object does not exist.'],
        "firmware_image": ['Invalid pk "98" - object does not exist.'],
        "location": ['Invalid pk "97" - object does not exist.'],
        "organization_id": ['Invalid pk "96" - object does not exist.'],
        "oui": ["Enter six hexadecimal digits."],
    }


async def test_a_refused_organization_is_told_under_the_name_that_was_given(api):
    errors = await refused(api, "POST", BASE, name="x", organization=96)
    assert errors == {"organization": ['Invalid pk "96" - object does not exist.']}


async def test_a_device_without_serial_number_is_located_by_its_name(api):
    for serial_number, location in (("S/1", "_serial/S%2F1/"), (None, "_name/S%2F1-None/")):
        body = {"name": f"S/1-{serial_number}", "serial_number": serial_number}
        async with api.request("POST", "/inventory_device_serial/", json=body) as answer:
            assert answer.headers["Location"] == f"/api/v1/inventory_device{location}"


async def test_a_name_is_unique_on_post_and_on_rename(api):
    await made(api, "one")
    await made(api, "two")
    taken = {"name": ["device with this name already exists."]}
    assert await refused(api, "POST", BASE, name="one") == taken
    assert await refused(api, "PATCH", path_of("two"), name="one") == taken


async def test_two_devices_cannot_have_the_same_identity(api):
    identity = {"oui": "00aabb", "product_class": "HG", "serial_number": "SN1"}
    device = await made(api, "one", **identity)
    assert device["oui"] == "00AABB"
    taken = {"serial_number": ["device with this serial number already exists."]}
    assert await refused(api, "POST", BASE, name="two", **identity) == taken
    await made(api, "three", **identity | {"product_class": "HG2"})
    assert await refused(api, "PATCH", path_of("three"), product_class="HG") == taken


@pytest.mark.parametrize("name", ["", "   ", "x" * 256, "tab\there", None, ".", ".."])
async def test_a_name_has_1_to_255_printable_characters(api, name):
    assert list(await refused(api, "POST", BASE, name=name)) == ["name"]


async def test_the_password_is_write_only(api):
    device = await made(api, username="cpe", password="very secret")
    assert device["username"] == "cpe"
    assert "password" not in device
    status, audit = await api.told("GET", "/audit/", params={"object": "device"})
    assert (status, audit["count"]) == (200, 1)
    assert "very secret" not in str(audit)


# --- PUT and PATCH ----------------------------------------------------------------------------


async def test_an_answer_can_be_put_back_and_changes_nothing(api):
    await made(
        api,
        location_name="Branch 12",
        customer_id="C1",
        latitude="40.7128",
        serial_number="SN1",
        description="by the door",
    )
    async with api.request("GET", path_of("router-1")) as answer:
        device, tag = await answer.json(), answer.headers["ETag"]
    api.clock.now += 60
    async with api.request("PUT", path_of("router-1"), json=device) as answer:
        assert answer.status == 200
        assert await answer.json() == device
        assert answer.headers["ETag"] == tag


async def test_put_sets_what_is_missing_back_to_its_default(api):
    organization = await api.organization("North")
    await made(
        api,
        organization_id=organization,
        customer_id="C1",
        description="old",
        debug=True,
        is_active=False,
        location_name="Branch",
        latitude="1.5",
        update_frequency=60,
        serial_number="SN1",
        username="cpe",
        password="x",
    )
    status, device = await api.told("PUT", path_of("router-1"), json={"name": "router-1"})
    assert status == 200
    for name in ("customer_id", "description", "location", "location_name", "latitude"):
        assert device[name] is None, name
    assert (device["debug"], device["is_active"]) == (False, True)
    assert (device["update_frequency"], device["serial_number"]) == (300, None)
    assert (device["organization_id"], device["username"]) == (organization, "cpe")


async def test_put_needs_a_name_and_makes_no_device(api):
    await made(api)
    required = {"name": ["This field is required."]}
    assert await refused(api, "PUT", path_of("router-1"), debug=True) == required
    assert (await api.told("PUT", path_of("new"), json={"name": "new"}))[0] == 404


async def test_another_name_renames(api):
    await made(api, "old")
    status, device = await patched(api, "old", name="new")
    assert (status, device["name"]) == (200, "new")
    assert (await api.told("GET", path_of("old")))[0] == 404
    assert (await api.told("GET", path_of("new")))[0] == 200


async def test_a_change_has_a_new_tag_and_a_stale_one_is_refused(api):
    await made(api)
    async with api.request("GET", path_of("router-1")) as answer:
        tag = answer.headers["ETag"]
    headers = {"If-Match": tag}
    api.clock.now += 60
    async with api.request(
        "PATCH", path_of("router-1"), json={"debug": True}, headers=headers
    ) as answer:
        assert answer.status == 200
        assert answer.headers["ETag"] != tag
        assert (await answer.json())["last_change"] == "2023-11-14T22:14:20Z"
    status, _ = await api.told("DELETE", path_of("router-1"), headers=headers)
    assert status == 412


async def test_what_an_inform_changes_is_told_though_the_tag_is_the_same(api):
    await made(api)
    async with api.request("GET", path_of("router-1")) as answer:
        tag = answer.headers["ETag"]
    await api.store.write(lambda tx: tx.run("UPDATE presence SET is_up = TRUE"))
    headers = {"If-None-Match": tag}
    async with api.request("GET", path_of("router-1"), headers=headers) as answer:
        assert (answer.status, answer.headers["ETag"]) == (200, tag)
        assert (await answer.json())["status"] == "Up"


async def test_older_bodies_are_understood(api):
    organization = await api.organization("North")
    device = await made(
        api,
        organization=organization,
        ip_address="192.0.2.1",
        model="X",
        firmware_version="1",
        last_seen="2020-01-01",
        purchase_date="2020-01-01",
        warranty_expiry="2025-01-01",
    )
    assert (device["organization_id"], device["organization"]) == (organization, organization)
    assert device["address"] is None


async def test_an_older_copy_that_was_not_edited_does_not_stand_against_the_new_name(api):
    organization = await api.organization("North")
    device = await made(api)
    for name in ("organization_id", "organization"):
        body = {**device, name: organization}
        status, changed = await api.told("PUT", path_of("router-1"), json=body)
        assert (status, changed["organization_id"]) == (200, organization)
        await patched(api, "router-1", organization_id=1)
    both = {"organization_id": organization, "organization": await api.organization("South")}
    assert list(await refused(api, "PATCH", path_of("router-1"), **both)) == ["organization"]


# --- Locations and coordinates ----------------------------------------------------------------


async def test_a_location_is_found_or_created_by_its_name(api):
    one = await made(api, "one", location_name="Branch 12")
    two = await made(api, "two", location_name="Branch 12")
    assert one["location"] == two["location"] is not None
    status, device = await patched(api, "two", location_name="Branch 13")
    assert (status, device["location_name"]) == (200, "Branch 13")
    assert device["location"] != one["location"]
    status, device = await patched(api, "two", location_name=None)
    assert (device["location"], device["location_name"]) == (None, None)


async def test_a_location_and_a_name_that_contradict_each_other_are_refused(api):
    one = await made(api, "one", location_name="Branch 12")
    errors = await refused(
        api, "PATCH", path_of("one"), location=one["location"], location_name="Branch 13"
    )
    assert list(errors) == ["location_name"]


async def test_coordinates_are_inherited_from_the_location_until_the_device_has_its_own(api):
    device = await made(api, location_name="Branch 12")
    path = f"/inventory_location/{device['location']}/"
    status, _ = await api.told("PATCH", path, json={"latitude": 40.7128, "longitude": "-74.0060"})
    assert status == 200
    _, device = await api.told("GET", path_of("router-1"))
    assert (device["latitude"], device["longitude"]) == ("40.7128", "-74.0060")

    status, _ = await api.told("PUT", path_of("router-1"), json=device)
    await api.told("PATCH", path, json={"latitude": "41"})
    _, device = await api.told("GET", path_of("router-1"))
    assert device["latitude"] == "41"

    _, device = await patched(api, "router-1", latitude="1e-3")
    assert device["latitude"] == "0.001"
    _, device = await patched(api, "router-1", latitude=None)
    assert device["latitude"] == "41"


@pytest.mark.parametrize(
    ("given", "shown"),
    [(40.7128, "40.7128"), (-90, "-90"), ("+1.50", "1.50"), (1e-5, "0.00001"), (-1e-215, "0")],
)
async def test_a_coordinate_is_a_number_or_text_in_and_plain_text_out(api, given, shown):
    assert (await made(api, latitude=given))["latitude"] == shown


@pytest.mark.parametrize("given", ["NaN", "inf", "1e400", "1e-400", True, [], "", "90.0001", "१"])
async def test_a_coordinate_that_is_none_is_refused(api, given):
    assert list(await refused(api, "POST", BASE, name="x", latitude=given)) == ["latitude"]


# --- Lists ------------------------------------------------------------------------------------


async def names(api: Any, token: str = "admin", **params: Any) -> list[str]:
    status, listing = await api.told("GET", BASE, params=params, token=token)
    assert status == 200, listing
    assert listing["count"] == len(listing["results"])
    return [device["name"] for device in listing["results"]]


async def test_lists_are_filtered_by_what_a_device_says_of_itself(api):
    await made(api, "one", serial_number="SN-001", product_class="HG", customer_id="C1")
    await made(api, "two", serial_number="SN-002", is_active=False, location_name="Branch")
    assert await names(api) == ["one", "two"]
    assert await names(api, serial_number="SN-001") == ["one"]
    assert await names(api, product_class="HG") == ["one"]
    assert await names(api, customer_id="C1") == ["one"]
    assert await names(api, is_active="FALSE") == ["two"]
    assert await names(api, location="1") == ["two"]
    assert await names(api, manufacturer="Acme") == []
    assert await names(api, status="dOWN") == ["one", "two"]
    assert await names(api, status="1") == []
    assert await names(api, last_status_change_from="2023-11-14 22:13:20") == ["one", "two"]
    assert await names(api, last_status_change_from="2023-11-14T22:13:21Z") == []
    assert await names(api, ordering="-name") == ["two", "one"]


@pytest.mark.parametrize("text", ["sn-0", "TWO", "tw", "2", "ustomer-2"])
async def test_search_finds_a_part_of_what_names_a_device(api, text):
    await made(api, "one", customer_id="Customer-1", serial_number="XX-001")
    await made(api, "two", customer_id="Customer-2", serial_number="SN-002")
    assert await names(api, search=text) == ["two"]


@pytest.mark.parametrize("text", ['"', "%", "*", "one*", 'a" OR "b', "NEAR(one two)", "-one"])
async def test_search_knows_no_language(api, text):
    await made(api, "one")
    assert await names(api, search=text) == []


async def test_search_follows_renames_and_deletions(api):
    await made(api, "first-name")
    await patched(api, "first-name", name="other-name")
    assert await names(api, search="first") == []
    assert await names(api, search="other") == ["other-name"]
    async with api.request("DELETE", path_of("other-name")) as answer:
        assert answer.status == 204
    assert await names(api, search="other") == []


async def test_pages_are_the_same_from_both_ends(api):
    for number in range(7):
        await made(api, f"device-{number}")
    for ordering, expected in (("name", range(7)), ("-name", range(6, -1, -1))):
        seen = []
        url: str | None = f"{BASE}?limit=3&ordering={ordering}"
        while url:
            _, listing = await api.told("GET", url)
            seen += [device["name"] for device in listing["results"]]
            url = listing["next"] and listing["next"].partition("/api/v1")[2]
        assert seen == [f"device-{number}" for number in expected]


@pytest.mark.parametrize(
    "query", ["status=maybe", "type=x", "pending=2", "ordering=colour", "colour=red", "search="]
)
async def test_a_bad_query_is_refused_under_its_name(api, query):
    status, errors = await api.told("GET", f"{BASE}?{query}")
    assert (status, list(errors)) == (400, [query.partition("=")[0]])


# --- Operations asked for by the record -------------------------------------------------------


async def test_a_trigger_queues_its_operation_once_and_wakes_the_device(api):
    device = await made(api)
    status, device = await patched(api, "router-1", reboot=True, sync=True)
    assert (status, device["pending_settings"]) == (200, "reboot_pending,configuration_sync")
    assert (device["pending_changes"], api.woken) == (True, [device["id"]])
    await patched(api, "router-1", reboot=True)
    assert await api.store.read(_open_kinds) == ["reboot", "sync"]
    assert await names(api, pending="true") == ["router-1"]
    assert await names(api, pending="false") == []


def _open_kinds(tx: Any) -> list[str]:
    rows = tx.all("SELECT kind FROM operations WHERE state = 'pending' ORDER BY id")
    return [row["kind"] for row in rows]


async def test_a_reset_takes_the_place_of_a_waiting_reboot(api):
    await made(api)
    await patched(api, "router-1", reboot=True)
    _, device = await patched(api, "router-1", factory=True)
    assert device["pending_settings"] == "factory_pending"


async def test_false_triggers_nothing(api):
    await made(api)
    _, device = await patched(api, "router-1", reboot=False, reconf=False)
    assert (device["pending_settings"], api.woken) == (None, [])


async def test_a_trigger_on_an_inactive_device_keeps_nothing_of_the_patch(api):
    await made(api, is_active=False)
    status, problem = await patched(api, "router-1", reboot=True, description="changed")
    assert (status, problem["device"]) == (409, "router-1")
    _, device = await api.told("GET", path_of("router-1"))
    assert (device["description"], device["pending_settings"]) == (None, None)


# --- Whose they are ---------------------------------------------------------------------------


async def test_a_bound_token_sees_and_makes_devices_of_its_organizations_alone(api):
    north, south = await api.organization("North"), await api.organization("South")
    await api.token("north", Role.OPERATOR, frozenset({north}))
    await made(api, "southern", organization_id=south)
    status, device = await api.told("POST", BASE, json={"name": "northern"}, token="north")
    assert (status, device["organization_id"]) == (201, north)
    assert await names(api, token="north") == ["northern"]
    for method, body in (("GET", None), ("PATCH", {"debug": True}), ("DELETE", None)):
        status, _ = await api.told(method, path_of("southern"), json=body, token="north")
        assert status == 404, method
    status, _ = await api.told("GET", BASE, params={"organization": south}, token="north")
    assert status == 403
    body = {"organization_id": south}
    status, _ = await api.told("PATCH", path_of("northern"), json=body, token="north")
    assert status == 403
    body = {"name": "x", "organization": south}
    assert (await api.told("POST", BASE, json=body, token="north"))[0] == 403


async def test_a_foreign_location_does_not_exist(api):
    north = await api.organization("North")
    await api.token("north", Role.OPERATOR, frozenset({north}))
    device = await made(api, "mine", location_name="Secret place")
    body = {"name": "x", "location": device["location"]}
    status, errors = await api.told("POST", BASE, json=body, token="north")
    assert (status, list(errors)) == (400, ["location"])


async def test_a_device_leaves_its_location_behind_when_it_changes_hands(api):
    north = await api.organization("North")
    await made(api, location_name="Old place")
    _, device = await patched(api, "router-1", organization_id=north)
    assert (device["organization_id"], device["location"]) == (north, None)


async def test_a_deleted_device_is_gone_with_what_it_left(api):
    device = await made(api)
    await patched(api, "router-1", reboot=True)
    async with api.request("DELETE", path_of("router-1")) as answer:
        assert answer.status == 204
    assert (await api.told("GET", path_of("router-1")))[0] == 404
    assert await api.store.read(_open_kinds) == []
    _, audit = await api.told("GET", "/audit/", params={"object_key": "router-1"})
    assert [entry["action"] for entry in audit["results"]] == ["delete", "operate", "create"]
    assert api.woken == [device["id"], device["id"]]
