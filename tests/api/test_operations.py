"""``…_operation/`` and ``…_headless_operation/``: asking in every documented form."""

from typing import Any

import pytest

from inventory import operations
from inventory.access import Role
from inventory.operations import Kind

HEADLESS = "/inventory_device_name_headless_operation/"
UPTIME = {"variable_name": "Device.DeviceInfo.UpTime"}
SECRET = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
PING = {"diagnostic": "ping", "host": "192.0.2.7"}
CREATED = "2023-11-14T22:13:20Z"


@pytest.fixture
async def router(api):
    """A device with the id 1 that is Up."""
    body = {"name": "router/1", "serial_number": "S/1"}
    assert (await api.told("POST", "/inventory_device_name/", json=body))[0] == 201
    await run(api, "UPDATE presence SET is_up = TRUE, last_inform = 1")
    return api


async def run(api: Any, sql: str) -> None:
    await api.store.write(lambda tx: tx.run(sql))


async def start(api: Any, path: str = "_name_operation/router%2F1/", /, **body: Any) -> Any:
    return await api.told("PUT", f"/inventory_device{path}", json=body)


async def ask(api: Any, /, **body: Any) -> Any:
    return await api.told("POST", HEADLESS, json={"name": "router/1", **body})


async def requests(api: Any) -> list[Any]:
    """The stored requests, the oldest first."""
    return await api.store.read(
        lambda tx: [
            operations.find(tx, row[0]).request
            for row in tx.all("SELECT id FROM operations ORDER BY id")
        ]
    )


# --- Starting --------------------------------------------------------------------------------


async def test_a_start_answers_with_the_documented_fields_alone_and_wakes_the_device(router):
    status, told = await start(router, operation="reboot")
    assert (status, told) == (
        200,
        {
            "id": 1,
            "operation": "reboot",
            "device_name": "router/1",
            "status": "initiated",
            "timestamp": CREATED,
            "execution_id": told["execution_id"],
            "estimated_completion": "2023-11-14T22:15:20Z",
        },
    )
    assert told["execution_id"].startswith("op_")
    assert router.woken == [1]


@pytest.mark.parametrize(
    "path", ["_name_operation/router%2F1/", "_serial_operation/S%2F1/", "_operation/1/"]
)
async def test_a_start_is_served_under_all_three_keys(router, path):
    status, told = await start(router, path, operation="factory")
    assert (status, told["device_name"]) == (200, "router/1")
    missing = path.rpartition("/")[0].rpartition("/")[0] + "/77/"
    assert (await start(router, missing, operation="factory"))[0] == 404


async def test_a_start_of_something_else_is_refused_in_the_documented_words(router):
    assert await start(router, operation="explode") == (
        400,
        {"operation": ['"explode" is not a valid choice.']},
    )
    assert await start(router) == (400, {"operation": ["This field is required."]})
    assert (await start(router, operation="reboot", when="now"))[1] == {"when": ["Unknown field."]}
    assert (await start(router, operation="reboot", parameters={"force": 7}))[0] == 400


async def test_what_the_server_cannot_carry_out_is_refused_and_not_queued(router):
    words = {"operation": ['"sync" is not carried out by this server.']}
    assert await start(router, operation="sync") == (400, words)
    assert await ask(router, operation="sync") == (400, words)
    assert await requests(router) == []


async def test_a_start_is_refused_by_the_stored_state_and_the_body_says_why(router):
    _, first = await start(router, operation="reboot")
    async with router.request(
        "PUT", "/inventory_device_operation/1/", json={"operation": "factory"}
    ) as answer:
        assert answer.status == 409
        assert int(answer.headers["Retry-After"]) > 0
        assert await answer.json() == {
            "detail": f"Device router/1 is busy with reboot ({first['execution_id']}).",
            "device": "router/1",
            "operation": "reboot",
            "key": first["execution_id"],
        }
    await run(router, "UPDATE presence SET is_up = FALSE")
    await run(router, "DELETE FROM operations")
    assert (await start(router, operation="reboot"))[0] == 409
    assert (await start(router, operation="reboot", parameters={"force": True}))[0] == 200
    await run(router, "UPDATE devices SET is_active = FALSE")
    status, told = await start(router, operation="factory", parameters={"force": True})
    assert (status, told["detail"]) == (409, "Device router/1 is not active.")


