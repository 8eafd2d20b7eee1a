"""Waiting for news about one id, such as the end of an operation, without asking over and over."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator


class Waiting:
    """Who waits for which id. Its :meth:`happened` is a listener for :class:`Signals`."""

    def __init__(self) -> None:
        self._futures: defaultdict[int, set[asyncio.Future[None]]] = defaultdict(set)

    def happened(self, number: int) -> None:
        for future in self._futures.get(number, ()):
            if not future.done():
                future.set_result(None)

    def stop(self) -> None:
        """Lets everybody go: nothing will happen any more."""
        for number in list(self._futures):
            self.happened(number)

    @contextlib.contextmanager
    def expected(self, number: int) -> Iterator[asyncio.Future[None]]:
        """The news, from now on: what is looked up inside this context cannot miss it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures[number].add(future)
        try:
            yield future
        finally:
            self._futures[number].discard(future)
            if not self._futures[number]:
                del self._futures[number]
