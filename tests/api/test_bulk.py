"""Bulk jobs over the API: what is taken, what is refused with which status, what is told."""

import pytest

from acs.workers.bulk import Bulk
from inventory.access import Role
from inventory.signals import Signals

PATH = "/inventory_device_serial_headless_operation/"
UPTIME = {"variable_name": "Device.DeviceInfo.UpTime"}
DOWNLOAD = {"operation_type": "bulk_download", "target_organizations": [1]}
CONFIGURATION = {"url": "https://files.example/x", "file_type": "3 Vendor Configuration File"}
HOOK = "https://hooks.example.com/x"
CREATED = "2023-11-14T22:13:20Z"


@pytest.fixture
async def fleet(api):
    """A type, and six devices: three routers, one of them inactive, and three of another house."""
    await api.told("POST", "/inventory_type/", json={"short_name": "router", "name": "Routers"})
    api.foreign = await api.organization("foreign")
    for number in range(6):
        body = {"name": f"d{number}", "serial_number": f"SN{number}"}
        body |= {"type": 1} if number < 3 else {"organization_id": api.foreign}
        status, told = await api.told("POST", "/inventory_device_name/", json=body)
        assert status == 201, told
    await run(api, "UPDATE devices SET is_active = FALSE WHERE id = 1")
    await run(api, "UPDATE presence SET is_up = TRUE, last_inform = 1 WHERE device_id > 3")
    return api


async def run(api, sql):
    await api.store.write(lambda tx: tx.run(sql))


async def ask(api, /, token="admin", **body):
    return await api.told("POST", PATH, token=token, json=body)


async def step(api):
    async def nobody(_):
        pass

    worker = Bulk(api.store, Signals(), nobody, api.clock)
    await worker.step(api.clock.now)
    await worker.finish_calls()
    await worker.step(api.clock.now)
    await worker.finish_calls()


async def test_a_job_is_answered_with_the_documented_fields(fleet):
    body = {
        "operation_type": "bulk_serial_sync",
        "target_organizations": [1],
        "device_filters": {"types": ["router", 1], "status": ["active", "pending"]},
        "schedule": {"execute_at": "2024-01-16T02:00:00Z", "priority": "normal"},
        "options": {"update_firmware_info": True, "timeout_minutes": 120},
    }
    async with fleet.request("POST", PATH, json=body) as answer:
        told = await answer.json()
        assert (answer.status, answer.headers["Location"]) == (201, f"/api/v1{PATH}1/")
    assert told == {
        "id": "1",
        "operation_type": "bulk_serial_sync",
        "status": "scheduled",
        "created_at": CREATED,
        "scheduled_for": "2024-01-16T02:00:00Z",
        "estimated_duration_minutes": 1,
        "target_device_count": 2,
        "operation_config": {
            "organizations": [1],
            "device_types": ["router", 1],
            "options": {"update_firmware_info": True, "timeout_minutes": 120},
        },
        "monitoring_url": str(fleet.client.make_url(f"/api/v1{PATH}1/")),
    }
    _, job = await fleet.told("GET", f"{PATH}1/")
    assert job == {
        "id": "1",
        "operation_type": "bulk_serial_sync",
        "status": "scheduled",
        "progress": 0,
        "total_devices": 0,
        "processed_devices": 0,
        "failed_devices": 0,
        "created_at": CREATED,
        "updated_at": CREATED,
        "estimated_completion": job["estimated_completion"],
        "operation_details": {
            "device_types": ["router", 1],
            "organization_ids": [1],
            "error_summary": {
                "connection_timeouts": 0,
                "authentication_failures": 0,
                "cwmp_faults": 0,
            },
            "reason": None,
            "parent_id": None,
            "rollback_job_id": None,
            "notification": None,
        },
    }
    page = {"count": 1, "next": None, "previous": None, "results": [job]}
    assert await fleet.told("GET", PATH) == (200, page)
    assert await fleet.told("GET", f"{PATH}?id=1") == (200, page)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 5),
        ({"types": [1]}, 2),
        ({"types": ["router"], "status": ["active", "inactive"]}, 3),
        ({"status": ["inactive"]}, 1),
        ({"status": ["Up"]}, 3),
        ({"status": ["Up", "Down"]}, 5),
        ({"status": ["Down"], "types": []}, 2),
        ({"serial_numbers": ["SN2", "SN4", "none"]}, 2),
        ({"serial_numbers": ["SN2", "SN4"], "types": [1]}, 1),
    ],
)
async def test_keys_of_a_filter_are_joined_by_and_and_its_values_by_or(fleet, filters, count):
    _, told = await ask(fleet, operation_type="inventory_audit", device_filters=filters)
    assert told["target_device_count"] == count
    await step(fleet)
    _, job = await fleet.told("GET", f"{PATH}1/")
    assert (job["total_devices"], job["status"]) == (count, "completed")


