"""A POST with an Idempotency-Key has its effect once."""

import asyncio


async def post(api, name, key="k1", token="admin", path="/organization/"):
    async with api.request(
        "POST", path, json={"name": name}, token=token, headers={"Idempotency-Key": key}
    ) as answer:
        return answer.status, answer.headers.copy(), await answer.json()


async def test_the_same_request_gets_the_same_answer_and_no_second_effect(api):
    status, headers, body = await post(api, "North")
    assert status == 201
    assert "Idempotency-Replayed" not in headers

    again, replayed, same = await post(api, "North", path="/organization")
    assert (again, same) == (status, body)
    assert replayed["Idempotency-Replayed"] == "true"
    assert replayed["Location"] == headers["Location"]
    assert replayed["ETag"] == headers["ETag"]
    assert (await api.told("GET", "/organization/"))[1]["count"] == 2


async def test_another_request_with_the_same_key_is_422(api):
    await post(api, "North")
    assert (await post(api, "South"))[0] == 422
    assert (await post(api, "North", path="/api_token/"))[0] == 422


async def test_keys_belong_to_their_token(api):
    await api.token("other")
    await post(api, "North")
    assert (await post(api, "South", token="other"))[0] == 201


async def test_equal_requests_at_the_same_time_have_one_effect(api):
    answers = await asyncio.gather(*(post(api, "North") for _ in range(8)))
    assert {(status, body["id"]) for status, _, body in answers} == {(201, 2)}
    assert sum("Idempotency-Replayed" not in headers for _, headers, _ in answers) == 1


async def test_a_refused_request_may_be_tried_again_with_its_key(api):
    await post(api, "North", key="first")
    assert (await post(api, "North", key="second"))[0] == 400
    await api.told("DELETE", "/organization/2/")
    assert (await post(api, "North", key="second"))[0] == 201


async def test_an_answer_is_kept_for_a_day(api):
    await post(api, "North")
    api.clock.now += 86_399
    assert (await post(api, "North"))[0] == 201
    api.clock.now += 2
    assert (await post(api, "North"))[0] == 400
    assert (await post(api, "South"))[0] == 201


async def test_a_key_that_is_none_is_400(api):
    for key in ("", "a b", "x" * 256):
        status, _, body = await post(api, "North", key=key)
        assert (status, list(body)) == (400, ["Idempotency-Key"])


async def test_a_tokens_secret_is_not_told_again_and_not_kept(api):
    _, _, first = await post(api, "billing", path="/api_token/")
    _, _, again = await post(api, "billing", path="/api_token/")
    assert again == first | {"token": None}
    kept = await api.store.read(lambda tx: bytes(tx.one("SELECT body FROM idempotency_keys")[0]))
    assert first["token"].encode() not in kept
