"""``…_operation/`` and ``…_headless_operation/``: what is asked of devices, under three keys."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from api.answers import Answer, created, found, gone
from api.calls import Call
from api.endpoints import OWNED, Handler, Methods, endpoint
from api.house import HOUSE
from api.keys import SIGNALS, STORE
from api.lists import next_url, origin, previous_url
from api.models import Listing
from api.resources import rehearsal_models
from api.resources.devices import PATHS, keyed
from api.resources.operation_models import (
    ORDERS,
    CancelQuery,
    Eyes,
    HistoryQuery,
    InitiatedAnswer,
    NotificationBody,
    OperationAnswer,
    OperationQuery,
    OperationsQuery,
    OrderBody,
    StartBody,
    shown,
    shown_new,
)
from api.resources.rehearsal_models import OrderQuery, RehearsalAnswer
from api.resources.variables import telling
from api.waiting import ENDS
from inventory import sealed_variables
from inventory.access import Role
from inventory.actions import orders, placing, rehearsing, viewing
from inventory.actions.orders import Order
from inventory.actions.viewing import Report
from inventory.devices import Family, Key
from inventory.errors import Invalid, NotFound
from inventory.names import names_of
from inventory.operations import Kind, State
from inventory.query import Page

# --- Starting at once ------------------------------------------------------------------------


async def _start(call: Call, key: Key, body: StartBody) -> Answer:
    """The device is asked to connect at once; refused while it is inactive, offline (unless
    forced), or busy with an operation that excludes this one. The result is found by `id` or
    `execution_id`."""
    kind = Kind(body.operation)
    _must_be_carried_out(call, kind)
    also = {"device_name": Key(Family.NAME, body.device_name)} if body.device_name else {}
    order = Order(kind, is_forced=body.parameters.force, also=also)
    if body.parameters.timeout_s is not None:
        order = replace(order, timeout_s=body.parameters.timeout_s)
    report = await call.write(placing.start, key, order, call.expected, call.now)
    return Answer(_initiated(report), wakes=(report.target.id,))


def _initiated(report: Report) -> InitiatedAnswer:
    operation = report.operation
    return InitiatedAnswer(
        id=operation.id,
        operation=operation.kind,
        device_name=report.target.name,
        status="initiated",
        timestamp=operation.created,
        execution_id=operation.key,
        estimated_completion=operation.created + report.estimate_s,
    )


def _must_be_carried_out(call: Call, kind: Kind) -> None:
    if kind not in call.request.app[HOUSE].carries_out:
        raise Invalid({"operation": [f'"{kind}" is not carried out by this server.']})


# --- Asking for one --------------------------------------------------------------------------


def _place(path: str) -> Handler:
    async def place(call: Call, body: OrderBody, query: OrderQuery) -> Answer:
        """It waits for the device, however long that is offline, and for its time. Both documented
        forms are understood, and may be mixed. With `dry_run` nothing is done: 200 tells what
        would be sent."""
        _must_be_carried_out(call, body.kind)
        order = orders.make(
            body.kind,
            body.asked,
            body.parameters.values,
            body.parameters.echo,
            call.request.app[HOUSE].setup.vault,
            word=body.operation,
            due=body.due,
            timeout_s=body.parameters.timeout_s,
            file=body.parameters.file,
            task=body.parameters.task,
            terms=body.terms,
        )
        order = replace(order, also=body.also)
        if (wrong := await complaint(call, body.notification)) is not None:
            raise Invalid(wrong)
        if query.dry_run:
            return await _rehearse(call, body, order)
        eyes = _eyes(call, path)

        def accepted(report: Report) -> Answer:
            masked = replace(eyes, unsealed=sealed_variables.mask)
            location = f"{path}{report.operation.key}/"
            answer = created(shown_new(report, eyes), location, viewing.tag(report))
            told_again = shown_new(report, masked)
            members = report.members or [report]
            due = [each for each in members if each.operation.state is State.PENDING]
            return replace(answer, replayed=told_again, wakes=[each.target.id for each in due])

        if body.is_for_several:
            return await call.once(accepted, placing.queue_for_all, body.keys, order, call.now)
        return await call.once(accepted, placing.queue, body.keys[0], order, call.now)

    return place


async def _rehearse(call: Call, body: OrderBody, order: Order) -> Answer:
    if order.kind not in rehearsing.KINDS or body.is_for_several:
        words = f"Only for {', '.join(sorted(rehearsing.KINDS))} on one device."
        raise Invalid({"dry_run": [words]})
    house, names = call.request.app[HOUSE], names_of(call.request.app[STORE])
    vault = house.setup.vault
    stage = await call.read(rehearsing.prepare, body.keys[0], order, vault, names, call.now)
    rehearsal = house.rehearse(stage)
    return found(rehearsal_models.shown(stage, rehearsal, body.operation, telling(call)))


async def complaint(call: Call, notification: NotificationBody | None) -> dict[str, Any] | None:
    """What is wrong with telling them: a webhook may lead where none may go."""
    url = notification and notification.webhook_url
    wrong = await call.request.app[HOUSE].judge_webhook(url) if url else None
    return None if wrong is None else {"notification": {"webhook_url": [wrong]}}


# --- Seeing ----------------------------------------------------------------------------------


def _eyes(call: Call, path: str) -> Eyes:
    vault = call.request.app[HOUSE].setup.vault
    return Eyes(f"{origin(call.request)}{path}", viewing.unsealing(call.caller, vault))


def _browse(path: str) -> Handler:
    async def browse(call: Call, query: OperationsQuery) -> Answer:
        """The newest first. One page is a bare array; with `limit` or `offset` it is the paginated
        object, and `envelope` chooses outright. Enrolments, which are the server's own, are shown
        when `operation` asks for them."""
        wanted = query.filter
        if query.wait:
            await _wait_for_end(call, query.id or "", query.wait)
        page = await call.read(viewing.page, wanted, query.window)
        if query.update_status and page.items:
            await _ask_to_inform(call, page.items)
            page = await call.read(viewing.page, wanted, query.window)
        if query.id is not None and not page.count:
            raise NotFound("operation", query.id)
        eyes = _eyes(call, path)
        if query.is_enveloped:
            return call.listed(page, query.window, lambda report: shown(report, eyes))
        return _bare(call, query, page, eyes)

    return browse


def _bare(call: Call, query: OperationsQuery, page: Page[Report], eyes: Eyes) -> Answer:
    """A page as an array; what the envelope would say is in the headers (RFC 8288)."""
    urls = {
        "next": next_url(call.request, page.count, query.window),
        "prev": previous_url(call.request, query.window),
    }
    form = "" if query.envelope is False else "&envelope=false"
    links = [f'<{url}{form}>; rel="{name}"' for name, url in urls.items() if url]
    headers = {"X-Total-Count": str(page.count)} | ({"Link": ", ".join(links)} if links else {})
    return Answer([shown(report, eyes) for report in page.items], headers=headers)


def _read(path: str) -> Handler:
    async def read(call: Call, id: str, query: OperationQuery) -> Answer:
        """With all its variables. `wait` answers as soon as it has ended."""
        if query.wait:
            await _wait_for_end(call, id, query.wait)
        reference = viewing.refer(id)
        report = await call.read(viewing.get, reference)
        if query.update_status:
            await _ask_to_inform(call, [report])
            report = await call.read(viewing.get, reference)
        return found(shown(report, _eyes(call, path)), viewing.tag(report))

    return read


async def _ask_to_inform(call: Call, reports: Sequence[Report]) -> None:
    devices = dict.fromkeys(report.target.id for report in reports)
    await call.request.app[HOUSE].ask_to_inform(list(devices))


async def _wait_for_end(call: Call, id: str, patience_s: float) -> None:
    """Returns when all of the operation has ended, or after that time; raises NotFound."""
    reference = viewing.refer(id)
    unfinished = (await call.read(viewing.get, reference)).unfinished
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            for operation_id in unfinished:
                with call.request.app[ENDS].expected(operation_id) as end:
                    if operation_id in (await call.read(viewing.get, reference)).unfinished:
                        await end


async def _history(call: Call, key: Key, query: HistoryQuery) -> Answer:
    """The newest first, with those that the server itself has queued: enrolments, and what follows
    a changed template, type or reset. Their `created_by` is null unless a person's change of the
    device led to them."""
    page = await call.read(viewing.history, key, query.filter, query.window)
    eyes = _eyes(call, _collection(key.family))
    return call.listed(page, query.window, lambda report: shown(report, eyes))


# --- Taking back -----------------------------------------------------------------------------


async def _cancel(call: Call, id: str) -> Answer:
    """Takes back what has not started: 409 when it has."""
    ended = await call.write(placing.cancel, viewing.refer(id), call.expected, call.now)
    for operation_id in ended:
        call.request.app[SIGNALS].finished(operation_id)
    return gone()


async def _cancel_by_query(call: Call, query: CancelQuery) -> Answer:
    """Takes back what has not started: 409 when it has."""
    return await _cancel(call, query.id)


# --- Routes ----------------------------------------------------------------------------------


def _collection(family: Family) -> str:
    return PATHS[family].removesuffix("/") + "_headless_operation/"


def _taking(handler: Handler, body: type[OrderBody]) -> Handler:
    """The handler, declared with the family's own body."""
    handler.__annotations__["body"] = body
    return handler


