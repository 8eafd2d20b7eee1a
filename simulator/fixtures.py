"""A pytest plugin: simulated CPEs for the tests of whoever has installed this package.

Every pytest run of the environment loads this module, so it imports nothing of ours by itself.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulator.lab import LabCpe


@pytest.fixture
def simulated_cpe() -> Iterator[Callable[..., "LabCpe"]]:
    """``simulated_cpe(acs_url, model="tr098-gateway", …)``: a CPE, switched off, stopped at the
    test's end. Its methods block."""
    from simulator.lab import Lab  # noqa: PLC0415

    with Lab() as lab:
        yield lab.cpe


@pytest.fixture
def cpe_fleet(
    simulated_cpe: Callable[..., "LabCpe"],
) -> Callable[..., list["LabCpe"]]:
    """``cpe_fleet(acs_url, 3, …)``: so many started CPEs with serial numbers of their own."""

    def start(acs_url: str, count: int = 3, **options: object) -> list["LabCpe"]:
        cpes = [
            simulated_cpe(acs_url, serial_number=f"LAB{number:06d}", **options)
            for number in range(1, count + 1)
        ]
        for cpe in cpes:
            cpe.start()
        return cpes

    return start
