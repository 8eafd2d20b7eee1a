"""The OpenAPI 3.1 document, made of the declarations that also serve the requests.

What is written here by hand are the conventions that all endpoints share; everything else comes
from ``api.app.ROUTES``, the endpoints' declarations and their pydantic models.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from api.endpoints import Endpoint, Methods
from api.schemas import COMPONENT, Schema, Schemas

Routes = Mapping[str, Methods]

ROW_ID = {"type": "integer", "minimum": 0}
PARAMETER = re.compile(r"\{(\w+)\}")
ABOUT = """Device inventory and operations of a TR-069/CWMP auto configuration server.

**Conventions.** Every path also works without its trailing slash. A body of the one key `data`
that holds the JSON text or object is unwrapped. Read-only fields in a body are ignored, unknown
ones are refused. Times are RFC 3339 in UTC; a date, `2000-01-01 00:01:00` and offsets are
understood too. Lists take `limit` and `offset`. Every answer carries `X-Request-Id`. `HEAD` and
`OPTIONS` work on every path."""

JSON = "application/json"
BINARY = {"type": "string", "format": "binary"}
FIELD_ERRORS = {
    "type": "object",
    "description": "Every wrong field with its messages; nested as the body is.",
    "additionalProperties": True,
    "examples": [{"name": ["This field is required."]}],
}
PROBLEM = {
    "type": "object",
    "description": "Why the request was refused; conflicts name what stands in the way.",
    "properties": {"detail": {"type": "string", "description": "For people."}},
    "required": ["detail"],
    "additionalProperties": True,
}
REFUSALS: Mapping[int, tuple[str, str]] = {
    401: ("No token, or a wrong one.", "Invalid token."),
    403: (
        "The token may not do this, or names a foreign organization.",
        "You do not have permission to perform this action.",
    ),
    404: ("No such object in the token's scope.", "No organization 7."),
    406: ("The caller takes no JSON.", "Could not satisfy the request Accept header."),
    409: ("The present state does not allow it.", "Device router-1 is not active."),
    412: ("If-Match does not hold.", "The object has changed since it was read."),
    413: ("The body is too large.", "Request body is larger than 1048576 bytes."),
    415: ("The body is no JSON.", 'Unsupported media type "text/plain" in request.'),
    422: ("The Idempotency-Key was used for another request.", "Idempotency-Key 'k1' was used …"),
    429: ("Too many requests.", "Request was throttled. Expected available in 5 seconds."),
    500: ("Our mistake; the log has the request_id.", "A server error occurred."),
    503: ("The store cannot serve now.", "The store is not available."),
}
RETRIABLE = frozenset({409, 429, 503})
TAG = {"description": "The object's version.", "schema": {"type": "string"}}
IF_MATCH = ("If-Match", "Only if the object still has this ETag.")
IF_NONE_MATCH = ("If-None-Match", "304 if the object still has this ETag.")
ONCE = ("Idempotency-Key", "The answer is kept for 24 hours and told again to the same request.")


def document(routes: Routes, version: str) -> Schema:
    """The whole document; ``routes`` are whole paths with their endpoints by method."""
    operations = [
        _Operation(path, method, endpoint)
        for path, methods in routes.items()
        for method, endpoint in methods.items()
    ]
    schemas = Schemas((each.method, each.endpoint) for each in operations)
    paths: Schema = {path: {} for path in routes}
    for each in operations:
        paths[each.path][each.method.lower()] = each.described(schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CWMP ACS",
            "version": version,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(each.tag for each in operations)],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas.components | {"FieldErrors": FIELD_ERRORS, "Problem": PROBLEM},
            "responses": dict(_responses()),
        },
    }


@dataclass(frozen=True)
class _Operation:
    path: str
    method: str
    endpoint: Endpoint

    @property
    def tag(self) -> str:
        return self.path.removeprefix("/api/v1/").split("/")[0]

    @property
    def name(self) -> str:
        words = re.findall(r"\w+", self.path.removeprefix("/api/v1/"))
        return "_".join([*words, self.method.lower()])

    @property
    def is_on_one_object(self) -> bool:
        return "{" in self.path

    @property
    def refusals(self) -> list[int]:
        codes = {400, 401, 403, 406, 429, 500, 503, *self.endpoint.refuses}
        if self.is_on_one_object:
            codes.add(404)
            codes |= {412} if self.method in {"PUT", "PATCH", "DELETE"} else set()
        if self.endpoint.body is not None or self.endpoint.uploads is not None:
            codes |= {413, 415}
        if self.method == "POST":
            codes.add(422)
        return sorted(codes)

    def described(self, schemas: Schemas) -> Schema:
        told: Schema = {
            "operationId": self.name,
            "tags": [self.tag],
            "summary": self.endpoint.summary,
            "description": f"{self.endpoint.description}\n\nRole: {self.endpoint.role}.".strip(),
            "parameters": [
                *self._path_parameters(),
                *schemas.parameters(self.endpoint),
                *self._headers(),
            ],
            "responses": self._responses(schemas),
        }
        if self.endpoint.body is not None:
            content = {"application/json": {"schema": schemas.taken(self.endpoint.body)}}
            required = schemas.must_be_sent(self.endpoint.body)
            told["requestBody"] = {"required": required, "content": content}
        if self.endpoint.uploads is not None:
            told["requestBody"] = _upload(schemas.taken(self.endpoint.uploads))
        return told

    def _path_parameters(self) -> Iterator[Schema]:
        for name in PARAMETER.findall(self.path):
            is_number = self.endpoint.path[name] is int
            schema = ROW_ID if is_number else {"type": "string", "minLength": 1}
            yield {"name": name, "in": "path", "required": True, "schema": schema}

    def _headers(self) -> Iterator[Schema]:
        headers = []
        if self.method == "POST":
            headers = [ONCE]
        elif self.is_on_one_object:
            headers = [IF_NONE_MATCH if self.method == "GET" else IF_MATCH]
        for name, about in headers:
            yield {"name": name, "in": "header", "description": about, "schema": {"type": "string"}}

    def _responses(self, schemas: Schemas) -> Schema:
        status = self.endpoint.status
        good: Schema = {"description": HTTPStatus(status).phrase, "headers": _headers_of(status)}
        if self.endpoint.answers is not None:
            schema = schemas.answered(self.endpoint.answers)
            kind = "application/octet-stream" if self.endpoint.answers is bytes else JSON
            good["content"] = {kind: {"schema": schema}}
        refusals: Schema = {
            str(code): {"$ref": f"#/components/responses/{_response_name(code)}"}
            for code in self.refusals
        }
        if 422 in self.endpoint.refuses:
            refusals["422"] = {"$ref": "#/components/responses/WrongFields"}
        if self.endpoint.rehearses is not None:
            schema = schemas.answered(self.endpoint.rehearses)
            content = {JSON: {"schema": schema}}
            about = {"description": "What would be done.", "headers": _headers_of(200)}
            refusals["200"] = {**about, "content": content}
        if self.method == "GET" and self.is_on_one_object:
            good["headers"]["ETag"] = TAG
            refusals["304"] = {"description": "Unchanged since If-None-Match."}
        return {str(status): good} | refusals


def _upload(form: Schema) -> Schema:
    """A form with a file in it, or the bare file, whose fields are then in the query."""
    return {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": form},
            "application/octet-stream": {"schema": BINARY},
        },
    }


def _responses() -> Iterator[tuple[str, Schema]]:
    yield (
        _response_name(400),
        {
            "description": "A malformed body, or wrong fields or parameters, all of them.",
            "headers": _headers_of(400),
            "content": {
                "application/json": {"schema": {"$ref": COMPONENT.format(model="FieldErrors")}}
            },
        },
    )
    either = [{"$ref": COMPONENT.format(model=name)} for name in ("FieldErrors", "Problem")]
    yield (
        "WrongFields",
        {
            "description": f"Wrong fields. Or: {REFUSALS[422][0]}",
            "headers": _headers_of(422),
            "content": {"application/json": {"schema": {"anyOf": either}}},
        },
    )
    for code, (about, example) in REFUSALS.items():
        body: Schema = {"detail": example}
        if code == 500:
            body["request_id"] = "5f2b6c1e9a3d4f7081b2c3d4"
        content = {"schema": {"$ref": COMPONENT.format(model="Problem")}, "example": body}
        yield (
            _response_name(code),
            {
                "description": about,
                "headers": _headers_of(code),
                "content": {"application/json": content},
            },
        )


def _headers_of(status: int) -> Schema:
    text = {"type": "string"}
    headers: Schema = {"X-Request-Id": {"description": "Also in the audit.", "schema": text}}
    if status == 201:
        headers["Location"] = {"description": "The new object.", "schema": text}
    if status == 401:
        headers["WWW-Authenticate"] = {"description": "`Bearer`.", "schema": text}
    if status in RETRIABLE:
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}}
    return headers


def _response_name(code: int) -> str:
    return "".join(re.findall(r"[A-Za-z]", HTTPStatus(code).phrase.title()))
