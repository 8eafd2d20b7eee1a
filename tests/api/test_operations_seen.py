"""Operations in lists, by id, in a device's history; waiting for their end."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from api.app import ApiOptions, make_app
from api.keys import SIGNALS
from api.waiting import ENDS
from inventory import operations
from inventory.operations import Error, Kind, Origin
from inventory.signals import Signals

HEADLESS = "/inventory_device_name_headless_operation/"
NAMES = ["Device.A", "Device.B"]
WAIT_S = 30  # far more than any of these waits lasts


@pytest.fixture
async def router(api):
    """A device with the id 1."""
    assert (await api.told("POST", "/inventory_device_name/", json={"name": "router"}))[0] == 201
    return api


async def queue(
    api: Any, kind: Kind = Kind.GET, /, variables: Any = None, **more: Any
) -> operations.Operation:
    names = variables or (NAMES if kind is Kind.GET else [])
    variables = [{"variable_name": name} for name in names]
    return await api.store.write(
        operations.queue, 1, kind, {"variables": variables}, api.clock.now, **more
    )


async def claim(api: Any) -> operations.Operation:
    claimed, _ = await api.store.write(operations.claim_next, 1, api.clock.now)
    return claimed


async def end(api: Any, number: int, result: Any, error: Error | None = None) -> None:
    if error is None:
        await api.store.write(operations.complete, number, result, api.clock.now)
    else:
        await api.store.write(operations.fail, number, error, api.clock.now, result)
    api.client.app[SIGNALS].finished(number)


async def is_waited_for(api: Any, number: int) -> None:
    """Returns when a request waits for the operation's end."""
    async with asyncio.timeout(WAIT_S):
        while number not in api.client.app[ENDS]._futures:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0)


async def listed(api: Any, query: str = "") -> Any:
    return await api.told("GET", f"{HEADLESS}?{query}")


# --- Results ---------------------------------------------------------------------------------


async def test_a_get_tells_the_values_and_types_that_were_read(router):
    made = await queue(router)
    await claim(router)
    router.clock.now += 3
    read = [{"variable_name": name, "value": "1", "value_type": "string"} for name in NAMES]
    await end(router, made.id, {"variables": read})
    status, told = await router.told("GET", f"{HEADLESS}{made.key}/")
    assert (status, told["status"], told["variables"]) == (200, "completed", read)
    assert (told["progress"], told["attempts"]) == (100, 1)
    assert told["started_at"] == "2023-11-14T22:13:20Z"
    assert told["completed_at"] == "2023-11-14T22:13:23Z"
    assert told["error"] is None
    assert told["operation_details"] == {
        "total_tasks": 2,
        "completed_tasks": 2,
        "current_task": None,
    }


async def test_one_bad_name_does_not_lose_the_rest(router):
    made = await queue(router)
    await claim(router)
    fault = {"code": "9005", "message": "Invalid parameter name"}
    error = Error(fault["code"], fault["message"], {"Device.B": fault})
    read = [{"variable_name": "Device.A", "value": "", "value_type": "string"}]
    await end(router, made.id, {"variables": read}, error)
    _, (told,) = await listed(router, f"id={made.id}")
    assert (told["status"], told["variables"]) == ("failed", read)
    assert told["error"] == {**fault, "parameters": {"Device.B": fault}}
    assert told["operation_details"]["completed_tasks"] == 1


async def test_what_is_still_asked_shows_its_variables_without_values(router):
    await queue(router)
    _, (told,) = await listed(router)
    assert told["variables"] == [
        {"variable_name": name, "value": None, "value_type": None} for name in NAMES
    ]


async def test_a_new_instance_is_told_by_number_and_path(router):
    made = await queue(router, Kind.ADD_OBJECT)
    await claim(router)
    added = {"variable_name": "Device.A.", "instance_number": 3, "value": "Device.A.3."}
    await end(router, made.id, {"variables": [added]})
    _, (told,) = await listed(router, f"id={made.key}")
    assert told["variables"] == [{**added, "value_type": None}]


async def test_what_is_known_to_be_deleted_is_told_though_no_answer_came_in_the_end(router):
    made = await queue(router, Kind.DELETE_OBJECT, variables=["Device.A.1.", "Device.A.2."])
    await claim(router)
    evidence = {"path": "Device.A.2.", "deleted": ["Device.A.1."]}
    await router.store.write(operations.note, made.id, evidence)
    await end(router, made.id, None, operations.NO_ANSWER)
    _, told = await router.told("GET", f"{HEADLESS}{made.key}/")
    first, second = told["variables"]
    assert (first["deleted"], "deleted" in second) == (True, False)


