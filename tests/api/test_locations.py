"""``/inventory_location/``: places of an organization."""

from inventory.access import Role

BASE = "/inventory_location/"


async def test_a_location_is_created_read_changed_replaced_and_deleted(api):
    status, made = await api.told(
        "POST", BASE, json={"name": "Branch 12", "short_name": "B12", "latitude": 40.5}
    )
    assert status == 201
    assert made == {
        "id": 1,
        "organization_id": 1,
        "name": "Branch 12",
        "short_name": "B12",
        "description": None,
        "address": None,
        "latitude": "40.5",
        "longitude": None,
        "created": "2023-11-14T22:13:20Z",
        "last_change": "2023-11-14T22:13:20Z",
    }
    path = f"{BASE}1/"
    assert await api.told("GET", path) == (200, made)
    assert await api.told("PUT", path, json=made) == (200, made)
    _, changed = await api.told("PATCH", path, json={"address": "1 Main Street"})
    assert changed == made | {"address": "1 Main Street"}
    _, replaced = await api.told("PUT", path, json={"name": "Branch 13"})
    assert (replaced["short_name"], replaced["latitude"]) == (None, None)
    async with api.request("DELETE", path) as answer:
        assert answer.status == 204
    assert (await api.told("GET", path))[0] == 404


async def test_a_name_is_unique_in_its_organization(api):
    north = await api.organization("North")
    for organization in (1, north):
        body = {"name": "Branch", "organization_id": organization}
        assert (await api.told("POST", BASE, json=body))[0] == 201
    status, errors = await api.told("POST", BASE, json={"name": "Branch"})
    assert (status, errors) == (400, {"name": ["location with this name already exists."]})


async def test_devices_outlive_their_location(api):
    body = {"name": "x", "location_name": "Branch"}
    _, device = await api.told("POST", "/inventory_device_name/", json=body)
    async with api.request("DELETE", f"{BASE}{device['location']}/") as answer:
        assert answer.status == 204
    _, device = await api.told("GET", "/inventory_device_name/x/")
    assert (device["location"], device["location_name"]) == (None, None)


async def test_a_token_that_does_not_see_the_default_organization_must_name_one(api):
    two = frozenset({await api.organization("North"), await api.organization("South")})
    await api.token("both", Role.OPERATOR, two)
    for base in (BASE, "/inventory_device_name/"):
        status, errors = await api.told("POST", base, json={"name": "x"}, token="both")
        assert (status, errors) == (400, {"organization_id": ["This field is required."]})


async def test_another_organizations_location_is_not_found(api):
    north = await api.organization("North")
    await api.token("north", Role.OPERATOR, frozenset({north}))
    await api.told("POST", BASE, json={"name": "Branch"})
    assert (await api.told("GET", f"{BASE}1/", token="north"))[0] == 404
    assert (await api.told("GET", BASE, token="north"))[1]["count"] == 0
    body = {"name": "Branch", "organization_id": 1}
    assert (await api.told("POST", BASE, json=body, token="north"))[0] == 403
