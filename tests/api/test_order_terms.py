"""When, how often, for whom and with whose knowledge an operation is asked for."""

import json

import pytest

from inventory import operations, recurring, timekeeping
from inventory.records.trimming import trim

HEADLESS = "/inventory_device_name_headless_operation/"
UPTIME = {"variable_name": "Device.DeviceInfo.UpTime"}


@pytest.fixture
async def fleet(api):
    """Three devices that are Up, named a, b and c."""
    for name in ("a", "b", "c"):
        body = {"name": name, "serial_number": f"SN-{name}"}
        assert (await api.told("POST", "/inventory_device_name/", json=body))[0] == 201
    await api.store.write(lambda tx: tx.run("UPDATE presence SET is_up = TRUE, last_inform = 1"))
    return api


async def ask(api, /, **body):
    return await api.told("POST", HEADLESS, json={"operation": "reboot", **body})


async def count(api):
    return await api.store.read(lambda tx: tx.one("SELECT count(*) FROM operations")[0])


async def claim(api, device_id, now):
    claimed, _ = await api.store.write(operations.claim_next, device_id, now)
    return claimed


# --- Schedules -------------------------------------------------------------------------------


async def test_a_recurring_order_tells_its_next_execution_and_wakes_nobody(fleet):
    schedule = {"type": "recurring", "cron": "30 2 * * *", "timezone": "Europe/Prague"}
    status, told = await ask(fleet, name="a", schedule=schedule)
    assert (status, told["status"]) == (201, "scheduled")
    assert told["next_execution"] == "2023-11-15T01:30:00Z"
    assert told["scheduled_for"] == told["next_execution"]
    assert told["scheduled_at"] == told["created_at"] == "2023-11-14T22:13:20Z"
    assert told["schedule"] == {**schedule, "execute_at": None}
    assert fleet.woken == []
    assert await claim(fleet, 1, fleet.clock.now + 1e6) is None


async def test_a_recurring_order_is_scheduled_for_its_next_time_when_one_has_passed(fleet):
    _, told = await ask(fleet, name="a", schedule={"cron": "0 0 * * *"})
    assert told["scheduled_for"] == "2023-11-15T00:00:00Z"
    fleet.clock.now += 86400
    await fleet.store.write(recurring.run_due, fleet.clock.now)
    _, told = await fleet.told("GET", f"{HEADLESS}{told['id']}/")
    assert (told["scheduled_for"], told["next_execution"]) == ("2023-11-16T00:00:00Z",) * 2


async def test_a_cron_alone_is_recurring_and_starts_with_execute_at(fleet):
    schedule = {"cron": "0 0 * * *", "execute_at": "2024-01-05T12:00:00Z"}
    _, told = await ask(fleet, name="a", schedule=schedule)
    assert told["schedule"]["type"] == "recurring"
    assert told["next_execution"] == "2024-01-06T00:00:00Z"


async def test_a_time_without_offset_is_read_in_the_time_zone_that_is_given(fleet):
    schedule = {"type": "once", "execute_at": "2024-07-01 12:00:00", "timezone": "Europe/Prague"}
    _, told = await ask(fleet, name="a", schedule=schedule)
    assert told["next_execution"] == "2024-07-01T10:00:00Z"
    schedule["execute_at"] = "2024-07-01T12:00:00Z"
    _, told = await ask(fleet, name="a", schedule=schedule)
    assert told["next_execution"] == "2024-07-01T12:00:00Z"


@pytest.mark.parametrize(
    ("schedule", "errors"),
    [
        ({"cron": "61 * * * *"}, {"cron": ["This is not a cron expression of five fields."]}),
        ({"cron": "* * * * * *"}, {"cron": ["This is not a cron expression of five fields."]}),
        ({"cron": "0 0 */31 2 MON#5"}, {"cron": ["This never happens."]}),
        ({"cron": "0 0 30 2 *"}, {"cron": ["This never happens."]}),
        ({"type": "once", "execute_at": "2030-01-01", "cron": "0 0 * * *"}, "type"),
        (
            {"cron": "0 0 * * *", "timezone": "Mars/Olympus"},
            {"timezone": ["This is not the name of an IANA time zone."]},
        ),
    ],
)
async def test_a_schedule_that_makes_no_sense_is_refused(fleet, schedule, errors):
    if errors == "type":
        errors = {"cron": ["Contradicts type."]}
    assert await ask(fleet, name="a", schedule=schedule) == (400, {"schedule": errors})
    assert await count(fleet) == 0


