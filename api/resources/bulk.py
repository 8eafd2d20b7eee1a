"""``/inventory_device_serial_headless_operation/``: bulk jobs, beside single devices by serial."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from api.answers import Answer, created, found, gone
from api.calls import Call
from api.endpoints import OWNED, Methods, endpoint
from api.fields import format_time
from api.house import HOUSE
from api.lists import origin
from api.models import Listing
from api.resources import operations
from api.resources.bulk_models import (
    NOT_OF_JOBS,
    JobAnswer,
    JobBody,
    JobConfiguration,
    JobCreated,
    JobDetails,
    JobPatch,
    JobResult,
    JobsQuery,
    LastCall,
    ResultsQuery,
)
from api.resources.operation_models import (
    CancelQuery,
    NotificationAnswer,
    OperationAnswer,
    OperationError,
    OperationQuery,
    OrderBySerial,
)
from api.resources.rehearsal_models import OrderQuery, RehearsalAnswer
from inventory import bulk as rules
from inventory.access import Role
from inventory.actions import bulk, orders, viewing
from inventory.actions.bulk import Report
from inventory.errors import Invalid, NotFound, Unprocessable
from inventory.records.bulk import Result
from inventory.records.history import Result as Kept
from inventory.tallies import CAUSES

PATH = "/api/v1/inventory_device_serial_headless_operation/"
TIMES = ("last_connection", "drift_since")
Told = Answer | web.StreamResponse
SINGLE = operations.ROUTES[PATH]
SINGLE_ONE = operations.ROUTES[f"{PATH}{{id}}/"]


def _number(id: str) -> int | None:
    """A job's; operations have ids of other forms."""
    return int(id) if id.isascii() and id.isdigit() and len(id) <= 18 else None


# --- Asking ----------------------------------------------------------------------------------


@endpoint(
    Role.OPERATOR,
    OWNED,
    "Ask for work on many devices",
    answers=JobCreated | OperationAnswer,
    status=201,
    refuses=(404, 409, 422),
    rehearses=RehearsalAnswer,
)
async def create(call: Call, body: OrderBySerial | JobBody, query: OrderQuery) -> Told:
    """A bulk job; or an operation on one device, by its serial number."""
    if isinstance(body, OrderBySerial):
        return await SINGLE["POST"].handler(call, body=body, query=query)
    if query.dry_run:
        raise Invalid({"dry_run": ["Only for one device."]})
    wish = body.wish(_request(call, body))
    complaint = await operations.complaint(call, body.notification)
    if complaint is not None:
        raise Unprocessable(complaint)
    targets = await call.read(bulk.prospect, wish)

    def accepted(report: Report) -> Answer:
        location = f"{PATH}{report.job.id}/"
        return created(_shown_new(call, report), location, bulk.tag(report))

    return await call.once(accepted, bulk.create, wish, targets, call.now)


def _request(call: Call, body: JobBody) -> Mapping[str, Any]:
    """What each device's operation is asked for with; raises Unprocessable."""
    kind = body.kind
    if body.variables and (kind is None or body.operation_type == rules.SERIAL_SYNC):
        raise Unprocessable({"variables": [f"{body.operation_type} takes no variables."]})
    house = call.request.app[HOUSE]
    if kind is not None and kind not in house.carries_out:
        words = f'"{kind}" is not carried out by this server.'
        raise Unprocessable({"operation_type": [words]})
    if kind is None or body.operation_type == rules.SERIAL_SYNC:
        return {}
    try:
        order = orders.make(
            kind,
            body.asked,
            body.parameters.values,
            body.parameters.echo,
            house.setup.vault,
            file=body.parameters.file,
            task=body.parameters.task,
            terms={} if body.retry_policy is None else {"retry_policy": dict(body.retry_policy)},
        )
    except Invalid as error:
        raise Unprocessable(error.fields) from None
    return order.request


def _shown_new(call: Call, report: Report) -> JobCreated:
    job = report.job
    return JobCreated(
        id=str(job.id),
        operation_type=job.operation_type,
        status="scheduled",
        created_at=job.created,
        scheduled_for=job.request.get("scheduled_for") or job.due,
        estimated_duration_minutes=bulk.minutes(report),
        target_device_count=report.targets,
        operation_config=JobConfiguration(
            organizations=list(report.organizations),
            device_types=job.filters["given_types"],
            options=dict(job.options),
        ),
        monitoring_url=f"{origin(call.request)}{PATH}{job.id}/",
    )


# --- Seeing ----------------------------------------------------------------------------------


@endpoint(
    Role.VIEWER,
    OWNED,
    "List bulk jobs",
    answers=Listing[JobAnswer] | list[OperationAnswer] | Listing[OperationAnswer],
    refuses=(404,),
)
async def browse(call: Call, query: JobsQuery) -> Told:
    """The newest first. With the id of a single operation, or a filter of those, the operations."""
    if not query.is_about_jobs:
        return await SINGLE["GET"].handler(call, query=query)
    number = None if query.id is None else _number(query.id) or 0
    page = await call.read(bulk.page, number, query.window)
    if query.update_status:
        await _ask_to_inform(call, list(page.items))
        page = await call.read(bulk.page, number, query.window)
    if query.id is not None and not page.count:
        raise NotFound("bulk job", query.id)
    return call.listed(page, query.window, lambda report: _shown(report, call.now))


