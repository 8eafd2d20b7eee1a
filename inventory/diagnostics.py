"""Tests that a device runs itself (TR-143, TR-181): what may be asked of each, and one at a time.

The words of arguments and results are the data model's own in lower case; which parameter of which
data model each one is, is in ``acs.procedures.diagnostics``.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from inventory.errors import OperationInProgress
from inventory.operations import Kind, Operation
from inventory.records import operations as records
from inventory.store import Transaction


class Diagnostic(StrEnum):
    PING = "ping"
    TRACEROUTE = "traceroute"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    NSLOOKUP = "nslookup"
    UDP_ECHO = "udp_echo"
    WIFI_NEIGHBORS = "wifi_neighbors"


REQUIRED: Mapping[Diagnostic, str | None] = {
    Diagnostic.PING: "host",
    Diagnostic.TRACEROUTE: "host",
    Diagnostic.DOWNLOAD: "url",
    Diagnostic.UPLOAD: "url",
    Diagnostic.NSLOOKUP: "host",
    Diagnostic.UDP_ECHO: "host",
    Diagnostic.WIFI_NEIGHBORS: None,
}
"""The argument that each one cannot do without."""

_OPTIONS = frozenset({"interface", "protocol_version", "dscp"})
_PACKETS = _OPTIONS | {"host", "timeout", "data_block_size"}
_ECHO = _PACKETS | {"number_of_repetitions"}
_TRANSFER = _OPTIONS | {"url", "ethernet_priority", "number_of_connections"}
TAKEN: Mapping[Diagnostic, frozenset[str]] = {
    Diagnostic.PING: _ECHO,
    Diagnostic.TRACEROUTE: _PACKETS | {"number_of_tries", "max_hop_count"},
    Diagnostic.DOWNLOAD: _TRANSFER,
    Diagnostic.UPLOAD: _TRANSFER | {"test_file_length"},
    Diagnostic.NSLOOKUP: frozenset(
        {"host", "dns_server", "timeout", "number_of_repetitions", "interface"}
    ),
    Diagnostic.UDP_ECHO: _ECHO | {"port", "inter_transmission_time"},
    Diagnostic.WIFI_NEIGHBORS: frozenset(),
}
"""What else each one takes; what is left out stays as the device has it."""

DEFAULTS: Mapping[Diagnostic, Mapping[str, str]] = {
    Diagnostic.UPLOAD: {"test_file_length": "1048576"}  # many devices start with 0: nothing to send
}


def request_of(
    diagnostic: Diagnostic, arguments: Mapping[str, str], *, is_forced: bool
) -> dict[str, Any]:
    """What the operation's row keeps; ``force`` says to put an end to a test of somebody else's."""
    return {
        "diagnostic": str(diagnostic),
        "arguments": {**DEFAULTS.get(diagnostic, {}), **arguments},
        **({"force": True} if is_forced else {}),
    }


def must_be_alone(tx: Transaction, operation: Operation, device: str) -> None:
    """Raises OperationInProgress while another one of the kind is open: they would undo each
    other."""
    diagnostic = operation.request["diagnostic"]
    for row in records.open_kinds(tx, operation.device_id, {Kind.DIAGNOSTICS}):
        if row["request"]["diagnostic"] == diagnostic and row["id"] != operation.id:
            raise OperationInProgress(device, f"{diagnostic} diagnostics", row["key"])
