"""Lanes of connection requests: each has its room, and whoever is in a hurry is moved."""

import asyncio

import pytest

from acs.reach.slots import Lane, Slots


async def settle():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_lane_that_is_full_leaves_the_others_free():
    slots = Slots(1)
    assert await slots.take(1, Lane.BULK) is Lane.BULK
    waiting = asyncio.create_task(slots.take(2, Lane.BULK))
    await settle()
    assert not waiting.done()
    assert await slots.take(3, Lane.PERSON) is Lane.PERSON
    slots.give_back(Lane.BULK)
    assert await waiting is Lane.BULK


async def test_who_has_waited_longest_is_next():
    slots = Slots(1)
    await slots.take(0, Lane.BULK)
    order = []

    async def wait(device_id):
        await slots.take(device_id, Lane.BULK)
        order.append(device_id)
        slots.give_back(Lane.BULK)

    tasks = [asyncio.create_task(wait(device_id)) for device_id in (3, 1, 2)]
    await settle()
    slots.give_back(Lane.BULK)
    await asyncio.gather(*tasks)
    assert order == [3, 1, 2]


async def test_a_device_in_a_hurry_waits_in_the_faster_lane():
    slots = Slots(1)
    for lane in (Lane.BULK, Lane.PERSON):
        await slots.take(0, lane)
    waiting = asyncio.create_task(slots.take(1, Lane.BULK))
    await settle()
    slots.hurry(1, Lane.PERSON)
    slots.give_back(Lane.BULK)
    await settle()
    assert not waiting.done()
    slots.give_back(Lane.PERSON)
    assert await waiting is Lane.PERSON
    slots.give_back(Lane.PERSON)
    assert [await slots.take(9, lane) for lane in Lane] == [*Lane]


async def test_nobody_is_moved_to_a_slower_lane_or_without_waiting():
    slots = Slots(1)
    await slots.take(0, Lane.PERSON)
    waiting = asyncio.create_task(slots.take(1, Lane.PERSON))
    await settle()
    slots.hurry(1, Lane.BULK)
    slots.hurry(2, Lane.PERSON)
    slots.give_back(Lane.PERSON)
    assert await waiting is Lane.PERSON


@pytest.mark.parametrize("is_given", [False, True])
async def test_who_gives_up_waiting_takes_no_slot_along(is_given):
    slots = Slots(1)
    await slots.take(0, Lane.BULK)
    waiting = asyncio.create_task(slots.take(1, Lane.BULK))
    await settle()
    if is_given:
        slots.give_back(Lane.BULK)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    if not is_given:
        slots.give_back(Lane.BULK)
    async with asyncio.timeout(1):
        await slots.take(2, Lane.BULK)


async def test_who_gave_up_in_the_same_moment_is_not_moved():
    slots = Slots(1)
    await slots.take(0, Lane.BULK)
    waiting = asyncio.create_task(slots.take(1, Lane.BULK))
    await settle()
    waiting.cancel()
    slots.hurry(1, Lane.PERSON)
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1):
        assert await slots.take(2, Lane.PERSON) is Lane.PERSON