async def test_a_set_tells_the_devices_status_beside_its_variables(router):
    made = await queue(router, Kind.SET)
    await claim(router)
    await end(router, made.id, {"variables": [], "status": 1})
    _, (told,) = await listed(router)
    assert told["result"] == {"status": 1}


# --- Lists -----------------------------------------------------------------------------------


async def test_a_list_without_a_page_is_a_bare_array_of_the_newest(router):
    keys = [(await queue(router)).key for _ in range(3)]
    async with router.request("GET", HEADLESS) as answer:
        told = await answer.json()
        assert answer.headers["X-Total-Count"] == "3"
        assert "Link" not in answer.headers
    assert [each["transaction_id"] for each in told] == keys[::-1]


async def test_a_list_with_a_page_is_the_object(router):
    for _ in range(3):
        await queue(router)
    _, told = await listed(router, "limit=2")
    assert (told["count"], len(told["results"]), told["previous"]) == (3, 2, None)
    _, rest = await router.told("GET", told["next"])
    assert [each["id"] for each in rest["results"]] == ["txn_1"]
    assert rest["next"] is None
    _, past = await listed(router, "offset=7")
    assert (past["count"], past["results"]) == (3, [])


async def test_the_link_of_a_bare_array_leads_on_in_the_same_form(router):
    for _ in range(101):
        await queue(router)
    seen, path = [], f"{HEADLESS}?operation=get"
    while path:
        async with router.request("GET", path) as answer:
            told = await answer.json()
            assert isinstance(told, list)
            seen += [each["id"] for each in told]
            links = answer.links
        path = str(links["next"]["url"]) if "next" in links else None
    assert seen == [f"txn_{n}" for n in range(101, 0, -1)]
    assert "offset=0" in str(links["prev"]["url"])


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("envelope=true", dict),
        ("envelope=false&limit=5", list),
        ("envelope=FALSE&offset=0", list),
        ("id=1", list),
        ("id=1&limit=1", dict),
    ],
)
async def test_the_form_of_a_list_can_be_chosen(router, query, kind):
    await queue(router)
    assert type((await listed(router, query))[1]) is kind


async def test_an_id_that_matches_nothing_is_not_found_and_an_empty_list_is(router):
    await queue(router)
    for name in ("2", "txn_2", "op_2", "none", "-1", "99999999999999999999"):
        assert (await listed(router, f"id={name}"))[0] == 404
        assert (await router.told("GET", f"{HEADLESS}{name}/"))[0] == 404
    assert (await listed(router, "id=1&status=failed"))[0] == 404
    assert await listed(router, "status=failed") == (200, [])
    assert await listed(router, "name=none") == (200, [])


async def test_lists_are_filtered_and_bad_filters_are_refused_by_name(router):
    await queue(router)
    router.clock.now += 60
    await queue(router, Kind.REBOOT)
    for query, ids in {
        "operation=reboot": ["txn_2"],
        "status=pending": ["txn_2", "txn_1"],
        "status=running": [],
        "name=router&created_to=2023-11-14T22:13:20Z": ["txn_1"],
        "created_from=2023-11-14T23:13:21+01:00": ["txn_2"],
        "device_id=1&serial_number=S": [],
    }.items():
        assert [each["id"] for each in (await listed(router, query))[1]] == ids, query
    bad = "status=done&operation=x&created_from=soon&limit=0&wait=5&envelope=2&colour=red"
    status, errors = await listed(router, bad)
    names = {"status", "operation", "created_from", "limit", "wait", "envelope", "colour"}
    assert (status, errors.keys()) == (400, names)


async def test_the_servers_own_operations_are_hidden_unless_asked_for(router):
    await queue(router, Kind.ENROL, origin=Origin.SYSTEM)
    assert await listed(router) == (200, [])
    _, (told,) = await listed(router, "operation=enrol")
    assert told["operation"] == "enrol"


async def test_a_list_shows_at_most_200_variables_and_by_id_all(router):
    request = {"variables": [{"variable_name": f"Device.A.{n}"} for n in range(250)]}
    await router.store.write(operations.queue, 1, Kind.GET, request, router.clock.now)
    _, (few,) = await listed(router)
    assert (len(few["variables"]), few["variables_count"]) == (200, 250)
    assert few["variables_truncated"] is True
    _, (all_,) = await listed(router, "id=1")
    assert (len(all_["variables"]), all_["variables_truncated"]) == (250, False)


