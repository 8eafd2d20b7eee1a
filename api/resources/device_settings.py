"""``…_setting/``: what is wanted of a device, by its type's template and by its own settings."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from api.answers import Answer
from api.calls import Call
from api.endpoints import OWNED, Handler, Methods, endpoint
from api.house import HOUSE
from api.lists import envelope
from api.models import Listing
from api.resources.devices import keyed
from api.resources.variable_models import (
    SettingAnswer,
    SettingFilter,
    SettingsBody,
    of_parent,
    setting_answer,
)
from api.resources.variables import telling
from inventory import devices, own_settings, variables
from inventory.access import Role
from inventory.devices import Family, Key
from inventory.query import Window
from inventory.settings import MOST

PATHS: Mapping[Family, str] = {
    Family.NAME: "/api/v1/inventory_device_name_setting/",
    Family.SERIAL: "/api/v1/inventory_device_serial_setting/",
    Family.ID: "/api/v1/inventory_device_setting/",
}


def _browse(family: Family) -> Handler:
    async def browse(call: Call, query: Any) -> Answer:
        """Of one device, by name of the parameter."""
        return await _listed(call, query.key, query)

    browse.__annotations__["query"] = of_parent(family, SettingFilter)
    return browse


async def _read(call: Call, key: Key, query: SettingFilter) -> Answer:
    """By name of the parameter."""
    return await _listed(call, key, query)


async def _listed(call: Call, key: Key, query: SettingFilter) -> Answer:
    vault = call.request.app[HOUSE].setup.vault
    page = await call.read(variables.wanted_page, key, query.pending, vault, query.window)
    return call.listed(page, query.window, partial(setting_answer, telling(call)))


async def _replace(call: Call, key: Key, body: SettingsBody) -> Answer:
    """Those that are not given are dropped: the type's value is wanted then, if it has one. What
    the device does not have yet is set. Items of a GET may be put back as they are."""
    return await _write(call, key, body, whole=True)


async def _change(call: Call, key: Key, body: SettingsBody) -> Answer:
    """Those that are not given stay; null drops one. What the device does not have yet is set."""
    return await _write(call, key, body, whole=False)


async def _write(call: Call, key: Key, body: SettingsBody, *, whole: bool) -> Answer:
    vault = call.request.app[HOUSE].setup.vault
    changed = await call.write(
        own_settings.change,
        key,
        body.settings,
        vault,
        call.expected,
        call.now,
        whole=whole,
        inherited=body.inherited,
    )
    window = Window(limit=2 * MOST)
    page = await call.read(
        variables.wanted_page, Key(Family.ID, changed.device.id), None, vault, window
    )
    render = partial(setting_answer, telling(call))
    return Answer(
        envelope(call.request, page, window, render),
        tag=devices.tag(changed.device),
        wakes=(changed.device.id,) if changed.has_work else (),
    )


def _routes(family: Family) -> dict[str, Methods]:
    declared = partial(endpoint, touches=OWNED, answers=Listing[SettingAnswer], refuses=(404, 409))

    listing = declared(Role.VIEWER, summary="List the settings that are wanted of a device")
    return {
        PATHS[family]: {"GET": listing(_browse(family))},
        f"{PATHS[family]}{{{family.value}}}/": {
            "GET": listing(keyed(family, _read)),
            "PUT": declared(Role.OPERATOR, summary="Replace a device's own settings")(
                keyed(family, _replace)
            ),
            "PATCH": declared(Role.OPERATOR, summary="Change a device's own settings")(
                keyed(family, _change)
            ),
        },
    }


ROUTES: dict[str, Methods] = {
    path: methods for family in Family for path, methods in _routes(family).items()
}
