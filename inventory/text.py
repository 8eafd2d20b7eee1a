"""Text that a database and UTF-8 can hold."""

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether the text is without NUL and lone surrogates."""
    return "\0" not in text and (text.isascii() or not _UNSTORABLE.search(text))


def storable(text: str) -> str:
    """The text with U+FFFD in place of what cannot be stored."""
    return text if is_storable(text) else _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
