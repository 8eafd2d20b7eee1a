"""What is open without a token: health, metrics and the web pages, which load nothing foreign."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

PAGES = ["/", "/docs", "/docs/"]
LOADED = re.compile(r'(?:src|href)="([^"]+)"')


async def test_health_is_ok_while_the_store_answers(make_api):
    api = await make_api(version="1.2.3")
    async with api.client.get("/health") as answer:
        assert answer.status == 200
        assert await answer.json() == {"status": "ok", "store": "ok", "version": "1.2.3"}


async def test_health_is_503_when_the_store_does_not_answer(api):
    await api.store.close()
    async with api.client.get("/health") as answer:
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert (await answer.json())["store"] == "failing"


async def test_metrics_count_requests_by_route_and_not_by_path(api):
    for path in ("/organization/1/", "/organization/2/", "/nothing/a", "/nothing/b"):
        await api.told("GET", path)
    async with api.client.get("/metrics") as answer:
        assert answer.status == 200
        families = {each.name: each for each in text_string_to_metric_families(await answer.text())}
    counted = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for sample in families["acs_api_requests"].samples
        if sample.name.endswith("_total")
    }
    assert counted["/api/v1/organization/{id}", "200"] == 1
    assert counted["/api/v1/organization/{id}", "404"] == 1
    assert counted["none", "404"] == 2
    assert "acs_api_request_seconds" in families


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_only_what_is_served_here(api, path):
    async with api.client.get(path) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        policy = answer.headers["Content-Security-Policy"]
        page = await answer.text()
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "<script>" not in page
    for loaded in LOADED.findall(page):
        if loaded.startswith(("data:", "#")):
            continue
        assert loaded.startswith("/"), loaded
        async with api.client.get(loaded) as answer:
            assert answer.status == 200, loaded
            assert await answer.read()


async def test_swagger_ui_can_show_openapi_3_1(api):
    async with api.client.get("/web/swagger-ui-bundle.js") as answer:
        assert "openapi: 3.1.0" in await answer.text()


async def test_nothing_beside_the_pages_files_is_served(api):
    for path in ("/web/", "/web/index.html", "/web/..%2Fapp.py", "/web/swagger/ORIGIN.txt"):
        async with api.client.get(path) as answer:
            assert answer.status == 404
