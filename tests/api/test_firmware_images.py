"""``/firmware_image/``: uploads in both forms, streamed to disk."""

import hashlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from inventory.access import Role

BASE = "/firmware_image/"
OPERATIONS = "/inventory_device_name_headless_operation/"
BYTES = b"\x7fELF" + bytes(range(256)) * 3000


def form(body: bytes = BYTES, **fields: str) -> aiohttp.FormData:
    data = aiohttp.FormData(quote_fields=False)
    for name, value in {"name": "HG 2.4.1", "version": "2.4.1", **fields}.items():
        data.add_field(name, value)
    data.add_field("file", body, filename="../images/hg.bin", content_type="application/zip")
    return data


def files(tmp_path: Path) -> list[bytes]:
    folder = tmp_path / "images"
    return [path.read_bytes() for path in folder.iterdir()] if folder.exists() else []


async def test_an_image_is_uploaded_as_a_form(api, tmp_path):
    status, image = await api.told("POST", BASE, data=form(description="spring release"))
    assert (status, image) == (
        201,
        {
            "id": 1,
            "name": "HG 2.4.1",
            "version": "2.4.1",
            "type": "1 Firmware Upgrade Image",
            "file_name": "hg.bin",
            "size": len(BYTES),
            "sha256": hashlib.sha256(BYTES).hexdigest(),
            "description": "spring release",
            "created": "2023-11-14T22:13:20Z",
            "last_change": "2023-11-14T22:13:20Z",
        },
    )
    assert files(tmp_path) == [BYTES]
    assert await api.told("GET", f"{BASE}1/") == (200, image)
    assert (await api.told("GET", BASE, params={"version": "2.4.1"}))[1]["results"] == [image]
    assert (await api.told("GET", BASE, params={"version": "2.4.2"}))[1]["count"] == 0


async def raw(api: Any, body: bytes = BYTES, **fields: Any) -> tuple[int, Any]:
    headers = {"Content-Type": "application/octet-stream", **fields.pop("headers", {})}
    params = {"name": "HG 2.4.1", "version": "2.4.1", **fields}
    return await api.told("POST", BASE, data=body, params=params, headers=headers)


async def test_an_image_is_uploaded_as_a_bare_body(api, tmp_path):
    status, image = await raw(api, file_name="hg.bin")
    assert (status, image["file_name"], image["size"]) == (201, "hg.bin", len(BYTES))
    assert files(tmp_path) == [BYTES]


async def test_a_refused_upload_leaves_no_file(api, tmp_path):
    assert await raw(api, version="") == (400, {"version": ["This field may not be blank."]})
    assert await raw(api, b"") == (400, {"file": ["The submitted file is empty."]})
    data = form(colour="red", version="")
    status, errors = await api.told("POST", BASE, data=data)
    assert (status, sorted(errors)) == (400, ["colour", "version"])
    status, problem = await api.told("POST", BASE, json={"name": "x"})
    assert (status, problem["detail"]) == (
        415,
        'Unsupported media type "application/json" in request.',
    )
    assert files(tmp_path) == []


async def test_a_bare_upload_without_a_version_is_refused_before_it_is_read(api, tmp_path):
    headers = {"Content-Type": "application/octet-stream"}
    status, errors = await api.told("POST", BASE, data=BYTES, headers=headers)
    text = "A bare upload needs this field in its query."
    assert (status, errors, files(tmp_path)) == (400, {"version": [text]}, [])


async def test_an_image_without_a_name_has_that_of_its_file_and_its_version(api):
    headers = {"Content-Type": "application/octet-stream"}
    _, bare = await api.told("POST", f"{BASE}?version=2.4&type=X%20Y", data=BYTES, headers=headers)
    assert (bare["name"], bare["type"]) == ("firmware.bin 2.4", "X Y")
    data = aiohttp.FormData({"version": "2.4.1"})
    data.add_field("image", BYTES, filename="hg.bin")
    _, formed = await api.told("POST", BASE, data=data)
    assert (formed["name"], formed["file_name"]) == ("hg.bin 2.4.1", "hg.bin")


