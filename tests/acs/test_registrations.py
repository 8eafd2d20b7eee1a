"""New devices are let in up to a number an hour, in all and from one address."""

from acs.registrations import Registrations


def test_without_limits_everybody_registers():
    assert Registrations().has_room("a", 0.0)


def test_one_source_cannot_register_without_end():
    registrations = Registrations(per_source=2)
    for _ in range(2):
        assert registrations.has_room("a", 0.0)
        registrations.spend("a", 0.0)
    assert not registrations.has_room("a", 1.0)
    assert registrations.has_room("b", 1.0)
    assert registrations.has_room("a", 3601.0)


def test_all_sources_together_have_a_limit_too():
    registrations = Registrations(in_all=2)
    registrations.spend("a", 0.0)
    registrations.spend("b", 0.0)
    assert not registrations.has_room("c", 1.0)
