"""A test is set up in one call, and judged by its state when the device has told of an end."""

from typing import get_args

import pytest

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    Fault,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValueStruct,
    SetParameterValues,
    SetParameterValuesFault,
    SetParameterValuesResponse,
)
from acs.procedures.diagnostics import DIAGNOSTICS_COMPLETE, TESTS, diagnose
from acs.procedures.steps import AwaitEvent, Done, Failed
from api.resources.diagnostic_models import RESULTS
from inventory.diagnostics import REQUIRED, TAKEN, Diagnostic

PING = "Device.IP.Diagnostics.IPPing."
TRACE = "Device.IP.Diagnostics.TraceRoute."
IDLE = {"DiagnosticsState": "None", "Host": "", "NumberOfRepetitions": ("3", "unsignedInt")}
SENT = {"sent": "SetParameterValues", "at": 1.0}
OVER = {**SENT, "answered": True}


def wish(diagnostic="ping", **arguments):
    return {"diagnostic": diagnostic, "arguments": {"host": "192.0.2.7", **arguments}}


def shown(path, values):
    """What the device answers when the test's object is read."""
    listed = []
    for name, value in values.items():
        text, kind = value if isinstance(value, tuple) else (value, "string")
        listed.append(ParameterValueStruct(path + name, text, kind))
    return GetParameterValues((path,)), GetParameterValuesResponse(tuple(listed))


def asked(path, **values):
    kinds = {"NumberOfRepetitions": "unsignedInt", "TestFileLength": "unsignedInt"}
    return SetParameterValues(
        tuple(
            ParameterValueStruct(path + name, value, kinds.get(name, "string"))
            for name, value in {**values, "DiagnosticsState": "Requested"}.items()
        )
    )


@pytest.fixture
def run(play, operation, subject):
    def run(request, *lines, evidence=None, **known):
        script = diagnose(operation("diagnostics", request, evidence=evidence), subject(**known))
        return play(script, *lines)[0]

    return run


def test_arguments_and_request_go_out_in_one_call_and_the_end_is_awaited(run):
    outcome = run(
        wish(number_of_repetitions="5"),
        shown(PING, IDLE),
        (asked(PING, Host="192.0.2.7", NumberOfRepetitions="5"), SetParameterValuesResponse()),
    )
    assert outcome == AwaitEvent(DIAGNOSTICS_COMPLETE)


def test_the_other_data_model_has_it_elsewhere(run):
    path = "InternetGatewayDevice.IPPingDiagnostics."
    outcome = run(
        wish(),
        shown(path, IDLE),
        (asked(path, Host="192.0.2.7"), SetParameterValuesResponse()),
        root="InternetGatewayDevice.",
    )
    assert outcome == AwaitEvent(DIAGNOSTICS_COMPLETE)


def test_the_devices_own_type_is_used_where_versions_of_the_model_differ(run):
    path = "Device.IP.Diagnostics.UploadDiagnostics."
    values = {"DiagnosticsState": "None", "UploadURL": "", "TestFileLength": ("0", "unsignedLong")}
    url = "http://speed.example/up"
    struct = ParameterValueStruct(path + "TestFileLength", "1000", "unsignedLong")
    outcome = run(
        {"diagnostic": "upload", "arguments": {"url": url, "test_file_length": "1000"}},
        shown(path, values),
        (
            SetParameterValues(
                (
                    ParameterValueStruct(path + "UploadURL", url),
                    struct,
                    ParameterValueStruct(path + "DiagnosticsState", "Requested"),
                )
            ),
            SetParameterValuesResponse(),
        ),
    )
    assert isinstance(outcome, AwaitEvent)


def test_a_device_without_such_a_test_says_so(run):
    outcome = run(wish(), (GetParameterValues((PING,)), fault(9005)), (names(PING), fault(9005)))
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "not_supported"


def names(path):
    from acs.cwmp.messages import GetParameterNames

    return GetParameterNames(path, next_level=True)


def test_a_refused_argument_is_named(run):
    refused = Fault(9003, "Invalid", (SetParameterValuesFault(PING + "Host", 9007, "no host"),))
    outcome = run(wish(), shown(PING, IDLE), (asked(PING, Host="192.0.2.7"), refused))
    assert outcome.error.parameters == {PING + "Host": {"code": "9007", "message": "no host"}}


def test_a_device_that_is_busy_with_such_a_test_is_left_alone_unless_forced(run):
    busy = {**IDLE, "DiagnosticsState": "Requested"}
    assert run(wish(), shown(PING, busy)).error.code == "busy"
    outcome = run(
        {**wish(), "force": True},
        shown(PING, busy),
        (asked(PING, Host="192.0.2.7"), SetParameterValuesResponse()),
    )
    assert isinstance(outcome, AwaitEvent)


