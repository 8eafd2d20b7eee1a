"""Diagnostics that the ACS asks for: plausible results, made up and written into the tree.

A host under ``.invalid`` cannot be resolved, an empty one is no host; everything else answers.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import urlsplit

from simulator.behaviour import DIAGNOSTICS_STATE
from simulator.tree import Tree

COMPLETE = "Complete"
TEST_BYTES = 10 * 2**20  # of a download test, whose file's size we cannot know
ANSWER_ADDRESS = "203.0.113.7"  # documentation range: nothing real is ever meant
HOP_ADDRESSES = ("100.64.0.1", "198.51.100.9", ANSWER_ADDRESS)

Results = dict[str, str]


class Impossible(Exception):
    """The test cannot be done; the message is the DiagnosticsState."""


def run(tree: Tree, path: str, now: float, random: Random) -> None:
    """Does the test whose object is ``path`` and leaves results and state there."""
    kind = path[:-1].rpartition(".")[2].removesuffix("Diagnostics").removesuffix("Diagnostic")
    test = TESTS.get(kind)
    try:
        results = test(tree, path, now, random) if test else {}
        state = COMPLETE
    except Impossible as reason:
        results, state = {}, str(reason)
    for name, value in (results | {DIAGNOSTICS_STATE: state}).items():
        if path + name in tree:
            tree.set(path + name, value)


def _argument(tree: Tree, name: str) -> str:
    return tree.value(name) if name in tree else ""


def _host(tree: Tree, name: str) -> str:
    host = _argument(tree, name)
    if not host or host.endswith(".invalid"):
        raise Impossible("Error_CannotResolveHostName")
    return host


def _count(tree: Tree, name: str) -> int:
    return int(_argument(tree, name) or 1)


def _echoes(tree: Tree, path: str, _: float, random: Random) -> Results:
    """IPPing and UDPEcho, which have the same arguments and results."""
    _host(tree, f"{path}Host")
    times_us = [
        random.randint(8_000, 24_000) for _ in range(_count(tree, f"{path}NumberOfRepetitions"))
    ]
    average, least, most = sum(times_us) // len(times_us), min(times_us), max(times_us)
    return {
        "IPAddressUsed": ANSWER_ADDRESS,
        "SuccessCount": str(len(times_us)),
        "FailureCount": "0",
        "AverageResponseTime": str(average // 1000),
        "MinimumResponseTime": str(least // 1000),
        "MaximumResponseTime": str(most // 1000),
        "AverageResponseTimeDetailed": str(average),
        "MinimumResponseTimeDetailed": str(least),
        "MaximumResponseTimeDetailed": str(most),
    }


def _trace_route(tree: Tree, path: str, _: float, random: Random) -> Results:
    _host(tree, f"{path}Host")
    tries = _count(tree, f"{path}NumberOfTries")
    rows = []
    for distance, address in enumerate(HOP_ADDRESSES, 1):
        times = ",".join(str(random.randint(2, 5) * distance) for _ in range(tries))
        # TR-098 puts "Hop" before each of these names.
        row = {"Host": "", "HostAddress": address, "ErrorCode": "0", "RTTimes": times}
        rows.append(row | {f"Hop{name}": value for name, value in row.items()})
    _fill(tree, f"{path}RouteHops.", rows)
    return {"IPAddressUsed": ANSWER_ADDRESS, "ResponseTime": str(random.randint(8, 15))}


def _ns_lookup(tree: Tree, path: str, _: float, random: Random) -> Results:
    host = _argument(tree, f"{path}HostName")
    if not host or host.endswith(".invalid"):
        raise Impossible("Error_HostNameNotResolved" if host else "Error_Other")
    asked = _count(tree, f"{path}NumberOfRepetitions")
    row = {
        "Status": "Success",
        "AnswerType": "NonAuthoritative",
        "HostNameReturned": host,
        "IPAddresses": ANSWER_ADDRESS,
        "DNSServerIP": _argument(tree, f"{path}DNSServer") or "192.0.2.53",
        "ResponseTime": str(random.randint(3, 30)),
    }
    _fill(tree, f"{path}Result.", [row] * asked)
    return {"SuccessCount": str(asked)}


def _download(tree: Tree, path: str, now: float, random: Random) -> Results:
    return _throughput(tree, f"{path}DownloadURL", now, TEST_BYTES, random) | {
        "TestBytesReceived": str(TEST_BYTES),
        "TotalBytesReceived": str(TEST_BYTES + 40_960),
        "TotalBytesSent": "40960",
    }


def _upload(tree: Tree, path: str, now: float, random: Random) -> Results:
    size = int(_argument(tree, f"{path}TestFileLength") or 0)
    return _throughput(tree, f"{path}UploadURL", now, size, random) | {
        "TestBytesSent": str(size),
        "TotalBytesSent": str(size + size // 50),
        "TotalBytesReceived": "40960",
    }


def _throughput(tree: Tree, url: str, now: float, size: int, random: Random) -> Results:
    """The times of a transfer of so many bytes at 60 to 90 Mbit/s."""
    host = urlsplit(_argument(tree, url)).hostname
    if not host:
        raise Impossible("Error_InitConnectionFailed")
    if host.endswith(".invalid"):
        raise Impossible("Error_CannotResolveHostName")
    took_s = size * 8 / random.randint(60_000_000, 90_000_000)
    marks = {"TCPOpenRequest": 0.0, "TCPOpenResponse": 0.012, "ROM": 0.013, "BOM": 0.031}
    times = {f"{mark}Time": _stamp(now + at) for mark, at in marks.items()}
    return times | {"EOMTime": _stamp(now + 0.031 + took_s), "IPAddressUsed": ANSWER_ADDRESS}


def _stamp(moment: float) -> str:
    """To the microsecond, as TR-143 has it."""
    time = datetime.fromtimestamp(0, UTC) + timedelta(seconds=moment)
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _neighbours(tree: Tree, path: str, _: float, random: Random) -> Results:
    rows = [
        {
            "Radio": f"{tree.root}WiFi.Radio.1",
            "SSID": f"Neighbour-{number}",
            "BSSID": f"02:00:5E:40:00:{number:02X}",
            "Channel": str(random.choice((1, 6, 11))),
            "SignalStrength": str(random.randint(-88, -51)),
        }
        for number in range(1, 4)
    ]
    _fill(tree, f"{path}Result.", rows)
    return {}


def _fill(tree: Tree, table: str, rows: list[Results]) -> None:
    """The results of this run in place of the last one's."""
    tree.empty(table)
    for row in rows:
        instance = f"{table}{tree.add(table)}."
        for name, value in row.items():
            if instance + name in tree:
                tree.set(instance + name, value)


TESTS: Mapping[str, Callable[[Tree, str, float, Random], Results]] = {
    "IPPing": _echoes,
    "UDPEcho": _echoes,
    "TraceRoute": _trace_route,
    "NSLookup": _ns_lookup,
    "Download": _download,
    "Upload": _upload,
    "NeighboringWiFi": _neighbours,
}
