"""Names, attributes, checks, services and packages: what may be asked, and what is kept."""

from dataclasses import replace

import pytest

from api.house import HOUSE
from inventory import operations
from inventory.operations import Kind

HEADLESS = "/inventory_device_name_headless_operation/"
UUID = "6f1d7a52-19b5-4a3e-8c64-0d2a0c6f5a10"
URL = "https://files.example/agent-2.1.ipk"


@pytest.fixture
async def router(api):
    """A device with the id 1, on a server that carries out everything."""
    app = api.client.app
    app._state[HOUSE] = replace(app[HOUSE], carries_out=set(Kind))
    assert (await api.told("POST", "/inventory_device_name/", json={"name": "router"}))[0] == 201
    return api


async def ask(api, operation, *variables, **parameters):
    body = {"name": "router", "operation": operation}
    if variables:
        body["variables"] = list(variables)
    if parameters:
        body["parameters"] = parameters
    return await api.told("POST", HEADLESS, json=body)


async def kept(api):
    return await api.store.read(operations.find, 1)


def variable(name="Device.X", **more):
    return {"variable_name": name, **more}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"notification": 2}, {"notification": 2}),
        ({"notification": "0"}, {"notification": 0}),
        ({"value": 1}, {"notification": 1}),
        ({"access_list": []}, {"access_list": []}),
        (
            {"notification": 1, "access_list": ["Subscriber"]},
            {"notification": 1, "access_list": ["Subscriber"]},
        ),
    ],
)
async def test_attributes_are_kept_as_they_are_set(router, given, wanted):
    assert (await ask(router, "set.attr", variable(**given)))[0] == 201
    assert (await kept(router)).request["variables"] == [variable(**wanted)]


@pytest.mark.parametrize(
    ("operation", "given", "field"),
    [
        ("set.attr", {}, "notification"),
        ("set.attr", {"notification": 7}, "notification"),
        ("set.attr", {"value": "loud"}, "value"),
        ("set", {"value": "1", "notification": 2}, "notification"),
    ],
)
async def test_attributes_are_held_to_their_rules(router, operation, given, field):
    status, told = await ask(router, operation, variable(**given))
    assert status == 400
    assert field in told["variables"][0]


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ("get", {"value": "1", "value_type": "string"}),
        ("names", {"writable": True}),
        ("get.attr", {"notification": 2, "access_list": ["Subscriber"]}),
        ("set.attr", {"notification": 2, "access_list": []}),
        ("add.obj", {"instance_number": 3, "value": "Device.X.1.3."}),
        ("del.obj", {"deleted": True}),
    ],
)
async def test_an_operation_that_was_read_can_be_asked_for_again_as_it_is(router, operation, told):
    asked = variable("Device.X.1.", **({"notification": 2} if operation == "set.attr" else {}))
    assert (await ask(router, operation, asked))[0] == 201
    await router.store.write(operations.claim_next, 1, router.clock.now)
    result = {"variables": [{**asked, **told}]}
    await router.store.write(operations.complete, 1, result, router.clock.now)
    _, seen = await router.told("GET", f"{HEADLESS}1/")
    assert seen["variables"][0].items() >= told.items()
    status, again = await router.told("POST", HEADLESS, json=seen)
    assert (status, again["variables"][0]["variable_name"]) == (201, "Device.X.1.")
    kept_again = (await router.store.read(operations.find, 2)).request["variables"][0]
    taken = {"notification", "access_list"} if operation == "set.attr" else set()
    assert kept_again.keys() <= {"variable_name", "value", "value_type"} | taken


async def test_names_may_be_asked_of_everything(router):
    assert (await ask(router, "names"))[0] == 201
    status, told = await ask(router, "names", variable("Device."), next_level="true")
    assert (status, told["parameters"]) == (201, {"next_level": True})
    assert (await ask(router, "get.attr"))[0] == 400


async def test_flags_name_the_checks_and_are_echoed(router):
    flags = {"check_memory": True, "check_disk_space": True, "check_cpu": False}
    status, told = await ask(router, "health_check", **flags, memory_threshold_percent=80)
    assert status == 201
    assert told["parameters"] == flags | {"memory_threshold_percent": 80}
    request = (await kept(router)).request
    assert request["checks"] == ["memory", "disk"]
    assert request["memory_threshold_percent"] == 80


