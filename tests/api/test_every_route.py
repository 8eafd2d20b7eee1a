"""Every route and method, asked by everybody who may not; a new route is walked unnamed.

A route below a new base needs one line in ``BODIES``: what to POST there to get an object.
"""

import re
from contextlib import suppress

import pytest

from api.app import OPEN, ROUTES
from api.endpoints import GLOBAL, OWNED
from inventory import access
from inventory.access import Role

WALK = [(path, method, one) for path, methods in ROUTES.items() for method, one in methods.items()]
PARAMETER = re.compile(r"\{(\w+)\}")

DEVICE = {"name": "r/1 .ü", "serial_number": "S/1", "organization_id": 1}
BODIES = {
    "/api/v1/organization/": {"name": "made"},
    "/api/v1/api_token/": {"name": "made", "organizations": [1]},
    "/api/v1/inventory_device_name/": DEVICE,
    "/api/v1/inventory_device_serial/": DEVICE,
    "/api/v1/inventory_device/": DEVICE,
    "/api/v1/inventory_location/": {"name": "made", "organization_id": 1},
    "/api/v1/inventory_type/": {"short_name": "made", "name": "made"},
}
DEVICES = {
    "/api/v1/inventory_device_name": {"name": DEVICE["name"]},
    "/api/v1/inventory_device_serial": {"serial_number": DEVICE["serial_number"]},
    "/api/v1/inventory_device": {"device_id": 1},
}
REBOOT = {"operation": "reboot"}
BODIES |= {f"{base}_headless_operation/": REBOOT | key for base, key in DEVICES.items()}
PING = {"diagnostic": "ping", "host": "192.0.2.7"}
BODIES |= {f"{base}_diags/": PING | key for base, key in DEVICES.items()}
BULK = "/api/v1/inventory_device_serial_headless_operation/"
BODIES[BULK] = {"operation_type": "inventory_audit", "target_organizations": [1]}
# What is sent to a path instead of the object that was made.
VALUES = {"variables": [{"variable_name": "Device.Time.NTPServer1", "value": "x"}]}
SENT = {f"{base}_operation/": REBOOT for base in DEVICES}
SENT |= {f"{base}_{what}/": VALUES for base in DEVICES for what in ("variables", "setting")}
SENT[BULK] = {"status": "cancelled"}
# Below a type, which is everybody's: what stands there is of the caller's own devices.
OF_OWN_DEVICES = "/api/v1/inventory_type/{id}/drift/"
# Lists below one object, which they must be told.
PARENTS = {
    "/api/v1/inventory_device_name": "?parent__name=r%2F1%20.%C3%BC",
    "/api/v1/inventory_device_serial": "?parent__serial_number=S%2F1",
    "/api/v1/inventory_device": "?parent_id=1",
}
BELOW = {
    f"{base}_{what}/": query for base, query in PARENTS.items() for what in ("variables", "setting")
}
# Bases that need another one's object first.
AFTER = {
    f"{base}_{what}/": f"{base}/" for base in DEVICES for what in ("headless_operation", "diags")
}
# Bases where nothing is POSTed: the list that has an object (None: what was made), and how it came
# about.
FOUND_IN = {
    **{
        f"{base}_{what}/": (None, f"{base}/")
        for base in DEVICES
        for what in ("operation", "variables", "setting", "ipping")
    },
    "/api/v1/audit/": ("/api/v1/audit/", "/api/v1/inventory_location/"),
}
DELIVERIES = "/api/v1/webhook_delivery/"


@pytest.fixture
async def walked(api):
    """An API with a token of every kind; the bound ones belong to an organization of their own."""
    foreign = frozenset({await api.organization("foreign")})
    await api.token("viewer", Role.VIEWER)
    await api.token("operator", Role.OPERATOR)
    await api.token("foreign", Role.ADMIN, foreign)
    await api.token("expired", expires=api.clock.now - 1)
    await api.token("revoked")
    gone = await api.store.read(access.authenticate, api.secrets["revoked"], api.clock.now)
    await api.store.write(access.revoke_token, access.EVERYTHING, gone.id, api.clock.now)
    return api


async def ask(api, method, path, token, body=None):
    """Status and JSON of one request to a whole path."""
    return await api.told(method, path.removeprefix("/api/v1"), token=token, json=body or {})


