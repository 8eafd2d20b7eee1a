"""How every request to the API is served: one pipeline, the same for all endpoints.

Who asks -> which method -> may he -> how often -> what does he take and send -> the handler -> the
answer as HTTP. A new endpoint is a declaration (``api.endpoints``); it cannot step around this.
"""

import hmac
import re
from typing import Any

from aiohttp import hdrs, web

from api.answers import Answer
from api.auth import secret_of
from api.calls import Call
from api.endpoints import GLOBAL, Endpoint, Methods
from api.errors import Refused
from api.keys import CLOCK, GATE, OPTIONS, SIGNALS, STORE, THROTTLE
from api.models import body_of, meant, query_of
from api.reading import parse
from inventory import audit
from inventory.access import Caller, Role, only
from inventory.errors import Forbidden, Invalid, NotFound
from inventory.query import ANY_VERSION, Expected

ETAG = re.compile(r'(W/)?"([^"]*)"')
ROW_ID = re.compile(r"[0-9]{1,18}")
KEY = re.compile(r"[\x21-\x7e]{1,255}")
READING = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
JSON = frozenset({"", "application/json"})


class Resource:
    """The endpoints of one path, by method."""

    def __init__(self, path: str, methods: Methods) -> None:
        self.path, self.methods = path, methods
        known = {*methods, hdrs.METH_OPTIONS}
        self.allow = ", ".join(sorted(known | {"HEAD"} if "GET" in methods else known))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        now = round(request.app[CLOCK](), 6)  # what a time in an answer can tell
        caller = await request.app[GATE].caller(request, now)
        request.app[THROTTLE].admit(caller, now)
        if request.method == hdrs.METH_OPTIONS:
            return _json(Answer(self._options(), headers={"Allow": self.allow}))
        endpoint = self._endpoint(request.method)
        try:
            return await _answer(request, endpoint, caller, now)
        except Forbidden:
            await self._note_refusal(request, caller, now)
            raise

    def _endpoint(self, method: str) -> Endpoint:
        found = self.methods.get(hdrs.METH_GET if method == hdrs.METH_HEAD else method)
        if found is None:
            raise Refused(405, f'Method "{method}" not allowed.', Allow=self.allow)
        return found

    async def _note_refusal(self, request: web.Request, caller: Caller, now: float) -> None:
        """What somebody tried to change and may not stands in the audit, too."""
        if request.method in READING:
            return
        thing = self.path.removeprefix("/api/v1/").partition("/")[0]
        key = next(iter(request.match_info.values()), "")
        whose = only(caller.organizations)
        await request.app[STORE].write(
            audit.record, caller, request.method.lower(), thing, key, whose, "refused", None, now
        )

    def _options(self) -> dict[str, Any]:
        summaries = [endpoint.summary for endpoint in self.methods.values()]
        return {
            "name": self.path,
            "description": "; ".join(summaries),
            "renders": ["application/json"],
            "parses": ["application/json"],
        }


async def _answer(
    request: web.Request, endpoint: Endpoint, caller: Caller, now: float
) -> web.StreamResponse:
    _must_be_allowed(endpoint, caller)
    if endpoint.answers is not bytes:
        _must_take_json(request)
    _must_be_plain(request)
    call, arguments = await _read(request, endpoint, caller, now)
    answer = await endpoint.handler(call, **arguments)
    return _respond(request, answer) if isinstance(answer, Answer) else answer


def _must_be_allowed(endpoint: Endpoint, caller: Caller) -> None:
    caller.require(endpoint.role)
    if endpoint.touches is GLOBAL and endpoint.role is not Role.VIEWER:
        caller.require_unbound()


def _must_take_json(request: web.Request) -> None:
    """406 when the caller takes no JSON."""
    wanted = request.headers.get(hdrs.ACCEPT) or "*/*"
    for entry in wanted.split(","):
        kind, *parameters = (part.strip().lower() for part in entry.split(";"))
        refused = any(re.fullmatch(r"q\s*=\s*0(\.0*)?", part) for part in parameters)
        if kind in {"*/*", "application/*", "application/json"} and not refused:
            return
    raise Refused(406, "Could not satisfy the request Accept header.")


