"""Orders placed, excluded and taken back; what a stored request holds, and what a report tells."""

import json
from dataclasses import replace
from typing import Any

import pytest

from inventory import access, devices, operations, organizations, sealed_variables
from inventory.access import Caller, Role
from inventory.actions import estimates, orders, placing, viewing
from inventory.actions.orders import Order
from inventory.actions.viewing import Filter
from inventory.devices import Family, Key, Setup
from inventory.errors import (
    DeviceInactive,
    DeviceUnreachable,
    Invalid,
    NotCancellable,
    NotFound,
    OperationInProgress,
    PreconditionFailed,
)
from inventory.operations import Error, Kind, Origin, State
from inventory.query import ANY_VERSION, Expected, Window
from inventory.secrets import Vault
from inventory.sqlite.store import SqliteStore

PERSON = access.of_the_house("tests")
VIEWER = Caller(None, "viewer", Role.VIEWER, None)
NOW = 1_700_000_000.0
ROUTER = Key(Family.NAME, "router")
SECRET = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


class Fleet:
    """A device that is Up, and what may be asked of it."""

    def __init__(self, store: SqliteStore, vault: Vault) -> None:
        self.store, self.vault = store, vault

    async def start(self, order: Order, now: float = NOW) -> viewing.Report:
        return await self.store.write(placing.start, PERSON, ROUTER, order, ANY_VERSION, now)

    async def queue(self, order: Order, now: float = NOW) -> viewing.Report:
        return await self.store.write(placing.queue, PERSON, ROUTER, order, now)

    async def claim(self, now: float = NOW) -> operations.Operation:
        claimed, _ = await self.store.write(operations.claim_next, 1, now)
        assert claimed is not None
        return claimed

    async def get(self, number: int) -> viewing.Report:
        return await self.store.read(viewing.get, PERSON, viewing.refer(str(number)))

    async def cancel(self, number: int, expected: Expected = ANY_VERSION) -> int:
        reference = viewing.refer(str(number))
        return await self.store.write(placing.cancel, PERSON, reference, expected, NOW)

    async def listed(self, caller: Caller = PERSON, **wanted: Any) -> list[int]:
        page = await self.store.read(viewing.page, caller, Filter(**wanted), Window())
        assert page.count == len(page.items)
        return [report.operation.id for report in page.items]

    async def sql(self, text: str, **parameters: Any) -> Any:
        return await self.store.write(lambda tx: tx.all(text, **parameters))


@pytest.fixture
async def fleet(tmp_path):
    async with await SqliteStore.open(tmp_path / "inventory.db") as store:
        vault = Vault.load(tmp_path / "keys")
        await store.write(devices.create, PERSON, {"name": "router"}, Setup(vault), NOW)
        fleet = Fleet(store, vault)
        await fleet.sql("UPDATE presence SET is_up = TRUE, last_inform = :now", now=NOW)
        yield fleet


def variables(*names: str, **more: str) -> list[dict[str, str]]:
    return [{"variable_name": name, **more} for name in names]


def get_of(*names: str) -> Order:
    return Order(Kind.GET, {"variables": variables(*names)})


REBOOT = Order(Kind.REBOOT)


# --- Starting --------------------------------------------------------------------------------


async def test_a_start_on_a_device_that_is_up_is_due_at_once(fleet):
    report = await fleet.start(replace(REBOOT, timeout_s=60.0))
    operation = report.operation
    assert (operation.state, operation.due, operation.expires) == (State.PENDING, NOW, NOW + 60)
    assert operation.key.startswith("op_")
    assert len(operation.key) <= 32
    assert report.target.name == "router"


async def test_a_start_on_an_inactive_device_is_refused_even_by_force(fleet):
    await fleet.sql("UPDATE devices SET is_active = FALSE")
    for forced in (False, True):
        with pytest.raises(DeviceInactive):
            await fleet.start(replace(REBOOT, is_forced=forced))
    assert await fleet.listed() == []


@pytest.mark.parametrize("state", ["is_up = FALSE", "last_inform = NULL, is_up = FALSE"])
async def test_a_start_on_an_offline_device_needs_force(fleet, state):
    await fleet.sql(f"UPDATE presence SET {state}")
    with pytest.raises(DeviceUnreachable):
        await fleet.start(REBOOT)
    await fleet.start(replace(REBOOT, is_forced=True))


