"""``…/uploads/``: the files that a device has sent, found and fetched under its three keys."""

import pytest

from inventory.access import Role
from inventory.records import uploads as records

LOG = b"first line\nsecond line\n"
SHELF = "/inventory_device_name/r%2F1/uploads/"


@pytest.fixture
async def shelf(api, tmp_path):
    """The API with one device and a file of it."""
    body = {"name": "r/1", "serial_number": "S/1"}
    assert (await api.told("POST", "/inventory_device_name/", json=body))[0] == 201
    folder = tmp_path / "uploads"
    folder.mkdir()
    (folder / "stored").write_bytes(LOG)
    await api.store.write(
        records.keep,
        device_id=1,
        operation_id=None,
        file_type="2 Vendor Log File",
        file_name='messages "1".log',
        size_bytes=len(LOG),
        sha256="0" * 64,
        stored_as="stored",
        created=api.clock.now,
    )
    return api


@pytest.mark.parametrize("family", ["_name/r%2F1", "_serial/S%2F1", "/1"])
async def test_a_file_is_listed_read_and_fetched_under_every_key(shelf, family):
    path = f"/inventory_device{family}/uploads/"
    status, told = await shelf.told("GET", path)
    assert (status, told["count"]) == (200, 1)
    (listed,) = told["results"]
    assert listed["file_name"] == 'messages "1".log'
    assert listed["size_bytes"] == len(LOG)
    assert (await shelf.told("GET", f"{path}1/"))[1] == listed
    assert listed["url"].endswith(f"/api/v1{path}1/file/")
    async with shelf.request("GET", f"{path}1/file/") as answer:
        assert answer.status == 200
        assert await answer.read() == LOG


async def test_a_file_is_never_shown_as_a_page(shelf):
    async with shelf.request("GET", f"{SHELF}1/file/") as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox"
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename*=UTF-8''messages%20%221%22.log"
        )


async def test_a_file_may_be_fetched_in_parts_and_as_any_kind(shelf):
    headers = {"Range": "bytes=6-9", "Accept": "application/octet-stream"}
    async with shelf.request("GET", f"{SHELF}1/file/", headers=headers) as answer:
        assert (answer.status, await answer.read()) == (206, LOG[6:10])


async def test_a_file_of_another_device_or_none_is_not_there(shelf):
    await shelf.told("POST", "/inventory_device_name/", json={"name": "other"})
    for path in (f"{SHELF}2/", "/inventory_device_name/other/uploads/1/"):
        assert (await shelf.told("GET", path))[0] == 404
        assert (await shelf.told("GET", f"{path}file/"))[0] == 404


async def test_a_file_that_has_left_the_disk_is_not_there(shelf, tmp_path):
    (tmp_path / "uploads" / "stored").unlink()
    assert (await shelf.told("GET", f"{SHELF}1/file/"))[0] == 404


async def test_a_viewer_sees_that_there_is_a_file_but_not_what_is_in_it(shelf):
    await shelf.token("viewer", Role.VIEWER)
    assert (await shelf.told("GET", SHELF, token="viewer"))[0] == 200
    assert (await shelf.told("GET", f"{SHELF}1/file/", token="viewer"))[0] == 403