async def test_a_recurring_order_alone_leaves_nothing_pending_on_the_device(fleet):
    await ask(fleet, name="a", schedule={"cron": "0 0 * * *"})
    _, device = await fleet.told("GET", "/inventory_device_name/a/")
    assert (device["pending_settings"], device["pending_changes"]) == (None, False)


@pytest.mark.parametrize("key", ["id", "transaction_id"])
async def test_cancelling_a_recurring_order_ends_its_future(fleet, key):
    _, told = await ask(fleet, name="a", schedule={"cron": "0 0 * * *"})
    assert (await fleet.told("DELETE", f"{HEADLESS}{told[key]}/"))[0] == 204
    _, told = await fleet.told("GET", f"{HEADLESS}{told[key]}/")
    assert (told["status"], told["next_execution"]) == ("cancelled", None)


# --- Retries ---------------------------------------------------------------------------------


async def test_an_order_is_tried_as_often_as_it_says(fleet):
    policy = {"max_attempts": 2, "retry_delay_minutes": 30}
    _, told = await ask(fleet, name="a", retry_policy=policy)
    assert told["retry_policy"] == policy
    now = fleet.clock.now
    assert (await claim(fleet, 1, now)).attempts == 1
    assert await claim(fleet, 1, now + 29 * 60) is None
    assert (await claim(fleet, 1, now + 30 * 60)).attempts == 2
    assert await claim(fleet, 1, now + 60 * 60) is None
    _, told = await fleet.told("GET", f"{HEADLESS}{told['id']}/")
    assert (told["status"], told["error"]["code"]) == ("failed", "no_answer")


@pytest.mark.parametrize(
    "policy", [{"max_attempts": 0}, {"max_attempts": 11}, {"retry_delay_minutes": -1}, {"x": 1}]
)
async def test_a_senseless_retry_policy_is_refused(fleet, policy):
    status, told = await ask(fleet, name="a", retry_policy=policy)
    assert (status, set(told)) == (400, {"retry_policy"})


# --- Several devices -------------------------------------------------------------------------


async def test_one_order_for_several_devices_is_one_transaction(fleet):
    status, told = await ask(fleet, device_targets=["b", "a"])
    assert (status, told["name"], told["device_targets"]) == (201, "b", ["b", "a"])
    assert [each["device_name"] for each in told["results"]] == ["b", "a"]
    assert {each["status"] for each in told["results"]} == {"scheduled"}
    assert sorted(fleet.woken) == [1, 2]
    assert await count(fleet) == 2
    _, other = await fleet.told("GET", f"{HEADLESS}{told['results'][1]['id']}/")
    assert (other["name"], other["results"]) == ("a", None)


HOOK = "https://hooks.example.com/x"


async def end(api, device_id, error=None):
    """The device carries out its part, well or not."""
    now = api.clock.now
    claimed = await claim(api, device_id, now)
    if error is None:
        await api.store.write(operations.complete, claimed.id, None, now)
    else:
        await api.store.write(operations.fail, claimed.id, error, now)


async def news(api):
    """What somebody is to be told, the oldest first."""
    rows = await api.store.read(lambda tx: tx.all("SELECT body FROM deliveries ORDER BY id"))
    return [json.loads(row["body"]) for row in rows]


@pytest.mark.parametrize("first", [None, operations.NO_ANSWER])
async def test_a_transaction_ends_when_all_of_it_has(fleet, first):
    _, told = await ask(fleet, device_targets=["a", "b"])
    path = f"{HEADLESS}{told['transaction_id']}/"
    await end(fleet, 1, first)
    _, told = await fleet.told("GET", path)
    assert (told["status"], told["error"], told["completed_at"]) == ("running", None, None)
    assert told["operation_details"]["current_task"] == "waits for 1 of 2 devices"
    await end(fleet, 2, None if first else operations.NO_ANSWER)
    _, told = await fleet.told("GET", path)
    assert (told["status"], told["completed_at"]) == ("failed", "2023-11-14T22:13:20Z")
    assert told["error"] == {
        "code": "device_failures",
        "message": "1 of 2 devices failed.",
        "parameters": {},
    }
    assert sorted(each["status"] for each in told["results"]) == ["completed", "failed"]
    details = {"total_tasks": 2, "completed_tasks": 1, "current_task": None}
    assert told["operation_details"] == details


