"""Many CPEs in one process: they share their model, one listener and one gate to the network."""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from simulator import mischief
from simulator.cpe import Cpe
from simulator.listener import Listener
from simulator.summary import Summary
from simulator.timing import REAL_TIME, Pace

SESSIONS_AT_ONCE = 500  # more open sockets than this need no simulator but a limit raised


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fleet consists of; models take turns from CPE to CPE."""

    acs_url: str
    count: int
    models: Sequence[str] = ("tr181-gateway",)
    serial_prefix: str = "SIM"
    oui: str = "00D09E"
    product_class: str = "SimGateway"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    cwmp_version: str = "1.2"
    interval_s: int | None = None  # periodic Informs; None: as the model says
    mischief: Sequence[str] = ()  # names, as ``simulator.mischief.parse`` takes them
    pace: Pace = REAL_TIME
    sessions_at_once: int = SESSIONS_AT_ONCE


class Fleet:
    """The CPEs of a plan: ``start`` them as they arrive, and ``stop`` them."""

    def __init__(
        self,
        plan: Plan,
        random: Random,
        listener: Listener | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.summary = Summary()
        self._arrived = 0
        gate = asyncio.Semaphore(plan.sessions_at_once)
        factory = {}
        if plan.interval_s is not None:
            factory["ManagementServer.PeriodicInformInterval"] = str(plan.interval_s)
        self.cpes = [
            Cpe(
                plan.acs_url,
                model=plan.models[number % len(plan.models)],
                serial_number=f"{plan.serial_prefix}{number + 1:06d}",
                oui=plan.oui,
                product_class=plan.product_class,
                username=plan.username,
                password=plan.password,
                cwmp_version=plan.cwmp_version,
                factory=factory,
                pace=plan.pace,
                random=random,
                connection_requests=listener,
                mischief=[one for text in plan.mischief for one in mischief.parse(text)],
                tls=tls,
                remembered=0,
                gate=gate,
                on_session=lambda _, record: self.summary.add(record),
            )
            for number in range(plan.count)
        ]

    @property
    def arrived(self) -> int:
        """How many have had their first session, be it a failed one."""
        return self._arrived

    async def start(self, arrivals: Iterable[float]) -> None:
        """Powers each CPE on at its time; returns when all have had their first session."""
        begin = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for cpe, at_s in zip(self.cpes, arrivals, strict=True):
                group.create_task(self._arrive(cpe, begin + at_s))

    async def stop(self) -> None:
        for cpe in self.cpes:
            await cpe.stop()

    async def _arrive(self, cpe: Cpe, at: float) -> None:
        await asyncio.sleep(at - asyncio.get_running_loop().time())
        await cpe.start()
        self._arrived += 1