def test_a_lost_answer_is_decided_by_the_state(run):
    running = {**IDLE, "DiagnosticsState": "Requested"}
    assert run(wish(), shown(PING, running), evidence=SENT) == AwaitEvent(DIAGNOSTICS_COMPLETE)
    again = run(
        wish(),
        shown(PING, IDLE),
        (asked(PING, Host="192.0.2.7"), SetParameterValuesResponse()),
        evidence=SENT,
    )
    assert again == AwaitEvent(DIAGNOSTICS_COMPLETE)
    done = {**IDLE, "DiagnosticsState": "Complete"}
    outcome = run(wish(), shown(PING, done), evidence={**SENT, "applied": True})
    assert isinstance(outcome, Done)


def test_results_are_numbers(run):
    found = {
        "DiagnosticsState": "Complete",
        "IPAddressUsed": "192.0.2.7",
        "SuccessCount": "4",
        "FailureCount": "1",
        "AverageResponseTime": "12",
        "MinimumResponseTime": "",
    }
    outcome = run(wish(), shown(PING, found), evidence=OVER)
    assert outcome == Done(
        {
            "state": "Complete",
            "ip_address_used": "192.0.2.7",
            "success_count": 4,
            "failure_count": 1,
            "average_response_time": 12,
            "minimum_response_time": None,
            "maximum_response_time": None,
        }
    )


@pytest.mark.parametrize(
    ("root", "path", "prefix"),
    [
        ("Device.", TRACE, ""),
        ("InternetGatewayDevice.", "InternetGatewayDevice.TraceRouteDiagnostics.", "Hop"),
    ],
)
def test_hops_are_a_list_in_order_whatever_the_gaps(run, root, path, prefix):
    found = {"DiagnosticsState": "Complete", "ResponseTime": "30"}
    for instance, address in (("10", "198.51.100.2"), ("2", "198.51.100.1")):
        found[f"RouteHops.{instance}.{prefix}HostAddress"] = address
        found[f"RouteHops.{instance}.{prefix}RTTimes"] = "3, 4,x"
    outcome = run(wish("traceroute"), shown(path, found), evidence=OVER, root=root)
    assert outcome.result["hops"] == [
        {"host": None, "address": address, "error_code": None, "response_times": [3, 4]}
        for address in ("198.51.100.1", "198.51.100.2")
    ]


@pytest.mark.parametrize(
    ("began", "speed"),
    [
        ("2024-05-02T10:00:00.000000Z", 8_000_000),
        ("0001-01-01T00:00:00Z", None),
        ("2024-05-02T10:00:02Z", None),
        ("2024-05-02T10:00:00", None),
        ("yesterday", None),
    ],
)
def test_a_throughput_is_told_where_the_times_make_sense(run, began, speed):
    path = "Device.IP.Diagnostics.DownloadDiagnostics."
    found = {
        "DiagnosticsState": "Completed",
        "BOMTime": began,
        "EOMTime": "2024-05-02T10:00:01.000000Z",
        "TestBytesReceived": "1000000",
    }
    outcome = run(wish("download"), shown(path, found), evidence=OVER)
    assert outcome.result["bits_per_second"] == speed


def test_an_error_of_the_device_is_told_with_its_word(run):
    found = {**IDLE, "DiagnosticsState": "Error_CannotResolveHostName", "SuccessCount": "0"}
    outcome = run(wish(), shown(PING, found), evidence=OVER)
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "Error_CannotResolveHostName"
    assert outcome.result["success_count"] == 0


def test_the_event_of_another_test_is_not_ours(run):
    running = {**IDLE, "DiagnosticsState": "Requested"}
    assert run(wish(), shown(PING, running), evidence=OVER) == AwaitEvent(DIAGNOSTICS_COMPLETE)


def test_a_test_that_a_restart_has_dropped_is_interrupted(run):
    assert run(wish(), shown(PING, IDLE), evidence=OVER).error.code == "interrupted"


def test_the_table_and_the_api_have_the_same_words():
    assert set(TESTS) == set(Diagnostic) == set(TAKEN) == set(REQUIRED) == set(RESULTS)
    for diagnostic, test in TESTS.items():
        assert test.arguments.keys() == TAKEN[diagnostic]
        words = {"state", *test.results} | ({test.table.word} if test.table else set())
        model = RESULTS[diagnostic]
        assert model.model_fields.keys() - {"bits_per_second"} == words
        if test.table is not None:
            (row,) = get_args(model.model_fields[test.table.word].annotation)
            assert row.model_fields.keys() == test.table.columns.keys()
