"""Work that no request asks for: each worker is a ``step`` that does one round.

A step can be called by a test with any time; :func:`every` is the one loop that calls it for ever.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)


async def every(period_s: float, step: Callable[[], Awaitable[object]]) -> None:
    """Calls ``step`` again and again; a round that fails is logged, and the next one tries anew."""
    while True:
        await asyncio.sleep(period_s)
        try:
            await step()
        except Exception:
            logger.exception("worker")