async def test_an_ambiguous_serial_number_starts_nothing(router):
    body = {"name": "router/2", "serial_number": "S/1"}
    assert (await router.told("POST", "/inventory_device_name/", json=body))[0] == 201
    status, told = await start(router, "_serial_operation/S%2F1/", operation="reboot")
    assert (status, told["names"]) == (409, ["router/1", "router/2"])


async def test_a_start_expires_when_it_was_told_to(router):
    await start(router, operation="reboot", parameters={"timeout_minutes": 2})
    _, (told,) = await router.told("GET", f"{HEADLESS}?id=1")
    assert told["expires_at"] == "2023-11-14T22:15:20Z"


# --- Asking for one --------------------------------------------------------------------------


async def test_an_order_is_answered_with_every_field_of_both_forms(router):
    given = {"variable_name": "Device.ManagementServer.PeriodicInformInterval", "value": 300}
    given["value_type"] = "integer"
    async with router.request(
        "POST", HEADLESS, json={"name": "router/1", "operation": "set", "variables": [given]}
    ) as answer:
        told = await answer.json()
        assert answer.status == 201
        assert answer.headers["Location"] == f"/api/v1{HEADLESS}{told['transaction_id']}/"
    base = str(router.client.make_url("/api/v1"))
    assert told == {
        "id": "txn_1",
        "transaction_id": told["transaction_id"],
        "name": "router/1",
        "device_name": "router/1",
        "device_id": 1,
        "serial_number": "S/1",
        "operation": "set",
        "operation_type": "set",
        "variables": [{**given, "value": "300"}],
        "variables_count": 1,
        "variables_truncated": False,
        "parameters": {},
        "status": "scheduled",
        "created_at": CREATED,
        "created_by": "admin",
        "scheduled_at": CREATED,
        "scheduled_for": CREATED,
        "next_execution": None,
        "expires_at": "2023-11-21T22:13:20Z",
        "started_at": None,
        "completed_at": None,
        "estimated_duration": 5,
        "monitoring_url": f"{base}{HEADLESS}{told['transaction_id']}/",
        "progress": 0,
        "attempts": 0,
        "parent_id": None,
        "schedule": None,
        "retry_policy": None,
        "notification": None,
        "device_targets": None,
        "results": None,
        "device_details": {
            "id": 1,
            "name": "router/1",
            "organization_id": 1,
            "serial_number": "S/1",
            "manufacturer": None,
            "product_class": None,
            "software_version": None,
            "address": None,
            "is_active": True,
            "status": "Up",
            "last_connection": "1970-01-01T00:00:01Z",
        },
        "operation_details": {"total_tasks": 1, "completed_tasks": 0, "current_task": None},
        "error": None,
        "result": None,
    }
    assert router.woken == [1]
    assert await requests(router) == [{"variables": [{**given, "value": "300"}]}]


async def test_the_older_form_means_the_same_and_may_be_mixed_in(router):
    _, told = await router.told(
        "POST",
        HEADLESS,
        json={"device_name": "router/1", "operation_type": "get", "variables": [UPTIME]},
    )
    assert (told["name"], told["operation"], told["variables"]) == ("router/1", "get", [UPTIME])
    both = {"name": "router/1", "device_name": "router/1", "operation": "reboot"}
    assert (await router.told("POST", HEADLESS, json=both))[0] == 201
    torn = {"name": "router/1", "device_name": "x", "operation": "get", "operation_type": "set"}
    assert await router.told("POST", HEADLESS, json=torn) == (
        400,
        {"device_name": ["Contradicts name."], "operation_type": ["Contradicts operation."]},
    )


@pytest.mark.parametrize(
    ("family", "key"),
    [
        ("_name", {"name": "router/1"}),
        ("_serial", {"serial_number": "S/1"}),
        ("", {"device_id": 1}),
    ],
)
async def test_each_family_asks_by_its_own_key(router, family, key):
    path = f"/inventory_device{family}_headless_operation/"
    status, told = await router.told("POST", path, json={**key, "operation": "reboot"})
    assert (status, told["name"]) == (201, "router/1")
    assert path in told["monitoring_url"]
    (name,) = key
    assert await router.told("POST", path, json={"operation": "reboot"}) == (
        400,
        {name: ["This field is required."]},
    )
    unknown = {name: 77 if name == "device_id" else "none"}
    assert (await router.told("POST", path, json={**unknown, "operation": "reboot"}))[0] == 404


FAMILIES = [
    ("_name", {"name": "router/1"}),
    ("_serial", {"serial_number": "S/1"}),
    ("", {"device_id": 1}),
]


