"""Simulated CPEs for code that is not async: they live on an event loop in a thread of their own.

What blocks here has a time limit, so that a test that waits for something that never comes fails.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from simulator.cpe import Cpe
from simulator.dialogue import SessionRecord
from simulator.listener import Listener
from simulator.timing import Pace

PATIENCE_S = 30
BRISK = Pace(speed=600)  # a reboot takes 0.05 s

T = TypeVar("T")


class LabCpe:
    """A CPE that is called from another thread; ``cpe`` is the device itself, to look at."""

    def __init__(self, lab: "Lab", cpe: Cpe) -> None:
        self._lab, self.cpe = lab, cpe

    def start(self) -> SessionRecord:
        """Powers on; returns the first session."""
        return self._lab.wait_for(self.cpe.start())

    def stop(self) -> None:
        self._lab.wait_for(self.cpe.stop())

    def session(self, *codes: str) -> SessionRecord:
        """Runs one session now, with these events."""
        return self._lab.wait_for(self.cpe.session(codes))

    def told(self, code: str, command_key: str = "") -> SessionRecord:
        """Waits for the session that delivers this event."""
        return self._lab.wait_for(self.cpe.told(code, command_key))

    def change(self, name: str, value: str) -> None:
        """The device itself changes a parameter."""
        self._lab.call(lambda: self.cpe.change(name, value))

    def power_cut(self, off_s: float = 0) -> None:
        self._lab.call(lambda: self.cpe.power_cut(off_s))

    def value(self, name: str) -> str:
        """The value of a parameter, as the device has it now."""
        return self._lab.call(lambda: self.cpe.tree.value(name))


class Lab:
    """The thread with its loop, the CPEs in it, and one listener for their connection requests."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lab", daemon=True)
        self._listener = Listener()
        self._cpes: list[LabCpe] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_for(self._listener.start())
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for cpe in self._cpes:
                cpe.stop()
            self.wait_for(self._listener.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def cpe(self, acs_url: str, **options: Any) -> LabCpe:
        """A CPE that is still switched off; ``options`` are those of :class:`Cpe`."""
        settings: dict[str, Any] = {"pace": BRISK, "connection_requests": self._listener}
        settings |= options
        made = self.call(lambda: LabCpe(self, Cpe(acs_url, **settings)))
        self._cpes.append(made)
        return made

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs it in the lab's thread; raises TimeoutError when it takes longer than patience."""
        return asyncio.run_coroutine_threadsafe(
            asyncio.wait_for(work, PATIENCE_S), self._loop
        ).result()

    def call(self, function: Callable[[], T]) -> T:
        async def called() -> T:
            return function()

        return self.wait_for(called())
