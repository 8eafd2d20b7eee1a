"""The OpenAPI 3.1 document, made of the declarations that also serve the requests.

What is written here by hand are the conventions that all endpoints share; everything else comes
from ``api.app.ROUTES``, the endpoints' declarations and their pydantic models.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from api.endpoints import Endpoint, Methods
from api.models import Body

Schema = dict[str, Any]
Routes = Mapping[str, Methods]

COMPONENT = "#/components/schemas/{model}"
PARAMETER = re.compile(r"\{(\w+)\}")
ABOUT = """Device inventory and operations of a TR-069/CWMP auto configuration server.

**Conventions.** Every path also works without its trailing slash. A body of the one key `data`
that holds the JSON text or object is unwrapped. Read-only fields in a body are ignored, unknown
ones are refused. Times are RFC 3339 in UTC; a date, `2000-01-01 00:01:00` and offsets are
understood too. Lists take `limit` and `offset`. Every answer carries `X-Request-Id`. `HEAD` and
`OPTIONS` work on every path."""

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
IF_MATCH = ("If-Match", "Only if the object still has this ETag.")
IF_NONE_MATCH = ("If-None-Match", "304 if the object still has this ETag.")
ONCE = ("Idempotency-Key", "The answer is kept for 24 hours and told again to the same request.")


def document(routes: Routes, version: str) -> Schema:
    """The whole document; ``routes`` are whole paths with their endpoints by method."""
    operations = [
        _Operation(path, *row) for path, methods in routes.items() for row in methods.items()
    ]
    schemas, components = _schemas(operations)
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation.described(
            schemas, components
        )
    for operation in operations:
        if operation.endpoint.query is not None:
            components.pop(operation.endpoint.query.__name__, None)
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
            "schemas": components | {"FieldErrors": FIELD_ERRORS, "Problem": PROBLEM},
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
        return "_".join(re.findall(r"\w+", self.path.removeprefix("/api/v1/"))) + (
            "_" + self.method.lower()
        )

    @property
    def is_on_one_object(self) -> bool:
        return "{" in self.path

    @property
    def refusals(self) -> list[int]:
        codes = {400, 401, 403, 406, 429, 500, 503, *self.endpoint.refuses}
        if self.is_on_one_object:
            codes.add(404)
            codes |= {412} if self.method in {"PUT", "PATCH", "DELETE"} else set()
        if self.endpoint.body is not None:
            codes |= {413, 415}
        if self.method == "POST":
            codes.add(422)
        return sorted(codes)

    def described(self, schemas: "_Schemas", components: dict[str, Schema]) -> Schema:
        told: Schema = {
            "operationId": self.name,
            "tags": [self.tag],
            "summary": self.endpoint.summary,
            "description": f"{self.endpoint.description}\n\nRole: {self.endpoint.role}.".strip(),
            "parameters": [
                *self._path_parameters(),
                *self._query_parameters(components),
                *self._headers(),
            ],
            "responses": self._responses(schemas),
        }
        if self.endpoint.body is not None:
            schema = schemas[self.endpoint.body, "validation"]
            told["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": schema}},
            }
        return told

    def _path_parameters(self) -> Iterator[Schema]:
        for name in PARAMETER.findall(self.path):
            kind = self.endpoint.path[name]
            schema: Schema = (
                {"type": "integer", "minimum": 0}
                if kind is int
                else {"type": "string", "minLength": 1}
            )
            yield {"name": name, "in": "path", "required": True, "schema": schema}

    def _query_parameters(self, components: dict[str, Schema]) -> Iterator[Schema]:
        if self.endpoint.query is None:
            return
        model = components[self.endpoint.query.__name__]
        for name, schema in model["properties"].items():
            described = _without_null(schema)
            yield {
                "name": name,
                "in": "query",
                "required": name in model.get("required", ()),
                "description": described.pop("description", ""),
                "schema": described,
            }

    def _headers(self) -> Iterator[Schema]:
        headers = []
        if self.method == "POST":
            headers = [ONCE]
        elif self.is_on_one_object:
            headers = [IF_NONE_MATCH if self.method == "GET" else IF_MATCH]
        for name, about in headers:
            yield {"name": name, "in": "header", "description": about, "schema": {"type": "string"}}

    def _responses(self, schemas: "_Schemas") -> Schema:
        status = self.endpoint.status
        good: Schema = {"description": HTTPStatus(status).phrase, "headers": _headers_of(status)}
        if self.endpoint.answers is not None:
            schema = schemas[self.endpoint.answers, "serialization"]
            good["content"] = {"application/json": {"schema": schema}}
        refusals = {
            str(code): {"$ref": f"#/components/responses/{_response_name(code)}"}
            for code in self.refusals
        }
        return {str(status): good} | refusals


class _Generator(GenerateJsonSchema):
    """Limits that stand outside a kind of field with its own reader keep pydantic's names."""

    NAMES: ClassVar = {
        "ge": "minimum",
        "le": "maximum",
        "gt": "exclusiveMinimum",
        "lt": "exclusiveMaximum",
    }

    def generate_inner(self, schema: Any) -> Schema:
        told = super().generate_inner(schema)
        return {self.NAMES.get(name, name): value for name, value in told.items()}


_Schemas = dict[tuple[Any, str], Schema]


def _schemas(operations: list[_Operation]) -> tuple[_Schemas, dict[str, Schema]]:
    """The schema of every model that is taken or answered, and the components they refer to."""
    wanted: dict[tuple[Any, str], TypeAdapter[Any]] = {}
    for operation in operations:
        endpoint = operation.endpoint
        for model, mode in (
            (endpoint.body, "validation"),
            (endpoint.query, "validation"),
            (endpoint.answers, "serialization"),
        ):
            if model is not None:
                wanted[model, mode] = TypeAdapter(model)
    inputs: Any = [(model, mode, adapter) for (model, mode), adapter in wanted.items()]
    found, rest = TypeAdapter.json_schemas(
        inputs, ref_template=COMPONENT, schema_generator=_Generator
    )
    components: dict[str, Schema] = rest.get("$defs", {})
    for operation in operations:
        _complete(operation, components)
    return {key: dict(schema) for key, schema in found.items()}, components


def _complete(operation: _Operation, components: dict[str, Schema]) -> None:
    """Says of a body what its model does not: that it may carry read-only fields, and that a
    PATCH has no defaults."""
    model = operation.endpoint.body
    if model is None or model.__name__ not in components or not issubclass(model, Body):
        return
    properties = components[model.__name__].setdefault("properties", {})
    if operation.method == "PATCH":
        for schema in properties.values():
            schema.pop("default", None)
    for name in sorted(model.read_only - model.model_fields.keys()):
        properties[name] = {"readOnly": True, "description": "Ignored: the server's own."}


def _without_null(schema: Schema) -> Schema:
    """A parameter that may be left out is left out; it is never null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "title"}}
    if rest.get("default", ...) is None:
        del rest["default"]
    return (
        options[0] | rest if len(options) == 1 else rest | ({"anyOf": options} if options else {})
    )


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