@pytest.mark.parametrize("cancels", [False, True])
async def test_a_transaction_is_in_one_state_however_it_is_asked_for(fleet, cancels):
    """A list and its filters say what the transaction itself says."""
    _, told = await ask(fleet, device_targets=["a", "b"])
    await ask(fleet, name="c")
    await end(fleet, 1)
    if cancels:
        await fleet.told("DELETE", f"{HEADLESS}{told['id']}/")
    else:
        await end(fleet, 2, operations.NO_ANSWER)
    _, whole = await fleet.told("GET", f"{HEADLESS}{told['id']}/")
    assert whole["status"] == "failed"
    _, (listed, *_) = await fleet.told("GET", f"{HEADLESS}?name=a")
    assert listed | {"results": 0, "device_targets": 0} == whole | {
        "results": 0,
        "device_targets": 0,
    }
    status, found = await fleet.told("GET", f"{HEADLESS}?id={told['id']}&status=failed")
    assert (status, found[0]["status"]) == (200, "failed")
    assert (await fleet.told("GET", f"{HEADLESS}?id={told['id']}&status=completed"))[0] == 404
    part = "txn_2"
    for state, ids in {
        "failed": [told["id"]] if cancels else [part, told["id"]],
        "cancelled": [part] if cancels else [],
        "completed": [],
        "pending": ["txn_3"],
    }.items():
        _, page = await fleet.told("GET", f"{HEADLESS}?status={state}&limit=10")
        assert [each["id"] for each in page["results"]] == ids
        assert page["count"] == len(ids)
        _, page = await fleet.told("GET", f"{HEADLESS}?status={state}&limit=1&offset=1")
        assert (page["count"], len(page["results"])) == (len(ids), max(len(ids) - 1, 0))


async def test_who_sees_a_part_of_a_transaction_sees_the_state_of_that_part(fleet):
    other = await fleet.organization("other")
    await fleet.store.write(
        lambda tx: tx.run("UPDATE devices SET organization_id = :other WHERE id = 2", other=other)
    )
    await fleet.token("first", organizations=frozenset({1}))
    _, told = await ask(fleet, device_targets=["a", "b"])
    await end(fleet, 1)
    path = f"{HEADLESS}{told['id']}/"
    assert (await fleet.told("GET", path))[1]["status"] == "running"
    for where in (path, f"{HEADLESS}?id={told['id']}&status=running"):
        _, seen = await fleet.told("GET", where, token="first")
        seen = seen[0] if isinstance(seen, list) else seen
        assert (seen["status"], seen["device_targets"]) == ("completed", ["a"])
        assert seen["operation_details"]["total_tasks"] == 1


async def test_a_transaction_is_found_by_the_state_that_it_shows_all_its_life(fleet):
    later = {"execute_at": "2023-11-14T23:00:00Z"}
    _, told = await ask(fleet, device_targets=["a", "b"], schedule=later)

    async def state():
        _, whole = await fleet.told("GET", f"{HEADLESS}{told['id']}/")
        _, page = await fleet.told("GET", f"{HEADLESS}?status={whole['status']}&limit=10")
        assert told["id"] in [each["id"] for each in page["results"]]
        return whole["status"]

    states = [await state()]
    fleet.clock.now += 3600
    await fleet.store.write(timekeeping.advance, fleet.clock.now)
    states.append(await state())
    for device_id in (1, 2):
        await end(fleet, device_id)
        states.append(await state())
    assert states == ["scheduled", "pending", "running", "completed"]


async def test_the_end_of_a_transaction_is_told_once_when_all_of_it_has_ended(fleet):
    wish = {"webhook_url": HOOK}
    _, order = await ask(fleet, device_targets=["a", "b"], notification=wish)
    await end(fleet, 1)
    assert await news(fleet) == []
    fleet.clock.now += 60
    await end(fleet, 2, operations.NO_ANSWER)
    (told,) = await news(fleet)
    assert (told["event"], told["id"], told["status"]) == (
        "operation.failed",
        order["id"],
        "failed",
    )
    assert told["error"]["message"] == "1 of 2 devices failed."
    assert (told["started_at"], told["completed_at"]) == (
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:14:20Z",
    )
    assert [(each["device_name"], each["status"]) for each in told["results"]] == [
        ("a", "completed"),
        ("b", "failed"),
    ]
    assert told["results"][1]["error"]["code"] == "no_answer"


