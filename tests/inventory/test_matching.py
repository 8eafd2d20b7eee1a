"""The first type whose rule fits takes the device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.matching import Traits, first_match, fits, matches
from inventory.records.types import Rule

ROUTER = Traits("Acme Inc.", "00AABB", "HG-500", "1.2.3", "rev B")


@pytest.mark.parametrize(
    "rule",
    [
        Rule(1, manufacturer="Acme Inc."),
        Rule(1, manufacturer="acme*"),
        Rule(1, oui="00aabb"),
        Rule(1, product_class="HG-*"),
        Rule(1, software_version="1.*", hardware_version="*"),
        Rule(1, manufacturer="*", oui="*", product_class="*00"),
    ],
)
def test_a_rule_fits_when_each_of_its_patterns_does(rule: Rule) -> None:
    assert matches(rule, ROUTER)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(1, manufacturer="Acme"),
        Rule(1, product_class="hg-500"),
        Rule(1, manufacturer="acme*", product_class="HG-501"),
        Rule(1, software_version="1.2.3*4"),
    ],
)
def test_a_rule_fails_when_one_of_its_patterns_does(rule: Rule) -> None:
    assert not matches(rule, ROUTER)


def test_a_type_without_any_pattern_takes_no_device() -> None:
    assert not matches(Rule(1), ROUTER)


def test_a_lone_star_takes_even_a_device_that_says_nothing() -> None:
    assert matches(Rule(1, manufacturer="*"), Traits())


def test_a_pattern_does_not_fit_a_property_that_is_not_known() -> None:
    assert not matches(Rule(1, hardware_version="rev*"), Traits("Acme"))


def test_the_first_rule_that_fits_wins() -> None:
    rules = [Rule(7), Rule(3, oui="FFFFFF"), Rule(9, oui="00AABB"), Rule(1, manufacturer="*")]
    assert first_match(rules, ROUTER) == 9


def test_no_rule_that_fits_means_no_type() -> None:
    assert first_match([Rule(3, oui="FFFFFF")], ROUTER) is None


def test_the_ends_of_a_pattern_do_not_overlap() -> None:
    assert not fits("ab*ba", "aba")
    assert fits("ab*ba", "abba")


@given(st.lists(st.text("ab", max_size=3), min_size=1, max_size=5), st.data())
def test_filling_the_stars_with_anything_fits(pieces: list[str], data: st.DataObject) -> None:
    filled = pieces[0]
    for piece in pieces[1:]:
        filled += data.draw(st.text("abc", max_size=3)) + piece
    assert fits("*".join(pieces), filled)


def test_a_pattern_of_many_stars_is_answered_at_once() -> None:
    assert not fits("a*" * 200 + "b", "a" * 10_000)
