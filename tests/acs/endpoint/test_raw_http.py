"""HTTP as CPEs really write it: what is forgiven, and what gets a plain 400.

Each file in ``tests/wire/http`` holds the bytes of one request. Where a parser has to guess where a
message ends, guessing helps nobody but an attacker, so that part stays as strict as aiohttp is.
"""

import logging
from pathlib import Path

import pytest

FILES = Path(__file__).parents[2] / "wire" / "http"


def files(folder):
    return [pytest.param(path, id=path.stem) for path in sorted((FILES / folder).glob("*.http"))]


@pytest.mark.parametrize("file", files("forgiven"))
async def test_forgiven(wire, hearer, caplog, file):
    caplog.set_level(logging.INFO, "acs.endpoint")
    octets = file.read_bytes()
    response = await wire.ask(octets)
    ((message, _),) = hearer.heard
    if file.stem.startswith("empty_post"):
        assert (response.status, message) == (204, None)
    else:
        assert (response.status, message.id) == (200, "42")
    assert caplog.records == []


@pytest.mark.parametrize("file", files("refused"))
async def test_refused(wire, hearer, caplog, file):
    caplog.set_level(logging.INFO)
    response = await wire.ask(file.read_bytes())
    assert (response.status, response.body) == (400, b"Bad Request\n")
    assert {name for name, _ in response.headers} == {
        "Date",
        "Content-Type",
        "Content-Length",
        "Connection",
    }
    assert await wire.is_closed()
    assert hearer.heard == []
    (record,) = caplog.records
    assert record.message.startswith("127.0.0.1 sent malformed HTTP: ")
    assert record.exc_info is None
    assert "\n" not in record.message