async def test_a_transaction_that_expires_at_once_is_told_once(fleet):
    wish = {"webhook_url": HOOK, "on_completion": False}
    await ask(fleet, device_targets=["a", "b", "c"], notification=wish)
    await fleet.store.write(operations.expire, fleet.clock.now + 1e7, 10)
    assert [told["status"] for told in await news(fleet)] == ["expired"]


async def test_only_a_failure_of_a_transaction_is_told_where_nothing_else_is_wanted(fleet):
    wish = {"webhook_url": HOOK, "on_completion": False}
    await ask(fleet, device_targets=["a", "b"], notification=wish)
    for device_id in (1, 2):
        await end(fleet, device_id)
    assert await news(fleet) == []


async def test_an_unknown_name_is_told_and_nothing_is_scheduled(fleet):
    status, told = await ask(fleet, device_targets=["a", "nobody", "b"])
    assert (status, "nobody" in told["detail"]) == (404, True)
    assert await count(fleet) == 0


async def test_an_inactive_one_among_them_stops_all(fleet):
    await fleet.store.write(lambda tx: tx.run("UPDATE devices SET is_active = 0 WHERE id = 2"))
    assert (await ask(fleet, device_targets=["a", "b"]))[0] == 409
    assert await count(fleet) == 0


async def test_cancelling_a_transaction_takes_back_what_has_not_started(fleet):
    _, told = await ask(fleet, device_targets=["a", "b"])
    await claim(fleet, 2, fleet.clock.now)
    path = f"{HEADLESS}?id={told['id']}"
    assert (await fleet.told("DELETE", path))[0] == 204
    _, (told,) = await fleet.told("GET", path)
    assert [each["status"] for each in told["results"]] == ["cancelled", "running"]
    assert (await fleet.told("DELETE", path))[0] == 409


@pytest.mark.parametrize(
    "body",
    [
        {"device_targets": []},
        {"device_targets": {}},
        {"device_targets": [{}]},
        {"device_targets": [" ", "a"]},
        {"device_targets": ["a", "a"]},
        {"device_targets": ["a"], "name": "b"},
        {"device_targets": "a"},
    ],
)
async def test_targets_that_make_no_sense_are_refused_by_their_own_name_alone(fleet, body):
    status, told = await ask(fleet, **body)
    assert (status, [*told]) == (400, ["device_targets"])


async def test_an_older_name_that_makes_no_sense_is_refused_by_itself_alone(fleet):
    body = {"device_name": [], "operation_type": "dance"}
    assert await fleet.told("POST", HEADLESS, json=body) == (
        400,
        {
            "device_name": ["Not a valid string."],
            "operation_type": ['"dance" is not a valid choice.'],
        },
    )


@pytest.mark.parametrize(("family", "targets"), [("_serial", ["SN-a", "SN-b"]), ("", [1, 2])])
async def test_targets_are_named_by_the_familys_own_key(fleet, family, targets):
    path = f"/inventory_device{family}_headless_operation/"
    body = {"operation": "reboot", "device_targets": targets}
    _, told = await fleet.told("POST", path, json=body)
    assert told["device_targets"] == ["a", "b"]


async def test_each_run_of_a_recurring_transaction_is_a_transaction(fleet):
    wish = {"webhook_url": HOOK}
    schedule = {"cron": "0 0 * * *"}
    _, order = await ask(fleet, device_targets=["a", "b"], schedule=schedule, notification=wish)
    assert (order["device_targets"], order["results"]) == (["a", "b"], None)
    fleet.clock.now += 86400
    round_ = await fleet.store.write(recurring.run_due, fleet.clock.now)
    assert sorted(round_.devices) == [1, 2]
    _, (_, head, *_) = await fleet.told("GET", HEADLESS)
    _, run = await fleet.told("GET", f"{HEADLESS}{head['id']}/")
    assert [each["name"] for each in run["results"]] == ["a", "b"]
    assert {run["parent_id"], head["parent_id"]} == {order["id"]}
    for device_id in (1, 2):
        await end(fleet, device_id)
    assert [each["id"] for each in await news(fleet)] == [run["id"]]
    _, order = await fleet.told("GET", f"{HEADLESS}{order['id']}/")
    assert (order["status"], order["next_execution"]) == ("scheduled", "2023-11-16T00:00:00Z")
    assert (order["device_targets"], order["results"]) == (["a", "b"], None)


