"""Bytes of a request body to plain JSON data, or a 400 that says where it went wrong.

Stricter than the standard library: duplicate keys, NaN, numbers beyond a float, endless integers,
lone surrogates and deep nesting are refused here, so that nothing further in meets them.
"""

import json
import re
from json import JSONDecodeError
from typing import Any

MAX_DEPTH = 32  # the deepest documented body has 5 levels
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class ParseError(Exception):
    """The body is no JSON that we take; the text follows ``JSON parse error - ``."""


def parse(body: bytes) -> Any:
    """The data of a body, unwrapped from a lone ``data`` key; an empty body is an empty object."""
    if not body.strip():
        return {}
    data = _load(body)
    if isinstance(data, dict) and data.keys() == {"data"}:
        data = _unwrap(data["data"])
    return data


def _unwrap(inner: Any) -> Any:
    # The documented pages call a body "data: JSON string": the text or the object itself.
    return _load(inner.encode("utf-8", "surrogatepass")) if isinstance(inner, str) else inner


def _load(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig")
        data = _DECODER.decode(text)
    except JSONDecodeError as error:
        raise ParseError(str(error)) from None
    except UnicodeDecodeError as error:
        raise ParseError(str(error)) from None
    except RecursionError:
        raise ParseError(f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:  # a refusal of the hooks below, or int()'s limit of digits
        raise ParseError(str(error)) from None
    _refuse_deep_nesting(body, data)
    _refuse_lone_surrogates(body, data)
    return data


def _refuse_deep_nesting(body: bytes, data: Any) -> None:
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise ParseError(f"nested deeper than {MAX_DEPTH} levels")


def _children(parent: Any) -> list[Any]:
    values = parent.values() if isinstance(parent, dict) else parent
    return [value for value in values if isinstance(value, dict | list)]


def _refuse_lone_surrogates(body: bytes, data: Any) -> None:
    if SURROGATE.search(body) is None:
        return
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ParseError("a lone surrogate is no character") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"duplicate key {json.dumps(twice)}")
    return data


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON value")


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"number out of range: {text[:32]}")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
