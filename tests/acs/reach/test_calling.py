"""When devices are called, and how often, with time that the test moves."""

import asyncio
from dataclasses import dataclass, field
from random import Random

import pytest

from acs.reach.calling import Pace, Reach
from acs.reach.outcomes import Kind
from acs.reach.slots import Lane

QOP = 'WWW-Authenticate: Digest realm="CPE", nonce="n1", qop="auth"'


@dataclass
class Targets:
    """A directory that notes what is reported, and lets a test wait for it."""

    target_of: dict = field(default_factory=dict)
    reports: list = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def target(self, device_id):
        return self.target_of.get(device_id)

    async def report(self, device_id, outcome, now):
        async with self.news:
            self.reports.append((device_id, outcome.kind, now))
            self.news.notify_all()

    async def wait_for(self, count):
        async with self.news:
            await self.news.wait_for(lambda: len(self.reports) >= count)


@dataclass
class Time:
    """Stands still until somebody sleeps; then ``pass_on`` lets the sleeper go on."""

    now: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)
    sleepers: asyncio.Queue = field(default_factory=asyncio.Queue)

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        alarm = asyncio.Event()
        self.sleepers.put_nowait((alarm, seconds))
        await alarm.wait()

    async def pass_on(self):
        """Waits until somebody sleeps, and moves time to the end of that sleep."""
        alarm, seconds = await self.sleepers.get()
        self.now += seconds
        alarm.set()
        return seconds


@pytest.fixture
def directory():
    return Targets()


@pytest.fixture
def time():
    return Time()


@pytest.fixture
async def reach(directory, time):
    reach = Reach(directory, clock=time.clock, sleep=time.sleep, chance=Random(7))
    yield reach
    await reach.close()


async def test_a_call_tells_and_reports_its_outcome(device, answer, directory, reach, time):
    _, directory.target_of[7] = await device(answer(401, QOP), answer(200))
    assert (await reach.call(7)).is_accepted
    assert directory.reports == [(7, Kind.ACCEPTED, time.now)]


async def test_a_device_without_a_url_is_told_so(directory, reach):
    assert (await reach.call(7)).kind is Kind.NO_URL
    assert directory.reports[0][1] is Kind.NO_URL


async def test_callers_at_the_same_time_share_one_attempt(device, answer, directory, reach):
    cpe, directory.target_of[7] = await device(answer(200), answer(503))
    outcomes = await asyncio.gather(*(reach.call(7) for _ in range(5)))
    assert {outcome.kind for outcome in outcomes} == {Kind.ACCEPTED}
    assert len(cpe.requests) == 1
    assert (await reach.call(7)).kind is Kind.BUSY_503


async def test_waking_is_coalesced_until_the_device_informs(device, answer, directory, reach, time):
    cpe, directory.target_of[7] = await device(*[answer(200)] * 9)
    for _ in range(5):
        reach.wake(7)
    await directory.wait_for(1)
    reach.wake(7)
    await time.pass_on()
    await directory.wait_for(2)
    assert len(cpe.requests) == 2
    reach.informed(7)
    reach.wake(7)
    await directory.wait_for(3)
    assert len(cpe.requests) == 3


async def test_an_accepted_request_is_repeated_after_30_s_at_the_earliest(
    device, answer, directory, reach, time
):
    _, directory.target_of[7] = await device(*[answer(200)] * 9)
    reach.wake(7)
    for count in range(1, 4):
        await directory.wait_for(count)
        assert 30 <= await time.pass_on() <= 60


async def test_a_failed_request_is_repeated_with_growing_waits_and_then_given_up(
    device, answer, directory, reach, time
):
    cpe, directory.target_of[7] = await device(*[answer(503)] * 9)
    reach.wake(7)
    for least in (5, 10, 20, 40, 80, 160):
        assert least <= await time.pass_on() <= least * 1.5
    reach.wake(8)  # a turn of the loop for the end of the first
    await directory.wait_for(7)
    assert len(cpe.requests) == 6
    reach.wake(7)
    await directory.wait_for(8)
    assert len(cpe.requests) == 7


async def test_waits_have_chance_in_them(device, answer, directory, reach, time):
    for device_id in range(5):
        _, directory.target_of[device_id] = await device(answer(503))
        reach.wake(device_id)
    await directory.wait_for(5)
    for _ in range(5):
        await time.sleepers.get()
    assert len(set(time.slept)) == 5