async def test_a_start_is_refused_while_another_of_its_group_is_due_or_running(fleet):
    first = (await fleet.start(REBOOT)).operation
    with pytest.raises(OperationInProgress) as refused:
        await fleet.start(Order(Kind.FACTORY))
    assert (refused.value.operation, refused.value.key) == ("reboot", first.key)
    await fleet.claim()
    await fleet.store.write(operations.wait_for, first.id, "M Reboot", {})
    with pytest.raises(OperationInProgress):
        await fleet.start(replace(REBOOT, is_forced=True))
    await fleet.store.write(operations.complete, first.id, None, NOW)
    await fleet.start(REBOOT)


async def test_what_is_planned_or_too_late_does_not_exclude(fleet):
    await fleet.queue(replace(REBOOT, due=NOW + 3600))
    await fleet.queue(replace(REBOOT, timeout_s=5.0))
    await fleet.start(REBOOT, NOW + 10)
    with pytest.raises(OperationInProgress):
        await fleet.start(REBOOT, NOW + 20)


async def test_reading_excludes_nothing_and_is_not_excluded(fleet):
    await fleet.queue(get_of("Device."))
    await fleet.start(REBOOT)
    await fleet.start(get_of("Device."))


async def test_a_start_for_another_version_of_the_device_changes_nothing(fleet):
    with pytest.raises(PreconditionFailed):
        await fleet.store.write(
            placing.start, PERSON, ROUTER, REBOOT, Expected(frozenset({"old"})), NOW
        )
    assert await fleet.listed() == []


# --- Queueing --------------------------------------------------------------------------------


async def test_a_queued_operation_waits_for_an_offline_device(fleet):
    await fleet.sql("UPDATE presence SET is_up = FALSE")
    report = await fleet.queue(get_of("Device."))
    assert report.operation.state is State.PENDING


async def test_nothing_is_queued_on_an_inactive_or_unknown_device(fleet):
    await fleet.sql("UPDATE devices SET is_active = FALSE")
    with pytest.raises(DeviceInactive):
        await fleet.queue(REBOOT)
    with pytest.raises(NotFound):
        await fleet.store.write(placing.queue, PERSON, Key(Family.NAME, "none"), REBOOT, NOW)


async def test_a_later_time_is_kept_and_an_earlier_one_means_now(fleet):
    later = (await fleet.queue(replace(REBOOT, due=NOW + 60))).operation
    assert (later.state, later.due) == (State.SCHEDULED, NOW + 60)
    assert later.expires == NOW + 60 + operations.QUEUED_TIMEOUT_S
    sooner = (await fleet.queue(replace(REBOOT, due=NOW - 60))).operation
    assert (sooner.state, sooner.due) == (State.PENDING, NOW)


async def test_the_stored_request_holds_no_secret_and_its_script_reads_all(fleet):
    wanted = [*variables(SECRET, value="hunter22"), *variables("Device.A", value="1")]
    values = {"KeyPassphrase": "swordfish", "Enable": "1"}
    settings = orders.make(Kind.SET, wanted, {}, {"timeout": 5}, fleet.vault, timeout_s=5.0)
    adding = orders.make(Kind.ADD_OBJECT, variables("Device.B."), values, {}, fleet.vault)
    for order in (settings, adding):
        stored = json.dumps(order.request)
        assert "hunter22" not in stored
        assert "swordfish" not in stored
    assert sealed_variables.opened(settings.request, fleet.vault) == {
        "variables": wanted,
        "parameters": {"timeout": 5},
    }
    assert sealed_variables.opened(adding.request, fleet.vault) == {
        "variables": variables("Device.B."),
        "values": values,
    }


def test_an_order_tells_all_that_is_wrong_with_it(tmp_path):
    vault = Vault.load(tmp_path / "keys")
    with pytest.raises(Invalid) as refused:
        orders.make(Kind.GET, variables("Device.A", "a b"), {"A": "1"}, {}, vault)
    assert refused.value.fields == {
        "variables": [{}, {"variable_name": ["This is not the path of a parameter or an object."]}],
        "parameters": {"values": ["get takes no values."]},
    }


async def test_the_audit_tells_who_asked_for_what_and_no_value(fleet):
    order = orders.make(Kind.SET, variables(SECRET, value="hunter22"), {}, {}, fleet.vault)
    report = await fleet.queue(order)
    await fleet.cancel(report.operation.id)
    rows = await fleet.sql("SELECT actor, action, object_key, details FROM audit ORDER BY id")
    assert [tuple(row)[:3] for row in rows][1:] == [
        ("tests", "queue", report.operation.key),
        ("tests", "cancel", report.operation.key),
    ]
    assert json.loads(rows[1]["details"]) == {
        "device": "router",
        "operation": "set",
        "variables": [SECRET],
    }


