"""Messages as they may be kept and shown: without the secrets in them."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from acs.cwmp.messages import Envelope, ParameterValueStruct
from inventory.sealed_variables import MASK
from inventory.secrets import is_secret_name

_SECRET_FIELDS = frozenset({"password"})


def redacted(envelope: Envelope) -> Envelope:
    """The same envelope with every secret value masked."""
    return replace(envelope, body=_masked(envelope.body))


def _masked(value: Any) -> Any:
    if isinstance(value, ParameterValueStruct):
        hide = bool(value.value) and is_secret_name(value.name)
        return replace(value, value=MASK, type="string") if hide else value
    if isinstance(value, tuple):
        return tuple(map(_masked, value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes = {
        item.name: MASK if item.name in _SECRET_FIELDS and old else _masked(old)
        for item in fields(value)
        if ((old := getattr(value, item.name)) and not isinstance(old, str | int))
        or (item.name in _SECRET_FIELDS and old)
    }
    return replace(value, **changes) if changes else value