@pytest.mark.parametrize("body", [[], "x", 7])
async def test_what_is_no_object_is_a_400(fleet, body):
    assert (await fleet.told("POST", PATH, json=body))[0] == 400


async def test_no_operation_type_is_a_400(fleet):
    words = {"operation_type": ["This field is required."]}
    assert await ask(fleet) == (400, words)
    assert (await ask(fleet, target_organizations=[1]))[0] == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"operation_type": "bulk_dance"}, "operation_type"),
        ({"operation_type": "bulk_names"}, "operation_type"),  # not carried out here
        ({"operation_type": "inventory_audit", "x": 1}, "x"),
        ({"operation_type": "inventory_audit", "target_organizations": [77]}, None),
        ({"operation_type": "inventory_audit", "device_filters": {"types": ["none"]}}, None),
        ({"operation_type": "inventory_audit", "device_filters": {"types": [True]}}, None),
        ({"operation_type": "inventory_audit", "device_filters": {"status": ["odd"]}}, None),
        ({"operation_type": "inventory_audit", "schedule": {"execute_at": "soon"}}, "schedule"),
        ({"operation_type": "inventory_audit", "schedule": {"priority": "top"}}, "schedule"),
        ({"operation_type": "inventory_audit", "schedule": {"cron": "x"}}, "schedule"),
        ({"operation_type": "inventory_audit", "options": {"max_concurrency": 0}}, "options"),
        ({"operation_type": "bulk_set"}, "variables"),
        ({"operation_type": "bulk_set", "variables": [UPTIME]}, "variables"),
        ({"operation_type": "bulk_reboot"}, "device_filters"),
        ({"operation_type": "bulk_factory", "device_filters": {"types": []}}, "device_filters"),
        ({"operation_type": "bulk_download"}, "device_filters"),
        ({**DOWNLOAD, "parameters": {"firmware_image": 9}}, "parameters"),
        ({**DOWNLOAD, "options": {"rollback_image": 9}}, "options"),
        ({"operation_type": "inventory_audit", "options": {"rollback_image": 1}}, "options"),
        ({**DOWNLOAD, "parameters": CONFIGURATION, "options": {"rollback_image": 1}}, "options"),
        ({"operation_type": "bulk_sync", "notification": {"webhook_url": "x"}}, "notification"),
        ({"operation_type": "inventory_audit", "variables": [UPTIME]}, "variables"),
        ({"operation_type": "bulk_sync", "notification": {"email": "x"}}, "notification"),
    ],
)
async def test_whatever_else_is_invalid_is_a_422(fleet, body, field):
    status, told = await ask(fleet, **body)
    assert status == 422
    assert field is None or field in told
    assert (await fleet.told("GET", PATH))[1]["count"] == 0


async def test_a_reset_of_one_organization_is_taken(fleet):
    assert (await ask(fleet, operation_type="bulk_reboot", target_organizations=[1]))[0] == 201


