"""What the edge itself turns down, before any session hears of it."""


class Refused(Exception):
    """Becomes this status, with these header lines; the text is told to the peer."""

    def __init__(self, status: int, reason: str, *headers: str) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers
