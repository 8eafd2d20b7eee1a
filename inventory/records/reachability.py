"""SQL of connection requests."""

from inventory.store import Row, Transaction


def target(tx: Transaction, device_id: int) -> Row | None:
    return tx.one(
        """SELECT d.connection_request_url, d.address, d.request_username, d.request_password,
               d.previous_request_password,
               COALESCE(t.allow_basic_connection_request, FALSE) AS allow_basic
           FROM devices AS d LEFT JOIN device_types AS t ON t.id = d.type_id
           WHERE d.id = :id""",
        id=device_id,
    )


def outcome(tx: Transaction, device_id: int) -> str | None:
    """Of the last one; None where the device was never called."""
    row = tx.one("SELECT outcome FROM connection_requests WHERE device_id = :id", id=device_id)
    return None if row is None else str(row["outcome"])


def keep_outcome(tx: Transaction, device_id: int, outcome: str, detail: str, now: float) -> bool:
    """False when the device is gone."""
    kept = tx.run(
        """INSERT INTO connection_requests (device_id, time, outcome, detail)
           SELECT id, :now, :outcome, :detail FROM devices WHERE id = :device_id
           ON CONFLICT (device_id) DO UPDATE
           SET time = excluded.time, outcome = excluded.outcome, detail = excluded.detail""",
        device_id=device_id,
        now=now,
        outcome=outcome,
        detail=detail,
    )
    return kept == 1


def forget_previous(tx: Transaction, device_id: int) -> None:
    tx.run(
        """UPDATE devices SET previous_request_password = NULL
           WHERE id = :id AND previous_request_password IS NOT NULL""",
        id=device_id,
    )
