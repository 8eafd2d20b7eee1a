"""JSON Schemas of the models that are taken and answered, for the OpenAPI document.

pydantic makes them. Added here is what the models leave to the house: read-only fields that a body
may carry back, that a PATCH has no defaults, and that a field which is described once in the answer
means the same in the body and in a filter.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from api.endpoints import Endpoint
from api.models import Body, Listing, kinds_of

Schema = dict[str, Any]

COMPONENT = "#/components/schemas/{model}"
LISTING = re.compile(r"Listing\[(\w+)\]")
TOLD = ("description", "examples")
READ_ONLY = {"readOnly": True, "description": "Ignored: the server's own."}


class Schemas:
    """``components`` holds all models; ``taken`` and ``answered`` give a model's place there."""

    def __init__(self, rows: Iterable[tuple[str, Endpoint]]) -> None:
        """``rows`` are all endpoints with their methods."""
        endpoints = list(rows)
        self._found, self.components = _generated([one for _, one in endpoints])
        queries = {one.query.__name__ for _, one in endpoints if one.query}
        self._queries = {name: self.components.pop(name) for name in queries}
        for method, endpoint in endpoints:
            self._complete_body(method, endpoint)
            self._complete_form(endpoint)

    def taken(self, model: Any) -> Schema:
        return self._found[model, "validation"]

    def answered(self, model: Any) -> Schema:
        return self._found[model, "serialization"]

    def must_be_sent(self, body: Any) -> bool:
        """False where an empty body is a whole one."""
        return all(self.components[kind.__name__].get("required") for kind in kinds_of(body))

    def parameters(self, endpoint: Endpoint) -> Iterator[Schema]:
        """The query parameters of an endpoint."""
        if endpoint.query is None:
            return
        model = self._queries[endpoint.query.__name__]
        for name, schema in self._described(model["properties"], endpoint).items():
            plain = _as_text(_without_null(schema))
            yield {
                "name": name,
                "in": "query",
                "required": name in model.get("required", ()),
                "description": plain.pop("description", ""),
                "schema": plain,
            }

    def _complete_body(self, method: str, endpoint: Endpoint) -> None:
        for model in () if endpoint.body is None else kinds_of(endpoint.body):
            self._complete_kind(method, endpoint, model)

    def _complete_kind(self, method: str, endpoint: Endpoint, model: type[BaseModel]) -> None:
        component = self.components[model.__name__]
        properties = self._described(component.get("properties", {}), endpoint)
        if method == "PATCH":
            for schema in properties.values():
                schema.pop("default", None)
        component["properties"] = properties

    def _complete_form(self, endpoint: Endpoint) -> None:
        """A form is no answer that comes back: it tells nothing of what it would ignore."""
        if endpoint.uploads is not None:
            component = self.components[endpoint.uploads.__name__]
            fields: Schema = component["properties"]
            component["properties"] = {
                name: schema for name, schema in fields.items() if "readOnly" not in schema
            }

    def _described(self, properties: Schema, endpoint: Endpoint) -> Schema:
        """The same fields; those that tell nothing of themselves tell what the answer's do."""
        answered = self._answered_fields(endpoint.answers)
        return {
            name: schema if "readOnly" in schema else _borrowed(answered.get(name, {})) | schema
            for name, schema in properties.items()
        }

    def _answered_fields(self, answers: Any) -> Schema:
        model = next(_representations(answers), None)
        component = self.components.get(model.__name__, {}) if model else {}
        fields: Schema = component.get("properties", {})
        return fields


class _Generator(GenerateJsonSchema):
    """Limits that stand outside a kind of field with its own reader keep pydantic's names."""

    NAMES: ClassVar = {
        "ge": "minimum",
        "le": "maximum",
        "gt": "exclusiveMinimum",
        "lt": "exclusiveMaximum",
    }

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(LISTING.sub(r"\1List", name))

    def model_schema(self, schema: Any) -> Schema:
        """Of a body, and of an object within one, what may come back is told as well."""
        told, model = super().model_schema(schema), schema["cls"]
        if self.mode == "validation" and issubclass(model, Body):
            properties = told.setdefault("properties", {})
            properties.update((name, dict(READ_ONLY)) for name in sorted(model.unwritten()))
        return told

    def str_schema(self, schema: Any) -> Schema:
        """What is read as text may be a number, as ``api.models.READING`` has it."""
        told = super().str_schema(schema)
        return told | {"type": ["string", "number"]} if self.mode == "validation" else told

    def generate_inner(self, schema: Any) -> Schema:
        told = super().generate_inner(schema)
        return {self.NAMES.get(name, name): value for name, value in told.items()}


def _generated(endpoints: list[Endpoint]) -> tuple[dict[tuple[Any, Any], Schema], Schema]:
    """The schema of every model and mode, and the components that they refer to."""
    wanted = {
        (model, mode): TypeAdapter(model)
        for one in endpoints
        for model, mode in (
            (one.body, "validation"),
            (one.uploads, "validation"),
            (one.query, "validation"),
            (one.answers, "serialization"),
            (one.rehearses, "serialization"),
        )
        if model is not None
    }
    inputs: Any = [(model, mode, adapter) for (model, mode), adapter in wanted.items()]
    found, rest = TypeAdapter.json_schemas(
        inputs, ref_template=COMPONENT, schema_generator=_Generator
    )
    return dict(found), rest.get("$defs", {})


def _representations(answers: Any) -> Iterator[type[BaseModel]]:
    """The models of single objects that an answer is made of."""
    if isinstance(answers, type) and issubclass(answers, Listing):
        yield from answers.__pydantic_generic_metadata__["args"]
    elif isinstance(answers, type) and issubclass(answers, BaseModel):
        yield answers
    else:
        for part in get_args(answers):
            yield from _representations(part)


def _borrowed(schema: Schema) -> Schema:
    return {name: schema[name] for name in TOLD if name in schema}


def _as_text(schema: Schema) -> Schema:
    """In a URL everything is text: true and "true" are the same there."""
    if "enum" not in schema:
        return schema
    told = schema | {"type": "string", "enum": list(dict.fromkeys(map(_spelled, schema["enum"])))}
    if "default" in schema:
        told["default"] = _spelled(schema["default"])
    return told


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _without_null(schema: Schema) -> Schema:
    """A parameter that may be left out is left out; it is never null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "title"}}
    if rest.get("default", ...) is None:
        del rest["default"]
    if len(options) > 1:
        return rest | {"anyOf": options}
    return (options[0] if options else {}) | rest
