"""``…_variables/``: the values that the inventory holds of a device, and setting them now."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from api.answers import Answer
from api.calls import Call
from api.endpoints import OWNED, Handler, Methods, endpoint
from api.house import HOUSE
from api.keys import STORE
from api.lists import origin
from api.models import Listing
from api.resources.devices import keyed
from api.resources.operation_models import Eyes, OperationAnswer, shown_new
from api.resources.variable_models import (
    VariableAnswer,
    VariableFilter,
    VariablesBody,
    of_parent,
    variable_answer,
)
from api.resources.variables import telling
from inventory import devices, sealed_variables, variables
from inventory.access import Role
from inventory.actions import orders, placing
from inventory.devices import Family, Key
from inventory.names import names_of
from inventory.operations import Kind

PATHS: Mapping[Family, str] = {
    Family.NAME: "/api/v1/inventory_device_name_variables/",
    Family.SERIAL: "/api/v1/inventory_device_serial_variables/",
    Family.ID: "/api/v1/inventory_device_variables/",
}


def _browse(family: Family) -> Handler:
    async def browse(call: Call, query: Any) -> Answer:
        """Of one device, by name of the parameter. Nothing named means everything."""
        return await _listed(call, query.key, query)

    browse.__annotations__["query"] = of_parent(family, VariableFilter)
    return browse


async def _read(call: Call, key: Key, query: VariableFilter) -> Answer:
    """By name of the parameter. Nothing named means everything."""
    return await _listed(call, key, query)


async def _listed(call: Call, key: Key, query: VariableFilter) -> Answer:
    house, store = call.request.app[HOUSE], call.request.app[STORE]
    if query.force_update:
        device = await call.read(devices.get, key)
        await house.read_values(device.id, query.readable)
    page = await call.read(
        variables.page,
        key,
        query.names,
        query.pending,
        house.setup.vault,
        names_of(store),
        query.window,
    )
    render = partial(variable_answer, telling(call), dates=query.dates)
    return call.listed(page, query.window, render)


async def _set(call: Call, key: Key, body: VariablesBody) -> Answer:
    """All or none, as one operation: the device is called at once, and its answer is found under
    the operation's id. The settings that are wanted of the device stay what they are."""
    vault = call.request.app[HOUSE].setup.vault
    asked = [variable.model_dump(exclude_none=True) for variable in body.variables]
    order = orders.make(Kind.SET, asked, {}, {}, vault)
    report = await call.write(placing.queue, key, order, call.now)
    url = f"{origin(call.request)}/api/v1/inventory_device_name_headless_operation/"
    eyes = Eyes(url, partial(sealed_variables.reveal, vault=vault))
    return Answer(shown_new(report, eyes), wakes=(report.target.id,))


def _routes(family: Family) -> dict[str, Methods]:
    listing = endpoint(
        Role.VIEWER,
        OWNED,
        "List a device's values",
        answers=Listing[VariableAnswer],
        refuses=(404, 409),
    )
    setting = endpoint(
        Role.OPERATOR, OWNED, "Set values on a device", answers=OperationAnswer, refuses=(409,)
    )
    return {
        PATHS[family]: {"GET": listing(_browse(family))},
        f"{PATHS[family]}{{{family.value}}}/": {
            "GET": listing(keyed(family, _read)),
            "PUT": setting(keyed(family, _set)),
        },
    }


ROUTES: dict[str, Methods] = {
    path: methods for family in Family for path, methods in _routes(family).items()
}