async def test_a_device_whose_last_run_still_waits_is_left_out_of_the_next_one(fleet):
    _, order = await ask(fleet, device_targets=["a", "b"], schedule={"cron": "0 0 * * *"})
    fleet.clock.now += 86400
    await fleet.store.write(recurring.run_due, fleet.clock.now)
    await end(fleet, 2)
    fleet.clock.now += 86400
    assert (await fleet.store.write(recurring.run_due, fleet.clock.now)).devices == (2,)
    _, (newest, *_) = await fleet.told("GET", HEADLESS)
    _, run = await fleet.told("GET", f"{HEADLESS}{newest['id']}/")
    assert (run["parent_id"], run["device_targets"]) == (order["id"], ["b"])


async def test_a_device_has_one_waiting_run_also_where_the_first_part_alone_was_cancelled(fleet):
    _, order = await ask(fleet, device_targets=["a", "b"], schedule={"cron": "0 0 * * *"})
    fleet.clock.now += 86400
    await fleet.store.write(recurring.run_due, fleet.clock.now)
    await fleet.store.write(operations.cancel, 1, fleet.clock.now)
    fleet.clock.now += 86400
    assert (await fleet.store.write(recurring.run_due, fleet.clock.now)).devices == ()
    await end(fleet, 2)
    fleet.clock.now += 86400
    assert (await fleet.store.write(recurring.run_due, fleet.clock.now)).devices == (2,)
    _, (newest, *_) = await fleet.told("GET", HEADLESS)
    assert newest["parent_id"] == order["id"]


async def test_the_first_part_of_a_transaction_is_kept_as_long_as_any_of_it_goes_on(fleet):
    _, order = await ask(fleet, device_targets=["a", "b"])
    path = f"{HEADLESS}{order['id']}/"
    await end(fleet, 1)
    later = fleet.clock.now + 1
    await fleet.store.write(trim, "operations", later, 10, 10)
    assert (await fleet.told("GET", path))[1]["device_targets"] == ["a", "b"]
    await end(fleet, 2)
    await fleet.store.write(trim, "operations", later, 10, 10)
    assert await count(fleet) == 0


async def test_a_recurring_transaction_is_run_as_a_whole_where_a_batch_ends_within_it(fleet):
    await ask(fleet, device_targets=["a", "b", "c"], schedule={"cron": "0 0 * * *"})
    now = fleet.clock.now + 86400
    ran = [await fleet.store.write(recurring.run_due, now, batch=1) for _ in range(2)]
    assert [round_.devices for round_ in ran] == [(1, 2, 3), ()]


async def test_what_else_is_said_must_be_of_one_of_the_targets(fleet):
    status, told = await ask(fleet, device_targets=["a", "b"], device_id=3)
    assert (status, told) == (400, {"device_id": ["Contradicts name."]})
    assert (await ask(fleet, device_targets=["a", "b"], device_id=2))[0] == 201


# --- Devices that are deleted ----------------------------------------------------------------


async def delete(api, name):
    assert (await api.told("DELETE", f"/inventory_device_name/{name}/"))[0] == 204


@pytest.mark.parametrize("runs", [False, True])
async def test_the_deletion_of_the_last_device_ends_a_transaction_and_is_told(fleet, runs):
    await ask(fleet, device_targets=["a", "b"], notification={"webhook_url": HOOK})
    await end(fleet, 1)
    if runs:
        await claim(fleet, 2, fleet.clock.now)
    await delete(fleet, "b")
    (told,) = await news(fleet)
    assert (told["status"], told["error"]["message"]) == ("failed", "1 of 2 devices failed.")
    part = told["results"][1]
    assert (part["device_name"], part["status"]) == ("b", "failed" if runs else "cancelled")
    assert (part["error"] or {}).get("code") == ("device_deleted" if runs else None)