@endpoint(Role.VIEWER, OWNED, "Read a bulk job", answers=JobAnswer | OperationAnswer)
async def read(call: Call, id: str, query: OperationQuery) -> Told:
    """Or a single operation, by an id of its forms."""
    number = _number(id)
    if number is None:
        return await SINGLE_ONE["GET"].handler(call, id=id, query=query)
    if query.wait is not None:
        raise Invalid({"wait": [NOT_OF_JOBS]})
    report = await call.read(bulk.get, number)
    if query.update_status:
        await _ask_to_inform(call, [report])
        report = await call.read(bulk.get, number)
    return found(_shown(report, call.now), bulk.tag(report))


async def _ask_to_inform(call: Call, reports: list[Report]) -> None:
    devices = await call.read(bulk.concerned, reports)
    await call.request.app[HOUSE].ask_to_inform(devices)


def _shown(report: Report, now: float) -> JobAnswer:
    job = report.job
    told = job.request.get("notification")
    return JobAnswer(
        id=str(job.id),
        operation_type=job.operation_type,
        status=rules.State(job.state),
        progress=report.progress,
        total_devices=job.total,
        processed_devices=job.processed,
        failed_devices=job.failed,
        created_at=job.created,
        updated_at=job.updated,
        estimated_completion=report.estimated_completion(now),
        operation_details=JobDetails(
            device_types=job.filters["given_types"],
            organization_ids=list(report.organizations),
            error_summary=dict(report.errors),
            reason=job.reason,
            parent_id=_id(job.parent_id),
            rollback_job_id=_id(job.rollback_id),
            notification=None if told is None else NotificationAnswer(**told),
        ),
    )


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


@endpoint(Role.VIEWER, OWNED, "List a bulk job's devices", answers=Listing[JobResult])
async def results(call: Call, id: str, query: ResultsQuery) -> Answer:
    """What became of each; those that were Up are served first."""
    number = _number(id)
    if number is None:
        raise NotFound("bulk job", id)
    page = await call.read(bulk.results, number, query.status, query.window)
    unsealed = viewing.unsealing(call.caller, call.request.app[HOUSE].setup.vault)
    return call.listed(page, query.window, lambda pair: _result(*pair, unsealed))


def _result(target: Result, kept: Kept | None, unsealed: viewing.Unsealed) -> JobResult:
    error = target.error or _error_of(target)
    rest = _spelled(target.report) if target.report else (kept.rest if kept else None)
    return JobResult(
        device_id=target.device_id,
        device_name=target.name,
        serial_number=target.serial_number,
        status=target.status,
        operation_id=None if target.operation_id is None else f"txn_{target.operation_id}",
        transaction_id=target.operation_key,
        started_at=target.started,
        completed_at=target.ended,
        cause=target.cause,
        error=None if error is None else OperationError.model_validate(error),
        variables=unsealed(kept.variables) if kept else [],
        result=None if not rest else dict(rest),
        connection_request=None
        if target.last_call is None or target.last_call_time is None
        else LastCall(outcome=target.last_call, time=target.last_call_time),
    )


def _error_of(target: Result) -> Mapping[str, Any] | None:
    """Why a device failed of which no operation tells it."""
    if target.cause is None:
        return None
    return {"code": target.cause, "message": CAUSES[target.cause], "parameters": {}}


def _spelled(report: Mapping[str, Any]) -> dict[str, Any]:
    """An audit's report with its times as they are told."""
    times = {name: report[name] for name in TIMES if report.get(name) is not None}
    return {**report, **{name: format_time(time) for name, time in times.items()}}


# --- Holding and stopping --------------------------------------------------------------------


@endpoint(Role.OPERATOR, OWNED, "Hold or stop a bulk job", answers=JobAnswer, refuses=(409,))
async def change(call: Call, id: str, body: JobPatch) -> Answer:
    """What has begun on a device goes on; what waits is taken back from the devices' queues."""
    number = _number(id)
    if number is None:
        raise NotFound("bulk job", id)
    wanted = rules.State(body.status)
    report = await call.write(bulk.change, number, wanted, call.expected, call.now)
    return found(_shown(report, call.now), bulk.tag(report))


@endpoint(Role.OPERATOR, OWNED, "Cancel a bulk job or an operation", status=204, refuses=(409,))
async def cancel(call: Call, id: str) -> Told:
    """Takes back what has not started: 409 when it has ended, or an operation has started."""
    number = _number(id)
    if number is None:
        return await SINGLE_ONE["DELETE"].handler(call, id=id)
    await call.write(bulk.stop, number, call.expected, call.now)
    return gone()


@endpoint(Role.OPERATOR, OWNED, "Cancel a bulk job or an operation", status=204, refuses=(404, 409))
async def cancel_by_query(call: Call, query: CancelQuery) -> Told:
    """Takes back what has not started: 409 when it has ended, or an operation has started."""
    return await cancel.handler(call, id=query.id)


ROUTES: dict[str, Methods] = {
    PATH: {"GET": browse, "POST": create, "DELETE": cancel_by_query},
    f"{PATH}{{id}}/": {"GET": read, "PATCH": change, "DELETE": cancel},
    f"{PATH}{{id}}/results/": {"GET": results},
}
