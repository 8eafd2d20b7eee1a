"""The seam between the HTTP edge and the sessions: who calls, and what is answered.

The endpoint knows HTTP and nothing of sessions; the hearer knows sessions and nothing of HTTP.
"""

from dataclasses import dataclass
from typing import Protocol

from acs.cwmp.httpauth import Authorization
from acs.cwmp.messages import Envelope


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a POST came from and what it shows of itself; nothing of it is verified yet."""

    address: str  # of the peer; through a trusted proxy, the one that the proxy names
    connection: int | None  # identity of the live TCP connection; None through a trusted proxy
    cookie: str | None  # value of our session cookie
    authorization: Authorization | None
    tls_subject: str | None  # subject CN of a TLS client certificate, which TLS has verified
    base_url: str = ""  # under which it reaches us, without a slash at the end


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: 200 with an envelope, or 204, 400, 401, 403, 503 without."""

    status: int
    envelope: Envelope | None = None
    cookie: str | None = None  # set this session cookie; letters and digits alone
    retry_after_s: int | None = None  # with 503
    reason: str = ""  # short plain text, with 4xx and 5xx


class Hearer(Protocol):
    """Holds the sessions' side of the conversation."""

    async def hear(self, message: Envelope | None, caller: Caller) -> Answer:
        """Answers one POST; ``None`` is an empty one."""
        ...

    def connection_lost(self, connection: int) -> None:
        """A TCP connection has ended, in whatever way."""
        ...

    def has_room(self, caller: Caller) -> bool:
        """False sheds load: the POST gets 503 before its body is read."""
        ...
