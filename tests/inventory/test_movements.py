"""A device that moves is one device; one that alternates is two."""

from inventory.movements import Movements


def test_a_device_that_moves_on_and_on_is_one_device():
    movements = Movements()
    places = ["a", "b", "c", "d", "e"]
    moves = zip(places, places[1:], strict=False)
    assert not any(movements.moved(1, origin, place, 0.0) for origin, place in moves)


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
