"""Bulk jobs step by step: a fleet in the store, a clock, and devices that end operations."""

import json

import pytest

from acs.workers.bulk import Bulk
from acs.workers.housekeeping import Housekeeping
from inventory import access, bulk, devices, operations, timekeeping
from inventory.actions import bulk as jobs
from inventory.actions.bulk import Wish
from inventory.bulk import SHOWING_S, State
from inventory.devices import Family, Key, Setup
from inventory.operations import Error, Kind
from inventory.query import ANY_VERSION, Window
from inventory.records import firmware

PERSON = access.of_the_house("tests")
HOUR = 3600.0
NAME = "Device.DeviceInfo.ProvisioningCode"
SET = {"variables": [{"variable_name": NAME, "value": "x"}]}
REFUSED = Error("9003", "Invalid arguments")


class Fleet:
    """Devices that do what a test says, and the worker that serves them."""

    def __init__(self, office):
        self.office, self.woken, self.informs = office, [], set()
        office.signals.on_bulk_work(self.woken.append)
        self.restart()

    def restart(self):
        """As after a crash."""
        self.worker = Bulk(
            self.office.store, self.office.signals, self._ask_to_inform, self.office.clock
        )

    async def _ask_to_inform(self, asked):
        self.called = list(asked)
        for device_id in self.informs.intersection(asked):
            await self.run(
                "UPDATE presence SET last_inform = :now, is_up = TRUE WHERE device_id = :id",
                now=self.office.clock(),
                id=device_id,
            )

    async def run(self, sql, **parameters):
        await self.office.store.write(lambda tx: tx.run(sql, **parameters))

    async def grow(self, count, is_up=True):
        store, setup = self.office.store, Setup(self.office.policy.vault)
        for number in range(count):
            fields = {"name": f"d{number}-{is_up}", "serial_number": f"SN{number}"}
            await store.write(devices.create, PERSON, fields, setup, self.office.clock())
        await self.run("UPDATE presence SET is_up = :up WHERE last_inform IS NULL", up=is_up)

    async def ask(self, operation_type="bulk_set", kind=Kind.SET, request=SET, **more):
        wish = Wish(operation_type, kind, request, **more)
        store, now = self.office.store, self.office.clock()
        report = await store.write(jobs.create, PERSON, wish, 0, now)
        return report.job.id

    async def step(self):
        await self.worker.step(self.office.clock())
        await self.worker.finish_calls()

    async def image(self, version):
        columns = {"name": version, "version": version, "file_type": "1 Firmware Upgrade Image"}
        columns |= {"file_name": version, "size_bytes": 1, "sha256": "", "stored_as": version}
        store, now = self.office.store, self.office.clock()
        return (await store.write(firmware.insert, now, description=None, **columns)).id

    async def told(self):
        """What those were told who wanted to know, in order."""
        rows = await self.office.rows("SELECT job_id, body FROM deliveries ORDER BY id")
        return [(job_id, json.loads(body)) for job_id, body in rows]

    async def job(self, job_id=1):
        return (await self.office.store.read(jobs.get, PERSON, job_id)).job

    async def errors(self, job_id=1):
        report = await self.office.store.read(jobs.get, PERSON, job_id)
        return {cause: count for cause, count in report.errors.items() if count}

    async def results(self, job_id=1):
        store = self.office.store
        page = await store.read(jobs.results, PERSON, job_id, None, Window(1000))
        return [each for each, _ in page.items]

    async def change(self, wanted, job_id=1):
        store, now = self.office.store, self.office.clock()
        await store.write(jobs.change, PERSON, job_id, wanted, ANY_VERSION, now)

    async def waiting(self):
        """The devices with an operation that has not started."""
        rows = await self.office.rows(
            "SELECT device_id FROM operations WHERE state IN ('scheduled', 'pending') ORDER BY id"
        )
        return [device_id for (device_id,) in rows]

    async def serve(self, device_ids=None, error=None):
        """These devices take what waits for them, and end it."""
        store, now = self.office.store, self.office.clock()
        for device_id in await self.waiting() if device_ids is None else device_ids:
            operation, _ = await store.write(operations.claim_next, device_id, now)
            if error is None:
                await store.write(operations.complete, operation.id, None, now)
            else:
                await store.write(operations.fail, operation.id, error, now)


@pytest.fixture
async def fleet(office):
    return Fleet(office)