# --- Taking back -----------------------------------------------------------------------------


async def test_what_has_not_started_is_cancelled_once(fleet):
    number = (await fleet.queue(REBOOT)).operation.id
    assert await fleet.cancel(number) == [number]
    assert (await fleet.get(number)).operation.state is State.CANCELLED
    with pytest.raises(NotCancellable):
        await fleet.cancel(number)


async def test_what_runs_is_not_cancelled(fleet):
    number = (await fleet.queue(REBOOT)).operation.id
    await fleet.claim()
    with pytest.raises(NotCancellable) as refused:
        await fleet.cancel(number)
    assert refused.value.status == "running"


async def test_a_cancel_of_what_has_changed_since_is_refused(fleet):
    number = (await fleet.queue(REBOOT)).operation.id
    seen = viewing.tag(await fleet.get(number))
    await fleet.claim()
    with pytest.raises(PreconditionFailed):
        await fleet.cancel(number, Expected(frozenset({seen})))


# --- Seeing ----------------------------------------------------------------------------------


async def test_an_operation_is_found_by_all_its_names_and_by_no_other(fleet):
    operation = (await fleet.queue(REBOOT)).operation
    for name in (str(operation.id), f"txn_{operation.id}", operation.key):
        found = await fleet.store.read(viewing.get, PERSON, viewing.refer(name))
        assert found.operation == operation
    for name in ("2", "txn_", "txn_2", "op_", "", "-1", "9" * 30, "١", "one"):
        with pytest.raises(NotFound):
            await fleet.store.read(lambda tx, n: viewing.get(tx, PERSON, viewing.refer(n)), name)


async def test_the_servers_own_operations_are_seen_only_where_asked_for(fleet):
    enrolment = await fleet.store.write(
        operations.queue, 1, Kind.ENROL, {}, NOW, origin=Origin.SYSTEM
    )
    mine = (await fleet.queue(REBOOT)).operation
    assert await fleet.listed() == [mine.id]
    assert await fleet.listed(kinds=(Kind.ENROL,)) == [enrolment.id]
    assert (await fleet.get(enrolment.id)).operation.kind is Kind.ENROL


async def test_lists_are_narrowed_by_everything_that_they_know(fleet):
    await fleet.store.write(
        devices.create,
        PERSON,
        {"name": "other", "serial_number": "S2"},
        Setup(fleet.vault),
        NOW,
    )
    first = (await fleet.queue(REBOOT, NOW)).operation.id
    second = (await fleet.queue(replace(get_of("Device."), due=NOW + 99), NOW + 10)).operation.id
    other = await fleet.store.write(
        placing.queue, PERSON, Key(Family.NAME, "other"), REBOOT, NOW + 20
    )
    third = other.operation.id
    assert await fleet.listed() == [third, second, first]
    assert await fleet.listed(device_name="router") == [second, first]
    assert await fleet.listed(serial_number="S2") == [third]
    assert await fleet.listed(device_id=2) == [third]
    assert await fleet.listed(device_name="none") == []
    assert await fleet.listed(kinds=("reboot",), device_name="router") == [first]
    assert await fleet.listed(state="scheduled") == [second]
    assert await fleet.listed(created_from=NOW + 10, created_to=NOW + 10) == [second]
    assert await fleet.listed(reference=viewing.refer(str(first)), device_name="other") == []


async def test_another_organizations_operations_do_not_exist(fleet):
    made = await fleet.store.write(organizations.create, PERSON, "foreign", None, NOW)
    foreigner = Caller(None, "foreigner", Role.ADMIN, frozenset({made.id}))
    number = (await fleet.queue(REBOOT)).operation.id
    assert await fleet.listed(foreigner) == []
    assert await fleet.listed(foreigner, device_name="router") == []
    with pytest.raises(NotFound):
        await fleet.store.read(viewing.get, foreigner, viewing.refer(str(number)))
    with pytest.raises(NotFound):
        await fleet.store.write(
            placing.cancel, foreigner, viewing.refer(str(number)), ANY_VERSION, NOW
        )
    own = Caller(None, "own", Role.VIEWER, frozenset({1}))
    assert await fleet.listed(own) == [number]