async def test_a_bound_token_stays_within_its_organizations(fleet):
    await fleet.token("bound", Role.ADMIN, frozenset({fleet.foreign}))
    body = {"operation_type": "inventory_audit"}
    assert (await ask(fleet, "bound", **body, target_organizations=[1]))[0] == 403
    _, told = await ask(fleet, "bound", **body)
    assert told["target_device_count"] == 3
    assert told["operation_config"]["organizations"] == [fleet.foreign]
    await ask(fleet, **body)
    await ask(fleet, **body, target_organizations=[1, fleet.foreign])
    _, page = await fleet.told("GET", PATH, token="bound")
    assert [job["id"] for job in page["results"]] == ["1"]
    assert (await fleet.told("GET", f"{PATH}2/", token="bound"))[0] == 404
    assert (await fleet.told("GET", f"{PATH}3/results/", token="bound"))[0] == 404
    await fleet.token("viewer", Role.VIEWER)
    assert (await ask(fleet, "viewer", **body))[0] == 403


async def test_an_id_that_does_not_exist_is_a_404(fleet):
    for path in (f"{PATH}?id=7", f"{PATH}7/", f"{PATH}7/results/", f"{PATH}x/results/"):
        assert (await fleet.told("GET", path))[0] == 404, path
    assert (await fleet.told("PATCH", f"{PATH}7/", json={"status": "paused"}))[0] == 404


async def test_what_only_operations_know_is_refused_for_jobs(fleet):
    await ask(fleet, operation_type="inventory_audit")
    for path in (f"{PATH}1/?wait=5", f"{PATH}?id=1&wait=5"):
        status, told = await fleet.told("GET", path)
        assert (status, told) == (400, {"wait": ["Bulk jobs do not know this."]})


async def test_status_helpers_run_for_the_devices_that_a_job_waits_for(fleet):
    await ask(fleet, operation_type="bulk_get", variables=[UPTIME])
    await step(fleet)
    for path in (f"{PATH}1/?update_status=true", f"{PATH}?update_status=true"):
        assert (await fleet.told("GET", path))[0] == 200


async def test_a_single_device_by_serial_is_an_operation_beside_the_jobs(fleet):
    await ask(fleet, operation_type="inventory_audit")
    status, told = await ask(fleet, serial_number="SN2", operation="get", variables=[UPTIME])
    assert (status, told["id"], told["name"]) == (201, "txn_1", "d2")
    for key in ("id", "transaction_id"):
        assert (await fleet.told("GET", f"{PATH}{told[key]}/"))[1]["name"] == "d2"
        assert (await fleet.told("GET", f"{PATH}?id={told[key]}"))[1][0]["name"] == "d2"
    _, (listed,) = await fleet.told("GET", f"{PATH}?serial_number=SN2")
    assert listed["id"] == "txn_1"
    assert (await fleet.told("DELETE", f"{PATH}?id=txn_1"))[0] == 204


async def test_an_audit_reports_each_device_from_the_inventory(fleet):
    await ask(fleet, operation_type="inventory_audit", target_organizations=[fleet.foreign])
    await step(fleet)
    _, page = await fleet.told("GET", f"{PATH}1/results/?limit=1")
    (result,) = page["results"]
    assert page["count"] == 3
    assert (result["device_name"], result["status"]) == ("d3", "completed")
    assert result["result"]["serial_number"] == "SN3"
    assert result["result"]["drifted_parameters"] == 0
    assert result["result"]["drift_since"] is None
    assert result["result"]["last_connection"] == "1970-01-01T00:00:01Z"
    _, page = await fleet.told("GET", f"{PATH}1/results/?status=failed")
    assert page["count"] == 0


