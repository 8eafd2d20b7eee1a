"""Files that a CPE fetches or sends because the ACS asked for it, and what goes wrong with them.

A failure is told as TransferComplete tells it, by a fault code 9010 to 9019.
"""

import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from acs.cwmp.faults import FAULT_STRINGS
from acs.cwmp.messages import UNKNOWN_TIME, EventStruct, FaultStruct, TransferComplete
from simulator.behaviour import Transfer
from simulator.client import Client, HttpError, Reply
from simulator.events import TRANSFER_COMPLETE, Report
from simulator.tree import Tree

FIRMWARE = "1 Firmware Upgrade Image"
CONFIGURATION = "3 Vendor Configuration File"
SOFTWARE_VERSION = "DeviceInfo.SoftwareVersion"
KEPT_BYTES = 64 * 2**10  # of a fetched file; more is only counted

_STATED_VERSION = re.compile(rb"version=([\w.+-]{1,64})")
_VERSION_IN_NAME = re.compile(r"\d+(?:\.\d+)+")

_FAULTS = {401: 9012, 403: 9012, 404: 9016, 410: 9016}


class TransferFailed(Exception):
    """Carries the fault code of TransferComplete."""

    def __init__(self, code: int) -> None:
        super().__init__(FAULT_STRINGS.get(code, ""))
        self.code = code


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that has come: its size and how it begins."""

    size_bytes: int
    beginning: bytes
    name: str

    @property
    def version(self) -> str | None:
        """What the image's first line states (``version=…``), else what its name suggests."""
        stated = _STATED_VERSION.search(self.beginning.partition(b"\n")[0])
        if stated:
            return stated.group(1).decode()
        suggested = _VERSION_IN_NAME.search(self.name)
        return suggested.group() if suggested else None

    @property
    def settings(self) -> dict[str, str]:
        """A configuration file's lines ``name=value``."""
        lines = self.beginning.decode(errors="replace").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)


class _Sink:
    def __init__(self) -> None:
        self.size_bytes = 0
        self.beginning = bytearray()

    def take(self, piece: bytes) -> None:
        self.size_bytes += len(piece)
        self.beginning += piece[: KEPT_BYTES - len(self.beginning)]


async def fetch(transfer: Transfer, tls: ssl.SSLContext | None) -> Fetched:
    """Fetches the file; raises TransferFailed."""
    sink = _Sink()
    reply = await _exchange(transfer, "GET", b"", tls, 9017, sink.take)
    if reply.status != 200:
        raise TransferFailed(_FAULTS.get(reply.status, 9010))
    if transfer.file_size and transfer.file_size != sink.size_bytes:
        raise TransferFailed(9018)
    name = transfer.target_file_name or PurePosixPath(urlsplit(transfer.url).path).name
    return Fetched(sink.size_bytes, bytes(sink.beginning), name)


async def send(transfer: Transfer, content: bytes, tls: ssl.SSLContext | None) -> None:
    """Sends the file; raises TransferFailed."""
    reply = await _exchange(transfer, "PUT", content, tls, 9011)
    if not 200 <= reply.status < 300:
        raise TransferFailed(9012 if reply.status in (401, 403) else 9011)


async def _exchange(
    transfer: Transfer,
    method: str,
    content: bytes,
    tls: ssl.SSLContext | None,
    broken: int,
    sink: Callable[[bytes], None] | None = None,
) -> Reply:
    client = Client(transfer.username, transfer.password, tls=tls)
    try:
        return await client.request(method, transfer.url, content, sink=sink)
    except HttpError as error:
        raise TransferFailed(broken) from error
    except (OSError, TimeoutError) as error:
        raise TransferFailed(9015 if method == "GET" else broken) from error
    finally:
        await client.close()


async def move(
    transfer: Transfer, tree: Tree, log: Sequence[str], tls: ssl.SSLContext | None
) -> str:
    """Moves the file and takes over what it brings; raises TransferFailed.

    Returns the version of a firmware image, which does not run yet, "" for everything else.
    """
    if not transfer.is_download:
        await send(transfer, content_of(transfer, tree, log), tls)
        return ""
    fetched = await fetch(transfer, tls)
    if transfer.file_type == CONFIGURATION:
        restore(tree, fetched.settings)
    if transfer.file_type != FIRMWARE:
        return ""
    return fetched.version or tree.get(SOFTWARE_VERSION)


def report(transfer: Transfer, outcome: FaultStruct, started: str, ended: str) -> Report:
    """The TransferComplete, and the events that announce it."""
    failed = bool(outcome.fault_code)
    return Report(
        TransferComplete(
            transfer.command_key,
            outcome,
            UNKNOWN_TIME if failed else started,
            UNKNOWN_TIME if failed else ended,
        ),
        (
            EventStruct(TRANSFER_COMPLETE),
            EventStruct(f"M {transfer.method}", transfer.command_key),
        ),
        transfer,
    )


def content_of(transfer: Transfer, tree: Tree, log: Sequence[str]) -> bytes:
    """The file that an Upload asks for: the settings, or the log."""
    if "Log" in transfer.file_type:
        return "".join(f"{line}\n" for line in log).encode()
    settings = (name for name in tree.parameters("") if tree.node(name).writable)
    return "".join(f"{name}={tree.shown(name)}\n" for name in settings).encode()


def restore(tree: Tree, settings: dict[str, str]) -> None:
    """Takes over a configuration file: what is writable, and not hidden."""
    for name, value in settings.items():
        node = tree.find(name)
        if node is not None and node.writable and node.type != "object" and not node.is_hidden:
            tree.set(name, value)
