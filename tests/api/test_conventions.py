"""What every endpoint does alike, shown on ``/organization/``."""

import json

import pytest

from api.app import ROUTES
from inventory.access import Role
from inventory.errors import Unavailable

LIST = "/organization/"


async def test_no_token_and_a_wrong_one_are_401_in_the_documented_words(api):
    for headers, words in (
        ({}, "Authentication credentials were not provided."),
        ({"Authorization": "Basic YTpi"}, "Authentication credentials were not provided."),
        ({"Authorization": "Bearer"}, "Invalid token."),
        ({"Authorization": "Bearer nonsense"}, "Invalid token."),
        ({"Authorization": "Bearer ü\udcff"}, "Invalid token."),
    ):
        async with api.request("GET", LIST, token=None, headers=headers) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert await answer.json() == {"detail": words}


async def test_the_scheme_is_read_in_any_case(api):
    headers = {"Authorization": f"bEARER  {api.secrets['admin']}"}
    assert (await api.told("GET", LIST, token=None, headers=headers))[0] == 200


async def test_a_role_that_is_too_low_is_403(api):
    await api.token("viewer", Role.VIEWER)
    status, told = await api.told("POST", LIST, token="viewer", json={"name": "x"})
    assert status == 403
    assert told == {"detail": "You do not have permission to perform this action."}


async def test_an_unknown_path_is_json_too(api):
    for path in ("/nothing/", "/organization/1/nothing/", "http://localhost/nothing"):
        assert await api.told("GET", path) == (404, {"detail": "Not found."})


async def test_a_method_that_a_path_lacks_is_405_with_allow(api):
    async with api.request("PUT", LIST, json={}) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
        assert await answer.json() == {"detail": 'Method "PUT" not allowed.'}


async def test_the_trailing_slash_may_be_missing_for_every_method(api):
    async with api.request("POST", "/organization", json={"name": "n"}) as answer:
        assert answer.status == 201
    for method, status in (("GET", 200), ("PATCH", 200), ("DELETE", 204)):
        async with api.request(method, "/organization/2", json={}) as answer:
            assert answer.status == status
            assert not answer.history


async def test_head_answers_like_get_without_a_body(api):
    async with api.request("GET", LIST) as got, api.request("HEAD", LIST) as headed:
        assert headed.status == got.status == 200
        assert headed.headers["Content-Length"] == got.headers["Content-Length"]
        assert "Server" not in got.headers
        assert await headed.read() == b""


async def test_options_tells_the_methods(api):
    async with api.request("OPTIONS", "/organization/1/") as answer:
        assert answer.status == 200
        assert answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
        assert (await answer.json())["renders"] == ["application/json"]


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/png, text/plain"])
async def test_a_caller_that_takes_no_json_is_406(api, accept):
    status, told = await api.told("GET", LIST, headers={"Accept": accept})
    assert (status, told) == (406, {"detail": "Could not satisfy the request Accept header."})


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "application/*;q=0.1", "text/html, application/json", "text/html,*/*;q=0.8"],
)
async def test_a_caller_that_takes_json_among_others_is_served(api, accept):
    assert (await api.told("GET", LIST, headers={"Accept": accept}))[0] == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
async def test_a_body_that_is_not_said_to_be_json_is_415(api, kind):
    status, told = await api.told("POST", LIST, data=b"{}", headers={"Content-Type": kind})
    assert (status, told) == (415, {"detail": f'Unsupported media type "{kind}" in request.'})


async def test_a_body_without_a_media_type_is_taken_for_json(api):
    status, _ = await api.told(
        "POST", LIST, data=b'{"name": "a"}', skip_auto_headers=["Content-Type"]
    )
    assert status == 201


async def test_malformed_json_is_400_with_its_place(api):
    headers = {"Content-Type": "application/json"}
    status, told = await api.told("POST", LIST, data=b'{"name": }', headers=headers)
    assert status == 400
    assert told["detail"].startswith("JSON parse error - ")
    assert "line 1 column 10" in told["detail"]


