"""SQL of overdue devices; a scan of the narrow table ``presence``."""

from inventory.store import Transaction

_OVERDUE = """is_up
    AND :now > max(COALESCE(last_inform, 0), :server_start) + 3 * interval_s + 60"""


def overdue(tx: Transaction, server_start: float, now: float) -> list[int]:
    rows = tx.all(
        f"SELECT device_id FROM presence WHERE {_OVERDUE}", server_start=server_start, now=now
    )
    return [row["device_id"] for row in rows]


def mark_down(tx: Transaction, device_id: int, server_start: float, now: float) -> bool:
    changed = tx.run(
        f"""UPDATE presence SET is_up = FALSE, status_change = :now
            WHERE device_id = :device_id AND {_OVERDUE}""",
        device_id=device_id,
        server_start=server_start,
        now=now,
    )
    return changed == 1