async def test_a_job_is_held_goes_on_and_is_stopped(fleet):
    await ask(fleet, operation_type="bulk_get", variables=[UPTIME])
    path = f"{PATH}1/"
    assert (await fleet.told("PATCH", path, json={"status": "paused"}))[0] == 409  # not begun
    await step(fleet)
    for word in ("paused", "in_progress", "paused", "cancelled"):
        status, told = await fleet.told("PATCH", path, json={"status": word})
        assert (status, told["status"]) == (200, word)
    assert (await fleet.told("PATCH", path, json={"status": "in_progress"}))[0] == 409
    assert (await fleet.told("PATCH", path, json={"status": "completed"}))[0] == 400
    assert (await fleet.told("DELETE", path))[0] == 409
    await step(fleet)
    _, page = await fleet.told("GET", f"{path}results/?status=cancelled")
    assert page["count"] == 5


async def test_secrets_in_a_job_are_sealed_and_shown_to_nobody(fleet):
    secret = {"variable_name": "Device.Users.User.1.Password", "value": "hush"}
    await ask(fleet, operation_type="bulk_set", variables=[secret])
    await step(fleet)
    rows = await fleet.store.read(
        lambda tx: [
            *tx.all("SELECT request FROM bulk_jobs"),
            *tx.all("SELECT request FROM operations"),
            *tx.all("SELECT details FROM audit"),
        ]
    )
    assert len(rows) > 6
    assert not any("hush" in (row[0] or "") for row in rows)


async def test_a_repeated_post_with_its_key_makes_no_second_job(fleet):
    for _ in range(2):
        status, _ = await fleet.told(
            "POST",
            PATH,
            json={"operation_type": "inventory_audit"},
            headers={"Idempotency-Key": "k"},
        )
        assert status == 201
    assert (await fleet.told("GET", PATH))[1]["count"] == 1


async def test_who_sees_a_job_sees_what_is_told_of_it(fleet):
    await fleet.token("one", Role.OPERATOR, frozenset({1}))
    await fleet.token("both", Role.OPERATOR, frozenset({1, fleet.foreign}))
    audit = {"operation_type": "inventory_audit", "notification": {"webhook_url": HOOK}}
    await ask(fleet, **audit)
    await ask(fleet, **audit, target_organizations=[1])
    await ask(fleet, **audit, target_organizations=[1, fleet.foreign])
    for _ in range(2):
        await step(fleet)
    seen = {
        who: (await fleet.told("GET", "/webhook_delivery/", token=who))[1]["results"]
        for who in ("admin", "both", "one")
    }
    assert {who: sorted(each["job_id"] for each in told) for who, told in seen.items()} == {
        "admin": ["1", "2", "3"],
        "both": ["2", "3"],
        "one": ["2"],
    }
    (mine,) = seen["one"]
    assert (mine["organization_id"], mine["operation_id"]) == (1, None)
    assert mine["payload"]["event"] == "bulk.completed"
    assert (await fleet.told("GET", "/webhook_delivery/?job_id=3"))[1]["count"] == 1
    _, job = await fleet.told("GET", f"{PATH}2/")
    assert job["operation_details"]["notification"]["webhook_url"] == HOOK


async def test_an_image_that_an_open_job_is_about_is_kept(fleet):
    async def image(name):
        query = f"?name={name}&version={name}&file_name={name}"
        path = f"/firmware_image/{query}"
        headers = {"Content-Type": "application/octet-stream"}
        status, told = await fleet.told("POST", path, data=b"bytes", headers=headers)
        assert status == 201, told
        return told["id"]

    new, old = await image("new"), await image("old")
    options = {"rollback_image": old}
    parameters = {"firmware_image": new}
    _, job = await ask(fleet, **DOWNLOAD, parameters=parameters, options=options)
    for each in (new, old):
        assert (await fleet.told("DELETE", f"/firmware_image/{each}/"))[0] == 409
    await fleet.told("DELETE", f"{PATH}{job['id']}/")
    await step(fleet)
    for each in (new, old):
        assert (await fleet.told("DELETE", f"/firmware_image/{each}/"))[0] == 204