def _routes(family: Family) -> dict[str, Methods]:
    """The endpoints of one family."""
    device, collection = PATHS[family], _collection(family)
    ambiguous = (409,) if family is Family.SERIAL else ()
    told: Any = OperationAnswer
    return {
        f"{device.removesuffix('/')}_operation/{{{family.value}}}/": {
            "PUT": endpoint(
                Role.OPERATOR,
                OWNED,
                "Start an operation",
                answers=InitiatedAnswer,
                refuses=(409,),
            )(keyed(family, _start)),
        },
        collection: {
            "GET": endpoint(
                Role.VIEWER,
                OWNED,
                "List the operations",
                answers=list[OperationAnswer] | Listing[OperationAnswer],
                refuses=(404,),
            )(_browse(collection)),
            "POST": endpoint(
                Role.OPERATOR,
                OWNED,
                "Ask for an operation",
                answers=told,
                status=201,
                refuses=(404, 409),
                rehearses=RehearsalAnswer,
            )(_taking(_place(collection), ORDERS[family])),
            "DELETE": endpoint(
                Role.OPERATOR, OWNED, "Cancel an operation", status=204, refuses=(404, 409)
            )(_cancel_by_query),
        },
        f"{collection}{{id}}/": {
            "GET": endpoint(Role.VIEWER, OWNED, "Read an operation", answers=told)(
                _read(collection)
            ),
            "DELETE": endpoint(
                Role.OPERATOR, OWNED, "Cancel an operation", status=204, refuses=(409,)
            )(_cancel),
        },
        f"{device}{{{family.value}}}/operations/": {
            "GET": endpoint(
                Role.VIEWER,
                OWNED,
                "List a device's operations",
                answers=Listing[OperationAnswer],
                refuses=ambiguous,
            )(keyed(family, _history)),
        },
    }


ROUTES: dict[str, Methods] = {
    path: methods for family in Family for path, methods in _routes(family).items()
}
