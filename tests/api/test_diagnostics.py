"""``…_diags/``: tests are asked for, one of a kind at a time, and told with their types."""

import pytest

from inventory import operations
from inventory.access import Role
from inventory.operations import Error

PATH = "/inventory_device_name_diags/"
HOST = {"host": "192.0.2.7"}
PING = {"name": "router", "diagnostic": "ping", **HOST}
FOUND = {
    "state": "Complete",
    "ip_address_used": "192.0.2.7",
    "success_count": 3,
    "failure_count": 0,
    "average_response_time": 12,
    "minimum_response_time": 8,
    "maximum_response_time": 20,
}


@pytest.fixture
async def router(api):
    """A device with the id 1."""
    body = {"name": "router", "serial_number": "S1"}
    assert (await api.told("POST", "/inventory_device_name/", json=body))[0] == 201
    return api


async def end(api, result, error=None):
    operation, _ = await api.store.write(operations.claim_next, 1, api.clock.now)
    if error is None:
        await api.store.write(operations.complete, operation.id, result, api.clock.now)
    else:
        await api.store.write(operations.fail, operation.id, error, api.clock.now, result)


async def request_of(api):
    operation = await api.store.read(operations.find, 1)
    return operation.request


async def test_a_test_is_queued_wakes_the_device_and_is_found_by_its_keys(router):
    async with router.request("POST", PATH, json=PING | {"timeout": 500}) as answer:
        told = await answer.json()
        assert answer.status == 201
        assert answer.headers["Location"].endswith(f"{PATH}{told['transaction_id']}/")
    assert (told["status"], told["diagnostic"], told["result"]) == ("pending", "ping", None)
    assert told["parameters"] == {"host": "192.0.2.7", "timeout": "500"}
    assert router.woken == [1]
    for key in (told["id"], told["transaction_id"], "1"):
        assert (await router.told("GET", f"{PATH}{key}/"))[1] == told
        assert (await router.told("GET", f"{PATH}?id={key}"))[1]["results"] == [told]
    assert (await router.told("GET", f"{PATH}?id=txn_77"))[0] == 404
    assert (await router.told("GET", f"{PATH}?status=completed"))[1]["count"] == 0


@pytest.mark.parametrize(
    ("family", "key"), [("_serial", {"serial_number": "S1"}), ("", {"device_id": 1})]
)
async def test_each_family_asks_by_its_own_key(router, family, key):
    path = f"/inventory_device{family}_diags/"
    body = {**key, "diagnostic": "wifi_neighbors"}
    assert (await router.told("POST", path, json=body))[0] == 201
    wrong = {name: type(value)(77) for name, value in key.items()}
    assert (await router.told("POST", path, json=body | wrong))[0] == 404


async def test_parameters_may_stand_in_an_object_of_their_own(router):
    body = {"device_name": "router", "diagnostic": "ping", "parameters": HOST}
    status, told = await router.told("POST", PATH, json=body)
    assert (status, told["parameters"]) == (201, HOST)
    status, told = await router.told("POST", PATH, json=body | {"host": "192.0.2.8"})
    assert (status, told) == (400, {"parameters": ["Contradicts host."]})
    status, told = await router.told("POST", PATH, json=body | {"name": "another"})
    assert (status, told) == (400, {"device_name": ["Contradicts name."]})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"diagnostic": "ping"}, "host"),
        ({"diagnostic": "download"}, "url"),
        ({"diagnostic": "guess"} | HOST, "diagnostic"),
        (HOST, "diagnostic"),
        ({"diagnostic": "ping", "host": "a b"}, "host"),
        ({"diagnostic": "ping", "host": "a\nb"}, "host"),
        ({"diagnostic": "ping", "max_hop_count": 3} | HOST, "max_hop_count"),
        ({"diagnostic": "ping", "number_of_repetitions": 0} | HOST, "number_of_repetitions"),
        ({"diagnostic": "ping", "number_of_repetitions": 101} | HOST, "number_of_repetitions"),
        ({"diagnostic": "wifi_neighbors"} | HOST, "host"),
        ({"diagnostic": "upload", "url": "http://user:pass@host/"}, "url"),
        ({"diagnostic": "upload", "url": "no url"}, "url"),
        ({"diagnostic": "ping", "colour": "red"} | HOST, "colour"),
    ],
)
async def test_what_no_device_could_be_asked_is_refused_under_its_name(router, body, field):
    status, told = await router.told("POST", PATH, json={"name": "router", **body})
    assert (status, [*told]) == (400, [field])
    assert (await router.told("GET", PATH))[1]["count"] == 0