# --- From beginning to end -------------------------------------------------------------------


async def test_a_job_serves_every_device_once_and_completes(fleet):
    await fleet.grow(7)
    await fleet.ask()
    assert (await fleet.job()).state == State.SCHEDULED
    await fleet.step()
    assert sorted(fleet.woken) == [1, 2, 3, 4, 5, 6, 7]
    job = await fleet.job()
    assert (job.state, job.total, job.processed) == (State.IN_PROGRESS, 7, 0)
    await fleet.serve()
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.processed, job.failed) == (State.COMPLETED, 7, 0)
    assert job.is_settled
    assert {each.state for each in await fleet.results()} == {"completed"}


async def test_a_job_waits_for_its_time(fleet):
    await fleet.grow(1)
    await fleet.ask(due=fleet.office.clock() + HOUR)
    await fleet.step()
    assert (await fleet.job()).state == State.SCHEDULED
    fleet.office.clock.pass_(HOUR)
    await fleet.step()
    assert (await fleet.job()).state == State.IN_PROGRESS


async def test_targets_are_fixed_when_the_work_starts(fleet):
    await fleet.grow(2)
    await fleet.ask(due=fleet.office.clock() + HOUR)
    await fleet.grow(3, is_up=False)
    fleet.office.clock.pass_(HOUR)
    await fleet.step()
    await fleet.run("UPDATE devices SET is_active = FALSE")
    setup, store = Setup(fleet.office.policy.vault), fleet.office.store
    await store.write(devices.create, PERSON, {"name": "late"}, setup, fleet.office.clock())
    await fleet.step()
    assert (await fleet.job()).total == 5


async def test_a_job_about_nobody_is_done_at_once(fleet):
    await fleet.ask()
    await fleet.step()
    assert (await fleet.job()).state == State.COMPLETED


async def test_failures_are_counted_by_cause_and_the_job_completes_all_the_same(fleet):
    await fleet.grow(5)
    await fleet.ask()
    await fleet.step()
    await fleet.serve([1])
    await fleet.serve([2], REFUSED)
    await fleet.serve([3], operations.NO_ANSWER)
    await fleet.run(
        """INSERT INTO connection_requests (device_id, time, outcome, detail)
           VALUES (4, 1, 'refused', '')"""
    )
    fleet.office.clock.pass_(operations.QUEUED_TIMEOUT_S + 1)
    await fleet.office.store.write(timekeeping.advance, fleet.office.clock())
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.processed, job.failed) == (State.COMPLETED, 5, 4)
    assert await fleet.errors() == {
        "cwmp_faults": 1,
        "connection_timeouts": 2,
        "authentication_failures": 1,
    }


async def test_a_job_of_which_all_failed_has_failed(fleet):
    await fleet.grow(2)
    await fleet.ask()
    await fleet.step()
    await fleet.serve(error=REFUSED)
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.reason) == (State.FAILED, "all_failed")


async def test_a_persons_operation_goes_before_a_jobs(fleet):
    await fleet.grow(1)
    await fleet.ask(priority="high")
    await fleet.step()
    store, now = fleet.office.store, fleet.office.clock()
    mine = await store.write(operations.queue, 1, Kind.REBOOT, {}, now)
    first, _ = await store.write(operations.claim_next, 1, now)
    assert first.id == mine.id


async def test_serials_are_read_below_each_devices_own_root(fleet):
    await fleet.grow(2)
    await fleet.run("UPDATE devices SET root = 'InternetGatewayDevice.' WHERE id = 1")
    await fleet.ask("bulk_serial_sync", Kind.GET, {}, options={"update_firmware_info": False})
    await fleet.step()
    operation = await fleet.office.operation(1)
    names = [each["variable_name"] for each in operation.request["variables"]]
    assert "InternetGatewayDevice.DeviceInfo.SerialNumber" in names
    assert not any("Version" in name for name in names)
    unseen = (await fleet.office.operation(2)).request
    assert unseen["below_root"]
    assert unseen["variables"][0]["variable_name"] == "DeviceInfo.Manufacturer"


async def test_a_download_without_any_image_fails_on_that_device_alone(fleet):
    await fleet.grow(2)
    await fleet.image("2")
    await fleet.run("UPDATE devices SET firmware_image_id = 1 WHERE id = 2")
    await fleet.ask("bulk_download", Kind.DOWNLOAD, {}, filters={"status": ["active"]})
    await fleet.step()
    assert await fleet.waiting() == [2]
    assert (await fleet.office.operation(1)).request == {"firmware_image": 1}
    assert await fleet.errors() == {"no_firmware_image": 1}


