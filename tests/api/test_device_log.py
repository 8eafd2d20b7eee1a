"""``/inventory_device_log/`` and ``sessions/``: what happened on devices."""

import json
import zlib
from typing import Any

import msgpack

from inventory.access import Role
from inventory.records import log

PATH = "/inventory_device_log/"


async def device(api: Any, name: str, **fields: Any) -> int:
    _, made = await api.told("POST", "/inventory_device_name/", json={"name": name, **fields})
    return made["id"]


async def test_the_log_is_filtered_by_device_kind_and_time_newest_first(api):
    one, two = await device(api, "one"), await device(api, "two")
    now = api.clock.now
    await api.store.write(log.add, one, "event", "1 BOOT", now, {"retry_count": 0})
    await api.store.write(log.add, two, "status", "Down", now + 60)
    await api.store.write(log.add, one, "fault", "9005", now + 120)

    async def texts(**params: Any) -> list[str]:
        _, page = await api.told("GET", PATH, params=params)
        assert page["count"] == len(page["results"])
        return [entry["text"] for entry in page["results"]]

    assert await texts() == ["9005", "Down", "1 BOOT"]
    assert await texts(device="one") == ["9005", "1 BOOT"]
    assert await texts(device_id=two) == ["Down"]
    assert await texts(kind="fault") == ["9005"]
    assert await texts(time_from="2023-11-14T22:14:20Z") == ["9005", "Down"]
    assert await texts(time_to="2023-11-14T22:14:20Z", device="one") == ["1 BOOT"]
    _, page = await api.told("GET", PATH, params={"kind": "event"})
    assert page["results"][0] == {
        "id": 1,
        "device_id": one,
        "device_name": "one",
        "time": "2023-11-14T22:13:20Z",
        "kind": "event",
        "text": "1 BOOT",
        "details": {"retry_count": 0},
    }


async def test_a_bound_token_sees_the_log_of_its_own_devices(api):
    north = await api.organization("North")
    await api.token("north", Role.VIEWER, frozenset({north}))
    theirs, ours = await device(api, "a"), await device(api, "b", organization_id=north)
    for each in (theirs, ours):
        await api.store.write(log.add, each, "status", f"Down {each}", api.clock.now)
    _, page = await api.told("GET", PATH, token="north")
    assert [entry["device_id"] for entry in page["results"]] == [ours]
    params = {"device_id": theirs}
    assert (await api.told("GET", PATH, params=params, token="north"))[1]["count"] == 0
    assert (await api.told("GET", "/inventory_device_name/a/sessions/", token="north"))[0] == 404


async def test_a_session_is_told_with_its_transcript(api):
    number = await device(api, "router", serial_number="SN1")
    now = api.clock.now
    columns = {
        "session_id": "s1",
        "device_id": number,
        "started": now,
        "ended": now + 1,
        "outcome": "closed",
        "address": "192.0.2.1",
        "events": json.dumps(["1 BOOT"]),
        "retry_count": 0,
        "rpcs": json.dumps([{"from": "cpe", "name": "Inform"}]),
        "faults": 0,
        "notes": "[]",
        "transcript": zlib.compress(msgpack.packb([("cpe", now, "<Inform/>")])),
    }
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    insert = f"INSERT INTO sessions ({names}) VALUES ({values})"
    await api.store.write(lambda tx: tx.run(insert, **columns))
    status, page = await api.told("GET", "/inventory_device_name/router/sessions/")
    assert (status, page["results"]) == (
        200,
        [
            {
                "id": 1,
                "session_id": "s1",
                "started": "2023-11-14T22:13:20Z",
                "ended": "2023-11-14T22:13:21Z",
                "outcome": "closed",
                "address": "192.0.2.1",
                "events": ["1 BOOT"],
                "retry_count": 0,
                "rpcs": [{"from": "cpe", "name": "Inform"}],
                "faults": 0,
                "notes": [],
                "transcript": [
                    {"speaker": "cpe", "time": "2023-11-14T22:13:20Z", "text": "<Inform/>"}
                ],
            }
        ],
    )
    assert await api.told("GET", "/inventory_device_serial/SN1/sessions/") == (200, page)
    assert await api.told("GET", f"/inventory_device/{number}/sessions/") == (200, page)