HEAD = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=B", b""),
        ("multipart/form-data; boundary=B", b"garbage"),
        ("multipart/form-data; boundary=B", HEAD + b"\r\nabc"),
        ("multipart/form-data; boundary=B", HEAD + b"no colon\r\n\r\nabc\r\n--B--\r\n"),
        ("multipart/form-data; boundary=B", HEAD.replace(b'"x"', b'"\x01"') + b"\r\nabc\r\n--B--"),
        ("multipart/form-data; boundary=" + "B" * 100, b"--B"),
    ],
)
async def test_a_broken_form_is_a_400_and_leaves_nothing(api, tmp_path, kind, body):
    headers = {"Content-Type": kind}
    status, problem = await api.told("POST", BASE, data=body, headers=headers)
    assert status == 400, problem
    assert files(tmp_path) == []


async def test_a_form_without_a_file_is_refused(api):
    data = aiohttp.FormData({"name": "x", "version": "1"}, default_to_multipart=True)
    status, errors = await api.told("POST", BASE, data=data)
    assert (status, errors) == (400, {"file": ["No file was submitted."]})


async def test_a_name_is_unique_and_the_second_file_does_not_stay(api, tmp_path):
    await raw(api)
    status, errors = await raw(api, b"other")
    taken = {"name": ["firmware image with this name already exists."]}
    assert (status, errors, files(tmp_path)) == (400, taken, [BYTES])


async def test_an_upload_that_is_too_long_is_cut_off(make_api, tmp_path):
    api = await make_api(max_upload_bytes=1000)
    status, problem = await raw(api, b"x" * 1001)
    assert (status, problem["detail"]) == (413, "Uploads are limited to 1000 bytes.")
    assert (await raw(api, b"x" * 1000))[0] == 201
    assert files(tmp_path) == [b"x" * 1000]


async def test_the_same_upload_with_the_same_key_is_kept_once(api, tmp_path):
    headers = {"Idempotency-Key": "k1"}
    first = await raw(api, headers=headers)
    assert await raw(api, headers=headers) == first
    assert files(tmp_path) == [BYTES]
    assert (await raw(api, b"other", headers=headers))[0] == 422


async def test_what_is_said_of_an_image_can_be_changed_and_put_back(api):
    _, image = await raw(api)
    assert await api.told("PUT", f"{BASE}1/", json=image) == (200, image)
    _, changed = await api.told("PATCH", f"{BASE}1/", json={"version": "2.4.2", "sha256": "0"})
    assert changed == image | {"version": "2.4.2"}


async def test_a_deleted_image_leaves_no_file_and_its_devices_stay(api, tmp_path):
    await raw(api)
    body = {"name": "x", "firmware_image": 1}
    await api.told("POST", "/inventory_device_name/", json=body)
    async with api.request("DELETE", f"{BASE}1/") as answer:
        assert answer.status == 204
    assert files(tmp_path) == []
    _, device = await api.told("GET", "/inventory_device_name/x/")
    assert device["firmware_image"] is None


async def test_an_image_on_its_way_to_a_device_is_not_deleted(api, tmp_path):
    await raw(api)
    body = {"name": "x", "firmware_image": 1, "firmware_image_is_pending": True}
    status, device = await api.told("POST", "/inventory_device_name/", json=body)
    assert (status, device["pending_settings"]) == (201, "firmware_update")
    assert (await api.told("DELETE", f"{BASE}1/"))[0] == 409
    assert files(tmp_path) == [BYTES]


