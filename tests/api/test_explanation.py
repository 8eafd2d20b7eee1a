"""``explain``: each reason is told when it holds, and not otherwise."""

import json

import pytest

from inventory import operations
from inventory.access import Role
from inventory.operations import Error, Kind
from inventory.records import settings
from inventory.turns import NO_EMPTY_POST

NOW = 1_700_000_000.0
PATH = "/inventory_device_name/router/explain/"


@pytest.fixture
async def router(api):
    """A device with the id 1 that informed a minute ago, and is well."""
    assert (await api.told("POST", "/inventory_device_name/", json={"name": "router"}))[0] == 201
    await run(api, f"UPDATE presence SET is_up = TRUE, last_inform = {NOW - 60}, interval_s = 300")
    return api


async def run(api, sql, **parameters):
    await api.store.write(lambda tx: tx.run(sql, **parameters))


async def queue(api, kind=Kind.GET, **more):
    return await api.store.write(operations.queue, 1, kind, {}, api.clock.now, **more)


async def claim(api):
    claimed, _ = await api.store.write(operations.claim_next, 1, api.clock.now)
    return claimed


async def explained(api, query=""):
    status, told = await api.told("GET", PATH + query)
    assert status == 200
    return told


async def codes(api):
    return [reason["code"] for reason in (await explained(api))["reasons"]]


async def test_of_a_device_that_is_well_there_is_nothing_to_say(router):
    assert await explained(router) == {
        "name": "router",
        "device_name": "router",
        "summary": "Nothing waits for the device.",
        "status": "Up",
        "is_active": True,
        "last_inform": "2023-11-14T22:12:20Z",
        "last_inform_age": 60,
        "inform_interval": 300,
        "pending_settings": None,
        "connection_request": None,
        "queue": [],
        "queue_length": 0,
        "reasons": [],
    }


async def test_a_device_that_was_never_seen(api):
    await api.told("POST", "/inventory_device_name/", json={"name": "router"})
    assert await codes(api) == ["never_seen"]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE devices SET is_active = FALSE", "inactive"),
        ("UPDATE devices SET identity_conflict = 5", "identity_conflict"),
        ("UPDATE presence SET is_up = FALSE", "offline"),
        (f"UPDATE presence SET last_inform = {NOW - 500}", "overdue"),
        ("UPDATE devices SET reboot_wanted = 5", "reboot_needed"),
        ("UPDATE devices SET settings_pending = 5", "settings_pending"),
    ],
)
async def test_the_state_of_a_device_is_a_reason(router, sql, code):
    await run(router, sql)
    assert await codes(router) == [code]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("refused", ["connection_request_refused"]),
        ("unreachable", ["connection_request_unreachable"]),
        ("forbidden_url", ["connection_request_forbidden_url"]),
        ("no_url", ["connection_request_no_url"]),
        ("busy", ["connection_request_busy"]),
        ("accepted", []),
    ],
)
async def test_the_outcome_of_the_last_connection_request_is_told(router, outcome, code):
    await run(
        router,
        "INSERT INTO connection_requests VALUES (1, :time, :outcome, 'Why.')",
        time=NOW - 40,
        outcome=outcome,
    )
    told = await explained(router)
    assert told["connection_request"] == {
        "time": "2023-11-14T22:12:40Z",
        "outcome": outcome,
        "detail": "Why.",
    }
    # Accepted 40 s ago, and no Inform since: that is a reason, too.
    assert [reason["code"] for reason in told["reasons"]] == (
        code or ["connection_request_unanswered"]
    )
    await run(router, f"UPDATE presence SET last_inform = {NOW - 39}")
    assert await codes(router) == code


@pytest.mark.parametrize(
    ("url", "address", "is_behind"),
    [
        ("http://192.168.1.1:7547/cr", "203.0.113.9", True),
        ("http://10.0.0.2:7547/", "192.168.7.7", True),
        ("http://[fd00::1]:7547/", "2001:db8::1", True),
        ("http://192.168.1.1:7547/cr", "192.168.1.1", False),
        ("http://203.0.113.9:7547/cr", "203.0.113.9", False),
        ("http://cpe.example:7547/cr", "203.0.113.9", False),
        ("http://[bad", "203.0.113.9", False),
        (None, "203.0.113.9", False),
    ],
)
async def test_a_device_behind_nat_is_known_by_its_addresses(router, url, address, is_behind):
    sql = "UPDATE devices SET connection_request_url = :url, address = :address"
    await run(router, sql, url=url, address=address)
    assert await codes(router) == (["behind_nat"] if is_behind else [])


