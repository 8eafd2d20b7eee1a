"""Work on many devices, and news of it, between the real server and real simulated CPEs."""

import asyncio
import hashlib
import hmac
import json

import aiohttp
import pytest
from aiohttp import web

from acs import app
from simulator.mischief import TransferFails

JOBS = "inventory_device_serial_headless_operation/"
HEADLESS = "inventory_device_name_headless_operation/"
CODE = "Device.DeviceInfo.ProvisioningCode"
SET = {"variable_name": CODE, "value": "many", "value_type": "string"}


@pytest.fixture
async def told():
    """What a receiver of webhooks on loopback was told, and its URL."""
    news = asyncio.Queue()

    async def hear(request):
        news.put_nowait((dict(request.headers), await request.read()))
        return web.Response(status=204)

    application = web.Application()
    application.router.add_post("/told", hear)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield news, f"http://127.0.0.1:{site.port}/told"
    await runner.cleanup()


@pytest.fixture
async def server(settings):
    """One that may send webhooks to this machine."""
    webhook = {"allow": ["127.0.0.1"], "secret": "shared with the receiver"}
    async with app.running(settings(webhook=webhook)) as running:
        yield running


async def ended(api, job_id):
    async with asyncio.timeout(20):
        while True:
            job = await api.ask("GET", f"{JOBS}{job_id}/")
            if job["status"] not in {"scheduled", "in_progress"}:
                return job
            await asyncio.sleep(0.05)


async def test_a_bulk_set_reaches_every_device_and_shows_what_became_of_each(cpes, api):
    made = [cpes(f"MANY{number}") for number in range(4)]
    for cpe in made:
        await cpe.start()
    body = {"operation_type": "bulk_set", "variables": [SET], "options": {"canary": 1}}
    job = await ended(api, (await api.ask("POST", JOBS, body))["id"])
    assert (job["status"], job["total_devices"], job["failed_devices"]) == ("completed", 4, 0)
    assert {cpe.tree.get("DeviceInfo.ProvisioningCode") for cpe in made} == {"many"}
    results = await api.ask("GET", f"{JOBS}{job['id']}/results/?status=completed")
    assert [each["serial_number"] for each in results["results"]] == [
        "MANY0",
        "MANY1",
        "MANY2",
        "MANY3",
    ]
    body = {"operation_type": "bulk_serial_sync", "options": {"validate_connectivity": True}}
    job = await ended(api, (await api.ask("POST", JOBS, body))["id"])
    results = await api.ask("GET", f"{JOBS}{job['id']}/results/")
    serials = {
        each["value"]
        for result in results["results"]
        for each in result["variables"]
        if each["variable_name"].endswith("SerialNumber")
    }
    assert serials == {"MANY0", "MANY1", "MANY2", "MANY3"}
    assert results["results"][0]["connection_request"]["outcome"] == "accepted"


async def test_presence_is_learnt_from_those_who_answer(cpes, api):
    here, gone = cpes("HERE"), cpes("GONE")
    for cpe in (here, gone):
        await cpe.start()
    await gone.stop()
    job = await api.ask("POST", JOBS, {"operation_type": "bulk_status_update"})
    job = await ended(api, job["id"])
    results = await api.ask("GET", f"{JOBS}{job['id']}/results/")
    states = {each["serial_number"]: each["status"] for each in results["results"]}
    assert states == {"HERE": "completed", "GONE": "failed"}
    assert job["operation_details"]["error_summary"]["connection_timeouts"] == 1


async def test_the_end_of_an_operation_is_told_with_a_signature(cpes, api, told):
    news, url = told
    await cpes("TELL").start()
    name = "00D09E-SimGateway-TELL"
    await api.run(name, "set", SET, notification={"webhook_url": url})
    async with asyncio.timeout(10):
        headers, body = await news.get()
    signed = headers["X-ACS-Timestamp"].encode() + b"." + body
    digest = hmac.new(b"shared with the receiver", signed, hashlib.sha256).hexdigest()
    assert headers["X-ACS-Signature"] == f"sha256={digest}"
    assert json.loads(body)["status"] == "completed"
    deliveries = await api.ask("GET", "webhook_delivery/")
    assert [each["delivery_id"] for each in deliveries["results"]] == [headers["X-ACS-Delivery"]]


async def test_webhooks_into_our_own_network_are_refused_unless_allowed(settings):
    async with app.running(settings()) as server:
        headers = {"Authorization": "Bearer end-to-end-token-of-the-tests"}
        async with aiohttp.ClientSession(headers=headers) as http:
            for url in ("http://127.0.0.1:1/x", "http://localhost/", "http://10.1.2.3/"):
                body = {"name": "x", "operation": "reboot", "notification": {"webhook_url": url}}
                async with http.post(server.api_url + HEADLESS, json=body) as answer:
                    assert answer.status == 400
                    assert "webhook_url" in (await answer.json())["notification"]


async def test_one_order_for_several_devices_is_waited_for_as_a_whole(cpes, api):
    for number in range(2):
        await cpes(f"BOTH{number}").start()
    names = [f"00D09E-SimGateway-BOTH{number}" for number in range(2)]
    body = {"operation": "get", "device_targets": names, "variables": [{"variable_name": CODE}]}
    order = await api.ask("POST", HEADLESS, body)
    answer = await api.ask("GET", f"{HEADLESS}{order['id']}/", wait=20)
    assert (answer["status"], answer["progress"]) == ("completed", 100)
    assert [each["status"] for each in answer["results"]] == ["completed", "completed"]


async def test_an_upgrade_that_fails_is_rolled_back_and_both_are_told(cpes, api, told):
    news, url = told
    made = [cpes("GOOD"), cpes("FAILS", mischief=[TransferFails(9018)])]
    for cpe in made:
        await cpe.start()
    before = (await api.device("00D09E-SimGateway-GOOD"))["software_version"]
    new, old = await api.image("9.9.9"), await api.image(before)
    body = {
        "operation_type": "bulk_download",
        "device_filters": {"serial_numbers": ["GOOD", "FAILS"]},
        "parameters": {"firmware_image": new},
        "options": {"max_failures": 0, "max_concurrency": 1, "rollback_image": old},
        "notification": {"webhook_url": url},
    }
    job = await ended(api, (await api.ask("POST", JOBS, body))["id"])
    details = job["operation_details"]
    assert (job["status"], details["reason"]) == ("failed", "max_failures")
    rollback = await ended(api, details["rollback_job_id"])
    assert (rollback["status"], rollback["total_devices"]) == ("completed", 1)
    assert rollback["operation_details"]["parent_id"] == job["id"]
    assert (await api.device("00D09E-SimGateway-GOOD"))["software_version"] == before
    assert [cpe.counts["Download"] for cpe in made] == [2, 1]
    async with asyncio.timeout(10):
        events = [json.loads((await news.get())[1]) for _ in range(2)]
    assert [(each["event"], each["id"]) for each in events] == [
        ("bulk.failed", job["id"]),
        ("bulk.completed", rollback["id"]),
    ]