async def test_a_body_that_is_no_object_is_400(api):
    status, told = await api.told("POST", LIST, json=[1])
    words = "Invalid data. Expected a dictionary, but got list."
    assert (status, told) == (400, {"non_field_errors": [words]})


async def test_the_body_may_stand_in_data_as_text_or_object(api):
    for name, wrapped in (("a", {"name": "a"}), ("b", json.dumps({"name": "b"}))):
        status, told = await api.told("POST", LIST, json={"data": wrapped})
        assert (status, told["name"]) == (201, name)


async def test_unknown_fields_and_parameters_are_refused_by_name(api):
    assert await api.told("POST", LIST, json={"name": "a", "colour": "red"}) == (
        400,
        {"colour": ["Unknown field."]},
    )
    assert await api.told("GET", LIST + "?colour=red&limit=0") == (
        400,
        {
            "colour": ["Unknown field."],
            "limit": ["Ensure this value is greater than or equal to 1."],
        },
    )
    assert await api.told("GET", "/organization/1/?colour=red") == (
        400,
        {"colour": ["Unknown field."]},
    )


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "1.5", "true"])
async def test_a_bad_limit_is_refused_under_its_name(api, limit):
    status, told = await api.told("GET", f"{LIST}?limit={limit}")
    assert (status, list(told)) == (400, ["limit"])


async def test_a_body_beyond_the_limit_is_413(make_api):
    api = await make_api(max_body_bytes=100)
    large = b'{"name": "' + b"x" * 200 + b'"}'
    for data in (large, _chunks(large)):
        async with api.request(
            "POST", LIST, data=data, headers={"Content-Type": "application/json"}
        ) as answer:
            assert answer.status == 413
            assert await answer.json() == {"detail": "Request body is larger than 100 bytes."}


async def _chunks(data):
    for at in range(0, len(data), 50):
        yield data[at : at + 50]


async def test_lists_link_their_neighbours_with_every_filter_and_the_callers_host(api):
    for number in range(4):
        await api.organization(f"o{number}")
    headers = {"Host": "acs_lab.example:8080"}
    _, told = await api.told("GET", LIST + "?limit=2&offset=2", headers=headers)
    assert (told["count"], [each["id"] for each in told["results"]]) == (5, [3, 4])
    base = "http://acs_lab.example:8080/api/v1/organization/"
    assert told["next"] == f"{base}?limit=2&offset=4"
    assert told["previous"] == f"{base}?limit=2&offset=0"

    status, told = await api.told("GET", "/audit/?limit=1&actor=a%26b%20c&time_from=2000-01-01")
    assert (status, told["next"], told["previous"]) == (200, None, None)
    _, told = await api.told("GET", "/audit/?limit=1&actor=tests&time_from=2000-01-01+00:00:00")
    assert "?actor=tests&time_from=2000-01-01%2000%3A00%3A00&limit=1&offset=1" in told["next"]


async def test_following_the_links_leads_through_the_whole_list_and_back(api):
    for number in range(4):
        await api.organization(f"o{number}")
    seen, url = [], str(api.client.make_url("/api/v1/organization/?limit=2"))
    while url:
        _, told = await api.told("GET", url)
        seen += [each["id"] for each in told["results"]]
        url, back = told["next"], told["previous"]
    assert seen == [1, 2, 3, 4, 5]
    _, told = await api.told("GET", back)
    assert [each["id"] for each in told["results"]] == [3, 4]


async def test_an_offset_past_the_end_gives_an_empty_page(api):
    _, told = await api.told("GET", f"{LIST}?offset=50")
    assert (told["count"], told["next"], told["results"]) == (1, None, [])


@pytest.mark.parametrize("host", ["evil.example/x?", "a b", "user@host", "x" * 300])
async def test_a_host_that_is_none_is_not_told_back(api, host):
    await api.organization("second")
    _, told = await api.told("GET", f"{LIST}?limit=1", headers={"Host": host})
    assert told["next"].startswith("http://127.0.0.1:")


