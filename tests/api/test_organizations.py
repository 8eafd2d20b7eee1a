"""``/organization/``."""

from inventory.access import Role


async def test_an_organization_is_created_read_changed_and_deleted(api):
    status, made = await api.told("POST", "/organization/", json={"name": "North"})
    assert status == 201
    assert made == {
        "id": 2,
        "name": "North",
        "description": None,
        "is_default": False,
        "created": "2023-11-14T22:13:20Z",
        "last_change": "2023-11-14T22:13:20Z",
    }
    path = "/organization/2/"
    assert await api.told("GET", path) == (200, made)

    api.clock.now += 1
    status, changed = await api.told("PATCH", path, json={"description": "cold"})
    later = {"last_change": "2023-11-14T22:13:21Z"}
    assert (status, changed) == (200, made | later | {"description": "cold"})
    status, replaced = await api.told("PUT", path, json={"name": "Far North"})
    assert (status, replaced) == (200, made | later | {"name": "Far North"})

    assert await api.told("DELETE", path) == (204, None)
    assert (await api.told("GET", path))[0] == 404


async def test_a_name_is_taken_once(api):
    await api.organization("North")
    words = {"name": ["organization with this name already exists."]}
    assert await api.told("POST", "/organization/", json={"name": "North"}) == (400, words)
    assert await api.told("PATCH", "/organization/1/", json={"name": "North"}) == (400, words)
    assert (await api.told("PATCH", "/organization/2/", json={"name": "North"}))[0] == 200


async def test_an_organization_that_is_used_stays(api):
    north, south = await api.organization("North"), await api.organization("South")
    await api.token("billing", organizations=frozenset({south}))
    device = {"name": "r1", "organization_id": north}
    assert (await api.told("POST", "/inventory_device_name/", json=device))[0] == 201

    for number, reason in ((1, "default"), (north, "devices"), (south, "billing")):
        async with api.request("DELETE", f"/organization/{number}/") as answer:
            assert answer.status == 409
            assert reason in (await answer.json())["detail"]
            assert int(answer.headers["Retry-After"]) > 0

    await api.told("DELETE", "/api_token/2/")
    await api.told("DELETE", "/inventory_device_name/r1/")
    for number in (north, south):
        assert (await api.told("DELETE", f"/organization/{number}/"))[0] == 204


async def test_a_bound_token_reads_its_own_organizations_and_writes_none(api):
    north = await api.organization("North")
    await api.token("bound", Role.ADMIN, frozenset({north}))
    _, told = await api.told("GET", "/organization/", token="bound")
    assert [each["id"] for each in told["results"]] == [north]
    assert (await api.told("GET", "/organization/1/", token="bound"))[0] == 404
    for method, path in (("POST", ""), ("PUT", "2/"), ("PATCH", "2/"), ("DELETE", "2/")):
        status, _ = await api.told(
            method, f"/organization/{path}", token="bound", json={"name": "a"}
        )
        assert status == 403
