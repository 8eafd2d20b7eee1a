"""SQL of what happened on a device: ``device_log`` and ``sessions``."""

import json
from collections.abc import Mapping
from typing import Any

from inventory.store import Transaction


def add(
    tx: Transaction,
    device_id: int,
    kind: str,
    text: str,
    now: float,
    details: Mapping[str, Any] | None = None,
) -> None:
    tx.run(
        """INSERT INTO device_log (device_id, time, kind, text, details)
           VALUES (:device_id, :time, :kind, :text, :details)""",
        device_id=device_id,
        time=now,
        kind=kind,
        text=text,
        details=None if details is None else json.dumps(dict(details)),
    )


def operation_ended(
    tx: Transaction,
    device_id: int,
    kind: str,
    key: str,
    state: str,
    now: float,
    error: Mapping[str, Any] | None = None,
) -> None:
    """One line about the end of an operation, with its error where it has one."""
    details: dict[str, Any] = {"id": key} if error is None else {"id": key, "error": dict(error)}
    add(tx, device_id, "operation", f"{kind} {state}", now, details)
