"""``…_ipping/``: is the device's address reached from the server? Under three keys."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from statistics import mean
from typing import Annotated, Literal

from pydantic import Field

from api.answers import Answer, found
from api.calls import Call
from api.endpoints import Methods
from api.fields import Integer
from api.house import HOUSE
from api.models import Query, Representation
from api.resources.devices import readable
from inventory import devices
from inventory.devices import Family, Key
from inventory.records.devices import Device

PATHS: Mapping[Family, str] = {
    Family.NAME: "/api/v1/inventory_device_name_ipping/",
    Family.SERIAL: "/api/v1/inventory_device_serial_ipping/",
    Family.ID: "/api/v1/inventory_device_ipping/",
}

_Milliseconds = Annotated[float | None, Field(description="Milliseconds.", examples=[11.7])]


class PingQuery(Query):
    count: Annotated[Integer, Field(ge=1, le=10, description="Requests.")] = 4
    timeout: Annotated[
        Integer, Field(ge=1, le=5, description="Seconds to wait for each reply.")
    ] = 1


class PingAnswer(Representation):
    """What came back from the device's address."""

    name: str = Field(description="The device's.", examples=["router-branch-network"])
    address: str | None = Field(examples=["192.0.2.10"])
    status: Literal["reachable", "unreachable", "no_address"]
    packets_sent: int = Field(examples=[4])
    packets_received: int = Field(examples=[4])
    packet_loss_percent: float | None = Field(examples=[0.0])
    minimum_ms: _Milliseconds
    average_ms: _Milliseconds
    maximum_ms: _Milliseconds
    times_ms: list[float | None] = Field(
        description="Of each request; null where no reply came.", examples=[[11.2, None]]
    )


async def _ping(call: Call, key: Key, query: PingQuery) -> Answer:
    """ICMP echo requests to the address that the device was last seen at. Many devices answer none
    though they are well. 503 where the system does not let the server send any."""
    device = await call.read(devices.get, key)
    address = _address(device)
    times: Sequence[float | None] = ()
    if address is not None:
        times = await call.request.app[HOUSE].ping(address, query.count, float(query.timeout))
    return found(_told(device, address, times))


def _address(device: Device) -> str | None:
    """Only what is the address of one host."""
    try:
        address = ip_address(device.address or "")
    except ValueError:
        return None
    return None if address.is_multicast or address.is_unspecified else str(address)


def _told(device: Device, address: str | None, times: Sequence[float | None]) -> PingAnswer:
    told = [None if time is None else round(time * 1000, 3) for time in times]
    came = [time for time in told if time is not None]
    return PingAnswer(
        name=device.name,
        address=address,
        status="reachable" if came else "no_address" if address is None else "unreachable",
        packets_sent=len(told),
        packets_received=len(came),
        packet_loss_percent=round(100 * (1 - len(came) / len(told)), 1) if told else None,
        minimum_ms=min(came, default=None),
        average_ms=round(mean(came), 3) if came else None,
        maximum_ms=max(came, default=None),
        times_ms=told,
    )


ROUTES: dict[str, Methods] = readable(PATHS, "", "Ping a device's address", PingAnswer, _ping)
