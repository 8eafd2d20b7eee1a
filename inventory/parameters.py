"""What is said of a parameter: by a device, and by the inventory; and an Inform's in one column."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgpack

from inventory.secrets import IsSecret, is_secret_name
from inventory.text import storable


class Source(StrEnum):
    """How a value was learned."""

    INFORM = "inform"
    GET = "get"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Reported:
    """What a device told of a parameter."""

    path: str
    value: str
    value_type: str


@dataclass(frozen=True, slots=True)
class HeldValue:
    """What the inventory holds of a parameter, secrets in clear: masking is the caller's.

    ``value_type`` is empty and ``writable`` None where nobody has told; ``updated`` is in Unix
    seconds.
    """

    path: str
    value: str
    value_type: str
    writable: bool | None
    updated: float
    source: Source


@dataclass(frozen=True, slots=True)
class Found:
    """A device that a search has found, by one of its parameters."""

    device_id: int
    path: str
    value: str


def pack_reported(reported: Sequence[Reported], is_secret: IsSecret = is_secret_name) -> bytes:
    """An Inform's parameters for a column, without secrets, which no Inform should hold."""
    told = [
        (storable(each.path), storable(each.value), storable(each.value_type))
        for each in reported
        if not is_secret(each.path)
    ]
    return zlib.compress(msgpack.packb(tuple(zip(*told, strict=True))))


def unpack_reported(packed: bytes) -> list[Reported]:
    return list(map(Reported, *(msgpack.unpackb(zlib.decompress(packed)) or ((), (), ()))))
