"""How much and how slowly a peer may send before it is turned away."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class EndpointLimits:
    """Times in seconds, sizes in bytes."""

    body_bytes: int = 16 * MIB  # of one message, inflated
    all_bodies_bytes: int = 256 * MIB  # of all messages that are just arriving
    line_bytes: int = 8190  # the request line, and each header
    headers: int = 100
    head_timeout_s: float = 30  # from a connection's or a head's first byte to its end
    body_timeout_s: float = 240  # a gateway's whole data model through a slow uplink
    idle_timeout_s: float = 300  # between messages; slow devices gather values for minutes
    linger_s: float = 5  # reading on after an answer that came before the body's end
    grace_s: float = 10  # for requests at work when the listener closes
    retry_after_s: int = 60  # told to those who are sent away; chance adds up to half