# --- Room ------------------------------------------------------------------------------------


async def test_only_so_many_devices_are_served_at_once(fleet):
    await fleet.grow(5)
    await fleet.ask(options={"max_concurrency": 2})
    await fleet.step()
    assert await fleet.waiting() == [1, 2]
    await fleet.serve([1])
    await fleet.step()
    await fleet.step()
    assert await fleet.waiting() == [2, 3]


async def test_devices_that_do_not_show_themselves_make_room_for_others(fleet):
    await fleet.grow(3)
    await fleet.ask(options={"max_concurrency": 1})
    await fleet.step()
    fleet.office.clock.pass_(SHOWING_S)
    await fleet.step()
    assert await fleet.waiting() == [1, 2]
    store = fleet.office.store
    await store.write(operations.claim_next, 1, fleet.office.clock())
    fleet.office.clock.pass_(SHOWING_S)
    await fleet.step()  # the first one runs: it keeps its place
    assert await fleet.waiting() == [2]


async def test_devices_that_are_up_go_first(fleet):
    await fleet.grow(4)
    await fleet.run("UPDATE presence SET is_up = FALSE WHERE device_id IN (1, 3)")
    await fleet.ask(options={"max_concurrency": 2})
    await fleet.step()
    assert await fleet.waiting() == [2, 4]


async def test_canaries_go_first_and_the_rest_when_they_have_succeeded(fleet):
    await fleet.grow(5)
    await fleet.ask(options={"canary": 2})
    await fleet.step()
    assert await fleet.waiting() == [1, 2]
    await fleet.serve([1])
    await fleet.step()
    assert await fleet.waiting() == [2]
    await fleet.serve([2])
    await fleet.step()
    assert await fleet.waiting() == [3, 4, 5]
    await fleet.serve([3], REFUSED)
    await fleet.serve([4, 5])
    await fleet.step()
    assert (await fleet.job()).state == State.COMPLETED


async def test_a_canary_that_fails_stops_the_job(fleet):
    await fleet.grow(5)
    await fleet.ask(options={"canary": 2})
    await fleet.step()
    await fleet.serve([1], REFUSED)
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.reason) == (State.FAILED, "canary")
    assert await fleet.waiting() == []
    assert [each.state for each in await fleet.results()] == ["failed", *["cancelled"] * 4]


async def test_a_canary_that_cannot_be_served_stops_the_job_before_anybody_else_is(fleet):
    await fleet.grow(12)
    await fleet.image("2")
    await fleet.run("UPDATE devices SET firmware_image_id = 1 WHERE id > 1")
    filters, options = {"status": ["active"]}, {"canary": 1}
    await fleet.ask("bulk_download", Kind.DOWNLOAD, {}, filters=filters, options=options)
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.reason, job.processed) == (State.FAILED, "canary", 1)
    assert (await fleet.waiting(), fleet.woken) == ([], [])


async def test_devices_that_cannot_be_served_count_as_failures_at_once(fleet):
    await fleet.grow(6)
    await fleet.image("2")
    await fleet.run("UPDATE devices SET firmware_image_id = 1 WHERE id > 2")
    filters, options = {"status": ["active"]}, {"max_failures": 1}
    await fleet.ask("bulk_download", Kind.DOWNLOAD, {}, filters=filters, options=options)
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.reason, job.processed) == (State.FAILED, "max_failures", 2)
    assert (await fleet.waiting(), fleet.woken) == ([], [])


# --- Stopping --------------------------------------------------------------------------------


async def test_too_many_failures_stop_the_rest(fleet):
    await fleet.grow(6)
    await fleet.ask(options={"max_failures": 1, "max_concurrency": 2})
    await fleet.step()
    await fleet.serve([1, 2], REFUSED)
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.reason, job.processed) == (State.FAILED, "max_failures", 2)
    assert await fleet.waiting() == []


