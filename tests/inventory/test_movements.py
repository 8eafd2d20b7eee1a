"""A device that moves is one device; one that alternates is two."""

from itertools import pairwise

from inventory.movements import Movements


def test_a_device_that_moves_on_and_on_is_one_device():
    movements = Movements()
    places = ["a", "b", "c", "d", "e"]
    assert not any(movements.moved(1, *move, 0.0) for move in pairwise(places))


def test_going_there_and_back_once_is_no_conflict():
    movements = Movements()
    assert not movements.moved(1, "a", "b", 0.0)
    assert not movements.moved(1, "b", "a", 1.0)


def test_alternating_between_two_places_is_a_conflict():
    movements = Movements()
    movements.moved(1, "a", "b", 0.0)
    movements.moved(1, "b", "a", 1.0)
    assert movements.moved(1, "a", "b", 2.0)


def test_alternating_slowly_is_no_conflict():
    movements = Movements()
    movements.moved(1, "a", "b", 0.0)
    movements.moved(1, "b", "a", 3000.0)
    assert not movements.moved(1, "a", "b", 6000.0)


def test_devices_do_not_disturb_each_other():
    movements = Movements()
    movements.moved(1, "a", "b", 0.0)
    movements.moved(1, "b", "a", 1.0)
    assert not movements.moved(2, "a", "b", 2.0)