@pytest.mark.parametrize(("family", "key"), FAMILIES)
@pytest.mark.parametrize("what", ["headless_operation", "diags"])
async def test_what_else_is_said_of_the_device_must_be_of_the_same_one(router, family, key, what):
    other = {"name": "other", "serial_number": "S/2"}
    assert (await router.told("POST", "/inventory_device_name/", json=other))[0] == 201
    (field,) = key
    path = f"/inventory_device{family}_{what}/"
    work = {"operation": "reboot"} if what == "headless_operation" else PING
    for name, told in [
        ("name", "other"),
        ("name", "nobody"),
        ("device_name", "other"),
        ("serial_number", "S/2"),
        ("device_id", 2),
        ("device_id", 77),
    ]:
        if name == field:
            continue
        status, errors = await router.told("POST", path, json={**key, **work, name: told})
        assert (status, errors) == (400, {name: [f"Contradicts {field}."]})
    assert await requests(router) == []
    whole = {"name": "router/1", "device_name": "router/1", "serial_number": "S/1", "device_id": 1}
    assert (await router.told("POST", path, json={**whole, **work}))[0] == 201


@pytest.mark.parametrize(("family", "key"), FAMILIES)
async def test_an_answer_holds_every_key_and_can_be_posted_back(router, family, key):
    path = f"/inventory_device{family}_headless_operation/"
    _, told = await router.told("POST", path, json={**key, "operation": "reboot"})
    assert (told["device_id"], told["serial_number"], told["name"]) == (1, "S/1", "router/1")
    _, seen = await router.told("GET", f"{path}{told['id']}/")
    assert (await router.told("POST", path, json=seen))[0] == 201


async def test_a_dry_run_is_of_the_device_that_is_meant(router):
    body = {
        "device_id": 1,
        "name": "other",
        "operation": "set",
        "variables": [{**UPTIME, "value": 1}],
    }
    path = "/inventory_device_headless_operation/?dry_run=true"
    assert await router.told("POST", path, json=body) == (400, {"name": ["Contradicts device_id."]})


async def test_a_start_of_another_device_than_its_body_names_is_refused(router):
    path = "_operation/1/"
    assert (await start(router, path, operation="reboot", device_name="router/2")) == (
        400,
        {"device_name": ["Contradicts device_id."]},
    )
    assert (await start(router, path, operation="reboot", device_name="router/1"))[0] == 200


async def test_all_missing_fields_are_told_at_once(router):
    assert await router.told("POST", HEADLESS, json={}) == (
        400,
        {"name": ["This field is required."], "operation": ["This field is required."]},
    )


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"operation": "dance"}, {"operation": ['"dance" is not a valid choice.']}),
        ({"operation": "enrol"}, {"operation": ['"enrol" is not a valid choice.']}),
        ({"operation": "set"}, {"variables": ["This field is required."]}),
        ({"operation": "get", "variables": []}, {"variables": ["This list may not be empty."]}),
        ({"operation": "get", "variables": None}, {"variables": ["This field may not be null."]}),
        (
            {"operation": "reboot", "parameters": None},
            {"parameters": ["This field may not be null."]},
        ),
        (
            {"operation": "get", "variables": [None]},
            {"variables": [{"non_field_errors": ["This field may not be null."]}]},
        ),
        (
            {"operation": "reboot", "parameters": 7},
            {
                "parameters": {
                    "non_field_errors": ["Invalid data. Expected a dictionary, but got int."]
                }
            },
        ),
        (
            {
                "operation": "health_check",
                "parameters": {
                    "check_memory": "maybe",
                    "check_Disk": True,
                    "checks": {"cpu": 7},
                    "timeout": 0,
                },
            },
            {
                "parameters": {
                    "check_memory": ["Must be a valid boolean."],
                    "check_Disk": ["This value does not match the required pattern."],
                    "checks": {"cpu": ["Must be a valid boolean."]},
                    "timeout": ["Ensure this value is greater than or equal to 1."],
                }
            },
        ),
        (
            {"operation": "get", "variables": {}},
            {"variables": ['Expected a list of items but got type "dict".']},
        ),
        (
            {"operation": "get", "variables": [{}]},
            {"variables": [{"variable_name": ["This field is required."]}]},
        ),
        (
            {"operation": "set", "variables": [UPTIME]},
            {"variables": [{"value": ["This field is required."]}]},
        ),
        (
            {"operation": "set", "variables": [{**UPTIME, "value": []}]},
            {"variables": [{"value": ["Not a valid string."]}]},
        ),
        (
            {"operation": "set", "variables": [{**UPTIME, "value": "1", "value_type": "x"}]},
            {"variables": [{"value_type": ['"x" is not a valid choice.']}]},
        ),
        (
            {"operation": "reboot", "variables": [UPTIME]},
            {"variables": ["reboot takes no variables."]},
        ),
        (
            {"operation": "reboot", "parameters": {"timeout": 0}},
            {"parameters": {"timeout": ["Ensure this value is greater than or equal to 1."]}},
        ),
        (
            {"operation": "reboot", "parameters": {"timeout": 60, "timeout_minutes": 2}},
            {"parameters": {"timeout_minutes": ["Contradicts timeout."]}},
        ),
        (
            {"operation": "reboot", "parameters": {"speed": 1}},
            {"parameters": {"speed": ["Unknown field."]}},
        ),
        (
            {"operation": "reboot", "schedule": {"type": "recurring"}},
            {"schedule": {"cron": ["This field is required."]}},
        ),
        (
            {"operation": "reboot", "schedule": {"type": "once"}},
            {"schedule": {"execute_at": ["This field is required."]}},
        ),
        (
            {"operation": "reboot", "schedule": {"type": "immediate", "execute_at": "2030-01-01"}},
            {"schedule": {"execute_at": ["Contradicts type."]}},
        ),
        (
            {
                "operation": "reboot",
                "schedule": {"execute_at": "2030-01-01"},
                "scheduled_at": "2031-01-01",
            },
            {"schedule": ["Contradicts scheduled_at."]},
        ),
        (
            {
                "operation": "reboot",
                "schedule": {"type": "immediate"},
                "scheduled_at": "2031-01-01",
            },
            {"schedule": ["Contradicts scheduled_at."]},
        ),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_under_the_right_name(router, body, errors):
    assert await ask(router, **body) == (400, errors)
    assert await requests(router) == []