async def test_a_job_ends_when_its_time_is_over_and_what_runs_is_still_counted(fleet):
    await fleet.grow(3)
    await fleet.ask(options={"timeout_minutes": 5, "max_concurrency": 2})
    await fleet.step()
    store = fleet.office.store
    running, _ = await store.write(operations.claim_next, 1, fleet.office.clock())
    fleet.office.clock.pass_(300)
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.reason, job.is_settled) == (State.FAILED, "timeout", True)
    assert await fleet.waiting() == []
    await store.write(operations.complete, running.id, None, fleet.office.clock())
    assert [each.state for each in await fleet.results()] == ["completed", *["cancelled"] * 2]
    assert (await fleet.job()).processed == 1


async def test_a_paused_job_takes_back_what_has_not_started_and_gives_it_out_again(fleet):
    await fleet.grow(4)
    await fleet.ask()
    await fleet.step()
    await fleet.serve([1])
    await fleet.change(State.PAUSED)
    await fleet.step()
    assert await fleet.waiting() == []
    assert (await fleet.job()).processed == 1
    await fleet.change(State.IN_PROGRESS)
    await fleet.step()
    assert await fleet.waiting() == [2, 3, 4]
    await fleet.serve()
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.processed, job.failed) == (State.COMPLETED, 4, 0)


async def test_a_cancelled_job_leaves_nothing_in_the_queues(fleet):
    await fleet.grow(120)
    await fleet.ask(options={"max_concurrency": 110})
    await fleet.step()
    await fleet.serve([5])
    await fleet.change(State.CANCELLED)
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.processed, job.is_settled) == (State.CANCELLED, 1, True)
    assert await fleet.waiting() == []


async def test_an_operation_that_somebody_cancels_is_a_failure_of_its_job(fleet):
    await fleet.grow(2)
    await fleet.ask()
    await fleet.step()
    await fleet.office.store.write(operations.cancel, 1, fleet.office.clock())
    await fleet.serve([2])
    await fleet.step()
    assert await fleet.errors() == {"cancelled": 1}
    assert (await fleet.job()).state == State.COMPLETED


async def test_a_device_that_is_deleted_meanwhile_is_counted(fleet):
    await fleet.grow(3)
    await fleet.ask(options={"max_concurrency": 2})
    await fleet.step()
    for number in (0, 2):
        key = Key(Family.NAME, f"d{number}-True")
        now = fleet.office.clock()
        await fleet.office.store.write(devices.delete, PERSON, key, ANY_VERSION, now)
    await fleet.serve([2])
    fleet.office.clock.pass_(100)
    await fleet.step()
    job = await fleet.job()
    assert (job.state, job.processed) == (State.COMPLETED, 3)
    assert await fleet.errors() == {"deleted_devices": 2}


async def test_inactive_devices_that_were_asked_for_fail(fleet):
    await fleet.grow(2)
    await fleet.run("UPDATE devices SET is_active = FALSE WHERE id = 1")
    await fleet.ask(filters={"status": ["active", "inactive"]})
    await fleet.step()
    assert await fleet.waiting() == [2]
    assert await fleet.errors() == {"inactive_devices": 1}


# --- Crashes ---------------------------------------------------------------------------------


async def test_a_crash_between_any_two_units_does_nothing_twice(fleet):
    await fleet.grow(bulk.FED_AT_ONCE + 3)
    await fleet.ask(options={"max_concurrency": 10_000})
    store, now = fleet.office.store, fleet.office.clock()
    await store.write(bulk.begin_due, 1, now)
    await store.write(bulk.begin_due, 1, now)
    while await store.write(bulk.plan, 1, now):
        pass
    await store.write(bulk.plan, 1, now)
    await store.write(bulk.feed, 1, now)
    await fleet.serve([1, 2])
    fleet.restart()
    await fleet.step()
    await fleet.serve()
    fleet.restart()
    await fleet.step()
    job = await fleet.job()
    count = bulk.FED_AT_ONCE + 3
    assert (job.state, job.total, job.processed) == (State.COMPLETED, count, count)
    assert len(await fleet.office.rows("SELECT 1 FROM operations")) == count


# --- Other manners ---------------------------------------------------------------------------


async def test_presence_alone_is_learnt_by_calling(fleet):
    await fleet.grow(3, is_up=False)
    fleet.informs = {1, 3}
    await fleet.ask("bulk_status_update", None, {})
    await fleet.step()
    await fleet.step()
    assert fleet.called == [1, 2, 3]
    job = await fleet.job()
    assert (job.state, job.processed, job.failed) == (State.COMPLETED, 3, 1)
    assert [each.report["status"] for each in await fleet.results()] == ["Up", "Down", "Up"]
    assert await fleet.waiting() == []


