"""Messages as they may be kept and shown: without the secrets in them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from acs.cwmp.messages import Download, Envelope, Fault, Message, ParameterValueStruct, Upload
from acs.procedures.transfers import FILES
from inventory.sealed_variables import MASK
from inventory.secrets import IsSecret, is_secret_name

_SECRET_FIELDS = frozenset({"password"})
# Who knows the URL of a transfer may take part in it, for as long as it lasts.
_TICKET = re.compile(rf"(?<={FILES})\d+\.[\w-]+")

_M = TypeVar("_M", bound=Message)

SHORTEST = 4  # characters of a secret; shorter ones stand in any text by chance


def redacted(envelope: Envelope, is_secret: IsSecret = is_secret_name) -> Envelope:
    """The same envelope with every secret value masked."""
    return replace(envelope, body=_masked(envelope.body, is_secret))


def _masked(value: Any, is_secret: IsSecret) -> Any:
    if isinstance(value, ParameterValueStruct):
        hide = bool(value.value) and is_secret(value.name)
        return replace(value, value=MASK, type="string") if hide else value
    if isinstance(value, tuple):
        return tuple(_masked(each, is_secret) for each in value)
    if isinstance(value, Download | Upload):
        url = _TICKET.sub(MASK, value.url)
        return replace(value, url=url, password=MASK if value.password else "")
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes = {
        item.name: MASK if item.name in _SECRET_FIELDS and old else _masked(old, is_secret)
        for item in fields(value)
        if ((old := getattr(value, item.name)) and not isinstance(old, str | int))
        or (item.name in _SECRET_FIELDS and old)
    }
    return replace(value, **changes) if changes else value


def without_secrets_of(request: Message, told: Fault, is_secret: IsSecret) -> Fault:
    """The fault without the secrets of the request: some devices echo what they refuse."""
    return without(told, _secrets_in(request, is_secret))


def without(told: _M, secrets: Iterable[str]) -> _M:
    """What a device tells, whose fault strings hold none of the secrets, and open no file."""
    found = {text for text in secrets if len(text) >= SHORTEST}
    longest_first = sorted(found, key=len, reverse=True)  # one may be a part of another
    cleaned: _M = _cleaned(told, longest_first)
    return cleaned


def _cleaned(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_cleaned(each, secrets) for each in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes = {
        item.name: _without(held, secrets) if isinstance(held, str) else _cleaned(held, secrets)
        for item in fields(value)
        if (held := getattr(value, item.name))
        and (item.name == "fault_string" or not isinstance(held, str | int))
    }
    return replace(value, **changes) if changes else value


def _secrets_in(value: Any, is_secret: IsSecret) -> Iterator[str]:
    if isinstance(value, ParameterValueStruct):
        if is_secret(value.name):
            yield value.value
    elif isinstance(value, tuple):
        for each in value:
            yield from _secrets_in(each, is_secret)
    elif is_dataclass(value):
        for item in fields(value):
            held = getattr(value, item.name)
            if item.name in _SECRET_FIELDS and held:
                yield held
            else:
                yield from _secrets_in(held, is_secret)


def _without(text: str, secrets: Sequence[str]) -> str:
    text = _TICKET.sub(MASK, text)
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text