def _must_be_plain(request: web.Request) -> None:
    """415 for a body in a content coding: of one that is cut off, the rest would pass for whole."""
    coding = request.headers.get(hdrs.CONTENT_ENCODING, "identity").strip()
    if coding.lower() not in {"", "identity"}:
        detail = f'Unsupported content encoding "{coding}" in request.'
        raise Refused(415, detail, Accept_Encoding="identity")


async def _read(
    request: web.Request, endpoint: Endpoint, caller: Caller, now: float
) -> tuple[Call, dict[str, Any]]:
    arguments: dict[str, Any] = {
        name: _path_value(request.match_info[name], kind) for name, kind in endpoint.path.items()
    }
    query = query_of(endpoint.query, request.query)
    if query is not None:
        arguments["query"] = query
    raw = b""
    if endpoint.body is not None:
        raw = await _raw_body(request)
        data = parse(raw)
        arguments["body"] = body_of(meant(endpoint.body, data), data)
    key = _idempotency_key(request)
    digest = _request_digest(request, raw) if key else ""
    return Call(request, caller, now, _expected(request), key, digest), arguments


def _path_value(text: str, kind: type) -> str | int:
    # What no row can have is not looked for.
    if "\0" in text or (kind is int and not ROW_ID.fullmatch(text)):
        raise NotFound("object", text)
    return int(text) if kind is int else text


async def _raw_body(request: web.Request) -> bytes:
    limit = request.app[OPTIONS].max_body_bytes
    too_large = Refused(413, f"Request body is larger than {limit} bytes.")
    if (request.content_length or 0) > limit:
        raise too_large
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large from None
    charset = (request.charset or "utf-8").lower()
    sent = request.headers.get(hdrs.CONTENT_TYPE, "")
    media_type = sent.partition(";")[0].strip().lower()
    if raw and (media_type not in JSON or charset not in {"utf-8", "utf8"}):
        raise Refused(415, f'Unsupported media type "{sent}" in request.')
    return raw


def _expected(request: web.Request) -> Expected:
    header = request.headers.get(hdrs.IF_MATCH)
    if header is None:
        return ANY_VERSION
    if header.strip() == "*":
        return Expected(frozenset({"*"}))
    return Expected(frozenset(tag for weak, tag in ETAG.findall(header) if not weak))


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method != hdrs.METH_POST:
        return None
    if not KEY.fullmatch(key):
        raise Invalid({"Idempotency-Key": ["1 to 255 printable ASCII characters without blanks."]})
    return key


def _request_digest(request: web.Request, raw: bytes) -> str:
    # Keyed with the token's secret, which the store does not have: a body may hold passwords.
    secret = secret_of(request).encode("utf-8", "surrogateescape")
    path = request.rel_url.raw_path.rstrip("/")
    head = f"{path}?{request.rel_url.raw_query_string}\n"
    whole = head.encode("utf-8", "surrogateescape") + raw
    return hmac.new(secret, whole, "sha256").hexdigest()


def _respond(request: web.Request, answer: Answer) -> web.Response:
    for device_id in answer.wakes:
        request.app[SIGNALS].work(device_id)
    if request.method in READING and _is_known(request, answer):
        return web.Response(status=304, headers=answer.all_headers)
    return _json(answer)


def _is_known(request: web.Request, answer: Answer) -> bool:
    header = request.headers.get(hdrs.IF_NONE_MATCH)
    if answer.tag is None or answer.moves or header is None:
        return False
    return header.strip() == "*" or answer.tag in {tag for _, tag in ETAG.findall(header)}


def _json(answer: Answer) -> web.Response:
    headers = {"Cache-Control": "private, no-cache", **answer.all_headers}
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    return web.Response(
        status=answer.status,
        body=answer.content,
        headers=headers,
        content_type="application/json",
    )
