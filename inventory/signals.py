"""News inside the process, told only after COMMIT.

Whoever learns of something (the API, a session, a worker) tells it here; whoever can act on it at
once (a live session, the connection requests, a waiting reader) listens. News may be lost at a
crash: everything that matters is in the store, and the workers find it there.
"""

from collections.abc import Callable

Listener = Callable[[int], None]


class Signals:
    """Four kinds of news, each about one id."""

    def __init__(self) -> None:
        self._work: list[Listener] = []
        self._bulk_work: list[Listener] = []
        self._informed: list[Listener] = []
        self._finished: list[Listener] = []

    def on_work(self, listener: Listener) -> None:
        """Calls ``listener(device_id)`` when an operation became due on a device."""
        self._work.append(listener)

    def on_bulk_work(self, listener: Listener) -> None:
        """The same for an operation of a bulk job, which nobody sits and waits for."""
        self._bulk_work.append(listener)

    def on_inform(self, listener: Listener) -> None:
        """Calls ``listener(device_id)`` when a device has opened a session."""
        self._informed.append(listener)

    def on_finish(self, listener: Listener) -> None:
        """Calls ``listener(operation_id)`` when an operation reached a final state."""
        self._finished.append(listener)

    def work(self, device_id: int) -> None:
        for listener in self._work:
            listener(device_id)

    def bulk_work(self, device_id: int) -> None:
        for listener in self._bulk_work:
            listener(device_id)

    def informed(self, device_id: int) -> None:
        for listener in self._informed:
            listener(device_id)

    def finished(self, operation_id: int) -> None:
        for listener in self._finished:
            listener(operation_id)
