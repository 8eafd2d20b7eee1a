"""HTTP authentication between CPE and ACS, both sides, without I/O: Basic and Digest.

Digest is RFC 7616 (MD5, SHA-256 and their ``-sess`` forms, qop "auth"), RFC 2617 and, with a peer
that knows no qop, RFC 2069. We write strictly. We read liberally, and what is past reading becomes
an :class:`Authorization` that verifies nothing: no header makes this module raise.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal
from urllib.parse import unquote

Scheme = Literal["basic", "digest"]

# MD5 goes first, though RFC 7616 would have the strongest first: CPEs with an older libcurl take
# the first Digest challenge, ignore the others, and fail when they do not know its algorithm.
ALGORITHMS = ("MD5", "SHA-256")

_PREFERENCE = ("SHA-256", "MD5", "SHA-256-SESS", "MD5-SESS")

# A parameter, or else a bare word, which opens the next challenge. Commas are not needed: some
# CPEs leave them out.
_PARAMETER_OR_SCHEME = re.compile(
    r"""([A-Za-z][\w*-]*+) \s*+ = \s*+ (?: "((?:[^"\\]|\\.)*+)" | ([^\s,"]*+) )
      | ([A-Za-z][\w-]*+)""",
    re.VERBOSE | re.DOTALL,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]+")  # a folded header holds line breaks
_ESCAPED = re.compile(r'\\(["\\])')
_SCHEME_AND_AUTHORITY = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


# --- The server's side -----------------------------------------------------------------------


def challenge(
    scheme: Scheme,
    realm: str,
    nonce: str,
    *,
    algorithms: Sequence[str] = ALGORITHMS,
    qop: bool = True,
    stale: bool = False,
) -> list[str]:
    """Values for WWW-Authenticate headers, one header each; ``nonce`` matters to Digest alone.

    ``qop=False`` asks for the form of RFC 2069.
    """
    if scheme == "basic":
        return [f"Basic realm={_quoted(realm)}"]
    terms = f"Digest realm={_quoted(realm)}, nonce={_quoted(nonce)}"
    terms += ', qop="auth"' if qop else ""
    terms += ", stale=true" if stale else ""
    return [f"{terms}, algorithm={algorithm}" for algorithm in algorithms]


class Freshness(Enum):
    """What a nonce is to us now."""

    FRESH = "fresh"
    STALE = "stale"  # ours, but too old: the peer may try again with a new one
    FOREIGN = "foreign"  # not made with our key


class Nonces:
    """Nonces that carry their time and our signature.

    None is stored, so none is tied to a socket: a Fritz!Box answers on a new connection.
    """

    _STAMP_DIGITS = 12
    _SIGNATURE_DIGITS = 32

    def __init__(self, key: bytes, lifetime_s: float = 300) -> None:
        self._key = key
        self._lifetime_s = lifetime_s

    def new(self, now: float) -> str:
        stamp = f"{int(now * 1000):0{self._STAMP_DIGITS}x}"
        return stamp + self._signature(stamp)

    def check(self, nonce: str, now: float) -> Freshness:
        stamp, signature = nonce[: self._STAMP_DIGITS], nonce[self._STAMP_DIGITS :]
        if not _equal(signature, self._signature(stamp)):
            return Freshness.FOREIGN
        age_s = now - int(stamp, 16) / 1000
        return Freshness.FRESH if 0 <= age_s <= self._lifetime_s else Freshness.STALE

    def _signature(self, stamp: str) -> str:
        signature = hmac.digest(self._key, _octets(stamp), "sha256").hex()
        return signature[: self._SIGNATURE_DIGITS]


@dataclass(frozen=True, slots=True)
class Authorization:
    """Who a request claims to come from. As it stands here it was unreadable and proves nothing."""

    scheme: str = ""
    username: str = ""
    nonce: str = ""

    def verify(self, password: str) -> bool:  # noqa: ARG002
        """Does the sender know this password? Takes the same time however wrong it is."""
        return False


@dataclass(frozen=True, slots=True)
class BasicAuthorization(Authorization):
    password: str = field(default="", repr=False)

    def verify(self, password: str) -> bool:
        return _equal(self.password, password)


@dataclass(frozen=True, slots=True)
class DigestAuthorization(Authorization):
    """The terms of one Digest answer, named as in RFC 7616 section 3.4.

    The counter ``nc`` goes into the hash as the peer wrote it; it is not checked for being new, as
    many stacks always send 00000001.
    """

    realm: str = ""
    method: str = ""
    uri: str = ""
    algorithm: str = "MD5"
    qop: str = ""
    nc: str = ""
    cnonce: str = ""
    response: str = ""

    def verify(self, password: str) -> bool:
        return _equal(self.response, self.expected(password))

    def expected(self, password: str) -> str:
        """The response that these terms and this password make."""
        user = self._hash(self.username, self.realm, password)
        if self.algorithm.endswith("-SESS"):
            user = self._hash(user, self.nonce, self.cnonce)
        resource = self._hash(self.method, self.uri)
        if not self.qop:
            return self._hash(user, self.nonce, resource)
        return self._hash(user, self.nonce, self.nc, self.cnonce, self.qop, resource)

    def _hash(self, *parts: str) -> str:
        make = hashlib.sha256 if self.algorithm.startswith("SHA-256") else hashlib.md5
        return make(_octets(":".join(parts)), usedforsecurity=False).hexdigest()


def parse_authorization(header: str | None, method: str, uri: str) -> Authorization | None:
    """Reads an Authorization header of a request with this method and request target.

    ``None`` when there is no header.
    """
    if header is None:
        return None
    scheme, *credentials = header.split(None, 1) or [""]
    if scheme.lower() == "basic" and credentials:
        return _parse_basic(credentials[0])
    if scheme.lower() == "digest":
        return _parse_digest(header, method, uri)
    return Authorization()


def _parse_basic(credentials: str) -> Authorization:
    try:
        octets = b64decode(credentials.rstrip().rstrip("=") + "==")
    except ValueError:
        return Authorization("basic")
    username, colon, password = _text(octets).partition(":")
    return BasicAuthorization("basic", username, password=password) if colon else Authorization()


def _parse_digest(header: str, method: str, uri: str) -> Authorization:
    terms = next(_challenges(header), _Challenge("digest")).terms
    claim = DigestAuthorization(
        "digest",
        username=terms.get("username", ""),
        nonce=terms.get("nonce", ""),
        realm=terms.get("realm", ""),
        method=method,
        uri=terms.get("uri", ""),
        algorithm=_algorithm_used(terms),
        qop=terms.get("qop", ""),
        nc=terms.get("nc", ""),
        cnonce=terms.get("cnonce", ""),
        response=terms.get("response", "").lower(),
    )
    if not _may_be_same_resource(claim.uri, uri):
        return Authorization("digest", claim.username, claim.nonce)
    return claim


def _algorithm_used(terms: dict[str, str]) -> str:
    """By the length of the response: some stacks echo an algorithm and yet compute MD5."""
    algorithm = "SHA-256" if len(terms.get("response", "")) == 64 else "MD5"
    return algorithm + ("-SESS" if terms.get("algorithm", "").upper().endswith("-SESS") else "")


def _may_be_same_resource(claimed: str, requested: str) -> bool:
    """Compares without host and query; a proxy may have cut the path or put something before it.

    Clients that leave the URI empty have been seen too.
    """
    one, other = _bare_path(claimed), _bare_path(requested)
    return not claimed or one.endswith(other) or other.endswith(one)


def _bare_path(uri: str) -> str:
    path = re.split(r"[?#]", _SCHEME_AND_AUTHORITY.sub("", uri), maxsplit=1)[0]
    return ("/" + unquote(path, errors="replace").strip("/")).rstrip("/")


# --- The client's side -----------------------------------------------------------------------


def answer(
    www_authenticate: Sequence[str],
    method: str,
    uri: str,
    username: str,
    password: str,
    *,
    allow_basic: bool,
    cnonce: str | None = None,
    nc: int = 1,
) -> str | None:
    """The value of Authorization that answers these challenges; ``None`` if none is acceptable.

    Digest goes before Basic, SHA-256 before MD5. ``uri`` is the request target as sent.
    """
    challenges = [one for header in www_authenticate for one in _challenges(header)]
    digests = [one for one in challenges if one.is_acceptable_digest()]
    if digests:
        best = min(digests, key=lambda one: _PREFERENCE.index(one.algorithm))
        unsigned = DigestAuthorization(
            "digest",
            username=username,
            nonce=best.terms["nonce"],
            realm=best.terms.get("realm", ""),
            method=method,
            uri=uri,
            algorithm=best.algorithm,
            qop=best.qop,
            nc=f"{nc:08x}",
            cnonce=cnonce or secrets.token_hex(8),
        )
        return _write_digest(unsigned, unsigned.expected(password), best.terms)
    if allow_basic and any(one.scheme == "basic" for one in challenges):
        return "Basic " + b64encode(_octets(f"{username}:{password}")).decode()
    return None


@dataclass(frozen=True, slots=True)
class _Challenge:
    scheme: str
    terms: dict[str, str] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        return self.terms.get("algorithm", "MD5").upper()

    @property
    def qop(self) -> str:
        offered = [word.lower() for word in re.split(r"[\s,]+", self.terms.get("qop", ""))]
        return "auth" if "auth" in offered else "".join(offered)

    def is_acceptable_digest(self) -> bool:
        return (
            self.scheme == "digest"
            and "nonce" in self.terms
            and self.algorithm in _PREFERENCE
            and self.qop in ("auth", "")
        )


def _challenges(header: str) -> Iterator[_Challenge]:
    """The challenges of one header, also folded over lines and with parameters without commas."""
    current: _Challenge | None = None
    for match in _PARAMETER_OR_SCHEME.finditer(_UNPRINTABLE.sub(" ", header)):
        name, quoted, token, scheme = match.groups()
        if scheme:
            if current:
                yield current
            current = _Challenge(scheme.lower())
        elif current:
            value = token if quoted is None else _ESCAPED.sub(r"\1", quoted)
            current.terms.setdefault(name.lower(), value)
    if current:
        yield current


def _write_digest(mine: DigestAuthorization, response: str, asked: dict[str, str]) -> str:
    """qop, nc and cnonce go out only if asked for: older CPEs compute RFC 2069 (GenieACS #181)."""
    parts = [
        f"username={_quoted(mine.username)}",
        f"realm={_quoted(mine.realm)}",
        f"nonce={_quoted(mine.nonce)}",
        f"uri={_quoted(mine.uri)}",
        f'response="{response}"',
    ]
    if "algorithm" in asked:
        parts.append(f"algorithm={mine.algorithm.replace('-SESS', '-sess')}")
    if "opaque" in asked:
        parts.append(f"opaque={_quoted(asked['opaque'])}")
    if mine.qop:
        parts.append(f"qop={mine.qop}, nc={mine.nc}")
    if mine.qop or mine.algorithm.endswith("-SESS"):
        parts.append(f"cnonce={_quoted(mine.cnonce)}")
    return "Digest " + ", ".join(parts)


# --- Text and bytes --------------------------------------------------------------------------


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_UNPRINTABLE.sub(" ", escaped)}"'


def _octets(text: str) -> bytes:
    """The bytes that a header's text was read from, bytes that are no UTF-8 included."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(_octets(one), _octets(other))
