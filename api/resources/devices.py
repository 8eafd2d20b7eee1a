"""Devices, under three keys: by name, by serial number, by id. One resource, three families."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from aiohttp import web

from api.answers import Answer, created, found, gone
from api.calls import Call
from api.endpoints import OWNED, Handler, Methods, endpoint
from api.house import HOUSE
from api.keys import STORE
from api.models import Listing
from api.resources.device_models import (
    DeviceAnswer,
    DeviceBody,
    DevicePatch,
    DeviceQuery,
    DeviceReplacement,
    DevicesQuery,
    shown,
    shown_whole,
)
from api.resources.variables import telling
from inventory import devices
from inventory import portrait as portraits
from inventory.access import Role
from inventory.devices import Changed, Family, Key
from inventory.names import names_of
from inventory.records.devices import Device

PATHS: Mapping[Family, str] = {
    Family.NAME: "/api/v1/inventory_device_name/",
    Family.SERIAL: "/api/v1/inventory_device_serial/",
    Family.ID: "/api/v1/inventory_device/",
}


def keyed(family: Family, handler: Handler) -> Handler:
    """The handler, which takes a device's key, as one that takes this family's part of the path."""
    hints = dict(handler.__annotations__)
    del hints["key"]

    async def of_the_family(call: Call, **arguments: Any) -> Answer | web.StreamResponse:
        key = Key(family, arguments.pop(family.value))
        return await handler(call, key, **arguments)

    of_the_family.__annotations__ = hints | {family.value: int if family is Family.ID else str}
    of_the_family.__doc__ = handler.__doc__
    return of_the_family


def readable(
    paths: Mapping[Family, str], below: str, summary: str, answers: Any, handler: Handler
) -> dict[str, Methods]:
    """What is read of a device, which is found by any of its keys: at ``below`` its own path."""
    return {
        f"{path}{{{family.value}}}/{below}": {
            "GET": endpoint(
                Role.VIEWER,
                OWNED,
                summary,
                answers=answers,
                refuses=(409,) if family is Family.SERIAL else (),
            )(keyed(family, handler))
        }
        for family, path in paths.items()
    }


async def _browse(call: Call, query: DevicesQuery) -> Answer:
    """By id, unless an ordering is given. A search finds a part of name, serial number, address or
    customer id."""
    house = call.request.app[HOUSE]
    page = await call.read(devices.page, query.filter, query.order, query.window)
    if query.update_status and page.items:
        await house.ask_to_inform([device.id for device in page.items])
        page = await call.read(devices.page, query.filter, query.order, query.window)
    interval_s = house.setup.interval_s
    return call.listed(page, query.window, lambda device: shown(device, interval_s))


async def _read(call: Call, key: Key, query: DeviceQuery) -> Answer:
    """With the device's uptime and interfaces, and on demand with all that waits for it."""
    house, names = call.request.app[HOUSE], names_of(call.request.app[STORE])
    if query.update_status:
        await house.ask_to_inform([(await call.read(devices.get, key)).id])
    portrait = await call.read(
        portraits.draw, key, house.setup.vault, names, with_details=query.pending
    )
    body = shown_whole(portrait, telling(call), house.setup.interval_s, call.now)
    return found(body, devices.tag(portrait.device), moves=True)


async def _replace(call: Call, key: Key, body: DeviceReplacement) -> Answer:
    """What is left out goes back to its default, except user name, password, organization, type
    and what the device has told of itself. Another name renames."""
    setup = call.request.app[HOUSE].setup
    changed = await call.write(devices.replace, key, body.given(), setup, call.expected, call.now)
    return _changed(changed, setup.interval_s)


async def _change(call: Call, key: Key, body: DevicePatch) -> Answer:
    """Operations that are asked for by their booleans are queued with the change, or nothing is
    kept: 409 on an inactive device."""
    setup = call.request.app[HOUSE].setup
    changed = await call.write(devices.change, key, body.given(), setup, call.expected, call.now)
    return _changed(changed, setup.interval_s)


def _changed(changed: Changed, interval_s: int) -> Answer:
    device = changed.device
    wakes = (device.id,) if changed.has_work else ()
    return Answer(shown(device, interval_s), tag=devices.tag(device), wakes=wakes)


async def _delete(call: Call, key: Key) -> Answer:
    """With its history and queue; the audit stays. A later Inform registers it anew."""
    while await call.write(devices.delete_some_history, key, call.expected, call.now):
        pass
    device_id = await call.write(devices.delete, key, call.expected, call.now)
    return replace(gone(), wakes=(device_id,))


def _create(family: Family) -> Handler:
    async def create(call: Call, body: DeviceBody) -> Answer:
        """Registers a device before it has been seen; it is recognised at its first Inform."""
        setup = call.request.app[HOUSE].setup

        def made(changed: Changed) -> Answer:
            device = changed.device
            shows = shown(device, setup.interval_s)
            return created(shows, _location(family, device), devices.tag(device))

        return await call.once(made, devices.create, body.given(), setup, call.now)

    return create


def _location(family: Family, device: Device) -> str:
    """Where the device is found in its family; without a serial number, by its name."""
    key = {
        Family.NAME: device.name,
        Family.SERIAL: device.serial_number,
        Family.ID: str(device.id),
    }[family]
    if key is None:
        return _location(Family.NAME, device)
    return f"{PATHS[family]}{quote(key, safe='')}/"


def _routes(family: Family) -> dict[str, Methods]:
    """The endpoints of one family."""
    ambiguous = (409,) if family is Family.SERIAL else ()
    listing = endpoint(Role.VIEWER, OWNED, "List the devices", answers=Listing[DeviceAnswer])
    creation = endpoint(
        Role.OPERATOR,
        OWNED,
        "Register a device",
        answers=DeviceAnswer,
        status=201,
        refuses=(409,),
    )
    reading = endpoint(Role.VIEWER, OWNED, "Read a device", answers=DeviceAnswer, refuses=ambiguous)
    replacement = endpoint(
        Role.OPERATOR, OWNED, "Replace a device", answers=DeviceAnswer, refuses=(409,)
    )
    change = endpoint(Role.OPERATOR, OWNED, "Change a device", answers=DeviceAnswer, refuses=(409,))
    deletion = endpoint(Role.OPERATOR, OWNED, "Delete a device", status=204, refuses=ambiguous)
    return {
        PATHS[family]: {"GET": listing(_browse), "POST": creation(_create(family))},
        f"{PATHS[family]}{{{family.value}}}/": {
            "GET": reading(keyed(family, _read)),
            "PUT": replacement(keyed(family, _replace)),
            "PATCH": change(keyed(family, _change)),
            "DELETE": deletion(keyed(family, _delete)),
        },
    }


ROUTES: dict[str, Methods] = {
    path: methods for family in Family for path, methods in _routes(family).items()
}