async def test_the_queue_is_told_in_the_order_of_turns_and_who_waits_behind_whom(router):
    low = await queue(router, priority=40)
    first = await queue(router, Kind.REBOOT)
    second = await queue(router)
    later = await queue(router, due=NOW + 60)
    told = await explained(router)
    assert [place["transaction_id"] for place in told["queue"]] == [
        each.key for each in (first, second, later, low)
    ]
    assert [place["waits_for"] for place in told["queue"]] == [
        "the device",
        f"reboot ({first.key})",
        "its time",
        f"reboot ({first.key})",
    ]
    assert [place["behind"] for place in told["queue"]] == [None, first.key, None, first.key]
    assert [place["position"] for place in told["queue"]] == [1, 2, 3, 4]
    assert told["queue_length"] == 4
    assert [reason["code"] for reason in told["reasons"]] == ["waiting_behind"]
    assert told["summary"].startswith("4 operations wait for the device. 2 more wait behind reboot")


async def test_an_operation_that_awaits_an_event_lets_others_pass_but_those_it_excludes(router):
    reboot = await queue(router, Kind.REBOOT)
    await claim(router)
    await router.store.write(operations.wait_for, reboot.id, "M Reboot", None)
    await queue(router)
    await queue(router, Kind.FACTORY)
    told = await explained(router)
    assert [place["waits_for"] for place in told["queue"]] == [
        "the event M Reboot",
        "the device",
        f"reboot ({reboot.key})",
    ]
    assert [reason["code"] for reason in told["reasons"]] == [
        "waiting_for_event",
        "waiting_behind",
    ]


async def test_an_unanswered_operation_tells_when_it_is_tried_again(router):
    await queue(router)
    await claim(router)
    (reason,) = (await explained(router))["reasons"]
    assert reason["code"] == "not_answered"
    assert reason["details"]["next_attempt"] == "2023-11-14T22:13:25Z"


async def test_what_is_not_due_yet_says_so(router):
    await queue(router, due=NOW + 60)
    (reason,) = (await explained(router))["reasons"]
    assert (reason["code"], reason["details"]["due"]) == ("scheduled", "2023-11-14T22:14:20Z")


async def test_during_a_conflict_only_reading_waits_for_the_device(router):
    await run(router, "UPDATE devices SET identity_conflict = 5")
    await queue(router, Kind.SET)
    (place,) = (await explained(router))["queue"]
    assert "a person's decision" in place["waits_for"]


async def test_the_fault_of_the_last_run_names_its_parameters_until_it_succeeds(router):
    fault = {"code": "9008", "message": "not writable"}
    for error in (Error("9003", "Invalid arguments", {"Device.X": fault}), None):
        operation = await queue(router, Kind.SET)
        await claim(router)
        if error is None:
            await router.store.write(operations.complete, operation.id, None, NOW)
            assert await codes(router) == []
            continue
        await router.store.write(operations.fail, operation.id, error, NOW)
        (reason,) = (await explained(router))["reasons"]
        assert reason["code"] == "fault"
        assert reason["text"] == "The last set failed: 9003 Invalid arguments (Device.X)"
        assert reason["details"]["parameters"] == {"Device.X": fault}


async def test_drift_is_told_with_both_values_and_apart_from_what_was_set_aside(router):
    sql = """INSERT INTO drift (device_id, path, wanted, found, since, corrections, set_aside)
             VALUES (1, :path, 'a', 'A', 5, 3, :aside)"""
    await run(router, sql, path="Device.X", aside=True)
    await run(router, sql, path="Device.Y", aside=False)
    await router.store.write(settings.set_drift, 1, NOW)
    told = await explained(router)
    assert [reason["code"] for reason in told["reasons"]] == ["set_aside", "drift"]
    assert told["reasons"][0]["details"]["parameters"] == {
        "Device.X": {"wanted": "a", "found": "A"}
    }
    assert told["pending_settings"] == "configuration_sync"
    assert told["summary"].startswith("What is wanted of it waits for the device.")


