"""``/organization/``, and through it what every resource does alike."""


async def test_an_organization_is_created_read_changed_and_deleted(api):
    async with api.request("POST", "/organization/", json={"name": "North"}) as answer:
        assert answer.status == 201
        made = await answer.json()
        assert answer.headers["Location"] == f"/api/v1/organization/{made['id']}/"
    assert made == {
        "id": 2,
        "name": "North",
        "description": None,
        "is_default": False,
        "created": "2023-11-14T22:13:20Z",
        "last_change": "2023-11-14T22:13:20Z",
    }
    path = f"/organization/{made['id']}/"
    assert await api.told("GET", path) == (200, made)

    status, changed = await api.told("PATCH", path, json={"description": "cold"})
    assert (status, changed) == (200, made | {"description": "cold"})

    async with api.request("DELETE", path) as answer:
        assert (answer.status, await answer.read()) == (204, b"")
    assert (await api.told("GET", path))[0] == 404