async def test_the_deletion_of_a_device_is_told_to_who_ordered_something_of_it_alone(fleet):
    await ask(fleet, name="a", notification={"webhook_url": HOOK})
    await delete(fleet, "a")
    assert [told["event"] for told in await news(fleet)] == ["operation.cancelled"]


async def test_a_device_of_one_version_is_deleted_with_the_image_that_it_waited_for(fleet):
    await ask(fleet, name="a")
    await fleet.store.write(
        lambda tx: [
            tx.run(
                """INSERT INTO firmware_images (id, name, version, file_type, file_name, size_bytes,
                       sha256, stored_as, created, last_change)
                   VALUES (1, 'i', '1', '', 'i', 1, '', 'i', 0, 0)"""
            ),
            tx.run("UPDATE devices SET firmware_image_id = 1, firmware_image_is_pending = TRUE"),
            tx.run("""UPDATE operations SET kind = 'download', request = '{"firmware_image":1}'"""),
        ]
    )
    path = "/inventory_device_name/a/"
    async with fleet.request("GET", path) as answer:
        tag = answer.headers["ETag"]
    assert (await fleet.told("DELETE", path, headers={"If-Match": tag}))[0] == 204


async def test_without_its_first_device_a_transaction_is_that_of_the_others(fleet):
    _, order = await ask(fleet, device_targets=["a", "b", "c"])
    await end(fleet, 1)
    await end(fleet, 2, operations.NO_ANSWER)
    await delete(fleet, "a")
    assert (await fleet.told("GET", f"{HEADLESS}{order['id']}/"))[0] == 404
    _, page = await fleet.told("GET", f"{HEADLESS}?status=running&limit=10")
    _, whole = await fleet.told("GET", f"{HEADLESS}{page['results'][0]['id']}/")
    assert (page["count"], whole["status"], whole["device_targets"]) == (1, "running", ["b", "c"])


async def test_a_transaction_is_in_the_state_of_those_that_are_left(fleet):
    _, order = await ask(fleet, device_targets=["a", "b"])
    await end(fleet, 1)
    await end(fleet, 2, operations.NO_ANSWER)
    await delete(fleet, "b")
    _, found = await fleet.told("GET", f"{HEADLESS}?status=completed")
    assert [(each["id"], each["status"]) for each in found] == [(order["id"], "completed")]


async def test_without_its_first_device_a_recurring_transaction_goes_on_with_one_run(fleet):
    await ask(fleet, device_targets=["a", "b", "c"], schedule={"cron": "0 0 * * *"})
    fleet.clock.now += 86400
    await fleet.store.write(recurring.run_due, fleet.clock.now)
    await end(fleet, 3)
    await delete(fleet, "a")
    fleet.clock.now += 86400
    assert (await fleet.store.write(recurring.run_due, fleet.clock.now)).devices == (3,)
    _, found = await fleet.told("GET", f"{HEADLESS}?name=b")
    assert [each["parent_id"] for each in found] == ["txn_2", None]
    assert found[1]["id"] == "txn_2"


# --- Notifications ---------------------------------------------------------------------------


async def test_a_notification_is_echoed_with_its_defaults(fleet):
    wish = {"webhook_url": "https://hooks.example.com/x", "email": "noc@example.com"}
    status, told = await ask(fleet, name="a", notification=wish)
    assert status == 201
    assert told["notification"] == {**wish, "on_completion": True, "on_failure": True}


@pytest.mark.parametrize(
    ("wish", "errors"),
    [
        ({"webhook_url": "ftp://x.example/"}, {"webhook_url": ["Enter a valid URL."]}),
        ({"webhook_url": "http://u:p@x.example/"}, {"webhook_url": ["Enter a valid URL."]}),
        ({"webhook_url": "http://private.example/"}, {"webhook_url": ["Not there."]}),
        ({"email": "a@b\nBcc: c@d"}, {"email": ["Enter a valid email address."]}),
        ({"on_completion": "perhaps"}, {"on_completion": ["Must be a valid boolean."]}),
    ],
)
async def test_a_notification_that_cannot_go_is_refused(fleet, wish, errors):
    assert await ask(fleet, name="a", notification=wish) == (400, {"notification": errors})
    assert await count(fleet) == 0
