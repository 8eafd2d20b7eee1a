"""``/api_token/``: nobody makes a token broader than his own, and a revoked one is out at once."""

import pytest

from inventory import access
from inventory.access import Role

DAY_S = 86400


async def test_a_new_token_works_and_its_secret_is_told_once(api):
    organization = await api.organization("North")
    fields = {"name": "billing", "role": "operator", "organizations": [organization]}
    async with api.request("POST", "/api_token/", json=fields) as answer:
        made = await answer.json()
        assert answer.status == 201
        assert answer.headers["Location"] == f"/api/v1/api_token/{made['id']}/"
    secret = made.pop("token")
    assert made == {
        "id": 2,
        **fields,
        "created": "2023-11-14T22:13:20Z",
        "created_by": "admin",
        "expires": None,
        "last_used": None,
        "revoked": None,
    }
    assert await api.told("GET", "/api_token/2/") == (200, made)
    assert (await api.told("GET", "/organization/", token=secret))[1]["count"] == 1


async def test_the_secret_is_kept_only_as_a_digest(api):
    secret = await api.token("billing")
    rows = await api.store.read(lambda tx: [tuple(row) for row in tx.all("SELECT * FROM tokens")])
    assert secret not in str(rows)
    assert access.digest(secret) in str(rows)
    assert len(secret) >= 22  # 128 bits in base64


async def test_a_revoked_token_is_out_at_once_and_stays_on_record(api):
    await api.token("billing")
    assert (await api.told("GET", "/organization/", token="billing"))[0] == 200
    for _ in range(2):
        assert await api.told("DELETE", "/api_token/2/") == (204, None)
    assert await api.told("GET", "/organization/", token="billing") == (
        401,
        {"detail": "Invalid token."},
    )
    _, told = await api.told("GET", "/api_token/2/")
    assert told["revoked"] == "2023-11-14T22:13:20Z"


async def test_a_token_revoked_by_another_process_is_out_within_seconds(api):
    await api.token("billing")
    assert (await api.told("GET", "/organization/", token="billing"))[0] == 200
    await api.store.write(access.revoke_token, access.EVERYTHING, 2, api.clock.now)
    api.clock.now += 2
    assert (await api.told("GET", "/organization/", token="billing"))[0] == 401


async def test_an_expired_token_is_out_even_while_it_is_remembered(api):
    await api.token("brief", expires=api.clock.now + 1)
    assert (await api.told("GET", "/organization/", token="brief"))[0] == 200
    api.clock.now += 1
    assert (await api.told("GET", "/organization/", token="brief"))[0] == 401


async def test_the_last_use_is_noted_to_the_minute(api):
    start = api.clock.now

    async def noted():
        await api.store.write_later(lambda tx: None)  # behind the note, which is in that lane
        token = await api.store.read(access.authenticate, api.secrets["admin"], api.clock.now)
        return token.last_used

    assert await noted() is None
    for passed_s, last in ((0, start), (59, start), (60, start + 60), (61, start + 60)):
        api.clock.now = start + passed_s
        assert (await api.told("GET", "/organization/"))[0] == 200
        assert await noted() == last


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, {"name": ["This field is required."]}),
        ({"name": "a", "role": "king"}, {"role": ['"king" is not a valid choice.']}),
        (
            {"name": "admin", "organizations": [1, 99], "expires": "2001-01-01"},
            {
                "name": ["API token with this name already exists."],
                "organizations": ['Invalid pk "99" - object does not exist.'],
                "expires": ["This time is in the past."],
            },
        ),
        (
            {"name": "a", "organizations": [0]},
            {"organizations": {"0": ["Ensure this value is greater than or equal to 1."]}},
        ),
    ],
)
async def test_what_makes_no_sense_is_refused(api, fields, words):
    assert await api.told("POST", "/api_token/", json=fields) == (400, words)


async def test_nobody_makes_a_token_broader_than_his_own(api):
    north, south = await api.organization("North"), await api.organization("South")
    until = api.clock.now + DAY_S
    await api.token("bound", Role.ADMIN, frozenset({north}), until)

    async def made(**fields):
        body = {"name": f"t{len(fields)}{fields}", "expires": "2023-11-15T00:00:00Z"} | fields
        return (await api.told("POST", "/api_token/", token="bound", json=body))[0]

    assert await made(organizations=[south]) == 403
    assert await made(organizations=[north, south]) == 403
    assert await made(expires=None) == 403
    assert await made(expires="2023-12-15T00:00:00Z") == 403
    assert await made(organizations=[north], role="admin") == 201
    _, told = await api.told(
        "POST",
        "/api_token/",
        token="bound",
        json={"name": "like mine", "expires": "2023-11-15T00:00:00Z"},
    )
    assert told["organizations"] == [north]


async def test_a_bound_admin_sees_only_tokens_within_his_organizations(api):
    north, south = await api.organization("North"), await api.organization("South")
    await api.token("bound", Role.ADMIN, frozenset({north}))
    await api.token("wider", Role.ADMIN, frozenset({north, south}))
    await api.token("inside", Role.VIEWER, frozenset({north}))

    _, told = await api.told("GET", "/api_token/", token="bound")
    assert (told["count"], [each["name"] for each in told["results"]]) == (2, ["bound", "inside"])
    for foreign in (1, 3):
        assert (await api.told("GET", f"/api_token/{foreign}/", token="bound"))[0] == 404
        assert (await api.told("DELETE", f"/api_token/{foreign}/", token="bound"))[0] == 404


async def test_tokens_are_for_admins(api):
    await api.token("operator", Role.OPERATOR)
    for method, path in (("GET", "/api_token/"), ("POST", "/api_token/"), ("GET", "/api_token/1/")):
        assert (await api.told(method, path, token="operator", json={}))[0] == 403


async def test_issue_and_revocation_are_in_the_audit_without_the_secret(api):
    _, made = await api.told("POST", "/api_token/", json={"name": "billing"})
    await api.told("DELETE", f"/api_token/{made['id']}/")
    _, told = await api.told("GET", "/audit/?object=api_token")
    assert [entry["action"] for entry in told["results"]] == ["revoke", "create"]
    assert made["token"] not in str(told)
