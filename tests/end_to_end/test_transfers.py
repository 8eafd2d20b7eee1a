"""Firmware really fetched by simulated CPEs, and files that they really send."""

import pytest

from simulator.mischief import (
    DownloadsAtOnce,
    ForgetsKey,
    NeverReports,
    ReportsBeforeReboot,
    ReportsTwice,
    TransferFails,
)

NAME = "00D09E-SimGateway-SIM000001"
FIRMWARE = b"version=9.9.9\n" + bytes(300_000)


@pytest.fixture
async def image(api):
    """An image of version 9.9.9."""
    return await api.image("9.9.9", FIRMWARE)


async def test_a_firmware_download_is_fetched_applied_and_completed(cpes, api, image):
    cpe = cpes()
    await cpe.start()
    done = await api.run(NAME, "download", parameters={"firmware_image": image})
    assert done["status"] == "completed", done
    assert done["result"] == {"proof": "TransferComplete", "software_version": "9.9.9"}
    assert cpe.counts["Download"] == 1
    assert (await api.device(NAME))["software_version"] == "9.9.9"


async def test_the_devices_own_image_is_pending_until_it_runs(cpes, api, image):
    cpe = cpes()
    await cpe.start()
    body = {"firmware_image": image, "firmware_image_is_pending": True}
    device = await api.ask("PATCH", f"inventory_device_name/{NAME}/", body)
    assert device["firmware_image_is_pending"] is True
    assert device["pending_settings"] == "firmware_update"
    path = f"inventory_device_name/{NAME}/operations/"
    (operation,) = (await api.ask("GET", path, operation="download"))["results"]
    done = await api.result(operation["id"])
    assert done["status"] == "completed", done
    device = await api.device(NAME)
    assert device["software_version"] == "9.9.9"
    assert device["firmware_image_is_pending"] is False
    assert device["pending_settings"] is None


async def test_what_has_not_started_is_taken_back(cpes, api, image):
    cpe = cpes()
    await cpe.start()
    await cpe.stop()
    path = f"inventory_device_name/{NAME}/"
    body = {"firmware_image": image, "firmware_image_is_pending": True}
    await api.ask("PATCH", path, body)
    device = await api.ask("PATCH", path, {"firmware_image_is_pending": False})
    assert device["pending_settings"] is None
    history = await api.ask("GET", f"{path}operations/", operation="download")
    (operation,) = history["results"]
    assert operation["status"] == "cancelled"


async def test_an_image_that_is_applied_at_once_is_completed(cpes, api, image):
    cpe = cpes(mischief=[DownloadsAtOnce()])
    await cpe.start()
    done = await api.run(NAME, "download", parameters={"firmware_image": image})
    assert done["status"] == "completed", done
    assert done["result"] == {"proof": "Status 0", "software_version": "9.9.9"}


async def test_a_transfer_that_fails_is_told_with_its_fault(cpes, api, image):
    cpe = cpes(mischief=[TransferFails(9018)])
    await cpe.start()
    done = await api.run(NAME, "download", parameters={"firmware_image": image})
    assert done["status"] == "failed"
    assert done["error"]["code"] == "9018"


async def test_an_upload_is_stored_and_can_be_fetched(cpes, api):
    cpe = cpes()
    await cpe.start()
    done = await api.run(NAME, "upload", parameters={"file_type": "2 Vendor Log File"})
    assert done["status"] == "completed", done
    (upload,) = (await api.ask("GET", f"inventory_device_name/{NAME}/uploads/"))["results"]
    assert upload["file_type"] == "2 Vendor Log File"
    assert upload["operation_id"] == done["id"]
    assert upload["size_bytes"] > 0
    async with api.http.get(upload["url"]) as answer:
        assert answer.status == 200
        assert len(await answer.read()) == upload["size_bytes"]


@pytest.mark.parametrize(
    "mischief",
    [ReportsBeforeReboot(), ReportsTwice(), ForgetsKey(), ForgetsKey("another"), NeverReports()],
    ids=["before-reboot", "twice", "empty-key", "wrong-key", "never"],
)
async def test_a_download_ends_well_however_the_device_reports_it(cpes, api, image, mischief):
    cpe = cpes(mischief=[mischief])
    await cpe.start()
    done = await api.run(NAME, "download", parameters={"firmware_image": image})
    assert done["status"] == "completed", done
    assert cpe.counts["Download"] == 1
    assert (await api.device(NAME))["software_version"] == "9.9.9"


async def test_an_image_that_shows_another_version_is_a_mismatch(cpes, api, image):
    body = {"version": "10.0"}
    await api.ask("PATCH", f"firmware_image/{image}/", body)
    cpe = cpes()
    await cpe.start()
    done = await api.run(NAME, "download", parameters={"firmware_image": image})
    assert done["status"] == "failed"
    assert done["error"]["code"] == "version_mismatch"
    assert "9.9.9" in done["error"]["message"]
    assert "10.0" in done["error"]["message"]


async def test_a_large_image_is_fetched_without_being_held(cpes, api):
    async def content():
        yield b"version=8.0.0\n"
        for _ in range(99):
            yield bytes(2**20)
        yield bytes(2**20 - 14)

    headers = {"Content-Type": "application/octet-stream"}
    params = {"name": "large", "version": "8.0.0"}
    url = f"{api.url}firmware_image/"
    async with api.http.post(url, data=content(), headers=headers, params=params) as answer:
        assert answer.status == 201, await answer.text()
        told = await answer.json()
    cpe = cpes()
    await cpe.start()
    done = await api.run(NAME, "download", parameters={"firmware_image": told["id"]})
    assert done["status"] == "completed", done
