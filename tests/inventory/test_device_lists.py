"""Lists of devices: each filter by an index of its own, counts exact, pages whole."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from inventory import departures, operations
from inventory.operations import Kind
from inventory.query import EVERYTHING, Scope, Window
from inventory.records import devices as records
from inventory.records import history
from inventory.records.devices import Filter, Order
from inventory.sqlite.store import SqliteStore

COUNT = 60
FILTERS: dict[str, Any] = {
    "type_id": 1,
    "is_up": False,
    "status_changed_from": 30.0,
    "organization_id": 2,
    "is_pending": True,
    "search": "n-1",
    "serial_number": "SN-7",
    "customer_id": "C-7",
    "product_class": "HG-1",
    "manufacturer": "Acme",
    "software_version": "1.1",
    "address": "10.0.0.7",
    "is_active": False,
    "location_id": 1,
}


@pytest.fixture
async def store(tmp_path: Path):
    async with await SqliteStore.open(tmp_path / "inventory.db") as opened:
        await opened.write(fill)
        yield opened


def fill(tx):
    tx.run("INSERT INTO organizations (id, name, created, last_change) VALUES (2, 'N', 0, 0)")
    tx.run(
        """INSERT INTO device_types (id, short_name, name, created, last_change)
           VALUES (1, 't', 't', 0, 0)"""
    )
    tx.run(
        """INSERT INTO locations (id, organization_id, name, created, last_change)
           VALUES (1, 1, 'l', 0, 0)"""
    )
    for number in range(1, COUNT + 1):
        records.insert(tx, 300, float(number), columns(number))
    tx.run("UPDATE presence SET is_up = device_id % 3 <> 0, last_inform = 1000 - device_id")
    operations.queue(tx, 5, Kind.REBOOT, {}, 0.0)
    operations.queue(tx, 6, Kind.GET, {}, 0.0)
    operations.queue(tx, 8, Kind.DOWNLOAD, {"firmware_image": 1}, 0.0)
    operations.queue(tx, 9, Kind.DOWNLOAD, {"url": "http://files.example/x"}, 0.0)
    operations.queue(tx, 10, Kind.DOWNLOAD, {"firmware_image": 1}, 0.0, awaits=operations.AGAIN)
    tx.run("UPDATE devices SET settings_pending = 1 WHERE id = 7")


def columns(number):
    return {
        "uuid": str(number),
        "name": f"N-{number}",
        "organization_id": 1 + number % 2,
        "type_id": 1 if number % 4 else None,
        "location_id": 1 if number % 5 == 0 else None,
        "customer_id": f"C-{number}",
        "serial_number": f"SN-{number}",
        "product_class": f"HG-{number % 2}",
        "manufacturer": "Acme" if number % 6 else None,
        "software_version": f"1.{number % 3}",
        "address": f"10.0.0.{number}",
        "is_active": number % 10 != 0,
    }


def holds(device: records.Device, **wanted: Any) -> bool:
    """The filter again, in plain words."""
    facts = {**asdict(device), "is_pending": device.id in {5, 7, 8}}
    for name, value in wanted.items():
        if name == "search":
            texts = (device.name, device.serial_number, device.customer_id, device.address)
            if not any(value in str(text).lower() for text in texts):
                return False
        elif name == "status_changed_from":
            if device.status_change < value:
                return False
        elif facts[name] != value:
            return False
    return True


async def everyone(store, scope=EVERYTHING):
    return (await store.read(records.page, scope, Filter(), Order(), Window(1000))).items


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("other", [{}, {"organization_id": 2}, {"is_up": True}])
async def test_a_filter_lets_through_what_it_says_and_counts_it(store, name, other):
    wanted = {**other, name: FILTERS[name]}
    page = await store.read(records.page, EVERYTHING, Filter(**wanted), Order(), Window(5, 1))
    expected = [device.id for device in await everyone(store) if holds(device, **wanted)]
    assert page.count == len(expected)
    assert [device.id for device in page.items] == expected[1:6]


async def test_devices_with_nothing_pending_are_all_the_others(store):
    for other in ({}, {"organization_id": 2}, {"search": "n-1"}):
        wanted = Filter(is_pending=False, **other)
        page = await store.read(records.page, EVERYTHING, wanted, Order(), Window(1000))
        ids = {d.id for d in await everyone(store) if holds(d, **other)} - {5, 7, 8}
        assert (page.count, {device.id for device in page.items}) == (len(ids), ids)


@pytest.mark.parametrize("name", FILTERS)
async def test_a_scope_hides_the_others_in_every_list(store, name):
    ours = Scope(frozenset({2}))
    wanted = Filter(**{name: FILTERS[name]})
    page = await store.read(records.page, ours, wanted, Order(), Window(1000))
    assert {device.organization_id for device in page.items} <= {2}
    assert page.count == len(page.items)


@pytest.mark.parametrize("by", [None, *records.ORDERINGS])
@pytest.mark.parametrize("descending", [False, True])
async def test_pages_join_up_from_both_ends(store, by, descending):
    order = Order(by, descending)
    seen = []
    for offset in range(0, COUNT, 7):
        page = await store.read(records.page, EVERYTHING, Filter(), order, Window(7, offset))
        seen += [device.id for device in page.items]
    whole = await store.read(records.page, EVERYTHING, Filter(), order, Window(1000))
    assert seen == [device.id for device in whole.items]
    assert sorted(seen) == list(range(1, COUNT + 1))


async def test_past_the_end_is_nothing_and_the_count_stays(store):
    page = await store.read(records.page, EVERYTHING, Filter(), Order(), Window(10, 1000))
    assert (page.count, list(page.items)) == (COUNT, [])


class Explaining:
    """A transaction that tells how each query is planned."""

    def __init__(self, tx):
        self._tx, self.plans = tx, []

    def all(self, sql, /, **parameters):
        plan = self._tx.all(f"EXPLAIN QUERY PLAN {sql}", **parameters)
        self.plans += [row["detail"] for row in plan]
        return self._tx.all(sql, **parameters)

    def one(self, sql, /, **parameters):
        rows = self.all(sql, **parameters)
        return rows[0] if rows else None


def plans(tx, wanted):
    explaining = Explaining(tx)
    records.page(explaining, EVERYTHING, wanted, Order(), Window(50))
    return explaining.plans


@pytest.mark.parametrize("name", FILTERS)
async def test_no_filter_reads_all_devices(store, name):
    for plan in await store.read(plans, Filter(**{name: FILTERS[name]})):
        assert plan not in {"SCAN d", "SCAN devices"}


async def test_what_waits_for_a_device_is_found_without_its_history(store):
    used = " ".join(await store.read(plans, Filter()))
    assert "operations_waiting" in used
    assert "operations_downloads" in used
    assert "operations_history" not in used
    assert "operations_kind" not in used


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(frozenset({1}))])
async def test_operations_in_a_state_are_found_by_an_index(store, scope):
    def explained(tx):
        explaining = Explaining(tx)
        history.page(explaining, scope, history.Filter(state="failed"), Window(50))
        return explaining.plans

    plans = await store.read(explained)
    assert any("INDEX operations_state (<expr>=?" in plan for plan in plans)
    assert not [plan for plan in plans if "operations_group" in plan]  # nothing is added up
    assert not [plan for plan in plans if plan in {"SCAN o", "SCAN m", "SCAN operations"}]


async def test_the_operations_of_a_device_end_in_bounded_parts_before_they_are_deleted(store):
    for _ in range(2 * departures.ENDED_AT_ONCE):
        await store.write(operations.queue, 9, Kind.GET, {}, 0.0)
    parts = 1
    while await store.write(departures.depart, 9, 1.0):
        parts += 1
    assert parts == 4
    ended = "SELECT DISTINCT state FROM operations WHERE device_id = 9"
    assert [row[0] for row in await store.read(lambda tx: tx.all(ended))] == ["cancelled"]


async def test_a_deletion_is_done_in_bounded_parts(store):
    for _ in range(7):
        await store.write(operations.queue, 9, Kind.GET, {}, 0.0)
    parts = 1
    while await store.write(records.delete_history, 9, 3):
        parts += 1
    assert parts == 3
    await store.write(records.delete, 9)
    assert await store.read(records.by_id, EVERYTHING, 9) is None