async def test_calls_that_a_crash_cut_off_are_made_again(fleet):
    await fleet.grow(2)
    fleet.informs = {1, 2}
    await fleet.ask("bulk_status_update", None, {})
    store, now = fleet.office.store, fleet.office.clock()
    await store.write(bulk.begin_due, 1, now)
    await store.write(bulk.plan, 1, now)
    assert await store.write(bulk.take_calls, 1, 50, now) == (1, 2)
    fleet.restart()
    await fleet.step()
    await fleet.step()
    assert (await fleet.job()).state == State.COMPLETED


async def test_a_recurring_job_has_a_job_for_each_time_and_none_beside_another(fleet):
    await fleet.grow(1)
    schedule = {"type": "recurring", "cron": "0 * * * *", "timezone": "UTC"}
    await fleet.ask(schedule=schedule)
    fleet.office.clock.pass_(5 * HOUR)
    for _ in range(2):
        await fleet.step()
    fleet.office.clock.pass_(HOUR)
    await fleet.step()
    assert (await fleet.job(1)).state == State.SCHEDULED
    run = await fleet.job(2)
    assert (run.parent_id, run.state) == (1, State.IN_PROGRESS)
    assert await fleet.office.rows("SELECT count(*) FROM bulk_jobs") == [(2,)]
    await fleet.serve()
    await fleet.step()
    await fleet.change(State.CANCELLED)
    fleet.office.clock.pass_(5 * HOUR)
    await fleet.step()
    assert await fleet.office.rows("SELECT count(*) FROM bulk_jobs") == [(2,)]


async def test_old_jobs_are_trimmed_with_their_targets(fleet):
    await fleet.grow(3)
    await fleet.ask("inventory_audit", None, {})
    await fleet.step()
    await fleet.ask("inventory_audit", None, {}, due=fleet.office.clock() + 1e9)
    keeper = Housekeeping(fleet.office.store, history_days=1, history_rows=1000)
    await keeper.step(fleet.office.clock() + 2 * 86400)
    assert await fleet.office.rows("SELECT id FROM bulk_jobs") == [(2,)]
    assert await fleet.office.rows("SELECT * FROM bulk_targets") == []


async def test_a_device_that_is_made_inactive_before_its_turn_does_not_hold_the_job(fleet):
    await fleet.grow(2)
    await fleet.ask()
    await fleet.step()
    await fleet.serve([1])
    await fleet.run("UPDATE devices SET is_active = FALSE WHERE id = 2")
    fleet.office.clock.pass_(60)
    await fleet.step()
    assert (await fleet.job()).state == State.COMPLETED
    assert await fleet.errors() == {"inactive_devices": 1}
    assert await fleet.waiting() == []


async def test_an_audit_that_is_to_validate_connectivity_calls_each_device(fleet):
    await fleet.grow(2)
    fleet.informs = {2}
    await fleet.ask("inventory_audit", None, {}, options={"validate_connectivity": True})
    await fleet.step()
    assert sorted(fleet.called) == [1, 2]
    await fleet.step()
    assert (await fleet.job()).state == State.COMPLETED
    assert [each.report["is_reachable"] for each in await fleet.results()] == [False, True]


async def test_a_device_that_does_not_come_in_the_time_that_was_given_has_failed(fleet):
    await fleet.grow(1)
    await fleet.ask(timeout_s=3.0)
    await fleet.step()
    fleet.office.clock.pass_(3)
    await fleet.office.store.write(timekeeping.advance, fleet.office.clock())
    await fleet.step()
    assert (await fleet.job()).state == State.FAILED
    assert await fleet.errors() == {"connection_timeouts": 1}


# --- Undoing ---------------------------------------------------------------------------------