@pytest.mark.parametrize(
    "terms", [{}, {"scheduled_at": "2030-01-01"}, {"schedule": {"cron": "0 0 * * 0"}}]
)
@pytest.mark.parametrize("operation", ["download", "update"])
async def test_an_image_that_an_operation_is_about_is_not_deleted(api, tmp_path, terms, operation):
    await raw(api)
    await raw(api, b"newer", name="HG 2.5", version="2.5")
    await api.told("POST", "/inventory_device_name/", json={"name": "x"})
    await order(api, operation=operation, parameters={"firmware_image": 2}, **terms)
    assert (await api.told("DELETE", f"{BASE}2/"))[0] == 409
    assert (await api.told("DELETE", f"{BASE}1/"))[0] == 204
    await api.told("DELETE", f"{OPERATIONS}1/")
    assert (await api.told("DELETE", f"{BASE}2/"))[0] == 204
    assert files(tmp_path) == []


async def test_an_image_that_is_being_downloaded_is_not_deleted(api):
    await raw(api)
    await api.told("POST", "/inventory_device_name/", json={"name": "x"})
    await order(api, parameters={"firmware_image": 1})
    await api.store.write(lambda tx: tx.run("UPDATE operations SET state = 'running'"))
    assert (await api.told("DELETE", f"{BASE}1/"))[0] == 409
    await api.store.write(lambda tx: tx.run("UPDATE operations SET state = 'failed'"))
    assert (await api.told("DELETE", f"{BASE}1/"))[0] == 204


async def test_only_an_unbound_admin_uploads(api, tmp_path):
    await api.token("operator", Role.OPERATOR)
    await api.token("bound", Role.ADMIN, frozenset({1}))
    for token in ("operator", "bound"):
        status, _ = await api.told("POST", BASE, data=form(), token=token)
        assert status == 403, token
        assert (await api.told("GET", BASE, token=token))[0] == 200
    assert files(tmp_path) == []


# --- The image that a device should run -------------------------------------------------------


async def device(api: Any, **fields: Any) -> tuple[int, Any]:
    return await api.told("PATCH", "/inventory_device_name/x/", json=fields)


async def pending_image(api: Any) -> None:
    """A device whose image 1 waits for it, and an image 2."""
    await raw(api)
    await raw(api, b"newer", name="HG 2.5", version="2.5")
    body = {"name": "x", "firmware_image": 1, "firmware_image_is_pending": True}
    assert (await api.told("POST", "/inventory_device_name/", json=body))[0] == 201


async def order(api: Any, **terms: Any) -> None:
    body = {"name": "x", "operation": "download", **terms}
    assert (await api.told("POST", OPERATIONS, json=body))[0] == 201


async def test_an_image_is_downloaded_when_it_is_marked_pending_and_not_before(api):
    await raw(api)
    await api.told("POST", "/inventory_device_name/", json={"name": "x"})
    status, errors = await device(api, firmware_image_is_pending=True)
    assert (status, list(errors)) == (400, ["firmware_image_is_pending"])
    _, changed = await device(api, firmware_image=1)
    assert (changed["firmware_image"], changed["pending_settings"]) == (1, None)
    _, changed = await device(api, firmware_image_is_pending=True)
    assert changed["pending_settings"] == "firmware_update"
    assert await api.store.read(_downloads) == [("pending", '{"firmware_image":1}')]
    await device(api, firmware_image_is_pending=True)
    assert len(await api.store.read(_downloads)) == 1


async def test_a_download_shows_which_image_it_is_about_although_nobody_has_named_it(api):
    await pending_image(api)
    await order(api)
    for number in (1, 2):
        _, told = await api.told("GET", f"{OPERATIONS}{number}/")
        assert (told["operation"], told["parameters"]) == ("download", {"firmware_image": 1})


async def test_an_image_that_is_not_pending_any_more_is_taken_back(api):
    await raw(api)
    body = {"name": "x", "firmware_image": 1, "firmware_image_is_pending": True}
    await api.told("POST", "/inventory_device_name/", json=body)
    _, changed = await device(api, firmware_image_is_pending=False)
    assert (changed["firmware_image"], changed["pending_settings"]) == (1, None)
    assert await _states(api) == ["cancelled"]


