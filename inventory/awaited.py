"""Operations that wait for something the device will report, and what ends them.

A reboot is proved by ``M Reboot`` with its key, or by ``1 BOOT`` in an Inform that is not a
repetition (a repeated one may tell of an older boot). A reset is proved by a BOOTSTRAP that really
shows one. What is neither proved nor disproved takes its turn again and asks the device.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from inventory import configuration, operations, transfers, upgrades
from inventory.operations import Kind
from inventory.records import log
from inventory.records import operations as records
from inventory.sightings import Sighting
from inventory.store import Transaction

RESETS = frozenset({Kind.FACTORY, Kind.DEVICE_FACTORY})


class Verdict(Enum):
    DONE = "done"
    ASK = "ask"  # the device must be asked what became of it
    RESET = "reset"  # its settings are to be applied again
    OPEN = "open"


def judge(operation: Mapping[str, Any], sighting: Sighting, *, is_reset: bool) -> Verdict:
    """What an Inform says about an operation that was sent and has not ended."""
    if operation["evidence"] is None or "sent" not in operation["evidence"]:
        return Verdict.OPEN
    kind = operation["kind"]
    if kind == Kind.REBOOT:
        return _judge_reboot(operation["key"], sighting)
    if kind in RESETS:
        return Verdict.RESET if is_reset else Verdict.OPEN
    if operation["awaits"] is not None and sighting.has(operation["awaits"]):
        return Verdict.ASK
    if kind == Kind.DIAGNOSTICS and sighting.has("1 BOOT"):
        return Verdict.ASK  # which a test does not survive, and nobody tells of its end then
    return Verdict.OPEN


def _judge_reboot(key: str, sighting: Sighting) -> Verdict:
    if any(event.code == "M Reboot" and event.command_key == key for event in sighting.events):
        return Verdict.DONE
    if not sighting.has("1 BOOT"):
        return Verdict.OPEN
    return Verdict.ASK if sighting.retry_count else Verdict.DONE


def resolve(
    tx: Transaction, device_id: int, sighting: Sighting, now: float, *, is_reset: bool
) -> list[int]:
    """Ends what the Inform proves; returns the ids of the operations that ended."""
    ended: list[int] = []
    for row in records.running(tx, device_id):
        if row["kind"] in transfers.KINDS:
            ended += transfers.witness(tx, row, sighting, now)
            continue
        verdict = judge(row, sighting, is_reset=is_reset)
        if verdict is Verdict.DONE:
            events = [event.code for event in sighting.events]
            if operations.complete(tx, row["id"], {"events": events}, now):
                ended.append(row["id"])
                log.operation_ended(tx, device_id, row["kind"], row["key"], "completed", now)
        elif verdict is Verdict.RESET:
            if row["kind"] == Kind.DEVICE_FACTORY:
                configuration.drop_own(tx, device_id)
                ended += upgrades.drop_choice(tx, device_id, now)
            operations.resume(tx, row["id"], now, {"reset": True})
        elif verdict is Verdict.ASK and row["awaits"] is not None:
            operations.resume(tx, row["id"], now, row["evidence"] or {})
    return ended


def mark_applied(tx: Transaction, device_id: int, key: str) -> None:
    """The device shows the key of a request that was never answered: it was applied."""
    for row in records.running(tx, device_id):
        evidence = row["evidence"] or {}
        if evidence.get("parameter_key") == key:
            operations.note(tx, row["id"], {**evidence, "applied": True})


def expects_reset(tx: Transaction, device_id: int) -> bool:
    """Whether we have sent the device a reset that has not come back yet."""
    return any(row["kind"] in RESETS and row["evidence"] for row in records.running(tx, device_id))
