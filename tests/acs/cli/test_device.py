"""`acs device`: the operator's command line over the rules of the API."""

import json

import pytest

from inventory import audit, operations
from inventory.access import of_the_house
from inventory.audit import Filter
from inventory.operations import State
from inventory.query import Window

HOUSE = of_the_house("tests")
UPTIME = "Device.DeviceInfo.UpTime"


@pytest.fixture
def devices(inventory):
    for number in range(3):
        inventory.create(name=f"r{number}", serial_number=f"SN{number}", customer_id="7")
    return inventory


def audited(inventory):
    entries = inventory.ask(audit.list_entries, HOUSE, Filter(), Window(10, 0)).items
    return {(entry.actor, entry.action, entry.object_key) for entry in entries}


def test_devices_are_listed_and_searched(devices):
    lines = devices.run("device", "list").stdout.splitlines()
    assert lines[0].startswith("NAME")
    assert [line.split()[:2] for line in lines[1:]] == [[f"r{n}", "Down"] for n in range(3)]
    found = devices.run("device", "list", "--search", "SN1", "--json").stdout.splitlines()
    assert [json.loads(line)["name"] for line in found] == ["r1"]
    assert "0 of 3" in devices.run("device", "list", "--offset", 5).stderr


def test_a_bad_filter_is_told_in_the_apis_words(devices):
    told = devices.run("device", "list", "--organization", "x", status=1).stderr
    assert "organization: A valid integer is required." in told


def test_one_device_is_shown_with_the_fields_of_the_api(devices):
    shown = json.loads(devices.run("device", "show", "r1").stdout)
    assert (shown["serial_number"], shown["pending_details"]["items"]) == ("SN1", [])
    assert "password" not in shown
    assert "No device 'r9'" in devices.run("device", "show", "r9", status=1).stderr


def test_fields_are_set_and_cleared_and_audited(devices):
    told = devices.run(
        "device", "set", "r1", "customer_id=", "debug=true", "description=a=b"
    ).stdout
    assert told == "r1: changed\n"
    found = devices.device("r1")
    assert (found.customer_id, found.debug, found.description) == (None, True, "a=b")
    assert devices.run("device", "set", "r1", "debug=1").stdout == "r1: unchanged\n"
    assert ("cli", "change", "r1") in audited(devices)


def test_a_password_is_asked_for_and_not_echoed(devices):
    result = devices.run("device", "set", "r1", "username=u", "password=-", stdin="s3cr3t\n")
    assert "s3cr3t" not in result.output
    assert devices.run("device", "set", "r1", "password=s3cr3t").stdout == "r1: unchanged\n"


@pytest.mark.parametrize(
    ("change", "text", "status"),
    [
        ("update_frequency=0", "Ensure this value is greater than or equal to 1.", 1),
        ("colour=red", "colour: Unknown field.", 1),
        ("debug=", "debug: This field may not be null.", 1),
        ("debug", "'debug' is not NAME=VALUE", 2),
    ],
)
def test_a_wrong_change_is_refused(devices, change, text, status):
    assert text in devices.run("device", "set", "r1", change, status=status).stderr


def test_a_device_is_deleted_when_that_is_meant(devices):
    devices.run("device", "delete", "r1", stdin="n\n", status=1)
    devices.device("r1")
    devices.run("device", "delete", "r1", "--yes")
    devices.run("device", "show", "r1", status=1)
    assert ("cli", "delete", "r1") in audited(devices)


def test_an_operation_is_queued_for_a_server_to_find(devices):
    key = devices.run("device", "operation", "r1", "get", UPTIME).stdout.strip()
    found = devices.ask(operations.find, 1)
    assert (found.key, found.state, found.created_by) == (key, State.SCHEDULED, "cli")
    assert found.request["variables"] == [{"variable_name": UPTIME}]
    assert ("cli", "queue", key) in audited(devices)


def test_a_value_may_hold_anything_and_secrets_are_sealed(devices):
    devices.run("device", "operation", "r1", "set", "Device.X.Name=a=b", "Device.X.Password=s3cr3t")
    name, password = devices.ask(operations.find, 1).request["variables"]
    assert name["value"] == "a=b"
    assert "value" not in password


def test_what_is_waited_for_in_vain_is_shown_as_it_is(devices):
    told = devices.run("device", "operation", "r1", "reboot", "--wait", "0.01").stdout
    assert json.loads(told.partition("\n")[2])["status"] == "scheduled"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["r1", "dance"], "operation:"),
        (["r1", "set", UPTIME], "variables"),
        (["r9", "reboot"], "No device 'r9'"),
    ],
)
def test_a_wrong_order_is_refused(devices, words, text):
    assert text in devices.run("device", "operation", *words, status=1).stderr


def test_no_database_is_made_by_looking_for_devices(inventory):
    assert "There is no database" in inventory.run("device", "list", status=1).stderr
    assert not inventory.database.exists()
