"""Downloads and uploads as people ask for them: which file, and what is refused at once."""

from typing import Any

import pytest

from inventory import operations

HEADLESS = "/inventory_device_name_headless_operation/"
FORM = {"name": "image", "version": "2.0"}
URL = "http://files.example/gateway.bin"


@pytest.fixture
async def router(api):
    """A device with the id 1, and an image with the id 1."""
    status, _ = await api.told("POST", "/inventory_device_name/", json={"name": "router"})
    assert status == 201
    status, told = await api.told(
        "POST",
        "/firmware_image/",
        params=FORM,
        data=b"firmware",
        headers={"Content-Type": "application/octet-stream"},
    )
    assert (status, told["id"]) == (201, 1)
    return api


async def ask(api: Any, operation: str, **parameters: Any) -> Any:
    body = {"name": "router", "operation": operation, "parameters": parameters}
    return await api.told("POST", HEADLESS, json=body)


async def request(api: Any) -> Any:
    return (await api.store.read(operations.find, 1)).request


async def test_a_download_of_an_image_is_kept_and_echoed(router):
    status, told = await ask(router, "download", firmware_image=1, delay_seconds=5)
    assert status == 201
    assert told["operation"] == "download"
    assert told["parameters"] == {"firmware_image": 1, "delay_seconds": 5}
    kept = await request(router)
    assert (kept["firmware_image"], kept["delay_seconds"]) == (1, 5)


async def test_update_downloads_the_image_that_the_device_should_run(router):
    await router.told("PATCH", "/inventory_device_name/router/", json={"firmware_image": 1})
    status, told = await ask(router, "update")
    assert (status, told["operation"]) == (201, "update")
    assert (await request(router))["firmware_image"] == 1


async def test_the_password_of_a_url_is_sealed_and_never_told(router):
    status, told = await ask(router, "download", url=URL, username="cpe", password="secret")
    assert status == 201
    assert "secret" not in str(told)
    assert "secret" not in str(await request(router))
    assert (await router.told("GET", f"{HEADLESS}1/"))[1]["parameters"] == {
        "url": URL,
        "username": "cpe",
    }


async def test_an_upload_takes_a_file_type(router):
    status, _ = await ask(router, "upload", file_type="2 Vendor Log File")
    assert status == 201
    assert (await request(router))["file_type"] == "2 Vendor Log File"


@pytest.mark.parametrize(
    ("operation", "given", "field"),
    [
        ("download", {}, "firmware_image"),
        ("update", {}, "firmware_image"),
        ("download", {"firmware_image": 99}, "firmware_image"),
        ("download", {"firmware_image": 1, "url": URL}, "firmware_image"),
        ("download", {"url": "gateway.bin"}, "url"),
        ("download", {"url": "http://user:secret@files.example/x"}, "url"),
        ("download", {"url": "http://files.example/a b"}, "url"),
        ("download", {"url": "http://files\x01.example/x"}, "url"),
        ("download", {"url": "http://fil\u00e9s.example/x"}, "url"),
        ("download", {"url": URL + "x" * 256}, "url"),
        ("download", {"firmware_image": 1, "password": "x"}, "password"),
        ("download", {"url": URL, "file_size": -1}, "file_size"),
        ("download", {"url": URL, "file_type": "x" * 65}, "file_type"),
        ("download", {"url": URL, "delay_seconds": 10**9}, "delay_seconds"),
        ("upload", {"firmware_image": 1}, "firmware_image"),
        ("upload", {"target_file_name": "x"}, "target_file_name"),
        ("reboot", {"url": URL}, "url"),
    ],
)
async def test_what_cannot_be_meant_is_refused_under_its_name(router, operation, given, field):
    status, told = await ask(router, operation, **given)
    assert status == 400
    assert list(told["parameters"]) == [field]
