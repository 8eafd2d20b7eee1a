"""``…_diags/``: tests that devices run themselves, under three keys."""

from collections.abc import Mapping
from dataclasses import replace

from api.answers import Answer, created, found
from api.calls import Call
from api.endpoints import OWNED, Handler, Methods, endpoint
from api.house import HOUSE
from api.lists import origin
from api.models import Listing
from api.resources.diagnostic_models import (
    BODIES,
    DiagnosticAnswer,
    DiagnosticBody,
    DiagnosticQuery,
    DiagnosticsQuery,
    shown,
)
from inventory.access import Role
from inventory.actions import testing, viewing
from inventory.actions.viewing import Filter, Report
from inventory.devices import Family
from inventory.errors import Invalid, NotFound
from inventory.operations import Kind

PATHS: Mapping[Family, str] = {
    Family.NAME: "/api/v1/inventory_device_name_diags/",
    Family.SERIAL: "/api/v1/inventory_device_serial_diags/",
    Family.ID: "/api/v1/inventory_device_diags/",
}


def _begin(path: str, taken: type[DiagnosticBody]) -> Handler:
    async def begin(call: Call, body: DiagnosticBody) -> Answer:
        """Waits for the device like any operation. One of a kind at a time: 409 while such a test
        is open."""
        if body.complaints:
            raise Invalid(body.complaints)

        def accepted(report: Report) -> Answer:
            answer = shown(report, f"{origin(call.request)}{path}")
            location = f"{path}{report.operation.key}/"
            made = created(answer, location, viewing.tag(report))
            return replace(made, wakes=(report.target.id,))

        return await call.once(
            accepted,
            testing.begin,
            body.key,
            body.diagnostic,
            body.arguments,
            body.also,
            body.force,
            call.now,
        )

    begin.__annotations__["body"] = taken
    return begin


def _browse(path: str) -> Handler:
    async def browse(call: Call, query: DiagnosticsQuery) -> Answer:
        """The newest first, with their results."""
        wanted = Filter(
            viewing.ANY if query.id is None else viewing.refer(query.id),
            query.name,
            query.serial_number,
            query.device_id,
            query.status,
            (Kind.DIAGNOSTICS,),
        )
        page = await call.read(viewing.page, wanted, query.window)
        if query.update_status and page.items:
            devices = dict.fromkeys(report.target.id for report in page.items)
            await call.request.app[HOUSE].ask_to_inform(list(devices))
            page = await call.read(viewing.page, wanted, query.window)
        if query.id is not None and not page.count:
            raise NotFound("diagnostics", query.id)
        url = f"{origin(call.request)}{path}"
        return call.listed(page, query.window, lambda report: shown(report, url))

    return browse


def _read(path: str) -> Handler:
    async def read(call: Call, id: str, query: DiagnosticQuery) -> Answer:
        """With its results, when it has ended."""
        reference = viewing.refer(id)
        report = await call.read(testing.get, reference)
        if query.update_status:
            await call.request.app[HOUSE].ask_to_inform([report.target.id])
            report = await call.read(testing.get, reference)
        return found(shown(report, f"{origin(call.request)}{path}"), viewing.tag(report))

    return read


def _routes(family: Family) -> dict[str, Methods]:
    path = PATHS[family]
    return {
        path: {
            "GET": endpoint(
                Role.VIEWER,
                OWNED,
                "List the tests of devices",
                answers=Listing[DiagnosticAnswer],
                refuses=(404,),
            )(_browse(path)),
            "POST": endpoint(
                Role.OPERATOR,
                OWNED,
                "Run a test on a device",
                answers=DiagnosticAnswer,
                status=201,
                refuses=(404, 409),
            )(_begin(path, BODIES[family])),
        },
        f"{path}{{id}}/": {
            "GET": endpoint(Role.VIEWER, OWNED, "Read a test", answers=DiagnosticAnswer)(
                _read(path)
            ),
        },
    }


ROUTES: dict[str, Methods] = {
    path: methods for family in Family for path, methods in _routes(family).items()
}
