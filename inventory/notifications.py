"""Who is told of the end of an operation, and what: put down in the unit in which it ends.

Values are never told, for they may be secret: whoever is told may ask for them with his own token.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from inventory.records import deliveries as records
from inventory.records.operations import End
from inventory.store import Transaction


class Channel(StrEnum):
    WEBHOOK = "webhook"
    EMAIL = "email"


_FIELDS: Mapping[Channel, str] = {Channel.WEBHOOK: "webhook_url", Channel.EMAIL: "email"}


def queue(tx: Transaction, end: End, now: float) -> None:
    """One delivery for each channel that was asked for."""
    story = records.story(tx, end.id)
    wish = json.loads(story["request"])["notification"]
    if not wish.get("on_completion" if end.state == "completed" else "on_failure", True):
        return
    for channel, field in _FIELDS.items():
        if wish.get(field):
            records.insert(
                tx,
                key=f"dlv_{secrets.token_hex(12)}",
                channel=channel,
                target=wish[field],
                body=json.dumps(_told(story), ensure_ascii=False),
                operation_id=end.id,
                organization_id=story["organization_id"],
                now=now,
            )


def _told(story: Any) -> dict[str, Any]:
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
    }


def _time(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