@pytest.mark.parametrize(
    ("notes", "is_last", "count"),
    [
        ([[NO_EMPTY_POST], [NO_EMPTY_POST]], True, 2),
        ([[], [NO_EMPTY_POST], [NO_EMPTY_POST], [NO_EMPTY_POST]], True, 3),
        ([[NO_EMPTY_POST]], True, None),  # an accident
        ([[NO_EMPTY_POST], []], True, None),
        ([[NO_EMPTY_POST], [NO_EMPTY_POST]], False, None),  # a good one, without a row, followed
    ],
)
async def test_sessions_that_break_off_again_and_again_are_counted(router, notes, is_last, count):
    for number, noted in enumerate(notes):
        await run(
            router,
            """INSERT INTO sessions (session_id, device_id, started, ended, outcome, address,
                   events, retry_count, rpcs, faults, notes)
               VALUES (:id, 1, 1, 2, 'timeout', '', '[]', 0, '[]', 0, :notes)""",
            id=f"s{number}",
            notes=json.dumps(noted),
        )
    last = f"s{len(notes) - 1}" if is_last else "another"
    await run(router, "UPDATE presence SET session_id = :id", id=last)
    reasons = (await explained(router))["reasons"]
    assert [reason["details"]["sessions"] for reason in reasons] == ([count] if count else [])


@pytest.mark.parametrize(("ended", "is_told"), [(NOW - 20, True), (NOW - 4000, False)])
async def test_while_the_last_session_may_be_under_way_those_before_it_count(
    router, ended, is_told
):
    for number in range(2):
        await run(
            router,
            """INSERT INTO sessions (session_id, device_id, started, ended, outcome, address,
                   events, retry_count, rpcs, faults, notes)
               VALUES (:id, 1, 1, :ended, 'timeout', '', '[]', 0, '[]', 0, :notes)""",
            id=f"s{number}",
            ended=ended,
            notes=json.dumps([NO_EMPTY_POST]),
        )
    sql = f"UPDATE presence SET session_id = 'live', last_inform = {NOW - 10}"
    await run(router, sql)
    assert await codes(router) == (["sessions_break_off"] if is_told else [])


async def test_a_person_settles_an_identity_conflict_with_null_and_nothing_else(router):
    await run(router, "UPDATE devices SET identity_conflict = 1699999999.1234567")
    path = "/inventory_device_name/router/"
    _, device = await router.told("GET", path)
    assert device["identity_conflict"].startswith("2023-11-14T22:13:19.123")
    status, told = await router.told("PATCH", path, json={"identity_conflict": "2020-01-01"})
    assert (status, [*told]) == (400, ["identity_conflict"])
    status, told = await router.told("PUT", path, json=device)  # as it was shown
    assert (status, told["identity_conflict"]) == (200, device["identity_conflict"])
    status, told = await router.told("PATCH", path, json={"identity_conflict": None})
    assert (status, told["identity_conflict"]) == (200, None)
    assert await codes(router) == []
    status, told = await router.told("PATCH", path, json={"identity_conflict": "2020-01-01"})
    assert status == 400


@pytest.mark.parametrize(
    ("is_onboarding", "code"), [(True, "onboarding_refused"), (False, "authentication_refused")]
)
async def test_a_device_that_is_not_let_in_is_told_of_until_it_is(router, is_onboarding, code):
    await run(
        router,
        """INSERT INTO refusals (device_id, is_onboarding, since, last, count, address, logged)
           VALUES (1, :is_onboarding, :since, :last, 12, '192.0.2.1', :last)""",
        is_onboarding=is_onboarding,
        since=NOW - 50,
        last=NOW - 10,
    )
    (reason,) = (await explained(router))["reasons"]
    assert (reason["code"], reason["since"]) == (code, "2023-11-14T22:12:30Z")
    facts = {"count": 12, "last": "2023-11-14T22:13:10Z", "address": "192.0.2.1"}
    assert reason["details"] == facts
    await run(router, f"UPDATE presence SET last_inform = {NOW - 5}")
    assert await codes(router) == []


async def test_an_approval_is_written_and_never_shown(router):
    path = "/inventory_device_name/router/"
    status, told = await router.told("PATCH", path, json={"approve_onboarding": True})
    assert (status, "approve_onboarding" in told) == (200, False)
    _, audit = await router.told("GET", "/audit/", params={"object": "device"})
    assert audit["results"][0]["details"] == {"approve_onboarding": True}
    await router.token("viewer", Role.VIEWER)
    body = {"approve_onboarding": True}
    assert (await router.told("PATCH", path, json=body, token="viewer"))[0] == 403