async def test_a_running_download_is_not_taken_back(api):
    await raw(api)
    body = {"name": "x", "firmware_image": 1, "firmware_image_is_pending": True}
    await api.told("POST", "/inventory_device_name/", json=body)
    await api.store.write(lambda tx: tx.run("UPDATE operations SET state = 'running'"))
    assert (await device(api, firmware_image_is_pending=False))[0] == 409
    assert (await device(api, firmware_image=None))[0] == 409


async def test_another_image_takes_the_place_of_the_one_that_waits(api):
    await raw(api)
    await raw(api, b"newer", name="HG 2.5", version="2.5")
    body = {"name": "x", "firmware_image": 1, "firmware_image_is_pending": True}
    await api.told("POST", "/inventory_device_name/", json=body)
    await device(api, firmware_image=2, firmware_image_is_pending=True)
    assert await api.store.read(_downloads) == [
        ("cancelled", '{"firmware_image":1}'),
        ("pending", '{"firmware_image":2}'),
    ]


@pytest.mark.parametrize("other", [2, None])
async def test_another_choice_alone_takes_back_what_waits_and_queues_nothing(api, other):
    await pending_image(api)
    status, changed = await device(api, firmware_image=other)
    assert (status, changed["firmware_image"]) == (200, other)
    assert (changed["firmware_image_is_pending"], changed["pending_settings"]) == (False, None)
    assert await api.store.read(_downloads) == [("cancelled", '{"firmware_image":1}')]


async def test_another_choice_is_refused_while_the_first_one_is_being_downloaded(api):
    await pending_image(api)
    await api.store.write(lambda tx: tx.run("UPDATE operations SET state = 'running'"))
    assert (await device(api, firmware_image=2))[0] == 409
    _, same = await api.told("GET", "/inventory_device_name/x/")
    assert (same["firmware_image"], same["firmware_image_is_pending"]) == (1, True)


async def test_a_download_planned_for_later_is_another_wish_and_stays(api):
    await pending_image(api)
    later = {"scheduled_at": "2030-01-01", "parameters": {"firmware_image": 1}}
    await order(api, **later)
    await device(api, firmware_image_is_pending=False)
    await device(api, firmware_image_is_pending=True)
    assert await _states(api) == ["cancelled", "scheduled", "pending"]


async def test_an_image_whose_download_is_cancelled_is_not_pending_any_more(api):
    await pending_image(api)
    assert (await api.told("DELETE", f"{OPERATIONS}1/"))[0] == 204
    _, left = await api.told("GET", "/inventory_device_name/x/")
    assert (left["firmware_image_is_pending"], left["pending_settings"]) == (False, None)
    _, changed = await device(api, firmware_image_is_pending=True)
    assert changed["firmware_image_is_pending"]
    assert await _states(api) == ["cancelled", "pending"]


async def test_an_image_stays_pending_while_another_download_of_it_goes_on(api):
    await pending_image(api)
    await order(api, parameters={"firmware_image": 1})
    await api.told("DELETE", f"{OPERATIONS}1/")
    assert (await api.told("GET", "/inventory_device_name/x/"))[1]["firmware_image_is_pending"]
    await api.told("DELETE", f"{OPERATIONS}2/")
    _, left = await api.told("GET", "/inventory_device_name/x/")
    assert not left["firmware_image_is_pending"]


async def test_the_end_of_another_image_s_download_leaves_the_wanted_one_pending(api):
    await pending_image(api)
    await order(api, parameters={"firmware_image": 2})
    await api.told("DELETE", f"{OPERATIONS}2/")
    assert (await api.told("GET", "/inventory_device_name/x/"))[1]["firmware_image_is_pending"]


@pytest.mark.parametrize("state", ["failed", "expired"])
async def test_an_image_that_did_not_arrive_is_downloaded_again_when_it_is_marked_again(api, state):
    await pending_image(api)
    await api.store.write(lambda tx: tx.run("UPDATE operations SET state = :state", state=state))
    _, same = await api.told("GET", "/inventory_device_name/x/")
    assert same["firmware_image_is_pending"]
    assert (await api.told("PUT", "/inventory_device_name/x/", json=same))[0] == 200
    assert len(await api.store.read(_downloads)) == 1  # what is put back asks for nothing
    _, changed = await device(api, firmware_image_is_pending=True)
    assert changed["firmware_image_is_pending"]
    _, log = await api.told("GET", "/audit/?action=operate")
    assert [entry["details"] for entry in log["results"]] == [{"operations": ["download"]}]
    assert await _states(api) == [state, "pending"]