@pytest.fixture
async def upgrade(fleet):
    """Five devices that show 1.0 are to get 2.0; should that fail, those touched get 1.0."""
    new, old = await fleet.image("2.0"), await fleet.image("1.0")
    await fleet.grow(5)
    await fleet.run("UPDATE devices SET software_version = '1.0'")

    async def ask(**options):
        request, options = {"firmware_image": new}, {"rollback_image": old, **options}
        filters = {"status": ["active"]}
        await fleet.ask("bulk_download", Kind.DOWNLOAD, request, options=options, filters=filters)
        await fleet.step()

    async def take(device_id, shows, error=None):
        """The device has begun its download, and shows this version at its end."""
        store, now = fleet.office.store, fleet.office.clock()
        operation, _ = await store.write(operations.claim_next, device_id, now)
        await store.write(operations.note, operation.id, {"before": "1.0", "version": "2.0"})
        await fleet.run(
            "UPDATE devices SET software_version = :shows WHERE id = :id",
            shows=shows,
            id=device_id,
        )
        if error is None:
            await store.write(operations.complete, operation.id, None, now)
        else:
            await store.write(operations.fail, operation.id, error, now)

    fleet.upgrade, fleet.take, fleet.old = ask, take, old
    return fleet


BAD_IMAGE = Error("version_mismatch", "It boots into 1.9 instead of 2.0.")


async def test_who_has_taken_the_new_image_gets_the_old_one_when_devices_make_the_job_fail(upgrade):
    await upgrade.upgrade(max_failures=1, max_concurrency=4)
    store, clock = upgrade.office.store, upgrade.office.clock
    await upgrade.take(1, "2.0")
    await upgrade.take(2, "1.0", REFUSED)  # nothing has changed there
    await upgrade.take(3, "1.9", BAD_IMAGE)
    running, _ = await store.write(operations.claim_next, 4, clock())
    await upgrade.step()  # the fifth is never touched
    job = await upgrade.job()
    assert (job.state, job.reason, job.rollback_id) == (State.FAILED, "max_failures", 2)
    await upgrade.step()
    rollback = await upgrade.job(2)
    assert (rollback.operation_type, rollback.parent_id) == ("bulk_download", 1)
    assert (rollback.state, rollback.total) == (State.IN_PROGRESS, 3)
    assert await upgrade.waiting() == [1, 3, 4]
    assert (await upgrade.results(2))[0].operation_key
    found = await upgrade.office.rows(
        "SELECT request FROM operations WHERE job_id = 2 ORDER BY device_id"
    )
    assert [json.loads(request) for (request,) in found] == [{"firmware_image": upgrade.old}] * 3
    await store.write(operations.complete, running.id, None, clock())
    await upgrade.serve()
    await upgrade.step()
    assert (await upgrade.job(2)).state == State.COMPLETED
    assert await upgrade.office.rows("SELECT count(*) FROM bulk_jobs") == [(2,)]


async def test_a_canary_that_fails_has_the_canaries_rolled_back_and_nobody_else(upgrade):
    await upgrade.upgrade(canary=2)
    await upgrade.take(1, "2.0")
    await upgrade.take(2, "1.0", REFUSED)
    await upgrade.step()
    await upgrade.step()
    assert (await upgrade.job()).reason == "canary"
    assert await upgrade.waiting() == [1]


async def test_a_device_that_tells_no_version_is_rolled_back_all_the_same(upgrade):
    """Its record still shows the version of the rollback image."""
    await upgrade.upgrade(max_failures=0, max_concurrency=2)
    await upgrade.take(1, "1.0")
    await upgrade.take(2, "1.9", BAD_IMAGE)
    await upgrade.step()
    await upgrade.step()
    assert await upgrade.waiting() == [1, 2]


async def test_no_run_of_a_recurring_job_begins_while_the_last_is_undone(upgrade):
    await upgrade.ask(
        "bulk_download",
        Kind.DOWNLOAD,
        {"firmware_image": 1},
        filters={"status": ["active"]},
        options={"rollback_image": upgrade.old, "max_failures": 0, "max_concurrency": 2},
        schedule={"type": "recurring", "cron": "0 * * * *", "timezone": "UTC"},
    )
    upgrade.office.clock.pass_(HOUR)
    for _ in range(2):
        await upgrade.step()
    await upgrade.take(1, "2.0")
    await upgrade.take(2, "1.0", REFUSED)
    upgrade.office.clock.pass_(HOUR)
    for _ in range(3):
        await upgrade.step()
    assert await upgrade.office.rows("SELECT id FROM bulk_jobs") == [(1,), (2,), (3,)]
    await upgrade.serve([1])
    await upgrade.step()
    upgrade.office.clock.pass_(HOUR)
    await upgrade.step()
    assert len(await upgrade.office.rows("SELECT id FROM bulk_jobs")) == 4


