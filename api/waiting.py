"""Handlers that wait for the end of an operation: the news come from the signals, not by asking."""

from aiohttp import web

from inventory.signals import Signals
from inventory.waiting import Waiting

ENDS = web.AppKey("ends", Waiting)


def attend(app: web.Application, signals: Signals) -> None:
    """Lets handlers wait; nobody is kept when the server goes down."""
    ends = Waiting()
    signals.on_finish(ends.happened)
    app[ENDS] = ends

    async def release(_: web.Application) -> None:
        ends.stop()

    app.on_shutdown.append(release)