@pytest.mark.parametrize(
    ("operation", "parameters", "path"),
    [
        ("health_check", {"check_memory": "perhaps"}, ["check_memory"]),
        ("health_check", {"check_": True}, ["check_"]),
        ("health_check", {"disk_threshold_percent": 101}, ["disk_threshold_percent"]),
        ("health_check", {"cheque_memory": True}, ["cheque_memory"]),
        ("get", {"check_memory": True}, ["checks"]),
        ("reboot", {"next_level": True}, ["next_level"]),
        ("restart_service", {}, ["service_name"]),
        ("restart_service", {"service_name": ""}, ["service_name"]),
        ("update", {"package_list": []}, ["package_list"]),
        ("update", {"package_list": [{"operation": "install"}]}, ["package_list", 0, "url"]),
        ("update", {"package_list": [{"operation": "uninstall"}]}, ["package_list", 0, "uuid"]),
        ("update", {"package_list": [{"uuid": "x"}]}, ["package_list", 0, "uuid"]),
        ("update", {"package_list": [URL, None]}, ["package_list", 1]),
        ("update", {"package_list": ["http://u:p@files.example/x"]}, ["package_list", 0, "url"]),
        ("update", {"package_list": [URL, "http://files.example/a b"]}, ["package_list", 1, "url"]),
        ("update", {"package_list": [{"url": "agent.ipk"}]}, ["package_list", 0, "url"]),
        ("update", {"package_list": [{"url": ""}]}, ["package_list", 0, "url"]),
        ("update", {"package_list": [{"name": "a", "url": "x"}]}, ["package_list", 0, "url"]),
        ("download", {"package_list": [URL]}, ["package_list"]),
    ],
)
async def test_parameters_are_held_to_their_rules(router, operation, parameters, path):
    variables = [variable()] if operation == "get" else []
    status, told = await ask(router, operation, *variables, **parameters)
    assert status == 400
    found = told["parameters"]
    for step in path:
        found = found[step]
    assert found


async def test_packages_are_understood_in_short_and_their_passwords_are_sealed(router):
    given = [
        URL,
        "agent",
        {"url": URL, "uuid": UUID},
        {"operation": "uninstall", "uuid": UUID},
        {"url": URL, "username": "u", "password": "hunter2"},
    ]
    status, told = await ask(router, "update", package_list=given)
    assert (status, told["operation"]) == (201, "update")
    operation = await kept(router)
    assert operation.kind is Kind.UPDATE
    packages = operation.request["packages"]
    assert [(each["operation"], each.get("name")) for each in packages] == [
        ("install", None),
        ("update", "agent"),
        ("update", None),
        ("uninstall", None),
        ("install", None),
    ]
    assert packages[4]["sealed_password"]
    assert "hunter2" not in str(operation.request)
    assert "hunter2" not in str(told)


async def test_an_update_without_packages_is_a_download(router):
    status, told = await ask(router, "update", url="http://files.example/gateway.bin")
    assert (status, told["operation"]) == (201, "update")
    assert (await kept(router)).kind is Kind.DOWNLOAD


async def test_the_older_word_for_sync_is_understood(router):
    status, told = await ask(router, "inventory_sync")
    assert (status, told["operation"]) == (201, "inventory_sync")
    assert (await kept(router)).kind is Kind.SYNC


async def found(api, word):
    _, told = await api.told("GET", f"{HEADLESS}?operation={word}")
    return [(each["id"], each["operation"], each["operation_type"]) for each in told]


async def test_an_operation_is_found_by_the_word_that_it_was_asked_for_by(router):
    await ask(router, "update", url="http://files.example/gateway.bin")
    await ask(router, "update", package_list=[URL])
    await ask(router, "download", url="http://files.example/gateway.bin")
    await ask(router, "inventory_sync")
    await ask(router, "sync")
    firmware, packages = ("txn_1", "update", "update"), ("txn_2", "update", "update")
    download = ("txn_3", "download", "download")
    assert await found(router, "update") == [download, packages, firmware]
    assert await found(router, "download") == [download, firmware]
    older = ("txn_4", "inventory_sync", "inventory_sync")
    for word in ("sync", "inventory_sync"):
        assert await found(router, word) == [("txn_5", "sync", "sync"), older]
    assert (await router.told("GET", f"{HEADLESS}1/"))[1]["operation"] == "update"
    status, told = await router.told("GET", f"{HEADLESS}?operation=inventory")
    assert (status, told) == (400, {"operation": ['"inventory" is not a valid choice.']})
