"""How a body names its device: by the key of its family, and by the others as answers do.

The family's key decides. The others may be left out; where they stand, they must mean the same
device, which the inventory judges when it has found it (``inventory.actions.orders``).
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from api.fields import Id, Name
from api.models import Body
from inventory.devices import Family, Key

FIELDS: Mapping[str, Family] = {
    "name": Family.NAME,
    "device_name": Family.NAME,
    "serial_number": Family.SERIAL,
    "device_id": Family.ID,
}


_SAME = Field(description="As answers have it: must be of the same device.")
_OtherName = Annotated[Name, _SAME]
_OtherId = Annotated[Id, _SAME]


class OfDevice(Body):
    """What is about one device."""

    family: ClassVar[Family]

    @property
    def key(self) -> Key:
        return Key(self.family, getattr(self, self.family.field))

    @property
    def also(self) -> dict[str, Key]:
        """What else was said of the device, by field."""
        told = {name: getattr(self, name) for name in FIELDS if name != self.family.field}
        return {name: Key(FIELDS[name], key) for name, key in told.items() if key is not None}


class OfName(OfDevice):
    """What is about a device which is named."""

    family = Family.NAME

    name: Annotated[Name, Field(description="A device's.", examples=["router-branch-network"])]
    device_name: Annotated[Name, Field(description="The older name of name.")] | None = None
    serial_number: _OtherName | None = None
    device_id: _OtherId | None = None


class OfSerial(OfDevice):
    """What is about the device with this serial number."""

    family = Family.SERIAL

    serial_number: Annotated[Name, Field(description="A device's.", examples=["SN0001"])]
    name: _OtherName | None = None
    device_name: _OtherName | None = None
    device_id: _OtherId | None = None


class OfId(OfDevice):
    """What is about the device with this id."""

    family = Family.ID

    device_id: Annotated[Id, Field(description="A device's.", examples=[17])]
    name: _OtherName | None = None
    device_name: _OtherName | None = None
    serial_number: _OtherName | None = None
