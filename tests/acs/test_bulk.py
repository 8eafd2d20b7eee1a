"""Bulk jobs step by step: a fleet in the store, a clock, and devices that end operations."""

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

PERSON = access.of_the_house("tests")
HOUR = 3600.0
NAME = "Device.DeviceInfo.ProvisioningCode"
SET = {"variables": [{"variable_name": NAME, "value": "x"}]}
REFUSED = Error("9003", "Invalid arguments")


class Fleet:
    """Devices that do what a test says, and the worker that serves them."""

    def __init__(self, office):
        self.office, self.woken, self.informs = office, [], set()
        office.signals.on_work(self.woken.append)
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
    other = await fleet.office.operation(2)
    assert other.request["variables"][0]["variable_name"].startswith("Device.DeviceInfo.")


async def test_a_download_without_any_image_fails_on_that_device_alone(fleet):
    await fleet.grow(2)
    await fleet.run(
        """INSERT INTO firmware_images (id, name, version, file_type, file_name, size_bytes,
               sha256, stored_as, created, last_change)
           VALUES (1, 'i', '2', '1 Firmware Upgrade Image', 'i', 1, '', 'i', 1, 1)"""
    )
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