@pytest.mark.parametrize("kind", [Kind.REFUSED_401, Kind.FORBIDDEN_URL, Kind.NO_URL])
async def test_what_cannot_succeed_is_not_repeated(device, answer, directory, reach, time, kind):
    _, target = await device(*[answer(401)] * 3)
    _, elsewhere = await device(url="http://10.0.0.1/")
    directory.target_of[7] = {Kind.REFUSED_401: target, Kind.FORBIDDEN_URL: elsewhere}.get(kind)
    reach.wake(7)
    await directory.wait_for(1)
    await reach.close()
    assert directory.reports[0][1] is kind
    assert time.slept == []


async def test_an_inform_ends_the_waking(device, answer, directory, reach, time):
    cpe, directory.target_of[7] = await device(*[answer(200)] * 9)
    reach.wake(7)
    alarm, _ = await time.sleepers.get()
    reach.informed(7)
    alarm.set()
    assert (await reach.call(7)).is_accepted
    assert len(cpe.requests) == 2


async def test_a_device_that_accepted_and_never_came_is_left_alone_for_30_s(
    device, answer, directory, time
):
    cpe, directory.target_of[7] = await device(*[answer(200)] * 9)
    reach = Reach(directory, pace=Pace(attempts=1), clock=time.clock, sleep=time.sleep)
    assert (await reach.call(7)).is_accepted
    time.now += 10
    reach.wake(7)
    assert await time.pass_on() == 20
    await directory.wait_for(2)
    await reach.close()
    assert len(cpe.requests) == 2


async def test_an_inform_before_the_answer_counts_as_one_after_it(
    device, answer, directory, reach, time
):
    cpe, directory.target_of[7] = await device()
    calling = asyncio.create_task(reach.call(7))
    await cpe.is_asked.wait()
    reach.informed(7)
    cpe.release.set()
    await calling
    _, directory.target_of[7] = await device(answer(200))
    reach.wake(7)
    await directory.wait_for(2)
    assert directory.reports[-1][1] is Kind.ACCEPTED
    assert time.slept == []


async def test_so_many_devices_are_called_at_a_time(directory):
    at_once, most = 0, 0

    async def target(device_id):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1

    directory.target = target
    reach = Reach(directory, concurrency=3)
    for device_id in range(10):
        reach.wake(device_id)
    await directory.wait_for(10)
    await reach.close()
    assert most == 3


async def test_silent_devices_of_a_bulk_job_hold_up_nobody_else(directory):
    """They fill their own lane; a person's device goes on, even if it stood in theirs."""
    begun, release = [], asyncio.Event()

    async def target(device_id):
        begun.append(device_id)
        await release.wait()

    directory.target = target
    reach = Reach(directory, concurrency=2)
    for device_id in range(5):
        reach.wake(device_id, Lane.BULK)
    await asyncio.sleep(0)
    reach.wake(7)
    helped = asyncio.create_task(reach.call(8))
    reach.wake(4)  # a person wants what waited at the end of the job's lane
    for _ in range(5):
        await asyncio.sleep(0)
    assert sorted(begun) == [0, 1, 4, 7, 8]
    release.set()
    await helped
    await directory.wait_for(7)
    await reach.close()
    assert sorted(begun) == [0, 1, 2, 3, 4, 7, 8]


async def test_so_many_devices_are_pursued_at_a_time(device, answer, directory, time):
    _, target = await device(*[answer(503)] * 20)
    directory.target_of = dict.fromkeys(range(20), target)
    reach = Reach(directory, pace=Pace(most_waking=5), clock=time.clock, sleep=time.sleep)
    for device_id in range(20):
        reach.wake(device_id)
    await directory.wait_for(5)
    reach.wake(20, Lane.HELPER)  # a lane that is full keeps nobody out of another
    directory.target_of[20] = target
    await directory.wait_for(6)
    await reach.close()
    assert {device_id for device_id, *_ in directory.reports} == {*range(5), 20}


async def test_a_broken_directory_is_logged_and_does_no_more_harm(directory, reach, caplog):
    async def target(device_id):
        raise ZeroDivisionError

    directory.target = target
    with pytest.raises(ZeroDivisionError):
        await reach.call(7)
    await reach.close()
    assert any("device 7" in record.message for record in caplog.records)


async def test_closing_ends_what_is_under_way(device, directory, reach, time):
    _, directory.target_of[7] = await device()
    calling = asyncio.create_task(reach.call(7))
    reach.wake(8)
    await asyncio.sleep(0)
    await reach.close()
    with pytest.raises(asyncio.CancelledError):
        await calling