async def test_a_list_shows_the_first_variables_and_tells_how_many_there_are(fleet):
    names = [f"Device.A.{n}" for n in range(viewing.IN_A_LIST + 1)]
    number = (await fleet.queue(get_of(*names))).operation.id
    page = await fleet.store.read(viewing.page, PERSON, Filter(), Window())
    (listed,) = page.items
    assert (len(listed.variables), listed.variables_count) == (200, 201)
    assert len((await fleet.get(number)).variables) == 201


async def test_a_result_takes_the_place_of_what_was_asked(fleet):
    number = (await fleet.queue(get_of("Device.A", "Device.B"))).operation.id
    await fleet.claim()
    assert (await fleet.get(number)).variables == variables("Device.A", "Device.B")
    read = variables("Device.A", value="1", value_type="string")
    error = Error("9005", "Invalid parameter name", {"Device.B": {"code": "9005", "message": ""}})
    await fleet.store.write(operations.fail, number, error, NOW, {"variables": read, "rest": 1})
    report = await fleet.get(number)
    assert (report.variables, report.variables_count) == (read, 1)
    assert report.result == {"rest": 1}
    assert (report.tasks, report.tasks_done) == (2, 1)


async def test_a_long_result_is_read_only_as_far_as_it_is_shown(fleet):
    number = (await fleet.queue(get_of("Device."))).operation.id
    await fleet.claim()
    read = variables(*(f"Device.A.{n}" for n in range(5000)), value="ü" * 20)
    result = {"first": 1, "variables": read, "last": 2}
    await fleet.store.write(operations.complete, number, result, NOW)
    page = await fleet.store.read(viewing.page, PERSON, Filter(), Window())
    (listed,) = page.items
    assert (listed.variables, listed.variables_count) == (read[:200], 5000)
    assert listed.result == {"first": 1}
    report = await fleet.get(number)
    assert (report.variables, report.result) == (read, {"first": 1, "last": 2})


async def test_tasks_tell_how_far_it_is(fleet):
    adding = Order(Kind.ADD_OBJECT, {"variables": variables("Device.A.", "Device.B.")})
    number = (await fleet.queue(adding)).operation.id
    report = await fleet.get(number)
    assert (report.tasks, report.tasks_done, report.current_task) == (2, 0, None)
    await fleet.claim()
    assert (await fleet.get(number)).current_task == "add.obj"
    evidence = {"sent": "AddObject", "added": [{"instance_number": 1}]}
    await fleet.store.write(operations.note, number, evidence)
    report = await fleet.get(number)
    assert (report.tasks_done, report.current_task) == (1, "AddObject")
    await fleet.store.write(operations.complete, number, None, NOW)
    report = await fleet.get(number)
    assert (report.tasks_done, report.current_task) == (2, None)


async def test_an_operation_that_waits_for_an_event_says_so(fleet):
    number = (await fleet.start(REBOOT)).operation.id
    await fleet.claim()
    await fleet.store.write(operations.wait_for, number, "M Reboot", {})
    report = await fleet.get(number)
    assert (report.tasks, report.current_task) == (1, "waits for M Reboot")


async def test_secrets_are_told_to_those_who_may_set_them(fleet):
    order = orders.make(Kind.SET, variables(SECRET, value="hunter22"), {}, {}, fleet.vault)
    report = await fleet.queue(order)
    told = {
        caller.name: viewing.unsealing(caller, fleet.vault)(report.variables)[0]["value"]
        for caller in (PERSON, VIEWER)
    }
    assert told == {"tests": "hunter22", "viewer": "********"}


async def test_secrets_that_the_server_sets_itself_are_told_to_nobody(fleet):
    sealed = sealed_variables.seal(variables(SECRET, value="hunter22"), fleet.vault)
    request = {"variables": sealed}
    own = await fleet.store.write(operations.queue, 1, Kind.SET, request, NOW, origin=Origin.SYSTEM)
    report = await fleet.get(own.id)
    told = viewing.unsealing(PERSON, fleet.vault)(report.variables)
    assert told == variables(SECRET, value="********")


async def test_an_estimate_is_the_median_of_past_runs(fleet):
    untried = await fleet.store.read(estimates.seconds, Kind.REBOOT)
    for seconds in (3.2, 90.0, 8.1):
        number = (await fleet.queue(REBOOT)).operation.id
        await fleet.claim()
        await fleet.store.write(operations.complete, number, None, NOW + seconds)
    assert (untried, await fleet.store.read(estimates.seconds, Kind.REBOOT)) == (120, 9)
