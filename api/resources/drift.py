"""Wanted values that devices were found not to have: of one device, or of all of a type."""

from functools import partial

from pydantic import Field

from api.answers import Answer
from api.calls import Call
from api.endpoints import OWNED, Methods, endpoint
from api.fields import Moment
from api.house import HOUSE
from api.models import Listing, ListQuery, Representation
from api.resources import types
from api.resources.devices import PATHS, readable
from api.resources.variables import Tell, telling
from inventory import drift
from inventory.access import Role
from inventory.devices import Key
from inventory.drift import Drift


class DriftAnswer(Representation):
    """A wanted value that a device was found not to have."""

    device_id: int = Field(examples=[17])
    device_name: str = Field(examples=["router-branch-network"])
    variable_name: str = Field(examples=["Device.Time.NTPServer1"])
    wanted: str | None = Field(examples=["ntp.example.net"])
    found: str | None = Field(examples=["pool.ntp.org"])
    since: Moment
    corrections: int = Field(description="How often it was set and read back different.")
    is_set_aside: bool = Field(description="No sync sets it any more: the device changes it.")


def _shown(tell: Tell, found: Drift) -> DriftAnswer:
    return DriftAnswer(
        device_id=found.device_id,
        device_name=found.device_name,
        variable_name=found.path,
        wanted=tell(found.path, found.wanted),
        found=tell(found.path, found.found),
        since=found.since,
        corrections=found.corrections,
        is_set_aside=found.is_set_aside,
    )


@endpoint(Role.VIEWER, OWNED, "List the drift of a type's devices", answers=Listing[DriftAnswer])
async def of_type(call: Call, id: int, query: ListQuery) -> Answer:
    """Wanted values that devices were found not to have; by device."""
    vault = call.request.app[HOUSE].setup.vault
    page = await call.read(drift.of_type, vault, id, query.window)
    return call.listed(page, query.window, partial(_shown, telling(call)))


async def _of_device(call: Call, key: Key, query: ListQuery) -> Answer:
    """Wanted values that the last sync has found it not to have, by name; also those set aside."""
    page = await call.read(drift.of_device, key, query.window)
    return call.listed(page, query.window, partial(_shown, telling(call)))


ROUTES: dict[str, Methods] = {
    f"{types.PATH}{{id}}/drift/": {"GET": of_type},
    **readable(PATHS, "drift/", "List a device's drift", Listing[DriftAnswer], _of_device),
}
