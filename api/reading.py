"""Bytes of a request body to plain JSON data, or a 400 that says where it went wrong.

Stricter than the standard library: duplicate keys, NaN, numbers beyond a float, endless integers,
lone surrogates and deep nesting are refused here, so that nothing further in meets them.
"""

import json
import re
from json import JSONDecodeError
from typing import Any

MAX_DEPTH = 32  # the deepest documented body has 5 levels
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# What a well-formed body can be refused for: a bracket too many, a key, a scalar.
SUSPECT = re.compile(
    r"""[{}\[\]]|"(?:[^"\\]|\\.)*"(?:\s*:)?|-?(?:NaN|Infinity)|-?[\d.]+[eE]\+?\d{3,}|-?\d{300,}""",
    re.DOTALL,
)


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
        before = error.object[: error.start].decode()
        raise ParseError(str(JSONDecodeError(str(error), before, len(before)))) from None
    except RecursionError:
        raise _refusal(TOO_DEEP, text) from None
    except ValueError as error:  # a refusal of the hooks below, or int()'s limit of digits
        raise _refusal(str(error), text) from None
    if _is_too_deep(body, data):
        raise _refusal(TOO_DEEP, text)
    if _has_lone_surrogate(body, data):
        raise _refusal("a lone surrogate is no character", text)
    return data


def _refusal(reason: str, text: str) -> ParseError:
    """Of a body that the standard library would take, in its words: with line and column."""
    return ParseError(str(JSONDecodeError(reason, text, _offence(text))))


def _offence(text: str) -> int:
    """Where the first thing stands that we refuse."""
    keys: list[set[str]] = []  # of the objects and arrays around
    for match in SUSPECT.finditer(text):
        scalar, is_key = match[0].rstrip(" \t\r\n:"), match[0][-1] == ":"
        if scalar in "{[":
            keys.append(set())
        elif scalar in "}]":
            keys.pop()
        elif not _is_taken(scalar) or (is_key and scalar in keys[-1]):
            return match.start()
        elif is_key:
            keys[-1].add(scalar)
        if len(keys) > MAX_DEPTH:
            return match.start()
    return 0


def _is_taken(scalar: str) -> bool:
    if scalar[0] == '"' and "\\u" not in scalar:
        return True
    try:
        json.dumps(_DECODER.decode(scalar), ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def _is_too_deep(body: bytes, data: Any) -> bool:
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(parent: Any) -> list[Any]:
    values = parent.values() if isinstance(parent, dict) else parent
    return [value for value in values if isinstance(value, dict | list)]


def _has_lone_surrogate(body: bytes, data: Any) -> bool:
    if SURROGATE.search(body) is None:
        return False
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"duplicate key {json.dumps(twice)}")
    return data


def _constant(name: str) -> float:
    raise ValueError(f"Out of range float values are not JSON compliant: {name!r}")


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"number out of range: {text[:32]}")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
