"""Requests that ask devices first: bounded, never failing, and nothing is left behind."""

import asyncio

import pytest

from acs.asking import Asking
from acs.reach.calling import Reach
from acs.reach.outcomes import Kind, Outcome
from inventory import operations
from inventory.operations import State
from inventory.signals import Signals

WAIT_S = 30  # far more than any of these waits lasts


class Devices:
    """What calling a device comes to, by its id; a device without an outcome never answers."""

    def __init__(self, **outcomes):
        self.outcomes = {int(name.removeprefix("d")): each for name, each in outcomes.items()}
        self.called = []
        self.is_called = asyncio.Event()

    async def call(self, device_id, lane):
        self.called.append(device_id)
        self.is_called.set()
        outcome = self.outcomes.get(device_id)
        if outcome is None:
            await asyncio.Event().wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


ACCEPTED, UNREACHABLE = Outcome(Kind.ACCEPTED), Outcome(Kind.UNREACHABLE)


@pytest.fixture
def ask(office):
    """Makes the asking, on devices that answer as they are scripted."""

    def ask(devices, patience_s=WAIT_S):
        return Asking(office.store, office.signals, devices, office.clock, patience_s)

    return ask


def is_tidy(asking):
    return not asking._informs._futures and not asking._ends._futures


async def test_the_answer_waits_for_the_inform_of_each_device_that_can_be_reached(ask, office):
    devices = Devices(d1=ACCEPTED, d2=UNREACHABLE)
    asking = ask(devices)
    waiting = asyncio.create_task(asking.to_inform([1, 2]))
    async with asyncio.timeout(WAIT_S):
        await devices.is_called.wait()
    await asyncio.sleep(0)
    assert not waiting.done()
    office.signals.informed(3)  # somebody else
    await asyncio.sleep(0)
    assert not waiting.done()
    office.signals.informed(1)
    async with asyncio.timeout(WAIT_S):
        await waiting
    assert devices.called == [1, 2]
    assert is_tidy(asking)


async def test_an_inform_that_comes_before_the_calls_outcome_counts(ask, office):
    class Eager(Devices):
        async def call(self, device_id, lane):
            office.signals.informed(device_id)
            return await super().call(device_id, lane)

    async with asyncio.timeout(WAIT_S):
        await ask(Eager(d1=ACCEPTED)).to_inform([1])


async def test_devices_that_stay_silent_are_waited_for_no_longer_than_patience_lasts(ask):
    asking = ask(Devices(d1=ACCEPTED), patience_s=0.01)  # 1 never informs, 2 never answers
    async with asyncio.timeout(WAIT_S):
        await asking.to_inform([1, 2])
    assert is_tidy(asking)


async def test_a_call_that_breaks_down_fails_nothing(ask, office):
    asking = ask(Devices(d1=OSError("no more sockets"), d2=ACCEPTED))
    waiting = asyncio.create_task(asking.to_inform([1, 2]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    office.signals.informed(2)
    async with asyncio.timeout(WAIT_S):
        await waiting


async def test_a_caller_who_goes_away_leaves_nothing_behind(ask):
    asking = ask(Devices(d1=ACCEPTED))
    waiting = asyncio.create_task(asking.to_inform([1]))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert is_tidy(asking)


async def test_so_many_devices_are_called_at_a_time_as_reach_allows(office):
    """The real calling, on an address book whose every look-up hangs."""
    looked_up, release = [], asyncio.Event()

    class Book:
        async def target(self, device_id):
            looked_up.append(device_id)
            await release.wait()

        async def report(self, device_id, outcome, now):
            pass

    reach = Reach(Book(), concurrency=50)
    asking = Asking(office.store, Signals(), reach, office.clock, 0.01)
    await asking.to_inform(list(range(200)))
    assert looked_up == list(range(50))
    release.set()
    await reach.close()


async def test_values_are_read_by_an_operation_that_does_not_outlive_the_wait(ask, office, cpe):
    await cpe.enrol()
    asking = ask(Devices(), patience_s=0.01)
    woken = []
    office.signals.on_work(woken.append)
    await asking.for_values(1, ["Device.X"])
    ((operation_id,),) = await office.rows("SELECT max(id) FROM operations")
    operation = await office.operation(operation_id)
    assert (operation.state, woken) == (State.PENDING, [1])
    assert operation.request["variables"] == [{"variable_name": "Device.X"}]
    assert operation.expires == pytest.approx(office.clock.now + 0.01)
    assert is_tidy(asking)


async def test_values_are_waited_for_until_they_are_there(ask, office, cpe):
    await cpe.enrol()
    asking = ask(Devices())

    async def carry_out(operation_id):
        await office.store.write(operations.claim_next, 1, office.clock())
        await office.store.write(operations.complete, operation_id, None, office.clock())
        office.signals.finished(operation_id)

    tasks = []
    ((last,),) = await office.rows("SELECT max(id) FROM operations")
    office.signals.on_work(lambda _: tasks.append(asyncio.create_task(carry_out(last + 1))))
    async with asyncio.timeout(WAIT_S):
        await asking.for_values(1, [])
    ((request,),) = await office.rows("SELECT request FROM operations ORDER BY id DESC LIMIT 1")
    assert '"Device."' in request  # nothing named means everything
    assert tasks[0].done()
