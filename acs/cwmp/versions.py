"""Which CWMP version is spoken (TR-069 3.7.2.1; A6 3.7.4).

The namespace names 1.0 to 1.2 only: 1.3 and 1.4 officially live in ``cwmp-1-2`` and are told by
headers, yet stacks send ``cwmp-1-3`` and ``cwmp-1-4`` (Inteno icwmp). An answer uses exactly the
namespace that the session's Inform used, and ``UseCWMPVersion`` goes only to a CPE that listed
its versions: to an older one it is an unknown header with ``mustUnderstand``, hence a fault.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from acs.cwmp.faults import RemoteProtocolError
from acs.cwmp.messages import (
    AcsRequest,
    CancelTransfer,
    ChangeDUState,
    Envelope,
    GetAllQueuedTransfers,
    InformResponse,
    Message,
    ScheduleDownload,
)

Version = tuple[int, int]

SUPPORTED: tuple[Version, ...] = ((1, 0), (1, 1), (1, 2), (1, 3), (1, 4))
DEFAULT_NAMESPACE = "urn:dslforum-org:cwmp-1-0"  # by far the commonest
VERSION_INCOMPATIBLE = 8006
SINCE: Mapping[type[AcsRequest], Version] = {
    GetAllQueuedTransfers: (1, 1),
    ScheduleDownload: (1, 2),
    CancelTransfer: (1, 2),
    ChangeDUState: (1, 2),
}
"""The methods of CPEs that the first version did not have: an older namespace cannot hold them."""
NAMESPACES = frozenset(f"urn:dslforum-org:cwmp-{one}-{minor}" for one, minor in SUPPORTED)

_NAMESPACE = re.compile(r"urn:dslforum-org:cwmp-1-(\d{1,3})")
_VERSION = re.compile(r"\s*(\d{1,3})\.(\d{1,3})\s*", re.ASCII)


def namespace_in(text: str) -> str | None:
    """The CWMP namespace inside a namespace as written, or ``None`` when it is another one."""
    found = _NAMESPACE.search(text)
    return found.group() if found else None


def is_namespace(text: str) -> bool:
    """True for ``urn:dslforum-org:cwmp-1-N``, the N being anything."""
    return _NAMESPACE.fullmatch(text) is not None


def namespace_version(namespace: str) -> Version | None:
    """``urn:dslforum-org:cwmp-1-2`` is (1, 2); ``None`` for another namespace."""
    found = _NAMESPACE.fullmatch(namespace)
    return (1, int(found.group(1))) if found else None


def has_method(namespace: str, request: AcsRequest) -> bool:
    """Whether a call may be made in this namespace."""
    return (namespace_version(namespace) or (1, 0)) >= SINCE.get(type(request), (1, 0))


def parse_version(text: str) -> Version | None:
    """``"1.4"`` is (1, 4); ``None`` for what is no version."""
    found = _VERSION.fullmatch(text)
    return (int(found.group(1)), int(found.group(2))) if found else None


def highest_common(offered: tuple[str, ...]) -> Version | None:
    """The highest of ``offered`` that we speak; an entry that is no version is passed over."""
    return max((v for v in map(parse_version, offered) if v in SUPPORTED), default=None)


def cpe_version(inform: Envelope) -> Version:
    """What the CPE speaks, as far as its Inform shows it."""
    has_timeout = bool(inform.session_timeout_s)
    return _shown_version(inform.namespace, inform.supported_versions, has_timeout)


@lru_cache(maxsize=16)
def _shown_version(namespace: str, supported: tuple[str, ...], has_timeout: bool) -> Version:
    listed = [v for v in map(parse_version, supported) if v]
    if listed:
        return max(listed)
    named = namespace_version(namespace) or (1, 0)
    return max(named, (1, 3)) if named >= (1, 2) and has_timeout else named


def reply_headers(inform: Envelope) -> str | None:
    """``use_version`` for the InformResponse: ``None`` to a CPE that listed no versions.

    Raises RemoteProtocolError (8006) when it listed versions and we speak none of them.
    """
    if not inform.supported_versions:
        return None
    version = highest_common(inform.supported_versions)
    if version is None:
        raise RemoteProtocolError(
            f"no CWMP version in common with {', '.join(inform.supported_versions)}",
            VERSION_INCOMPATIBLE,
        )
    return f"{version[0]}.{version[1]}"


def reply(request: Envelope, body: Message) -> Envelope:
    """The envelope that answers ``request``: its ID, its namespace, and its version if due."""
    use_version = reply_headers(request) if isinstance(body, InformResponse) else None
    return Envelope(body, id=request.id, namespace=request.namespace, use_version=use_version)
