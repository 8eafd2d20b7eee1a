"""Which device type a device belongs to, by what it says about itself.

A rule has a pattern for each of five properties. A missing pattern matches everything, ``*`` stands
for any run of characters, and a type with no pattern at all is only ever chosen by a person.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.records import types as records
from inventory.records.types import Rule
from inventory.store import Transaction


@dataclass(frozen=True, slots=True)
class Traits:
    """What a device says it is, as far as it is known."""

    manufacturer: str | None = None
    oui: str | None = None
    product_class: str | None = None
    software_version: str | None = None
    hardware_version: str | None = None


def match_type(
    tx: Transaction,
    manufacturer: str | None,
    oui: str | None,
    product_class: str | None,
    software_version: str | None,
    hardware_version: str | None,
) -> int | None:
    """The id of the first type, by match order and id, whose rule fits; None when none does."""
    traits = Traits(manufacturer, oui, product_class, software_version, hardware_version)
    return first_match(records.rules(tx), traits)


def first_match(rules: Iterable[Rule], traits: Traits) -> int | None:
    return next((rule.type_id for rule in rules if matches(rule, traits)), None)


def matches(rule: Rule, traits: Traits) -> bool:
    """Manufacturer and OUI are compared without regard to case: devices of one series differ."""
    if not rule.has_pattern:
        return False
    return (
        _allows(rule.manufacturer, traits.manufacturer, ignore_case=True)
        and _allows(rule.oui, traits.oui, ignore_case=True)
        and _allows(rule.product_class, traits.product_class)
        and _allows(rule.software_version, traits.software_version)
        and _allows(rule.hardware_version, traits.hardware_version)
    )


def _allows(pattern: str | None, value: str | None, *, ignore_case: bool = False) -> bool:
    if pattern is None:
        return True
    text = value or ""
    return fits(pattern.casefold(), text.casefold()) if ignore_case else fits(pattern, text)


def fits(pattern: str, text: str) -> bool:
    """Whether the text has the pattern's form.

    Without a regular expression: a pattern of many stars would make one backtrack for ages.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    *middle, last = rest
    position = len(first)
    end = len(text) - len(last)
    if end < position or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in middle:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True