async def test_numbers_and_booleans_become_text_and_text_stays_as_it_is(router):
    values = [300, -1.5, True, False, "", "  padded ", 2**64, 311.0, -0.0, 1e300]
    names = [f"Device.A.{n}" for n in range(len(values))]
    variables = [
        {"variable_name": name, "value": value} for name, value in zip(names, values, strict=True)
    ]
    status, told = await ask(router, operation="set", variables=variables)
    assert status == 201
    assert [variable["value"] for variable in told["variables"]] == [
        "300",
        "-1.5",
        "true",
        "false",
        "",
        "  padded ",
        str(2**64),
        "311",
        "0",
        "1e+300",
    ]


@pytest.mark.parametrize("value_type", ["base64", "base64Binary", "hexBinary", "decimal"])
async def test_every_type_of_cwmp_is_taken_in_orders_templates_and_settings(router, value_type):
    wanted = {"variable_name": "Device.A.Key", "value": "4142", "value_type": value_type}
    status, told = await ask(router, operation="set", variables=[wanted])
    assert (status, told["variables"]) == (201, [wanted])
    body = {"short_name": "keyed", "parameters": [wanted]}
    status, told = await router.told("POST", "/inventory_type/", json=body)
    assert (status, told["parameters"][0]["value_type"]) == (201, value_type)
    setting = "/inventory_device_setting/1/"
    status, told = await router.told("PUT", setting, json={"variables": [wanted]})
    assert (status, told["results"][0]["value_type"]) == (200, value_type)


@pytest.mark.parametrize(
    "when",
    [
        {"scheduled_at": "2030-01-01 00:01:00"},
        {"schedule": {"type": "once", "execute_at": "2030-01-01T01:01:00+01:00"}},
        {"schedule": {"execute_at": "2030-01-01T00:01:00Z"}, "scheduled_at": "2030-01-01 00:01:00"},
    ],
)
async def test_a_later_operation_is_scheduled_for_its_time(router, when):
    status, told = await ask(router, operation="reboot", **when)
    assert status == 201
    names = ("scheduled_at", "scheduled_for", "next_execution")
    assert {told[name] for name in names} == {"2030-01-01T00:01:00Z"}
    assert router.woken == []
    _, (listed,) = await router.told("GET", f"{HEADLESS}?status=scheduled")
    assert listed == told