async def test_a_sane_request_id_is_echoed_and_another_is_replaced(api):
    async with api.request("GET", LIST, headers={"X-Request-Id": "job-1/2"}) as answer:
        assert answer.headers["X-Request-Id"] == "job-1/2"
    for insane in ("a b", "x" * 200, "<script>"):
        async with api.request("GET", "/nowhere", headers={"X-Request-Id": insane}) as answer:
            assert answer.headers["X-Request-Id"] not in {insane, ""}


async def test_the_request_id_stands_in_the_audit(api):
    await api.told("POST", LIST, json={"name": "a"}, headers={"X-Request-Id": "job-7"})
    _, told = await api.told("GET", "/audit/?request_id=job-7")
    entry = told["results"][0]
    assert (entry["action"], entry["object"], entry["actor"]) == (
        "create",
        "organization",
        "admin",
    )
    assert entry["source"] == "127.0.0.1"


async def test_an_unchanged_object_is_304_and_a_changed_one_412(api):
    path = "/organization/1/"
    async with api.request("GET", path) as answer:
        tag = answer.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        async with api.request("GET", path, headers={"If-None-Match": known}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
            assert answer.headers["ETag"] == tag

    async with api.request(
        "PATCH", path, json={"description": "a"}, headers={"If-Match": tag}
    ) as answer:
        assert answer.status == 200
        newer = answer.headers["ETag"]
    assert newer != tag
    for method in ("PUT", "PATCH", "DELETE"):
        for stale in (tag, "nonsense", f"W/{newer}"):
            status, told = await api.told(
                method, path, json={"name": "a"}, headers={"If-Match": stale}
            )
            assert (status, told) == (412, {"detail": "The object has changed since it was read."})
    for good in ("*", f'"x", {newer}'):
        async with api.request("PATCH", path, json={}, headers={"If-Match": good}) as answer:
            assert answer.status == 200


async def test_a_get_answer_can_be_put_back(api):
    _, told = await api.told("GET", "/organization/1/")
    assert await api.told("PUT", "/organization/1/", json=told) == (200, told)


async def test_the_unforeseen_is_500_with_the_request_id_and_nothing_else(api, caplog, monkeypatch):
    async def broken(*_):
        raise RuntimeError("the secret plan")

    monkeypatch.setattr(api.store, "read", broken)
    async with api.request("GET", LIST, headers={"X-Request-Id": "job-9"}) as answer:
        assert answer.status == 500
        assert await answer.json() == {
            "detail": "A server error occurred.",
            "request_id": "job-9",
        }
    assert "job-9" in caplog.text
    assert "the secret plan" in caplog.text


@pytest.mark.parametrize("error", [Unavailable("The store is closed."), TimeoutError("slow")])
async def test_a_store_that_cannot_serve_is_503_with_retry_after(api, error, monkeypatch):
    async def unavailable(*_):
        raise error

    monkeypatch.setattr(api.store, "read", unavailable)
    async with api.request("GET", LIST) as answer:
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0


async def test_a_token_that_asks_too_often_is_429_until_time_has_passed(make_api):
    api = await make_api(requests_per_minute=2)
    await api.token("other")
    assert [(await api.told("GET", LIST))[0] for _ in range(3)] == [200, 200, 429]
    async with api.request("GET", LIST) as answer:
        assert answer.headers["Retry-After"] == "31"
        assert await answer.json() == {
            "detail": "Request was throttled. Expected available in 31 seconds."
        }
    assert (await api.told("GET", LIST, token="other"))[0] == 200
    api.clock.now += 31
    assert (await api.told("GET", LIST))[0] == 200


async def test_answers_are_private_and_not_sniffed(api):
    async with api.request("GET", LIST) as answer:
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.content_type == "application/json"


@pytest.mark.parametrize("key", ["x", "1x", "-1", "9" * 30, "%00", "%FF", "1.0", "%D9%A1"])
async def test_an_id_that_no_row_can_have_is_404(api, key):
    assert (await api.told("GET", f"/organization/{key}/"))[0] == 404


def test_every_route_ends_with_a_slash_and_names_its_parameters_as_its_handlers_do():
    for path, methods in ROUTES.items():
        assert path.endswith("/")
        for endpoint in methods.values():
            assert all(f"{{{name}}}" in path for name in endpoint.path)
