"""Results of diagnostics, which are made up but fit together."""

from random import Random

import pytest

from acs.cwmp.values import check
from simulator import diagnostics
from simulator.tree import Tree, load

NOW = 1_700_000_000.0

TESTS = [
    ("tr181-gateway", "Device.IP.Diagnostics.IPPing.", {"Host": "192.0.2.1"}),
    ("tr181-gateway", "Device.IP.Diagnostics.TraceRoute.", {"Host": "192.0.2.1"}),
    ("tr181-gateway", "Device.IP.Diagnostics.UDPEchoDiagnostics.", {"Host": "192.0.2.1"}),
    (
        "tr181-gateway",
        "Device.IP.Diagnostics.DownloadDiagnostics.",
        {"DownloadURL": "http://speed.example.net/10M"},
    ),
    (
        "tr181-gateway",
        "Device.IP.Diagnostics.UploadDiagnostics.",
        {"UploadURL": "http://speed.example.net/up", "TestFileLength": "1000000"},
    ),
    (
        "tr181-gateway",
        "Device.DNS.Diagnostics.NSLookupDiagnostics.",
        {"HostName": "www.example.net", "NumberOfRepetitions": "2"},
    ),
    ("tr181-gateway", "Device.WiFi.NeighboringWiFiDiagnostic.", {}),
    ("tr098-gateway", "InternetGatewayDevice.IPPingDiagnostics.", {"Host": "192.0.2.1"}),
    ("tr098-gateway", "InternetGatewayDevice.TraceRouteDiagnostics.", {"Host": "192.0.2.1"}),
    (
        "tr098-gateway",
        "InternetGatewayDevice.DownloadDiagnostics.",
        {"DownloadURL": "http://speed.example.net/10M"},
    ),
    (
        "tr098-gateway",
        "InternetGatewayDevice.UploadDiagnostics.",
        {"UploadURL": "http://speed.example.net/up", "TestFileLength": "1000000"},
    ),
    (
        "tr098-gateway",
        "InternetGatewayDevice.NSLookupDiagnostics.",
        {"HostName": "www.example.net"},
    ),
]


def run(model, path, arguments):
    tree = Tree(load(model))
    for name, value in arguments.items():
        tree.set(path + name, value)
    diagnostics.run(tree, path, NOW, Random(3))
    return tree


@pytest.mark.parametrize(("model", "path", "arguments"), TESTS)
def test_every_test_completes_with_legal_values(model, path, arguments):
    tree = run(model, path, arguments)
    assert tree.value(f"{path}DiagnosticsState") == "Complete"
    for name in tree.parameters(path):
        check(tree.value(name), tree.node(name).type)


@pytest.mark.parametrize(
    ("path", "arguments", "state"),
    [
        ("Device.IP.Diagnostics.IPPing.", {"Host": "no.invalid"}, "Error_CannotResolveHostName"),
        ("Device.IP.Diagnostics.IPPing.", {}, "Error_CannotResolveHostName"),
        ("Device.IP.Diagnostics.DownloadDiagnostics.", {}, "Error_InitConnectionFailed"),
        (
            "Device.DNS.Diagnostics.NSLookupDiagnostics.",
            {"HostName": "no.invalid"},
            "Error_HostNameNotResolved",
        ),
    ],
)
def test_what_cannot_be_done_ends_in_its_error(path, arguments, state):
    assert run("tr181-gateway", path, arguments).value(f"{path}DiagnosticsState") == state


def test_the_numbers_of_a_ping_agree_with_each_other():
    ping = "Device.IP.Diagnostics.IPPing."
    tree = run("tr181-gateway", ping, {"Host": "192.0.2.1", "NumberOfRepetitions": "9"})
    least, average, most = (
        int(tree.value(f"{ping}{kind}ResponseTimeDetailed"))
        for kind in ("Minimum", "Average", "Maximum")
    )
    assert least <= average <= most
    assert tree.value(f"{ping}SuccessCount") == "9"


@pytest.mark.parametrize(
    ("model", "path", "column"),
    [
        ("tr181-gateway", "Device.IP.Diagnostics.TraceRoute.", "HostAddress"),
        ("tr098-gateway", "InternetGatewayDevice.TraceRouteDiagnostics.", "HopHostAddress"),
    ],
)
def test_a_second_run_replaces_the_hops_of_the_first(model, path, column):
    tree = run(model, path, {"Host": "192.0.2.1"})
    diagnostics.run(tree, path, NOW, Random(4))
    hops = tree.children(f"{path}RouteHops.")
    assert hops == tuple(f"{path}RouteHops.{number}." for number in (1, 2, 3))
    assert tree.value(hops[-1] + column) == diagnostics.ANSWER_ADDRESS
