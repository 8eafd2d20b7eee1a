"""Everything that the inventory refuses, as one family; edges turn it into HTTP or SOAP by a table.

InventoryError
├── NotFound            no such object, or not in the caller's scope
├── Forbidden           the caller may not do this
├── Invalid             field errors, all of them at once
│   └── Unprocessable   the same, where the documented service answers 422
├── Conflict            the state of things does not allow it now
│   ├── DeviceInactive
│   ├── DeviceUnreachable
│   ├── OperationInProgress
│   ├── NotCancellable
│   └── Ambiguous       more than one object has this key
├── PreconditionFailed  If-Match does not hold
├── KeyReused           an Idempotency-Key that was used for another request
├── Unavailable         the store cannot serve at the moment
├── Unauthenticated     a CPE that did not prove who it is
│   └── WrongCredentials  and tried to, as a device that is known
├── RegistrationRefused a CPE that may not be registered
└── Superseded          the session that speaks is no longer the device's session
"""

from collections.abc import Mapping
from typing import Any


class InventoryError(Exception):
    """Something the inventory will not do; nothing was changed."""


class NotFound(InventoryError):
    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"No {what} {key!r}.")
        self.what, self.key = what, key


class Forbidden(InventoryError):
    """The caller is known and may not."""


class Invalid(InventoryError):
    """Field errors; ``fields`` maps each field to its messages (nested for nested bodies)."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__("; ".join(f"{name}: {_plain(texts)}" for name, texts in fields.items()))
        self.fields = fields


class Unprocessable(Invalid):
    """Field errors of a body that is well-formed (the documented service tells these apart)."""


def _plain(texts: Any) -> str:
    flat = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    return " ".join(texts) if flat else str(texts)


class Conflict(InventoryError):
    """The present state does not allow it; ``retry_after_s`` where waiting may help."""

    retry_after_s: int | None = None


class DeviceInactive(Conflict):
    def __init__(self, device: str) -> None:
        super().__init__(f"Device {device} is not active.")
        self.device = device


class DeviceUnreachable(Conflict):
    retry_after_s = 60

    def __init__(self, device: str, reason: str) -> None:
        super().__init__(f"Device {device} cannot be reached: {reason}.")
        self.device, self.reason = device, reason


class OperationInProgress(Conflict):
    retry_after_s = 30

    def __init__(self, device: str, operation: str, key: str) -> None:
        super().__init__(f"Device {device} is busy with {operation} ({key}).")
        self.device, self.operation, self.key = device, operation, key


class NotCancellable(Conflict):
    def __init__(self, key: str, status: str) -> None:
        super().__init__(f"Operation {key} is {status} and can no longer be cancelled.")
        self.key, self.status = key, status


class Ambiguous(Conflict):
    def __init__(self, what: str, key: str, names: list[str]) -> None:
        super().__init__(f"{what} {key!r} fits more than one: {', '.join(names)}.")
        self.what, self.key, self.names = what, key, names


class PreconditionFailed(InventoryError):
    """The object has changed since the caller read it."""


class KeyReused(InventoryError):
    def __init__(self, key: str) -> None:
        super().__init__(f"Idempotency-Key {key!r} was used for another request.")
        self.key = key


class Unavailable(InventoryError):
    """The store cannot serve now (closed, full, overloaded); it may soon."""


class Unauthenticated(InventoryError):
    """The CPE's credentials are missing or wrong; nothing about it was recorded."""


class WrongCredentials(Unauthenticated):
    """``is_onboarding``: they are those of its type, and neither policy nor person lets it in."""

    def __init__(self, device_id: int, *, is_onboarding: bool) -> None:
        super().__init__("wrong credentials")
        self.device_id, self.is_onboarding = device_id, is_onboarding


class RegistrationRefused(InventoryError):
    """An unknown CPE, and registration is off or limited."""


class Superseded(InventoryError):
    """A newer session of the same device has taken over; this answer is dropped."""
