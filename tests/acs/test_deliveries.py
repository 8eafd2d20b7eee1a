"""Telling of an operation's end: queued with it, delivered by real HTTP and SMTP on loopback."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from ipaddress import ip_network
from random import Random

import pytest
from aiohttp import web

from acs.config import SmtpSettings
from acs.mail import Mailer
from acs.webhooks import Webhooks
from acs.workers.deliveries import Deliveries
from inventory import access, bulk, deliveries, operations, timekeeping, webhooks
from inventory.actions import bulk as bulk_actions
from inventory.actions.bulk import Wish
from inventory.deliveries import MAX_ATTEMPTS
from inventory.errors import Conflict, NotFound
from inventory.notifications import Channel
from inventory.operations import Error, Kind
from inventory.query import ANY_VERSION, Window
from inventory.records import groups

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1")]
SECRET = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
PERSON = access.of_the_house("tests")


class Hook:
    """A receiver of webhooks that answers with these statuses, then with 204."""

    def __init__(self):
        self.heard, self.statuses, self.url = [], [], ""

    async def hear(self, request):
        self.heard.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"})


@pytest.fixture
async def hook():
    hook, application = Hook(), web.Application()
    application.router.add_route("*", "/{path:.*}", hook.hear)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{site.port}/told"
    yield hook
    await runner.cleanup()


@pytest.fixture
async def sender():
    sender = Webhooks("the key", LOOPBACK, timeout_s=5)
    yield sender
    await sender.close()


class Desk:
    """The worker, and what there is to tell."""

    def __init__(self, office, sender):
        self.office = office
        senders = {Channel.WEBHOOK: sender, Channel.EMAIL: Mailer(SmtpSettings())}
        self.worker = Deliveries(office.store, senders, office.clock, Random(1))

    async def queue(self, kind=Kind.REBOOT, **wish):
        request = {"notification": wish, "variables": []}
        now = self.office.clock()
        return await self.office.store.write(operations.queue, 1, kind, request, now)

    async def claim(self):
        claimed, _ = await self.office.store.write(operations.claim_next, 1, self.office.clock())
        return claimed.id

    async def complete(self, **wish):
        await self.queue(**wish)
        await self.office.store.write(
            operations.complete, await self.claim(), None, self.office.clock()
        )

    async def step(self):
        await self.worker.step()
        await self.worker.finish()

    async def all(self, **wanted):
        wanted = deliveries.Filter(**wanted)
        page = await self.office.store.read(deliveries.page, PERSON, wanted, Window())
        return page.items


@pytest.fixture
async def desk(office, cpe, sender):
    await cpe.enrol()
    return Desk(office, sender)


# --- What is told of -------------------------------------------------------------------------


async def test_every_end_of_an_operation_is_told_once(desk):
    office, wish = desk.office, {"webhook_url": "http://x.example/"}
    await desk.complete(**wish)
    await desk.queue(**wish)
    failed = await desk.claim()
    for _ in range(2):
        await office.store.write(operations.fail, failed, Error("9002", "no"), office.clock())
    cancelled = await desk.queue(**wish)
    await office.store.write(operations.cancel, cancelled.id, office.clock())
    await desk.queue(**wish)
    office.clock.pass_(operations.QUEUED_TIMEOUT_S + 1)
    await office.store.write(timekeeping.advance, office.clock())
    told = [json.loads(each.body) for each in reversed(await desk.all())]
    assert [each["status"] for each in told] == ["completed", "failed", "cancelled", "expired"]
    assert told[1]["error"] == {"code": "9002", "message": "no", "parameters": {}}
    assert told[0]["event"] == "operation.completed"
    assert told[0]["transaction_id"].startswith("op_")
    assert told[0]["device_name"] == "00D09E-Gateway-1"


@pytest.mark.parametrize(
    ("wish", "count"), [({"on_completion": False}, 0), ({"on_failure": False}, 1), ({}, 1)]
)
async def test_only_what_was_asked_for_is_told(desk, wish, count):
    await desk.complete(webhook_url="http://x.example/", **wish)
    assert len(await desk.all()) == count


async def test_a_unit_that_fails_tells_nothing(desk):
    await desk.queue(webhook_url="http://x.example/")
    number = await desk.claim()

    def torn(tx):
        operations.complete(tx, number, None, 1.0)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await desk.office.store.write(torn)
    assert await desk.all() == []


async def test_no_value_of_a_parameter_is_told(desk):
    await desk.queue(webhook_url="http://x.example/")
    result = {"variables": [{"variable_name": SECRET, "value": "hush"}]}
    await desk.office.store.write(operations.complete, await desk.claim(), result, 1.0)
    (delivery,) = await desk.all()
    assert "hush" not in delivery.body


# --- Webhooks --------------------------------------------------------------------------------


async def test_a_webhook_is_signed_and_knows_its_delivery(desk, hook):
    await desk.complete(webhook_url=hook.url)
    await desk.step()
    ((headers, body),) = hook.heard
    (delivery,) = await desk.all()
    assert (delivery.state, delivery.attempts, delivery.status_code) == ("delivered", 1, 204)
    assert (headers["X-ACS-Delivery"], body.decode()) == (delivery.key, delivery.body)
    timestamp = int(headers["X-ACS-Timestamp"])
    assert timestamp == int(desk.office.clock())
    assert headers["X-ACS-Signature"] == webhooks.signature(b"the key", timestamp, body)
    await desk.step()
    assert len(hook.heard) == 1


async def test_what_is_refused_is_tried_again_ever_later_and_then_given_up(desk, hook):
    hook.statuses = [500] * MAX_ATTEMPTS
    await desk.complete(webhook_url=hook.url)
    waits = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        await desk.step()
        (delivery,) = await desk.all()
        assert (delivery.attempts, len(hook.heard)) == (attempt, attempt)
        waits.append(delivery.due - desk.office.clock())
        await desk.step()  # not due yet
        assert len(hook.heard) == attempt
        desk.office.clock.pass_(waits[-1])
    assert (delivery.state, delivery.status_code) == ("failed", 500)
    assert waits[1] > waits[0]
    assert max(waits) <= 1.5 * 3600
    await desk.step()
    assert len(hook.heard) == MAX_ATTEMPTS


async def test_a_dead_letter_is_taken_up_again(desk, hook):
    hook.statuses = [410]
    await desk.complete(webhook_url=hook.url)
    await desk.step()
    (dead,) = await desk.all(state="failed")
    store, now = desk.office.store, desk.office.clock()
    await store.write(deliveries.retry, PERSON, dead.id, ANY_VERSION, now)
    await desk.step()
    (delivery,) = await desk.all(state="delivered")
    assert delivery.key == dead.key
    with pytest.raises(Conflict):
        await store.write(deliveries.retry, PERSON, dead.id, ANY_VERSION, now)
    with pytest.raises(NotFound):
        await store.write(deliveries.retry, PERSON, 77, ANY_VERSION, now)


async def test_a_redirect_is_not_followed(desk, hook):
    hook.statuses = [302]
    await desk.complete(webhook_url=hook.url)
    await desk.step()
    (delivery,) = await desk.all()
    assert (delivery.state, len(hook.heard)) == ("pending", 1)


async def test_nobody_at_home_is_tried_again(desk):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        await desk.complete(webhook_url=f"http://127.0.0.1:{closed.getsockname()[1]}/")
        await desk.step()
    (delivery,) = await desk.all()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert delivery.error


async def test_one_receiver_is_told_in_order_and_a_silent_one_holds_up_nobody(desk, hook):
    heard, taken = asyncio.Event(), asyncio.Semaphore(0)

    class Silent:
        async def send(self, delivery, now):
            if "silent" in delivery.target:
                await heard.wait()
            taken.release()
            return deliveries.Outcome()

    desk.worker.senders = {Channel.WEBHOOK: Silent()}
    for number in range(3):
        await desk.complete(webhook_url="http://silent.example/")
        await desk.complete(webhook_url=f"http://{number}.example/")
    await desk.worker.step()
    async with asyncio.timeout(5):
        for _ in range(3):
            await taken.acquire()
    assert await desk.worker.step() == 0
    heard.set()
    await desk.worker.finish()
    assert len(await desk.all(state="delivered")) == 6


# --- Where they may go -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://127.1/", "nonsense"]
)
async def test_our_own_machine_is_no_place_for_webhooks(url):
    sender = Webhooks("the key")
    assert await sender.judge(url)


async def test_what_the_settings_allow_is_a_place_for_webhooks(sender):
    assert await sender.judge("http://127.0.0.1/") is None
    assert await sender.judge("http://name.that.is.not.known.invalid/") is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_address_is_judged_again_when_it_is_dialled(desk, hook, host):
    """A name may mean another address by now, and the settings may have changed."""
    sender = Webhooks("the key")
    desk.worker.senders = {Channel.WEBHOOK: sender}
    await desk.complete(webhook_url=hook.url.replace("127.0.0.1", host))
    await desk.step()
    await sender.close()
    assert hook.heard == []
    (delivery,) = await desk.all()
    assert "webhooks may not go" in delivery.error


# --- Mail ------------------------------------------------------------------------------------


async def test_without_a_mail_server_a_mail_is_recorded_as_not_sent(desk):
    await desk.complete(email="noc@example.com")
    await desk.step()
    (delivery,) = await desk.all(channel="email")
    assert (delivery.state, delivery.target) == ("not_sent", "noc@example.com")


@asynccontextmanager
async def mail_server(to_recipient):
    """Speaks just enough SMTP; yields its port and the lines that it was told."""
    lines = []

    async def serve(reader, writer):
        writer.write(b"220 here\r\n")
        in_data = False
        while raw := await reader.readline():
            line = raw.decode().rstrip("\r\n")
            lines.append(line)
            if in_data and line != ".":
                continue
            in_data = line.lower() == "data"
            answers = {"data": b"354 go on", "quit": b"221 bye", "rcpt": to_recipient}
            writer.write(answers.get(line[:4].lower(), b"250 ok") + b"\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], lines


async def test_a_mail_says_in_its_subject_what_happened(desk):
    async with mail_server(b"250 ok") as (port, lines):
        settings = SmtpSettings(host="127.0.0.1", port=port, sender="acs@example.com")
        desk.worker.senders = {Channel.EMAIL: Mailer(settings)}
        await desk.complete(email="noc@example.com")
        await desk.step()
    (delivery,) = await desk.all()
    assert (delivery.state, delivery.error) == ("delivered", None)
    assert "Subject: reboot on 00D09E-Gateway-1: completed" in lines
    assert "To: noc@example.com" in lines


async def test_a_mail_about_several_devices_says_what_became_of_each(desk):
    async with mail_server(b"250 ok") as (port, lines):
        settings = SmtpSettings(host="127.0.0.1", port=port, sender="acs@example.com")
        desk.worker.senders = {Channel.EMAIL: Mailer(settings)}
        made = [await desk.queue(email="noc@example.com") for _ in range(2)]
        ids = [each.id for each in made]
        await desk.office.store.write(groups.join, ids, ids[0])
        for _ in ids:
            now = desk.office.clock()
            await desk.office.store.write(operations.complete, await desk.claim(), None, now)
        await desk.step()
    assert "Subject: reboot on 2 devices: completed" in lines
    assert lines.count("00D09E-Gateway-1: completed") == 2


async def test_a_mail_about_a_job_says_how_many_devices_failed(desk):
    async with mail_server(b"250 ok") as (port, lines):
        settings = SmtpSettings(host="127.0.0.1", port=port, sender="acs@example.com")
        desk.worker.senders = {Channel.EMAIL: Mailer(settings)}
        wish = Wish("inventory_audit", None, notification={"email": "noc@example.com"})
        store, now = desk.office.store, desk.office.clock()
        await store.write(bulk_actions.create, PERSON, wish, 0, now)
        for unit in (bulk.begin_due, bulk.plan, bulk.feed, bulk.review):
            await store.write(unit, 1, now)
        await desk.step()
    assert "Subject: inventory_audit: completed, 0 of 1 devices failed" in lines


@pytest.mark.parametrize(("code", "state"), [(b"550", "failed"), (b"450", "pending")])
async def test_a_refused_mail_is_tried_again_unless_it_is_hopeless(desk, code, state):
    async with mail_server(code + b" no") as (port, _):
        settings = SmtpSettings(host="127.0.0.1", port=port)
        desk.worker.senders = {Channel.EMAIL: Mailer(settings)}
        await desk.complete(email="noc@example.com")
        await desk.step()
    (delivery,) = await desk.all()
    assert (delivery.state, delivery.status_code) == (state, int(code))


async def test_a_mail_server_that_is_away_is_tried_again(desk):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings = SmtpSettings(host="127.0.0.1", port=closed.getsockname()[1])
        desk.worker.senders = {Channel.EMAIL: Mailer(settings)}
        await desk.complete(email="noc@example.com")
        await desk.step()
    (delivery,) = await desk.all()
    assert delivery.state == "pending"
