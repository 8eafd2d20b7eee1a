"""The SOAP messages of one session, kept while a device's ``debug`` is on."""

import zlib

import msgpack

from acs.cwmp.codec import encode
from acs.cwmp.faults import LocalProtocolError
from acs.cwmp.messages import Envelope

MAX_BYTES = 4 * 1024 * 1024


class Transcript:
    """Grows to a bound; what would go past it is left out, and said to be."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, float, str]] = []
        self._size = 0

    def add(self, speaker: str, time: float, envelope: Envelope) -> None:
        """Takes down a message that holds no secrets any more."""
        if self._size > MAX_BYTES:
            return
        try:
            text = encode(envelope).decode("ascii")
        except LocalProtocolError as error:  # what a CPE may say and we may not
            text = f"<!-- {type(envelope.body).__name__}: {error} -->"
        self._size += len(text)
        if self._size > MAX_BYTES:
            text = "<!-- the rest of the session is left out -->"
        self._lines.append((speaker, time, text))

    def packed(self) -> bytes:
        return zlib.compress(msgpack.packb(self._lines))
