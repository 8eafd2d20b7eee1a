"""``/audit/``: filters, scope, and that it only grows."""

import pytest

from inventory import access, audit
from inventory.access import Caller, Role


@pytest.fixture
async def filled(api):
    """Three entries a minute apart: one of the house, one each of two organizations."""
    north = await api.organization("North")
    callers = [
        access.of_the_house("scheduler"),
        Caller(1, "admin", Role.ADMIN, None, "192.0.2.7", "job-1"),
        Caller(1, "admin", Role.ADMIN, None, "192.0.2.7", "job-2"),
    ]
    for caller, owner in zip(callers, (None, 1, north), strict=True):
        api.clock.now += 60
        await api.store.write(
            audit.record, caller, "test", "thing", "k/1", owner, "done", {"n": 1}, api.clock.now
        )
    return api


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("object=thing", [4, 3, 2]),
        ("object=thing&organization=1", [3]),
        ("actor=scheduler", [2]),
        ("request_id=job-2", [4]),
        ("object_key=k%2F1&limit=1", [4]),
        ("object=thing&time_from=2023-11-14T22:15:20Z", [4, 3]),
        ("object=thing&time_to=2023-11-14+22:15:20", [3, 2]),
        ("action=test&outcome=refused", []),
    ],
)
async def test_entries_are_found_newest_first(filled, query, ids):
    status, told = await filled.told("GET", f"/audit/?{query}")
    assert (status, [entry["id"] for entry in told["results"]]) == (200, ids)


async def test_one_entry_tells_everything(filled):
    assert await filled.told("GET", "/audit/3/") == (
        200,
        {
            "id": 3,
            "time": "2023-11-14T22:15:20Z",
            "actor": "admin",
            "source": "192.0.2.7",
            "request_id": "job-1",
            "action": "test",
            "object": "thing",
            "object_key": "k/1",
            "organization_id": 1,
            "outcome": "done",
            "details": {"n": 1},
        },
    )


async def test_a_bound_token_sees_its_own_organizations_entries(filled):
    await filled.token("bound", Role.VIEWER, frozenset({2}))
    _, told = await filled.told("GET", "/audit/?object=thing", token="bound")
    assert [entry["organization_id"] for entry in told["results"]] == [2]
    assert (await filled.told("GET", "/audit/3/", token="bound"))[0] == 404
    assert (await filled.told("GET", "/audit/2/", token="bound"))[0] == 404
    assert (await filled.told("GET", "/audit/?organization=1", token="bound"))[0] == 403


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
async def test_nobody_changes_the_audit(filled, method):
    assert (await filled.told(method, "/audit/3/", json={}))[0] == 405
    assert (await filled.told(method, "/audit/", json={}))[0] == 405


async def test_what_somebody_tried_and_may_not_is_recorded_as_refused(api):
    north = await api.organization("North")
    await api.token("viewer", Role.VIEWER, frozenset({north}))
    await api.told("DELETE", "/organization/1/", token="viewer")
    await api.told("GET", "/api_token/", token="viewer")

    _, told = await api.told("GET", "/audit/?outcome=refused", token="viewer")
    entries = [
        {name: entry[name] for name in ("actor", "action", "object", "object_key")}
        for entry in told["results"]
    ]
    assert entries == [
        {"actor": "viewer", "action": "delete", "object": "organization", "object_key": "1"}
    ]