async def test_nothing_is_rolled_back_while_something_of_the_job_can_still_start(upgrade):
    await upgrade.upgrade(max_failures=0)
    await upgrade.take(1, "1.9", BAD_IMAGE)
    store, now = upgrade.office.store, upgrade.office.clock()
    await store.write(bulk.review, 1, now)
    await store.write(bulk.begin_due, 2, now)
    assert await store.write(bulk.plan, 2, now) is False
    assert (await upgrade.job(2)).is_planned is False
    await upgrade.step()
    assert await upgrade.waiting() == [1]


async def test_a_crash_after_any_unit_of_a_failure_still_has_it_rolled_back_once(upgrade):
    await upgrade.upgrade(max_failures=0)
    await upgrade.take(1, "1.9", BAD_IMAGE)
    for unit in (bulk.review, bulk.clear, bulk.begin_due, bulk.plan):
        await upgrade.office.store.write(unit, 1, upgrade.office.clock())
        upgrade.restart()
    for _ in range(3):
        await upgrade.step()
    assert await upgrade.waiting() == [1]
    assert await upgrade.office.rows("SELECT id FROM bulk_jobs") == [(1,), (2,)]


@pytest.mark.parametrize("ending", ["time", "person", "success"])
async def test_a_job_that_fails_by_no_device_is_not_rolled_back(upgrade, ending):
    await upgrade.upgrade(timeout_minutes=5)
    await upgrade.take(1, "2.0")
    if ending == "time":
        upgrade.office.clock.pass_(300)
    elif ending == "person":
        await upgrade.change(State.CANCELLED)
    else:
        await upgrade.serve([2, 3, 4, 5])
    await upgrade.step()
    job = await upgrade.job()
    assert job.is_settled
    assert job.rollback_id is None
    assert await upgrade.waiting() == []


# --- Telling ---------------------------------------------------------------------------------

HOOK = "https://hooks.example.com/x"


async def test_the_end_of_a_job_is_told_once_with_its_figures(fleet):
    await fleet.grow(3)
    await fleet.ask(notification={"webhook_url": HOOK, "email": "noc@example.com"})
    await fleet.step()
    await fleet.serve([1, 2])
    await fleet.serve([3], REFUSED)
    await fleet.step()
    await fleet.step()
    (job_id, told), (_, mailed) = await fleet.told()
    assert (job_id, told) == (1, mailed)
    assert told["completed_at"] == told["started_at"] == told["created_at"]
    del told["completed_at"], told["started_at"], told["created_at"]
    assert told == {
        "event": "bulk.completed",
        "id": "1",
        "parent_id": None,
        "operation_type": "bulk_set",
        "status": "completed",
        "reason": None,
        "organization_ids": [],
        "total_devices": 3,
        "processed_devices": 3,
        "failed_devices": 1,
        "error_summary": {"cwmp_faults": 1},
        "rollback_job_id": None,
    }


@pytest.mark.parametrize(
    ("wish", "count"), [({"on_failure": False}, 0), ({"on_completion": False}, 1)]
)
async def test_a_job_that_is_cancelled_is_no_completion(fleet, wish, count):
    await fleet.grow(1)
    await fleet.ask(notification={"webhook_url": HOOK, **wish})
    await fleet.change(State.CANCELLED)
    assert [told["event"] for _, told in await fleet.told()] == ["bulk.cancelled"] * count


async def test_each_run_of_a_recurring_job_is_told_and_so_is_a_rollback(upgrade):
    new = {"firmware_image": 1}
    await upgrade.ask(
        "bulk_download",
        Kind.DOWNLOAD,
        new,
        filters={"status": ["active"]},
        options={"rollback_image": upgrade.old, "max_failures": 0, "max_concurrency": 2},
        schedule={"type": "recurring", "cron": "0 * * * *", "timezone": "UTC"},
        notification={"webhook_url": HOOK},
    )
    upgrade.office.clock.pass_(HOUR)
    await upgrade.step()
    await upgrade.step()
    await upgrade.take(1, "2.0")
    await upgrade.take(2, "1.0", REFUSED)
    for _ in range(2):
        await upgrade.step()
    await upgrade.serve([1])
    await upgrade.step()
    await upgrade.change(State.CANCELLED, 1)
    told = [
        (job_id, told["event"], told["rollback_job_id"]) for job_id, told in await upgrade.told()
    ]
    assert told == [(2, "bulk.failed", "3"), (3, "bulk.completed", None)]
