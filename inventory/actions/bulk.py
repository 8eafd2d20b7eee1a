"""Bulk jobs as people ask for them, see them, and hold or stop them.

A job belongs to organizations, to all of them when it names none: who does not see them all does
not see the job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from inventory import audit, bulk, rollbacks, tallies
from inventory.access import Caller, only
from inventory.actions import estimates
from inventory.bulk import FINAL, LIFE, State
from inventory.complaints import no_such
from inventory.errors import Conflict, NotFound, Unprocessable
from inventory.operations import MINUTE_S, Kind
from inventory.query import EVERYTHING, Expected, Page, Window
from inventory.query import tag as tag_of
from inventory.records import bulk as records
from inventory.records import firmware, history
from inventory.records import organizations as organization_records
from inventory.records import types as type_records
from inventory.records.bulk import Job, Result
from inventory.records.types import DeviceType
from inventory.schedules import Recurrence
from inventory.store import Transaction
from inventory.transfers import FIRMWARE

MOST_VARIABLES = 200  # of each device in a list
ASKED_AT_ONCE = 500  # devices of jobs that a status helper runs for
COUNTED = (tallies.TIMEOUT, tallies.REFUSED, tallies.FAULT)
NEVER = "This never happens."
NOT_UNDONE = "Only a download of firmware can be rolled back."
TOO_WIDE = "Name organizations or filters: this would be done on every device."

# What must not be done on every device by a forgotten filter.
SWEEPING = frozenset({Kind.REBOOT, Kind.FACTORY, Kind.DEVICE_FACTORY, Kind.DOWNLOAD, Kind.UPDATE})


@dataclass(frozen=True, slots=True)
class Wish:
    """A job as it is asked for."""

    operation_type: str
    kind: Kind | None
    request: Mapping[str, Any] = field(default_factory=dict)
    organizations: Sequence[int] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    """As given: types by id or short name."""
    options: Mapping[str, Any] = field(default_factory=dict)
    due: float | None = None
    schedule: Mapping[str, Any] | None = None
    priority: str = "normal"
    notification: Mapping[str, Any] | None = None
    timeout_s: float | None = None
    """How long each device may take to come."""


@dataclass(frozen=True, slots=True)
class Report:
    """A job with its organizations and its failures by cause."""

    job: Job
    organizations: Sequence[int]
    errors: Mapping[str, int]
    estimate_s: float
    targets: int
    """How many devices it is about, or was when it was asked for."""

    @property
    def progress(self) -> int:
        """0 to 100, of what is processed, failed devices included."""
        job = self.job
        if not job.total:
            return 100 if job.state == State.COMPLETED else 0
        return 100 * job.processed // job.total

    def estimated_completion(self, now: float) -> float | None:
        """By the pace until now."""
        job = self.job
        if job.state in FINAL:
            return job.completed
        if job.started is None:
            return job.due + self.estimate_s
        if not job.processed:
            return max(job.started + self.estimate_s, now)
        pace_s = (now - job.started) / job.processed
        return now + pace_s * (job.total - job.processed)


def tag(report: Report) -> str:
    job = report.job
    return tag_of("bulk", job.id, job.state, job.total, job.processed, job.failed, job.due)


def prospect(tx: Transaction, caller: Caller, wish: Wish) -> int:
    """How many devices it is about now: a question of its own, for it may take some time.

    Raises Forbidden for a foreign organization and Unprocessable for whatever is invalid.
    """
    organizations, filters = _resolved(tx, caller, wish)
    return records.count_meant(tx, organizations, filters)


def create(tx: Transaction, caller: Caller, wish: Wish, targets: int, now: float) -> Report:
    """Puts the job down; its targets are fixed when it starts."""
    organizations, filters = _resolved(tx, caller, wish)
    due = max(wish.due or now, now)
    recurrence = Recurrence.read(wish.schedule)
    if recurrence is not None:
        following = recurrence.next_after(due)
        if following is None:
            raise Unprocessable({"schedule": {"cron": [NEVER]}})
        due = following
    job_id = records.insert(
        tx,
        organizations,
        now=now,
        operation_type=wish.operation_type,
        request={
            "kind": wish.kind,
            "order": dict(wish.request),
            "scheduled_for": wish.due if recurrence is None else None,
            **({"notification": dict(wish.notification)} if wish.notification else {}),
            **({"timeout_s": wish.timeout_s} if wish.timeout_s else {}),
        },
        filters={**filters, "given_types": list(wish.filters.get("types") or ())},
        options=dict(wish.options),
        schedule=None if wish.schedule is None else dict(wish.schedule),
        priority=int(bulk.PRIORITIES[wish.priority]),
        due=due,
        created_by=caller.name,
    )
    job = records.by_id(tx, job_id)
    assert job is not None
    _record(tx, caller, "create", job, organizations, {"targets": targets}, now)
    return _report(tx, job, targets)


def _resolved(tx: Transaction, caller: Caller, wish: Wish) -> tuple[list[int], dict[str, Any]]:
    organizations = _organizations(tx, caller, wish.organizations)
    types = wish.filters.get("types") or ()
    filters = {name: value for name, value in wish.filters.items() if value}
    if types:
        filters["types"] = _types(tx, types)
    if wish.kind in SWEEPING and not wish.organizations and not filters:
        raise Unprocessable({"device_filters": [TOO_WIDE]})
    _check_images(tx, wish)
    return organizations, filters


def _check_images(tx: Transaction, wish: Wish) -> None:
    """Raises Unprocessable for an image that is not there, or a rollback of what is no firmware."""
    image_id, rollback_id = wish.request.get("firmware_image"), wish.options.get(rollbacks.OPTION)
    if image_id is not None and firmware.by_id(tx, image_id) is None:
        raise Unprocessable({"parameters": {"firmware_image": [no_such(image_id)]}})
    if rollback_id is None:
        return
    if wish.kind is not Kind.DOWNLOAD or not _is_firmware(tx, wish.request):
        raise Unprocessable({"options": {rollbacks.OPTION: [NOT_UNDONE]}})
    if firmware.by_id(tx, rollback_id) is None:
        raise Unprocessable({"options": {rollbacks.OPTION: [no_such(rollback_id)]}})


def _is_firmware(tx: Transaction, order: Mapping[str, Any]) -> bool:
    image_id = order.get("firmware_image")
    image = None if image_id is None else firmware.by_id(tx, image_id)
    told = FIRMWARE if image is None else image.file_type
    return (order.get("file_type") or told) == FIRMWARE


def _organizations(tx: Transaction, caller: Caller, given: Sequence[int]) -> list[int]:
    """Those that were named, else those of the caller; none at all means all of them."""
    for organization_id in given:
        caller.may_name(organization_id)
        if organization_records.by_id(tx, EVERYTHING, organization_id) is None:
            raise Unprocessable({"target_organizations": [no_such(organization_id)]})
    if given:
        return sorted(set(given))
    return sorted(caller.organizations or ())


def _types(tx: Transaction, given: Sequence[int | str]) -> list[int]:
    found = [_type(tx, key) for key in given]
    missing = [no_such(key) for key, one in zip(given, found, strict=True) if one is None]
    if missing:
        raise Unprocessable({"device_filters": {"types": missing}})
    return sorted({one.id for one in found if one is not None})


def _type(tx: Transaction, key: int | str) -> DeviceType | None:
    if isinstance(key, int):
        return type_records.by_id(tx, key)
    return type_records.by_short_name(tx, key)


def get(tx: Transaction, caller: Caller, job_id: int) -> Report:
    """Raises NotFound."""
    return _report(tx, _seen(tx, caller, job_id))


def page(tx: Transaction, caller: Caller, job_id: int | None, window: Window) -> Page[Report]:
    """The newest first."""
    found = records.page(tx, caller.scope, job_id, window)
    return Page([_report(tx, job) for job in found.items], found.count)


def concerned(tx: Transaction, caller: Caller, reports: Sequence[Report]) -> list[int]:  # noqa: ARG001  the reports are what he sees
    """Devices that these jobs still wait for, a bounded number of them."""
    return records.open_devices(tx, [each.job.id for each in reports], ASKED_AT_ONCE)


def results(
    tx: Transaction, caller: Caller, job_id: int, status: str | None, window: Window
) -> Page[tuple[Result, history.Result | None]]:
    """The devices of the job, each with what came of it; raises NotFound."""
    job = _seen(tx, caller, job_id)
    found = records.results(tx, job.id, status, window)
    kept = history.results(
        tx, [each.operation_id for each in found.items if each.operation_id], MOST_VARIABLES
    )
    return Page([(each, kept.get(each.operation_id or 0)) for each in found.items], found.count)


def change(
    tx: Transaction, caller: Caller, job_id: int, wanted: State, expected: Expected, now: float
) -> Report:
    """Holds it, goes on, or stops it; raises NotFound, or Conflict for what cannot be now."""
    job = _seen(tx, caller, job_id)
    expected.check(tag(_report(tx, job)))
    if wanted != job.state:
        # Its time makes a scheduled job begin, nobody else.
        is_early = job.state == State.SCHEDULED and wanted is State.IN_PROGRESS
        if is_early or wanted not in LIFE[State(job.state)]:
            raise Conflict(f"The job is {job.state} and cannot become {wanted}.")
        if wanted is State.CANCELLED:
            bulk.cancel(tx, job, now)
        else:
            records.change(tx, job.id, now, state=wanted)
        whose = records.organizations(tx, job.id)
        _record(tx, caller, "change", job, whose, {"status": wanted}, now)
    return get(tx, caller, job_id)


def stop(tx: Transaction, caller: Caller, job_id: int, expected: Expected, now: float) -> None:
    """Cancels it; raises NotFound, or Conflict when it has ended."""
    job = _seen(tx, caller, job_id)
    if job.state in FINAL:
        raise Conflict(f"The job is {job.state}.")
    change(tx, caller, job_id, State.CANCELLED, expected, now)


def _seen(tx: Transaction, caller: Caller, job_id: int) -> Job:
    job = records.seen(tx, caller.scope, job_id)
    if job is None:
        raise NotFound("bulk job", job_id)
    return job


def _report(tx: Transaction, job: Job, targets: int | None = None) -> Report:
    errors = {**dict.fromkeys(COUNTED, 0), **records.errors(tx, job.id)}
    count = job.total if targets is None else targets
    estimate_s = _estimate_s(tx, job, count)
    return Report(job, records.organizations(tx, job.id), errors, estimate_s, count)


def _estimate_s(tx: Transaction, job: Job, targets: int) -> float:
    """As long as so many devices one after the other, in as many rows as are served at once."""
    if job.request["kind"] is None:
        return targets / bulk.FED_AT_ONCE
    most = job.options.get("max_concurrency") or bulk.CONCURRENCY
    each_s = estimates.seconds(tx, Kind(job.request["kind"]))
    return float(ceil(targets / most) * each_s)


def minutes(report: Report) -> int:
    """The whole estimate in minutes, at least one."""
    return max(1, ceil(report.estimate_s / MINUTE_S))


def _record(
    tx: Transaction,
    caller: Caller,
    action: str,
    job: Job,
    organizations: Sequence[int],
    details: Mapping[str, Any],
    now: float,
) -> None:
    whose = only(organizations)
    told = {"operation_type": job.operation_type, **details}
    audit.record(tx, caller, action, "bulk job", job.id, whose, "done", told, now)