async def test_an_image_that_is_being_downloaded_already_is_not_queued_twice(api):
    await pending_image(api)
    await device(api, firmware_image_is_pending=False)
    await order(api, parameters={"firmware_image": 1})
    _, changed = await device(api, firmware_image_is_pending=True)
    assert changed["firmware_image_is_pending"]
    assert await _states(api) == ["cancelled", "pending"]


async def test_an_ordered_download_of_an_image_is_told_wherever_it_is_asked_what_waits(api):
    await raw(api)
    for name in ("x", "idle", "elsewhere"):
        await api.told("POST", "/inventory_device_name/", json={"name": name})
    await order(api, parameters={"firmware_image": 1})
    await order(api, name="elsewhere", parameters={"url": "http://files.example/x"})
    weekly = {"type": "recurring", "cron": "0 0 * * 0"}
    await order(api, name="idle", parameters={"firmware_image": 1}, schedule=weekly)
    _, told = await api.told("GET", "/inventory_device_name/x/?pending=true")
    assert (told["pending_changes"], told["pending_settings"]) == (True, "firmware_update")
    assert told["pending_details"]["firmware_update"]
    assert [each["kind"] for each in told["pending_details"]["items"]] == ["firmware_update"]
    _, idle = await api.told("GET", "/inventory_device_name/idle/?pending=true")
    assert (idle["pending_settings"], idle["pending_details"]["items"]) == (None, [])
    _, found = await api.told("GET", "/inventory_device_name/?pending=true")
    assert [each["name"] for each in found["results"]] == ["x"]
    _, why = await api.told("GET", "/inventory_device_name/x/explain/")
    assert why["pending_settings"] == "firmware_update"
    job = {"operation_type": "bulk_serial_sync", "device_filters": {"status": ["pending"]}}
    _, made = await api.told("POST", "/inventory_device_serial_headless_operation/", json=job)
    assert made["target_device_count"] == 1


async def test_an_image_that_the_device_reports_already_is_not_downloaded(api):
    await raw(api)
    await api.told("POST", "/inventory_device_name/", json={"name": "x", "firmware_image": 1})
    await api.store.write(lambda tx: tx.run("UPDATE devices SET software_version = '2.4.1'"))
    _, changed = await device(api, firmware_image_is_pending=True)
    assert (changed["firmware_image_is_pending"], changed["pending_settings"]) == (False, None)


async def test_no_image_goes_to_an_inactive_device(api):
    await raw(api)
    body = {"name": "x", "firmware_image": 1, "is_active": False}
    await api.told("POST", "/inventory_device_name/", json=body)
    assert (await device(api, firmware_image_is_pending=True))[0] == 409
    assert (await device(api, firmware_image_is_pending=True, is_active=True))[0] == 200


async def test_the_image_of_the_type_fills_in(api):
    await raw(api)
    _, kind = await api.told(
        "POST", "/inventory_type/", json={"short_name": "router", "firmware_image": 1}
    )
    _, made = await api.told(
        "POST", "/inventory_device_name/", json={"name": "x", "type": kind["id"]}
    )
    assert made["firmware_image"] == 1
    _, same = await api.told("PUT", "/inventory_device_name/x/", json={"name": "x"})
    assert same["firmware_image"] == 1
    assert (await device(api, firmware_image=None))[1]["firmware_image"] is None


async def _states(api):
    return [state for state, _ in await api.store.read(_downloads)]


def _downloads(tx: Any) -> list[tuple[str, str]]:
    rows = tx.all("SELECT state, request FROM operations WHERE kind = 'download' ORDER BY id")
    return [(row["state"], row["request"]) for row in rows]