async def test_an_upload_sends_something_unless_it_is_said_how_much(router):
    body = {"name": "router", "diagnostic": "upload", "url": "http://speed.example/"}
    _, told = await router.told("POST", PATH, json=body)
    assert told["parameters"]["test_file_length"] == "1048576"


async def test_one_of_a_kind_at_a_time_and_others_beside_it(router):
    _, first = await router.told("POST", PATH, json=PING)
    status, told = await router.told("POST", PATH, json=PING)
    assert (status, told["key"]) == (409, first["transaction_id"])
    assert (await router.told("POST", PATH, json=PING | {"diagnostic": "traceroute"}))[0] == 201
    assert (await router.told("GET", PATH))[1]["count"] == 2
    await end(router, FOUND)
    assert (await router.told("POST", PATH, json=PING))[0] == 201


async def test_results_are_told_in_their_types_and_all_keys_are_there(router):
    await router.told("POST", PATH, json=PING)
    await end(router, FOUND)
    _, told = await router.told("GET", f"{PATH}1/")
    assert (told["status"], told["state"], told["progress"]) == ("completed", "Complete", 100)
    assert told["result"] == FOUND


async def test_an_error_of_the_device_is_told_beside_what_it_found(router):
    await router.told("POST", PATH, json=PING)
    word = "Error_CannotResolveHostName"
    await end(router, FOUND | {"state": word}, Error(word, f"The device reports {word}."))
    _, told = await router.told("GET", f"{PATH}1/")
    assert (told["status"], told["state"], told["error"]["code"]) == ("failed", word, word)
    assert told["result"]["success_count"] == 3


async def test_a_test_that_did_not_run_has_no_result(router):
    await router.told("POST", PATH, json=PING)
    await end(router, None, Error("not_supported", "The device has no ping diagnostics."))
    _, told = await router.told("GET", f"{PATH}1/")
    assert (told["state"], told["result"]) == (None, None)


async def test_a_test_is_an_operation_like_any_other(router):
    await router.told("POST", PATH, json=PING | {"force": True})
    assert (await request_of(router))["force"] is True
    _, (told,) = await router.told("GET", "/inventory_device_name_headless_operation/?id=1")
    assert told["operation"] == "diagnostics"
    assert (await router.told("DELETE", "/inventory_device_name_headless_operation/1/"))[0] == 204
    assert (await router.told("GET", f"{PATH}1/"))[1]["status"] == "cancelled"


async def test_an_operation_of_another_kind_is_no_test(router):
    body = {"name": "router", "operation": "reboot"}
    await router.told("POST", "/inventory_device_name_headless_operation/", json=body)
    assert (await router.told("GET", f"{PATH}1/"))[0] == 404
    assert (await router.told("GET", f"{PATH}?id=1"))[0] == 404


async def test_an_inactive_device_is_not_tested_and_a_viewer_tests_none(router):
    await router.token("viewer", Role.VIEWER)
    assert (await router.told("POST", PATH, json=PING, token="viewer"))[0] == 403
    await router.told("PATCH", "/inventory_device_name/router/", json={"is_active": False})
    assert (await router.told("POST", PATH, json=PING))[0] == 409