async def told_of(api):
    """A delivery, made by an operation that has ended."""
    base = "/api/v1/inventory_device_name_headless_operation/"
    await made(api, AFTER[base])
    wish = {"notification": {"email": "noc@example.com"}}
    _, order = await ask(api, "POST", base, "admin", {**BODIES[base], **wish})
    await ask(api, "DELETE", f"{base}{order['id']}/", "admin")
    _, told = await ask(api, "GET", DELIVERIES, "admin")
    return told["results"][0]


async def made(api, base):
    """An object below a base, of the default organization, as its representation."""
    if base == DELIVERIES:
        return await told_of(api)
    if base in AFTER:
        await made(api, AFTER[base])
    listed, cause = FOUND_IN.get(base, (None, base))
    assert cause in BODIES, f"say in BODIES what to POST to {base}"
    status, told = await ask(api, "POST", cause, "admin", BODIES[cause])
    assert status == 201, told
    if listed:
        _, told = await ask(api, "GET", listed, "admin")
        return told["results"][0]
    return told


def whole(path, thing):
    """The path of the thing."""
    with suppress(KeyError):
        return PARAMETER.sub(lambda match: quoted({"upload_id": 1, **thing}[match[1]]), path)
    raise AssertionError(f"{path} names something that {sorted(thing)} has not")


def quoted(key):
    return "".join(f"%{byte:02X}" for byte in str(key).encode())


def some(path):
    """The path with keys of nothing in particular."""
    return PARAMETER.sub("1", path)


@pytest.mark.parametrize("token", [None, "wrong", "expired", "revoked"])
async def test_nobody_gets_in_without_a_valid_token(walked, token):
    methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    let_in = []
    for path in ROUTES:
        for method in sorted(methods):
            async with walked.request(
                method, some(path).removeprefix("/api/v1"), token=token, json={}
            ) as answer:
                if (answer.status, answer.headers.get("WWW-Authenticate")) != (401, "Bearer"):
                    let_in.append((method, path, answer.status))
    assert let_in == []


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_opens_what_it_should_and_nothing_more(walked, role):
    wrong = []
    for path, method, endpoint in WALK:
        if method == "DELETE" and role is Role.ADMIN:
            continue  # it would delete what the others need; tests of each resource show it
        status, _ = await ask(walked, method, some(path), role.value)
        if (status == 403) == role.includes(endpoint.role):
            wrong.append((method, path, status))
    assert wrong == []


async def test_what_is_global_is_only_read_by_a_bound_token(walked):
    writes = [
        (path, method)
        for path, method, one in WALK
        if one.touches is GLOBAL and one.role is not Role.VIEWER
    ]
    assert writes
    for path, method in writes:
        assert (await ask(walked, method, some(path), "foreign"))[0] == 403, (method, path)


OWNED_BASES = sorted(
    {path.partition("{")[0] for path, _, one in WALK if one.touches is OWNED and "{" in path}
)


@pytest.mark.parametrize("base", OWNED_BASES)
async def test_another_organizations_object_is_not_there(walked, base):
    thing = await made(walked, base)
    wrong = []
    for path, method, endpoint in WALK:
        if endpoint.touches is not OWNED or path.partition("{")[0] != base:
            continue
        if path == OF_OWN_DEVICES:
            _, told = await ask(walked, method, whole(path, thing), "foreign")
            assert told["count"] == 0
        elif "{" in path:
            body = SENT.get(base, thing)
            status, _ = await ask(walked, method, whole(path, thing), "foreign", body)
            if status != 404:
                wrong.append((method, path, status))
        elif path in BELOW:
            status, _ = await ask(walked, method, path + BELOW[path], "foreign")
            assert status == 404, path
        elif method == "GET":
            status, told = await ask(walked, method, path, "foreign")
            rows = told if isinstance(told, list) else told["results"]
            if thing["id"] in [each["id"] for each in rows]:
                wrong.append((method, path, "listed"))
    assert wrong == []


@pytest.mark.parametrize("base", OWNED_BASES)
async def test_its_own_organizations_object_is_there_for_a_bound_token(walked, base):
    await walked.token("own", Role.ADMIN, frozenset({1}))
    thing = await made(walked, base)
    for path, method, endpoint in WALK:
        if "{upload_id}" in path:
            continue  # a device must send a file first; its own tests show it
        if endpoint.touches is OWNED and path.partition("{")[0] == base and method == "GET":
            asked = whole(path, thing) + BELOW.get(path, "")
            status, _ = await ask(walked, method, asked, "own")
            assert status == 200, path


