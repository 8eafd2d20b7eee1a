"""Dead letters and other deliveries, over the API."""

import pytest

from inventory.access import Role

PATH = "/webhook_delivery/"
HEADLESS = "/inventory_device_name_headless_operation/"


@pytest.fixture
async def told(api):
    """Two deliveries of one operation that was cancelled: a webhook and a mail."""
    await api.told("POST", "/inventory_device_name/", json={"name": "a", "organization_id": 1})
    wish = {"webhook_url": "https://hooks.example.com/x", "email": "noc@example.com"}
    body = {"name": "a", "operation": "reboot", "notification": wish}
    _, order = await api.told("POST", HEADLESS, json=body)
    await api.told("DELETE", f"{HEADLESS}{order['id']}/")
    return api


async def test_a_delivery_shows_what_is_told_and_how_far_it_is(told):
    _, listed = await told.told("GET", f"{PATH}?channel=webhook")
    (delivery,) = listed["results"]
    payload = delivery.pop("payload")
    assert delivery == {
        "id": 1,
        "delivery_id": delivery["delivery_id"],
        "channel": "webhook",
        "target": "https://hooks.example.com/x",
        "status": "pending",
        "attempts": 0,
        "next_attempt": "2023-11-14T22:13:20Z",
        "last_attempt": None,
        "status_code": None,
        "error": None,
        "organization_id": 1,
        "operation_id": "txn_1",
        "job_id": None,
        "created_at": "2023-11-14T22:13:20Z",
    }
    assert (payload["status"], payload["device_name"]) == ("cancelled", "a")
    assert await told.told("GET", f"{PATH}1/") == (200, {**delivery, "payload": payload})


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("?status=failed", 0),
        ("?operation_id=txn_1", 2),
        ("?operation_id=2", 0),
        ("?organization=1", 2),
        ("?created_from=2030-01-01", 0),
    ],
)
async def test_deliveries_are_filtered(told, query, count):
    assert (await told.told("GET", PATH + query))[1]["count"] == count


async def test_a_dead_letter_is_told_again_and_what_arrived_is_not(told):
    await told.store.write(lambda tx: tx.run("UPDATE deliveries SET state='failed', attempts=8"))
    status, delivery = await told.told("PATCH", f"{PATH}1/", json={"status": "pending"})
    assert (status, delivery["status"], delivery["attempts"]) == (200, "pending", 0)
    await told.store.write(lambda tx: tx.run("UPDATE deliveries SET state='delivered'"))
    assert (await told.told("PATCH", f"{PATH}1/", json={"status": "pending"}))[0] == 409
    assert (await told.told("PATCH", f"{PATH}1/", json={"status": "failed"}))[0] == 400


async def test_a_foreign_organization_is_not_told_of(told):
    foreign = await told.organization("foreign")
    await told.token("bound", Role.OPERATOR, frozenset({foreign}))
    assert (await told.told("GET", PATH, token="bound"))[1]["count"] == 0
    assert (await told.told("PATCH", f"{PATH}1/", token="bound", json={}))[0] == 404
    assert (await told.told("GET", f"{PATH}?organization=1", token="bound"))[0] == 403


async def test_a_transaction_of_several_organizations_is_told_of_to_who_sees_all_of_them(told):
    """Also when the device of one of them has been deleted since: it is in what was told."""
    other = await told.organization("other")
    for number, organization in enumerate((1, other)):
        body = {"name": f"d{number}", "organization_id": organization}
        await told.told("POST", "/inventory_device_name/", json=body)
    wish = {"webhook_url": "https://hooks.example.com/x"}
    body = {"device_targets": ["d0", "d1"], "operation": "reboot", "notification": wish}
    _, order = await told.told("POST", HEADLESS, json=body)
    await told.told("DELETE", f"{HEADLESS}{order['id']}/")
    await told.token("both", Role.OPERATOR, frozenset({1, other}))
    await told.token("one", Role.OPERATOR, frozenset({1}))
    path = f"{PATH}?operation_id={order['id']}"
    for _ in range(2):
        _, seen = await told.told("GET", path, token="both")
        assert [each["organization_id"] for each in seen["results"]] == [None]
        assert (await told.told("GET", path, token="one"))[1]["count"] == 0
        await told.told("DELETE", "/inventory_device_name/d1/")
    found = f"{PATH}{seen['results'][0]['id']}/"
    assert (await told.told("PATCH", found, token="both", json={}))[0] == 200
    assert (await told.told("PATCH", found, token="one", json={}))[0] == 404
