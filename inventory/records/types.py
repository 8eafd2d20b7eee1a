"""Rows of the device types, their match rules and templates."""

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.store import Transaction


@dataclass(frozen=True, slots=True)
class Rule:
    """A type's match rule; None means that the property does not matter."""

    type_id: int
    manufacturer: str | None = None
    oui: str | None = None
    product_class: str | None = None
    software_version: str | None = None
    hardware_version: str | None = None

    @property
    def has_pattern(self) -> bool:
        return any(
            pattern is not None
            for pattern in (
                self.manufacturer,
                self.oui,
                self.product_class,
                self.software_version,
                self.hardware_version,
            )
        )


RULES = """
SELECT id, match_manufacturer, match_oui, match_product_class,
       match_software_version, match_hardware_version
FROM device_types ORDER BY match_order, id
"""


def rules(tx: Transaction) -> Sequence[Rule]:
    """Every type's rule, in the order in which they are asked."""
    return [Rule(*row) for row in tx.all(RULES)]


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a device has from its type where it has nothing of its own."""

    firmware_image_id: int | None
    update_frequency: int | None
    """Seconds."""


def inherited(tx: Transaction, type_id: int) -> Inherited | None:
    row = tx.one(
        "SELECT firmware_image_id, update_frequency FROM device_types WHERE id = :id", id=type_id
    )
    return None if row is None else Inherited(*row)
