"""What an Inform carries besides its events: the parameters, and the headers of the version."""

from collections.abc import Iterator

from acs.cwmp.messages import Envelope, Inform, ParameterValueStruct
from acs.cwmp.values import is_partial, parse_boolean
from acs.cwmp.versions import parse_version
from simulator.tree import Tree

# The namespace in which each protocol version speaks; there is none for 1.3 and 1.4.
NAMESPACES = {
    "1.0": "urn:dslforum-org:cwmp-1-0",
    "1.1": "urn:dslforum-org:cwmp-1-1",
    "1.2": "urn:dslforum-org:cwmp-1-2",
    "1.3": "urn:dslforum-org:cwmp-1-2",
    "1.4": "urn:dslforum-org:cwmp-1-2",
}
SESSION_TIMEOUT_S = 60

# Forced Inform parameters below the root (data models, ``forcedInform``).
FORCED = (
    "DeviceSummary",
    "RootDataModelVersion",
    "DeviceInfo.SpecVersion",
    "DeviceInfo.HardwareVersion",
    "DeviceInfo.SoftwareVersion",
    "DeviceInfo.ProvisioningCode",
    "ManagementServer.ConnectionRequestURL",
    "ManagementServer.ParameterKey",
)
DEFAULT_CONNECTION = "Layer3Forwarding.DefaultConnectionService"
CHOSEN = "ManagementServer.InformParameter."


def parameters(tree: Tree) -> tuple[ParameterValueStruct, ...]:
    """The forced ones, those that the ACS chose, and what has changed."""
    names = dict.fromkeys([*_forced(tree), *_chosen(tree), *tree.changed])
    return tuple(
        ParameterValueStruct(name, tree.shown(name), tree.node(name).type)
        for name in names
        if name in tree and not is_partial(name)
    )


def _forced(tree: Tree) -> Iterator[str]:
    yield from (tree.root + name for name in FORCED)
    if connection := tree.get(DEFAULT_CONNECTION):
        yield f"{connection}.ExternalIPAddress"


def _chosen(tree: Tree) -> Iterator[str]:
    """What the ACS wants in every Inform (ManagementServer.InformParameter, TR-069 A6)."""
    if tree.root + CHOSEN not in tree:
        return
    for entry in tree.children(tree.root + CHOSEN):
        if parse_boolean(tree.value(f"{entry}Enable")):
            yield tree.value(f"{entry}ParameterName")


def opening(version: str) -> Envelope:
    """An Inform's envelope with the headers by which a CPE of this version is known."""
    spoken = parse_version(version) or (1, 0)
    return Envelope(
        Inform(),
        namespace=NAMESPACES[version],
        session_timeout_s=SESSION_TIMEOUT_S if spoken >= (1, 3) else None,
        supported_versions=tuple(reversed(NAMESPACES)) if spoken >= (1, 4) else (),
    )
