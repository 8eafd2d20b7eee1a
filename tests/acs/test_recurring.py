"""Recurring operations over time: the clock goes on, the server and the devices come and go."""

import pytest

from acs.workers.scheduler import Scheduler, call_those_waiting
from inventory import operations
from inventory.operations import AGAIN, Kind, Origin, State

HOUR = 3600
SCHEDULE = {"type": "recurring", "cron": "0 * * * *", "timezone": "UTC"}


@pytest.fixture
async def hourly(office, cpe):
    """A recurring operation of an enrolled device, next due at the full hour."""
    await cpe.enrol()
    office.clock.now = 2_000_000 // HOUR * HOUR + 1.0
    request = {"schedule": SCHEDULE, "notification": {"email": "a@example.com"}}
    due = office.clock.now - 1 + HOUR
    return await office.store.write(
        operations.queue, 1, Kind.REBOOT, request, office.clock.now, due=due, awaits=AGAIN
    )


async def runs(office, parent):
    rows = await office.rows(
        "SELECT state FROM operations WHERE parent_id = :id ORDER BY id", id=parent.id
    )
    return [state for (state,) in rows]


async def finish_all(office):
    await office.store.write(
        lambda tx: tx.run("UPDATE operations SET state = 'completed' WHERE parent_id IS NOT NULL")
    )


async def step(office, hours):
    office.clock.pass_(hours * HOUR)
    await Scheduler(office.store, office.signals).step(office.clock.now)


async def test_each_time_has_its_run_and_the_operation_stays_scheduled(office, hourly):
    woken = []
    office.signals.on_work(woken.append)
    await step(office, 0.5)
    assert await runs(office, hourly) == []
    for _ in range(3):
        await step(office, 1)
        await finish_all(office)
    assert len(await runs(office, hourly)) == 3
    assert woken == [1, 1, 1]
    parent = await office.operation(hourly.id)
    assert (parent.state, parent.due) == (State.SCHEDULED, hourly.due + 3 * HOUR)


async def test_a_run_is_told_of_its_end_and_recurs_no_further(office, hourly):
    await step(office, 1)
    run = await office.operation(hourly.id + 1)
    assert (run.parent_id, run.notifies, run.is_recurring) == (hourly.id, True, False)
    assert run.request == {"notification": {"email": "a@example.com"}}


async def test_times_that_were_missed_are_caught_up_once(office, hourly):
    await step(office, 240)
    assert await runs(office, hourly) == ["pending"]
    assert (await office.operation(hourly.id)).due > office.clock.now


async def test_a_run_that_still_waits_for_its_device_stands_for_the_next_ones(office, hourly):
    for _ in range(3):
        await step(office, 1)
    assert await runs(office, hourly) == ["pending"]


async def test_an_inactive_device_is_left_alone(office, hourly):
    await office.store.write(lambda tx: tx.run("UPDATE devices SET is_active = FALSE"))
    await step(office, 2)
    assert await runs(office, hourly) == []
    await office.store.write(lambda tx: tx.run("UPDATE devices SET is_active = TRUE"))
    await step(office, 1)
    assert await runs(office, hourly) == ["pending"]


async def test_no_session_ever_takes_the_recurring_one_itself(office, hourly, cpe):
    office.clock.pass_(5 * HOUR)
    await cpe.inform()
    assert (await cpe.say(None)).status == 204


async def test_a_cancelled_one_runs_no_more(office, hourly):
    await office.store.write(operations.cancel, hourly.id, office.clock.now)
    await step(office, 5)
    assert await runs(office, hourly) == []


async def test_it_never_expires_however_long_the_server_was_away(office, hourly):
    await step(office, 24 * 365)
    assert (await office.operation(hourly.id)).state is State.SCHEDULED


async def test_after_a_start_devices_with_waiting_work_are_called_again(office, cpe, other_cpe):
    """Who was to be called stood in memory alone."""
    for each in (cpe, other_cpe("2"), other_cpe("3")):
        await each.enrol()
    await office.store.write(
        lambda tx: tx.run("UPDATE presence SET is_up = FALSE WHERE device_id = 3")
    )
    urgent, bulk = [], []
    office.signals.on_work(urgent.append)
    office.signals.on_bulk_work(bulk.append)
    now = office.clock()
    for device_id in (1, 3):
        await office.store.write(operations.queue, device_id, Kind.REBOOT, {}, now)
    await office.store.write(operations.queue, 2, Kind.REBOOT, {}, now, due=now + 60)
    await office.store.write(operations.queue, 2, Kind.GET, {}, now, origin=Origin.JOB)
    assert await call_those_waiting(office.store, office.signals, now) == 2
    assert (urgent, bulk) == ([1], [2])
