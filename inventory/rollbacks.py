"""A job whose devices made it fail is undone: those that it has touched get the rollback image.

Touched is a device that has taken the new image or is taking it, and one whose download failed but
left it with another version than before. Who reports the rollback image's version needs nothing.
The rollback is a job of its own, put down in the unit in which the first one fails. Its targets are
fixed when nothing of that one can start any more; a download that still runs ends before the device
takes its next.
"""

from inventory.operations import Kind, State
from inventory.records import bulk as records
from inventory.records import firmware
from inventory.records.bulk import Begun, Job
from inventory.store import Transaction

OPTION = "rollback_image"
UNDOES = "undoes_job"  # the filter of a rollback's targets
# A job that ran out of time has failed by the devices that it did not reach: the others stay.
REASONS = frozenset({"max_failures", "canary", "all_failed"})


def begin(tx: Transaction, job: Job, reason: str | None, now: float) -> int | None:
    """Puts the rollback of a job down that fails now; None when there is none to be made."""
    image_id = job.options.get(OPTION)
    if image_id is None or reason not in REASONS:
        return None
    notification = job.request.get("notification")
    return records.insert(
        tx,
        records.organizations(tx, job.id),
        now=now,
        operation_type="bulk_download",
        request={
            "kind": Kind.DOWNLOAD,
            "order": {"firmware_image": image_id},
            **({"notification": notification} if notification else {}),
        },
        filters={UNDOES: job.id, "given_types": []},
        options={name: job.options[name] for name in ("max_concurrency",) if name in job.options},
        priority=job.priority,
        due=now,
        created_by=job.created_by,
        parent_id=job.id,
    )


def plan(tx: Transaction, rollback: Job, last: int) -> tuple[int, bool] | None:
    """Fixes the targets up to a device id: how many, and whether it was all.

    None while operations of the job that is undone may still start.
    """
    undone = records.by_id(tx, rollback.filters[UNDOES])
    if undone is None:
        return 0, True
    if not undone.is_settled:
        return None
    image = firmware.by_id(tx, rollback.request["order"]["firmware_image"])
    version = None if image is None else image.version
    begun = records.begun(tx, undone.id, rollback.planned_to, last)
    touched = [each for each in begun if _is_touched(each, version)]
    records.add_targets(tx, rollback.id, touched)
    return len(touched), last >= records.last_target(tx, undone.id)


def _is_touched(target: Begun, version: str | None) -> bool:
    if target.operation_state in {State.RUNNING, State.COMPLETED}:
        return True  # whatever its record says: some never tell their version
    if target.software_version == version:
        return False
    evidence = target.evidence or {}
    return "before" in evidence and evidence["before"] != target.software_version