async def test_a_time_in_the_past_means_now_and_is_echoed(router):
    status, told = await ask(router, operation="reboot", scheduled_at="2000-01-01 00:01:00")
    assert (status, told["status"]) == (201, "scheduled")
    assert told["scheduled_at"] == told["scheduled_for"] == "2000-01-01T00:01:00Z"
    _, (listed,) = await router.told("GET", HEADLESS)
    assert (listed["status"], listed["scheduled_at"]) == ("pending", "2000-01-01T00:01:00Z")


async def test_an_offline_device_is_no_error_and_an_inactive_one_is(router):
    await run(router, "UPDATE presence SET is_up = FALSE")
    assert (await ask(router, operation="reboot"))[0] == 201
    await run(router, "UPDATE devices SET is_active = FALSE")
    assert (await ask(router, operation="reboot"))[0] == 409
    assert (await ask(router, name="none", operation="reboot"))[0] == 404


async def test_a_new_instance_takes_values_which_are_echoed(router):
    values = {"Enable": True, "ExternalPort": 8080, "KeyPassphrase": "swordfish"}
    echo = {"values": {"Enable": "true", "ExternalPort": "8080", "KeyPassphrase": "swordfish"}}
    status, told = await ask(
        router,
        operation="add.obj",
        variables=[{"variable_name": "Device.NAT.PortMapping."}],
        parameters={"values": values, "timeout": 30},
    )
    assert (status, told["parameters"]) == (201, {**echo, "timeout": 30})
    (stored,) = await requests(router)
    assert "swordfish" not in str(stored)


async def test_an_idempotency_key_asks_once_and_keeps_no_secret(router):
    body = {
        "name": "router/1",
        "operation": "set",
        "variables": [{"variable_name": SECRET, "value": "hunter22"}],
    }
    once = {"json": body, "headers": {"Idempotency-Key": "k1"}}
    first = await router.told("POST", HEADLESS, **once)
    async with router.request("POST", HEADLESS, **once) as again:
        told = await again.json()
        assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert first[1]["variables"][0]["value"] == "hunter22"
    assert told["variables"][0]["value"] == "********"
    assert told["transaction_id"] == first[1]["transaction_id"]
    assert len(await requests(router)) == 1
    kept = await router.store.read(lambda tx: tx.one("SELECT body FROM idempotency_keys")[0])
    assert b"hunter22" not in kept


async def test_secret_values_are_masked_for_viewers(router):
    await router.token("viewer", Role.VIEWER)
    variable = {"variable_name": SECRET, "value": "hunter22"}
    await ask(router, operation="set", variables=[variable])
    seen = []
    for token in ("admin", "viewer"):
        _, (told,) = await router.told("GET", HEADLESS, token=token)
        seen.append(told["variables"][0]["value"])
    assert seen == ["hunter22", "********"]


async def test_an_answer_can_be_posted_again(router):
    _, told = await ask(router, operation="get", variables=[UPTIME])
    _, (listed,) = await router.told("GET", HEADLESS)
    for body in (told, listed):
        assert (await router.told("POST", HEADLESS, json=body))[0] == 201
    assert {len(request["variables"]) for request in await requests(router)} == {1}


# --- Taking back -----------------------------------------------------------------------------


async def test_what_has_not_started_is_taken_back_by_query_or_path(router):
    for path in (f"{HEADLESS}?id=txn_1", f"{HEADLESS}2/"):
        await ask(router, operation="reboot")
        async with router.request("DELETE", path) as answer:
            assert (answer.status, await answer.read()) == (204, b"")
        assert (await router.told("DELETE", path))[0] == 409
    _, listed = await router.told("GET", f"{HEADLESS}?status=cancelled")
    assert len(listed) == 2


async def test_what_runs_or_does_not_exist_is_not_taken_back(router):
    await ask(router, operation="reboot")
    await router.store.write(operations.claim_next, 1, router.clock.now)
    status, told = await router.told("DELETE", f"{HEADLESS}1/")
    assert (status, told["status"]) == (409, "running")
    assert (await router.told("DELETE", f"{HEADLESS}?id=op_none"))[0] == 404
    assert await router.told("DELETE", HEADLESS) == (400, {"id": ["This field is required."]})


async def test_a_viewer_asks_for_nothing(router):
    await router.token("viewer", Role.VIEWER)
    body = {"name": "router/1", "operation": "reboot"}
    assert (await router.told("POST", HEADLESS, json=body, token="viewer"))[0] == 403
    assert (await router.told("DELETE", f"{HEADLESS}?id=1", token="viewer"))[0] == 403
    assert await router.store.read(operations.open_of_kind, 1, Kind.REBOOT) is None
