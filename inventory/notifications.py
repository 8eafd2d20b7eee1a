"""Who is told of the end of an operation or a bulk job, and what: put down in the unit of the end.

Values are never told, for they may be secret: whoever is told may ask for them with his own token.
"""

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from inventory import together
from inventory.access import only
from inventory.query import EVERYTHING
from inventory.records import deliveries as records
from inventory.records import history, operations
from inventory.records.bulk import Job
from inventory.records.history import Together
from inventory.records.operations import End
from inventory.store import Row, Transaction

COMPLETED = "completed"


class Channel(StrEnum):
    WEBHOOK = "webhook"
    EMAIL = "email"


_OF_EACH = (
    "id",
    "transaction_id",
    "status",
    "device_id",
    "device_name",
    "serial_number",
    "started_at",
    "completed_at",
    "attempts",
    "error",
)
_FIELDS: Mapping[Channel, str] = {Channel.WEBHOOK: "webhook_url", Channel.EMAIL: "email"}


def queue(tx: Transaction, end: End, now: float) -> None:
    """Of an operation: one delivery for each channel that was asked for."""
    story = records.story(tx, end.id)
    _queue(tx, [story], _told(story), now)


def queue_of_all(tx: Transaction, group_id: int, now: float) -> None:
    """Of an order for several devices, when the last of it has ended: the same, once for all."""
    if operations.take_telling(tx, group_id):
        stories = records.stories(tx, group_id)
        whole = history.together(tx, EVERYTHING, [group_id])[group_id]
        _queue(tx, stories, _told_of_all(stories, whole), now)


def _queue(tx: Transaction, stories: Sequence[Row], told: Mapping[str, Any], now: float) -> None:
    first = stories[0]
    wish = json.loads(first["request"])["notification"]
    if _is_wanted(wish, told["status"]):
        whose = {story["organization_id"] for story in stories}
        _put_down(
            tx,
            wish,
            told,
            now,
            operation_id=first["id"],
            organization_id=only(whose),
            organizations=whose,
        )


def queue_of_job(
    tx: Transaction,
    job: Job,
    organizations: Sequence[int],
    errors: Mapping[str, int],
    now: float,
) -> None:
    """Of a bulk job that has just ended, if somebody wants to know."""
    wish = job.request.get("notification")
    if wish and _is_wanted(wish, job.state):
        told = _told_of_job(job, organizations, errors)
        _put_down(tx, wish, told, now, job_id=job.id, organization_id=only(organizations))


def _is_wanted(wish: Mapping[str, Any], state: str) -> bool:
    return bool(wish.get("on_completion" if state == COMPLETED else "on_failure", True))


def _put_down(
    tx: Transaction,
    wish: Mapping[str, Any],
    told: Mapping[str, Any],
    now: float,
    *,
    organization_id: int | None,
    organizations: Collection[int] = (),
    operation_id: int | None = None,
    job_id: int | None = None,
) -> None:
    for channel, field in _FIELDS.items():
        if wish.get(field):
            records.insert(
                tx,
                key=f"dlv_{secrets.token_hex(12)}",
                channel=channel,
                target=wish[field],
                body=json.dumps(told, ensure_ascii=False),
                operation_id=operation_id,
                job_id=job_id,
                organization_id=organization_id,
                organizations=organizations,
                now=now,
            )


def _told(story: Row) -> dict[str, Any]:
    parent = story["parent_id"]
    return {
        "event": f"operation.{story['state']}",
        "id": f"txn_{story['id']}",
        "transaction_id": story["key"],
        "parent_id": None if parent is None else f"txn_{parent}",
        "operation": story["kind"],
        "status": story["state"],
        "device_id": story["device_id"],
        "device_name": story["name"],
        "serial_number": story["serial_number"],
        "created_at": _time(story["created"]),
        "started_at": _time(story["started"]),
        "completed_at": _time(story["completed"]),
        "attempts": story["attempts"],
        "error": None if story["error"] is None else json.loads(story["error"]),
        "results": None,
    }


def _told_of_all(stories: Sequence[Row], whole: Together) -> dict[str, Any]:
    """As the operation that stands for the order, and what came of it on each device."""
    each = [_told(story) for story in stories]
    return {
        **each[0],
        "event": f"operation.{whole.state}",
        "status": whole.state,
        "started_at": _time(whole.started),
        "completed_at": _time(whole.ended),
        "attempts": whole.attempts,
        "error": together.error(whole),
        "results": [{name: told[name] for name in _OF_EACH} for told in each],
    }


def _told_of_job(
    job: Job, organizations: Sequence[int], errors: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "event": f"bulk.{job.state}",
        "id": str(job.id),
        "parent_id": _number(job.parent_id),
        "operation_type": job.operation_type,
        "status": job.state,
        "reason": job.reason,
        "organization_ids": list(organizations),
        "total_devices": job.total,
        "processed_devices": job.processed,
        "failed_devices": job.failed,
        "error_summary": dict(errors),
        "rollback_job_id": _number(job.rollback_id),
        "created_at": _time(job.created),
        "started_at": _time(job.started),
        "completed_at": _time(job.completed),
    }


def _number(job_id: int | None) -> str | None:
    return None if job_id is None else str(job_id)


def _time(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
