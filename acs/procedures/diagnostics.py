"""Diagnostics that a device runs itself (TR-143, TR-181): asked for, waited for, read (5.3).

Arguments and ``DiagnosticsState = Requested`` go out in one SetParameterValues; the device starts
when the session is over, and tells the end by ``8 DIAGNOSTICS COMPLETE``, which does not say of
which test. So after each such event, and after a boot that may have lost the test, its object is
read, and its state decides. What the two data models call things is in the table below.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import ParameterValueStruct, SetParameterValues
from acs.procedures.reading import INVALID_NAME, Readings, discover_root, read
from acs.procedures.setting import INVALID_VALUE, typed
from acs.procedures.steps import (
    NOT_SUPPORTED,
    AwaitEvent,
    Done,
    Failed,
    Held,
    Outcome,
    Procedure,
    Step,
    Subject,
    refusal,
)
from inventory.diagnostics import Diagnostic
from inventory.operations import Error, Operation

DIAGNOSTICS_COMPLETE = "8 DIAGNOSTICS COMPLETE"
STATE = "DiagnosticsState"
NONE, REQUESTED = "None", "Requested"
COMPLETE = frozenset({"Complete", "Completed"})  # TR-181 and TR-143 differ
TR_181, TR_098 = "Device.", "InternetGatewayDevice."
UNKNOWN_YEAR = "0001-"  # a time that the device does not know

Value = str | int | float | list[Any] | None
Reader = Callable[[str], Value]


# --- What values mean ------------------------------------------------------------------------


def text(value: str) -> str | None:
    return value or None


def number(value: str) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None


def moment(value: str) -> str | None:
    """As the device says it, to the microsecond; None where it does not know."""
    return value if value and not value.startswith(UNKNOWN_YEAR) else None


def texts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def numbers(value: str) -> list[int]:
    return [found for part in texts(value) if (found := number(part)) is not None]


# --- The table -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """Result rows: ``columns`` by our word, each with its names in the data models."""

    word: str
    name: str
    columns: Mapping[str, tuple[Reader, str]]
    prefix: str = ""  # that TR-098 puts before each name


@dataclass(frozen=True, slots=True)
class Test:
    """``objects`` says where it is, by root; arguments and results are parameters of that."""

    objects: Mapping[str, str]
    arguments: Mapping[str, tuple[str, str]]  # our word: parameter and its standard type
    results: Mapping[str, tuple[Reader, str]]
    table: Table | None = None


_OPTIONS = {
    "interface": ("Interface", "string"),
    "protocol_version": ("ProtocolVersion", "string"),
    "dscp": ("DSCP", "unsignedInt"),
}
_PACKETS = {
    "timeout": ("Timeout", "unsignedInt"),
    "data_block_size": ("DataBlockSize", "unsignedInt"),
    **_OPTIONS,
}
_REPETITIONS = {"number_of_repetitions": ("NumberOfRepetitions", "unsignedInt")}
_HOST = {"host": ("Host", "string")}
_ECHOES = {
    "ip_address_used": (text, "IPAddressUsed"),
    "success_count": (number, "SuccessCount"),
    "failure_count": (number, "FailureCount"),
    "average_response_time": (number, "AverageResponseTime"),
    "minimum_response_time": (number, "MinimumResponseTime"),
    "maximum_response_time": (number, "MaximumResponseTime"),
}
_TRANSFER_OPTIONS = {
    "ethernet_priority": ("EthernetPriority", "unsignedInt"),
    "number_of_connections": ("NumberOfConnections", "unsignedInt"),
    **_OPTIONS,
}
_TRANSFER_TIMES = {
    "ip_address_used": (text, "IPAddressUsed"),
    "tcp_open_request_time": (moment, "TCPOpenRequestTime"),
    "tcp_open_response_time": (moment, "TCPOpenResponseTime"),
    "request_time": (moment, "ROMTime"),
    "begin_time": (moment, "BOMTime"),
    "end_time": (moment, "EOMTime"),
    "total_bytes_received": (number, "TotalBytesReceived"),
    "total_bytes_sent": (number, "TotalBytesSent"),
}

TESTS: Mapping[str, Test] = {
    Diagnostic.PING: Test(
        {TR_181: "IP.Diagnostics.IPPing.", TR_098: "IPPingDiagnostics."},
        _HOST | _REPETITIONS | _PACKETS,
        _ECHOES,
    ),
    Diagnostic.TRACEROUTE: Test(
        {TR_181: "IP.Diagnostics.TraceRoute.", TR_098: "TraceRouteDiagnostics."},
        {
            **_HOST,
            "number_of_tries": ("NumberOfTries", "unsignedInt"),
            "max_hop_count": ("MaxHopCount", "unsignedInt"),
            **_PACKETS,
        },
        {
            "ip_address_used": (text, "IPAddressUsed"),
            "response_time": (number, "ResponseTime"),
        },
        Table(
            "hops",
            "RouteHops",
            {
                "host": (text, "Host"),
                "address": (text, "HostAddress"),
                "error_code": (number, "ErrorCode"),
                "response_times": (numbers, "RTTimes"),
            },
            prefix="Hop",
        ),
    ),
    Diagnostic.DOWNLOAD: Test(
        {TR_181: "IP.Diagnostics.DownloadDiagnostics.", TR_098: "DownloadDiagnostics."},
        {"url": ("DownloadURL", "string"), **_TRANSFER_OPTIONS},
        {**_TRANSFER_TIMES, "test_bytes": (number, "TestBytesReceived")},
    ),
    Diagnostic.UPLOAD: Test(
        {TR_181: "IP.Diagnostics.UploadDiagnostics.", TR_098: "UploadDiagnostics."},
        {
            "url": ("UploadURL", "string"),
            "test_file_length": ("TestFileLength", "unsignedInt"),
            **_TRANSFER_OPTIONS,
        },
        {**_TRANSFER_TIMES, "test_bytes": (number, "TestBytesSent")},
    ),
    Diagnostic.NSLOOKUP: Test(
        {TR_181: "DNS.Diagnostics.NSLookupDiagnostics.", TR_098: "NSLookupDiagnostics."},
        {
            "host": ("HostName", "string"),
            "dns_server": ("DNSServer", "string"),
            "timeout": ("Timeout", "unsignedInt"),
            "interface": ("Interface", "string"),
            **_REPETITIONS,
        },
        {"success_count": (number, "SuccessCount")},
        Table(
            "answers",
            "Result",
            {
                "status": (text, "Status"),
                "answer_type": (text, "AnswerType"),
                "host_name": (text, "HostNameReturned"),
                "ip_addresses": (texts, "IPAddresses"),
                "dns_server": (text, "DNSServerIP"),
                "response_time": (number, "ResponseTime"),
            },
        ),
    ),
    # The last two are not in TR-098; some of its devices have them in the same place all the same.
    Diagnostic.UDP_ECHO: Test(
        {TR_181: "IP.Diagnostics.UDPEchoDiagnostics.", TR_098: "UDPEchoDiagnostics."},
        {
            **_HOST,
            "port": ("Port", "unsignedInt"),
            "inter_transmission_time": ("InterTransmissionTime", "unsignedInt"),
            **_REPETITIONS,
            **_PACKETS,
        },
        _ECHOES,
    ),
    Diagnostic.WIFI_NEIGHBORS: Test(
        {TR_181: "WiFi.NeighboringWiFiDiagnostic.", TR_098: "WiFi.NeighboringWiFiDiagnostic."},
        {},
        {},
        Table(
            "neighbors",
            "Result",
            {
                "radio": (text, "Radio"),
                "ssid": (text, "SSID"),
                "bssid": (text, "BSSID"),
                "mode": (text, "Mode"),
                "channel": (number, "Channel"),
                "signal_strength": (number, "SignalStrength"),
                "noise": (number, "Noise"),
                "security_mode": (text, "SecurityModeEnabled"),
                "encryption_mode": (text, "EncryptionMode"),
                "frequency_band": (text, "OperatingFrequencyBand"),
                "standards": (texts, "SupportedStandards"),
                "channel_bandwidth": (text, "OperatingChannelBandwidth"),
            },
        ),
    ),
}


# --- The conversation ------------------------------------------------------------------------


def diagnose(operation: Operation, subject: Subject) -> Procedure:
    root = subject.root or (yield from discover_root())
    if root is None:
        return Failed(Error("no_data_model", "The device shows no known data model."))
    test = TESTS[operation.request["diagnostic"]]
    path = root + test.objects[root]
    found = yield from read((path,), subject.get_batch)
    state = _value(found, path + STATE)
    if state is None:
        return _missing(operation, found, path)
    evidence = operation.evidence or {}
    if evidence.get("answered") or evidence.get("applied"):
        return _judged(test, path, found, state)
    if state == REQUESTED and "sent" in evidence:
        return AwaitEvent(DIAGNOSTICS_COMPLETE)  # the answer was lost, the request was not
    if state == REQUESTED and not operation.request.get("force"):
        return Failed(Error("busy", "The device is running such a test for somebody else."))
    return (yield from _request(operation, test, path, found))


def _missing(operation: Operation, found: Readings, path: str) -> Outcome:
    """The device has no such test, or would not tell."""
    refused = found.faults.get(path)
    if refused is not None and refused.fault_code != INVALID_NAME:
        return Failed(refusal(refused, path))
    name = operation.request["diagnostic"]
    return Failed(Error(NOT_SUPPORTED, f"The device has no {name} diagnostics ({path})."))


def _request(
    operation: Operation, test: Test, path: str, found: Readings
) -> Generator[Step, Any, Outcome]:
    variables = [
        {"variable_name": path + name, "value": operation.request["arguments"][word]}
        | ({} if path + name in found.values else {"value_type": standard})
        for word, (name, standard) in test.arguments.items()
        if word in operation.request["arguments"]
    ]
    held = {name: Held(each.value, each.type) for name, each in found.values.items()}
    wanted, invalid = typed(variables, held)
    if invalid:
        return Failed(Error(str(INVALID_VALUE), "The device takes no such argument.", invalid))
    try:
        yield SetParameterValues((*wanted, ParameterValueStruct(path + STATE, REQUESTED)))
    except CwmpFault as refused:
        return Failed(refusal(refused))
    return AwaitEvent(DIAGNOSTICS_COMPLETE)


def _judged(test: Test, path: str, found: Readings, state: str) -> Outcome:
    if state == REQUESTED:
        return AwaitEvent(DIAGNOSTICS_COMPLETE)  # the event told of another test
    result = {"state": state, **results(test, path, found)}
    if state in COMPLETE:
        return Done(result)
    if state == NONE:
        reason = "The device has dropped the test: it restarted, or somebody changed its arguments."
        return Failed(Error("interrupted", reason), result)
    return Failed(Error(state, f"The device reports {state}."), result)


# --- The results -----------------------------------------------------------------------------


def results(test: Test, path: str, found: Readings) -> dict[str, Any]:
    """Every word is there; None for what the device does not tell."""
    told: dict[str, Any] = {
        word: _read(found, path + name, reader) for word, (reader, name) in test.results.items()
    }
    if "test_bytes" in told:
        told["bits_per_second"] = _throughput(told)
    if test.table is not None:
        told[test.table.word] = _rows(test.table, path, found)
    return told


def _rows(table: Table, path: str, found: Readings) -> list[dict[str, Any]]:
    """By instance number, whatever the order and the gaps."""
    start = f"{path}{table.name}."
    numbered = sorted(
        {
            int(head)
            for name in found.values
            if name.startswith(start)
            and (head := name.removeprefix(start).partition(".")[0]).isdecimal()
        }
    )
    return [
        {
            word: _cell(found, f"{start}{instance}.", name, table.prefix, reader)
            for word, (reader, name) in table.columns.items()
        }
        for instance in numbered
    ]


def _cell(found: Readings, row: str, name: str, prefix: str, reader: Reader) -> Value:
    own = row + name
    return _read(found, own if own in found.values else row + prefix + name, reader)


def _throughput(told: Mapping[str, Any]) -> int | None:
    """Of the test's own bytes, from first to last (TR-143 4.3); None without sensible times."""
    try:
        began, ended = map(datetime.fromisoformat, (told["begin_time"], told["end_time"]))
        took_s = (ended - began).total_seconds()
    except (TypeError, ValueError):
        return None
    size = told["test_bytes"]
    return round(size * 8 / took_s) if size and took_s > 0 else None


def _value(found: Readings, name: str) -> str | None:
    held = found.values.get(name)
    return None if held is None else held.value


def _read(found: Readings, name: str, reader: Reader) -> Value:
    return reader((_value(found, name) or "").strip())
