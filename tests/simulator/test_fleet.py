"""Many CPEs at once, the numbers about them, and the command that runs them."""

import asyncio
import signal
import sys
from random import Random

import pytest
from click.testing import CliRunner

from acs.cwmp import messages as m
from acs.cwmp.messages import EventStruct
from simulator import arrivals
from simulator.__main__ import main
from simulator.cpe import Pace
from simulator.dialogue import Exchange, SessionRecord
from simulator.fleet import Fleet, Plan
from simulator.summary import Summary, percentile


@pytest.mark.parametrize("kind", list(arrivals.KINDS))
def test_everybody_arrives_in_order_and_in_time(kind):
    times = list(arrivals.KINDS[kind](100, 20.0, Random(1)))
    assert len(times) == 100
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= 20


def test_a_ramp_grows():
    times = list(arrivals.ramp(100, 20.0, Random(1)))
    assert sum(time < 10 for time in times) < 30


async def test_a_fleet_comes_with_serial_numbers_and_models_in_turn(acs):
    plan = Plan(acs.url, 6, models=("tr181-gateway", "tr098-gateway"), pace=Pace(speed=2000))
    fleet = Fleet(plan, Random(1))
    await fleet.start([0.0] * 6)
    await fleet.stop()
    informs = acs.heard_of(m.Inform)
    assert {one.device_id.serial_number for one in informs} == {f"SIM{n:06d}" for n in range(1, 7)}
    roots = [one.parameter_list[0].name.partition(".")[0] for one in informs]
    assert sorted(roots) == ["Device"] * 3 + ["InternetGatewayDevice"] * 3
    assert (fleet.arrived, fleet.summary.sessions, fleet.summary.failures) == (6, 6, 0)


async def test_no_more_sessions_at_once_than_allowed(acs):
    at_once, most = 0, 0

    async def serve(reader, writer):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await acs.serve(reader, writer)
        at_once -= 1

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        plan = Plan(f"http://127.0.0.1:{port}/acs", 20, sessions_at_once=3)
        fleet = Fleet(plan, Random(1))
        await fleet.start([0.0] * 20)
        await fleet.stop()
    assert fleet.summary.sessions == 20
    assert most <= 4  # one may still be closing


def record(latency_s, error=""):
    inform = m.Inform(event=(EventStruct("2 PERIODIC"),))
    return SessionRecord(
        inform.event, 0, [Exchange(inform, m.InformResponse(), latency_s)], latency_s * 2, error
    )


def test_a_summary_counts_and_ranks():
    summary = Summary()
    for milliseconds in range(1, 101):
        summary.add(record(milliseconds / 1000))
    summary.add(record(0.5, "HttpError: gone"))
    text = "\n".join(summary.lines(10))
    assert "101 in 10.0 s, 10.1/s" in text
    assert "p50 51.0 ms" in text
    assert "1 HttpError: gone" in text
    assert "101 2 PERIODIC" in text


def test_percentiles_of_nothing_and_of_one():
    assert percentile([], 50) is None
    assert percentile([3.0], 99) == 3.0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--mischief", "nonsense"],
        ["--model", "no-such-model"],
        ["--connection-request", "nowhere"],
        ["--count", "0"],
        ["--arrival", "sideways"],
    ],
)
def test_wrong_arguments_are_told_before_anything_starts(arguments):
    result = CliRunner().invoke(main, ["run", "--acs-url", "http://127.0.0.1:1/", *arguments])
    assert result.exit_code == 2
    assert "Error" in result.output


def test_the_command_lists_what_can_go_wrong():
    output = CliRunner().invoke(main, ["mischief"]).output
    assert "small-batches" in output
    assert "old-dsl-router" in output


async def run_command(acs_url, *arguments):
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        "run",
        "--acs-url",
        acs_url,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_command_runs_for_its_time_and_tells_how_it_went(acs):
    process = await run_command(acs.url, "--count", "3", "--over", "0.1", "--duration", "0.5")
    output, errors = await process.communicate()
    assert process.returncode == 0, errors
    assert output.startswith(b"sessions        3 in")
    assert len(acs.heard_of(m.Inform)) == 3


async def test_the_command_ends_on_sigterm(acs):
    process = await run_command(acs.url, "--over", "0.01")
    await acs.called.wait()
    process.send_signal(signal.SIGTERM)
    output, errors = await process.communicate()
    assert process.returncode == 0, errors
    assert b"failed          0" in output


async def test_the_command_fails_when_nobody_answers():
    process = await run_command("http://127.0.0.1:1/", "--over", "0.01", "--duration", "0.2")
    output, _ = await process.communicate()
    assert process.returncode == 1
    assert b"ConnectionRefusedError" in output or b"OSError" in output