async def test_a_device_has_a_history(router):
    await router.told("POST", "/inventory_device_name/", json={"name": "other"})
    await queue(router)
    await queue(router, Kind.REBOOT)
    for path in ("_name/router", "/1"):
        _, told = await router.told("GET", f"/inventory_device{path}/operations/?operation=reboot")
        assert (told["count"], told["results"][0]["id"]) == (1, "txn_2")
    _, told = await router.told("GET", "/inventory_device_name/other/operations/")
    assert told["results"] == []
    assert (await router.told("GET", "/inventory_device_name/none/operations/"))[0] == 404


async def test_a_devices_history_has_the_servers_own_operations_too(router):
    await queue(router, created_by="billing")
    await queue(router, Kind.ENROL, origin=Origin.SYSTEM)
    _, told = await router.told("GET", "/inventory_device_name/router/operations/")
    shown = [(each["operation"], each["created_by"]) for each in told["results"]]
    assert (told["count"], shown) == (2, [("enrol", None), ("get", "billing")])


# --- Waiting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [HEADLESS + "?id=1&wait={}", HEADLESS + "1/?wait={}"])
async def test_a_wait_ends_with_the_operation(router, path):
    made = await queue(router)
    await claim(router)
    waiting = asyncio.create_task(router.told("GET", path.format(WAIT_S)))
    await is_waited_for(router, made.id)
    await end(router, made.id, {"variables": []})
    async with asyncio.timeout(WAIT_S / 2):
        _, told = await waiting
    assert (told[0] if isinstance(told, list) else told)["status"] == "completed"


async def test_a_wait_ends_when_the_operation_is_taken_back(router):
    made = await queue(router)
    waiting = asyncio.create_task(router.told("GET", f"{HEADLESS}1/?wait={WAIT_S}"))
    await is_waited_for(router, made.id)
    async with router.request("DELETE", f"{HEADLESS}1/") as answer, asyncio.timeout(WAIT_S / 2):
        assert answer.status == 204
        assert (await waiting)[1]["status"] == "cancelled"


async def test_a_wait_for_what_has_ended_or_lasts_longer_answers_with_what_there_is(router):
    made = await queue(router)
    async with asyncio.timeout(WAIT_S / 2):
        assert (await listed(router, "id=1&wait=0.01"))[1][0]["status"] == "pending"
        await router.store.write(operations.cancel, made.id, router.clock.now)
        assert (await listed(router, f"id=1&wait={WAIT_S}"))[1][0]["status"] == "cancelled"
    for wait in ("61", "-1", "nan", "soon"):
        status, errors = await listed(router, f"id=1&wait={wait}")
        assert (status, [*errors]) == (400, ["wait"])


async def test_nobody_is_kept_waiting_when_the_server_goes_down(router):
    made = await queue(router)
    waiting = asyncio.create_task(router.told("GET", f"{HEADLESS}1/?wait={WAIT_S}"))
    await is_waited_for(router, made.id)
    await router.client.app.shutdown()
    async with asyncio.timeout(WAIT_S / 2):
        assert (await waiting)[1]["status"] == "pending"


# --- Asking the devices first ----------------------------------------------------------------


@pytest.mark.parametrize("path", [HEADLESS, HEADLESS + "?id=1", HEADLESS + "1/"])
async def test_update_status_asks_each_device_once_and_shows_what_came_of_it(
    router, house_in, aiohttp_client, tmp_path, path
):
    asked = []

    async def ask_to_inform(device_ids):
        asked.append([*device_ids])
        await router.store.write(lambda tx: tx.run("UPDATE presence SET is_up = TRUE"))

    house = replace(house_in(tmp_path), ask_to_inform=ask_to_inform)
    app = make_app(router.store, Signals(), ApiOptions(), house, clock=router.clock)
    router.client = await aiohttp_client(app)
    await queue(router)
    await queue(router)
    status, told = await router.told(
        "GET", f"{path}{'&' if '?' in path else '?'}update_status=true"
    )
    assert (status, asked) == (200, [[1]])
    for each in told if isinstance(told, list) else [told]:
        assert each["device_details"]["status"] == "Up"
