"""Devices test themselves when they are asked to, and tell what they have found."""

import asyncio

import pytest

NAME = "00D09E-SimGateway-SIM000001"
PATH = "inventory_device_name_diags/"
MODELS = ["tr181-gateway", "tr098-gateway"]
HOST = {"host": "host.example"}
URL = {"url": "http://speed.example/10MB"}


@pytest.fixture
async def diagnose(api):
    """Runs a test and returns it when it is over."""

    async def diagnose(diagnostic, **arguments):
        body = {"name": NAME, "diagnostic": diagnostic, **arguments}
        begun = await api.ask("POST", PATH, body)
        await api.result(begun["id"])
        return await api.ask("GET", f"{PATH}{begun['transaction_id']}/")

    return diagnose


@pytest.fixture
async def cpe(cpes):
    cpe = cpes()
    await cpe.start()
    return cpe


@pytest.mark.parametrize("model", MODELS)
async def test_a_ping_tells_numbers(cpes, diagnose, model):
    cpe = cpes(model=model)
    await cpe.start()
    done = await diagnose("ping", **HOST, number_of_repetitions=4)
    assert (done["status"], done["state"], done["error"]) == ("completed", "Complete", None)
    found = done["result"]
    assert (found["success_count"], found["failure_count"]) == (4, 0)
    assert 0 < found["minimum_response_time"] <= found["maximum_response_time"]


@pytest.mark.parametrize("model", MODELS)
async def test_a_trace_tells_its_hops(cpes, diagnose, model):
    cpe = cpes(model=model)
    await cpe.start()
    done = await diagnose("traceroute", parameters=HOST)
    assert done["status"] == "completed", done
    hops = done["result"]["hops"]
    assert len(hops) == 3
    assert hops[0]["address"] == "100.64.0.1"
    assert all(isinstance(time, int) for hop in hops for time in hop["response_times"])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("diagnostic", ["download", "upload"])
async def test_a_transfer_tells_its_speed(cpes, diagnose, model, diagnostic):
    cpe = cpes(model=model)
    await cpe.start()
    done = await diagnose(diagnostic, **URL)
    assert done["status"] == "completed", done
    found = done["result"]
    if model == "tr181-gateway" or diagnostic == "download":  # TR-098 counts no sent test bytes
        assert 50_000_000 < found["bits_per_second"] < 100_000_000
    assert found["begin_time"] < found["end_time"]


@pytest.mark.parametrize("model", MODELS)
async def test_a_lookup_tells_its_answers(cpes, diagnose, model):
    cpe = cpes(model=model)
    await cpe.start()
    done = await diagnose("nslookup", **HOST, number_of_repetitions=2)
    assert done["status"] == "completed", done
    assert len(done["result"]["answers"]) == 2
    assert done["result"]["answers"][0]["ip_addresses"] == ["203.0.113.7"]


async def test_the_others_are_found_where_the_data_model_has_them(cpe, diagnose):
    done = await diagnose("udp_echo", **HOST, port=7)
    assert done["result"]["success_count"] == 1, done
    done = await diagnose("wifi_neighbors")
    assert len(done["result"]["neighbors"]) == 3
    assert done["result"]["neighbors"][0]["signal_strength"] < 0


async def test_the_other_data_model_has_no_neighbors_and_says_so(cpes, diagnose):
    cpe = cpes(model="tr098-gateway")
    await cpe.start()
    done = await diagnose("wifi_neighbors")
    assert (done["status"], done["error"]["code"]) == ("failed", "not_supported")


async def test_an_error_is_told_with_the_devices_word(cpe, diagnose):
    done = await diagnose("ping", host="nowhere.invalid")
    assert done["status"] == "failed"
    assert done["error"]["code"] == done["state"] == "Error_CannotResolveHostName"


async def test_different_tests_may_run_at_once(cpe, api):
    begun = [
        await api.ask("POST", PATH, {"name": NAME, "diagnostic": diagnostic, **HOST})
        for diagnostic in ("ping", "traceroute", "nslookup")
    ]
    done = await asyncio.gather(*(api.result(each["id"]) for each in begun))
    assert [each["status"] for each in done] == ["completed"] * 3, done


async def test_the_list_tells_the_newest_first_with_their_results(cpe, api, diagnose):
    await diagnose("ping", **HOST)
    await diagnose("nslookup", **HOST)
    told = await api.ask("GET", PATH, name=NAME, update_status="true")
    assert [each["diagnostic"] for each in told["results"]] == ["nslookup", "ping"]
    assert told["results"][1]["result"]["success_count"] == 3


@pytest.mark.usefixtures("cpe")
async def test_the_server_pings_a_device_where_the_system_lets_it(api):
    path = f"inventory_device_name_ipping/{NAME}/"
    async with api.http.get(f"{api.url}{path}?count=1") as answer:
        told = await answer.json()
        assert answer.status in {200, 503}, told
    if answer.status == 503:
        assert "ping_group_range" in told["detail"]
    else:
        assert (told["address"], told["status"]) == ("127.0.0.1", "reachable")