async def test_every_route_answers_head_and_options_without_the_slash_too(walked):
    for path in ROUTES:
        for written in (some(path), some(path).rstrip("/")):
            status, told = await ask(walked, "OPTIONS", written, "admin")
            assert (status, told["name"]) == (200, path)
            async with walked.request("HEAD", written.removeprefix("/api/v1")) as answer:
                assert answer.status != 405 or "GET" not in ROUTES[path]


async def test_what_is_open_answers_everybody_and_changes_nothing(walked):
    for path in OPEN:
        for method, status in (("GET", 200), ("HEAD", 200), ("OPTIONS", 204), ("POST", 405)):
            async with walked.client.request(method, path) as answer:
                assert answer.status == status, (method, path)
                assert answer.headers["X-Request-Id"]


# --- The conventions, on every endpoint --------------------------------------------------------

# The path of one object below each base.
ONE = {path.partition("{")[0]: path for path in ROUTES if re.fullmatch(r"[^{]*\{\w+\}/", path)}


@pytest.mark.parametrize("base", sorted(BODIES))
async def test_what_was_posted_is_where_it_was_said_to_be_and_is_not_made_twice(walked, base):
    if base in AFTER:
        await made(walked, AFTER[base])
    key = {"Idempotency-Key": "k1"}
    told = []
    for replayed in (None, "true"):
        async with walked.request(
            "POST", base.removeprefix("/api/v1"), json=BODIES[base], headers=key
        ) as answer:
            assert answer.status == 201
            assert answer.headers.get("Idempotency-Replayed") == replayed
            told.append(await answer.json())
            place = answer.headers["Location"].removeprefix("/api/v1")
    assert told[0] | {"token": None} == told[1] | {"token": None}
    assert (await walked.told("GET", place))[0] == 200
    async with walked.request(
        "POST", base.removeprefix("/api/v1"), json=BODIES[base] | {"name": "x"}, headers=key
    ) as answer:
        assert answer.status == 422


# An uploaded image is no JSON body; its own tests show its tag.
WRITTEN = sorted(base for base in BODIES if "PUT" in ROUTES.get(ONE.get(base, ""), ()))


@pytest.mark.parametrize("base", WRITTEN)
async def test_what_can_be_read_and_written_has_a_tag_that_is_heeded(walked, base):
    place = whole(ONE[base], await made(walked, base)).removeprefix("/api/v1")
    async with walked.request("GET", place) as answer:
        tag, body = answer.headers["ETag"], await answer.json()
    moves = "/inventory_device" in base  # its status and last Inform change without its tag
    async with walked.request("GET", place, headers={"If-None-Match": tag}) as answer:
        assert answer.status == (200 if moves else 304)
    for method in ROUTES[ONE[base]].keys() - {"GET"}:
        stale = {"If-Match": '"stale"'}
        assert (await walked.told(method, place, json=body, headers=stale))[0] == 412, method
    assert await walked.told("GET", place) == (200, body)


async def test_every_body_is_read_alike(walked):
    for path, method, endpoint in WALK:
        if endpoint.body is None:
            continue
        place, kind = some(path).removeprefix("/api/v1"), {"Content-Type": "application/json"}
        status, told = await walked.told(method, place, data=b'{"a": ', headers=kind)
        assert (status, told["detail"][:19]) == (400, "JSON parse error - "), (method, path)
        status, told = await walked.told(method, place, json=["a"])
        assert (status, [*told]) == (400, ["non_field_errors"]), (method, path)
        status, told = await walked.told(method, place, json={"colour": "red"})
        assert (status, told["colour"]) == (400, ["Unknown field."]), (method, path)
        status, _ = await walked.told(method, place, data=b"{}", headers={"Content-Type": "a/b"})
        assert status == 415, (method, path)


async def test_every_query_is_read_alike(walked):
    for path, method, endpoint in WALK:
        place = some(path).removeprefix("/api/v1")
        status, told = await walked.told(method, place + "?colour=red", json={})
        assert (status, told["colour"]) == (400, ["Unknown field."]), (method, path)
        if endpoint.query and "limit" in endpoint.query.model_fields:
            for limit in ("0", "1001", "x"):
                status, told = await walked.told(method, f"{place}?limit={limit}", json={})
                assert (status, "limit" in told) == (400, True), (method, path)


async def test_every_list_has_the_same_envelope(walked):
    for path, method, endpoint in WALK:
        if method != "GET" or "{" in path or path in BELOW or not endpoint.query:
            continue
        status, told = await ask(walked, "GET", path + "?limit=1&offset=50", "admin")
        assert (status, [*told]) == (200, ["count", "next", "previous", "results"]), path
        assert told["results"] == []
        assert "offset=49" in told["previous"]
