"""The API's description: complete, valid, and true to what is served."""

import pytest

from api import openapi
from api.app import ROUTES
from api.models import body_of, kinds_of

DOCUMENT = openapi.document(ROUTES, "1.2.3")
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


async def test_the_document_is_served_without_a_token_as_it_is_made(make_api):
    api = await make_api(version="1.2.3")
    async with api.client.get("/api/v1/openapi.json") as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        assert await answer.json() == DOCUMENT


def test_every_route_is_described():
    assert {(path, method.upper()) for path, method, _ in OPERATIONS} == {
        (path, method) for path, methods in ROUTES.items() for method in methods
    }


def test_every_operation_is_complete():
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    for path, method, operation in OPERATIONS:
        where = f"{method} {path}"
        endpoint = ROUTES[path][method.upper()]
        assert operation["summary"], where
        assert {"400", "401", "403", "500"} <= operation["responses"].keys(), where
        takes = endpoint.body is not None or endpoint.uploads is not None
        assert ("requestBody" in operation) == takes, where
        good = operation["responses"][str(endpoint.status)]
        assert ("content" in good) == (endpoint.status != 204), where


def test_every_query_parameter_tells_what_it_means():
    silent = [
        (path, parameter["name"])
        for path, _, operation in OPERATIONS
        for parameter in operation["parameters"]
        if parameter["in"] == "query"
        and parameter["name"] != "description"
        and not _tells(parameter | parameter["schema"])
    ]
    assert silent == []


def test_every_field_tells_what_it_means_by_description_example_or_type():
    silent = [
        (model, name)
        for model, schema in DOCUMENT["components"]["schemas"].items()
        for name, field in schema.get("properties", {}).items()
        if name != "description" and not _tells(field)
    ]
    assert silent == []


def _tells(field):
    """Free text needs a word or an example; a number, choice, time or object speaks for itself."""
    if field.get("description") or "examples" in field or "$ref" in field or "format" in field:
        return True
    options = field.get("anyOf")
    if options:
        return any(_tells(option) for option in options if option != {"type": "null"})
    return field.get("type") in ("boolean", "array", "object") or "enum" in field


def test_every_reference_leads_somewhere():
    def references(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for child in node.values():
                yield from references(child)
        elif isinstance(node, list):
            for child in node:
                yield from references(child)

    for reference in set(references(DOCUMENT)):
        place = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place, reference


@pytest.mark.parametrize("model", sorted(DOCUMENT["components"]["schemas"]))
def test_limits_are_told_in_the_words_of_json_schema(model):
    known = {"ge", "le", "gt", "lt", "max_length", "min_length"}
    for field in DOCUMENT["components"]["schemas"][model].get("properties", {}).values():
        for schema in (field, *field.get("anyOf", ())):
            assert not known & schema.keys()


def test_a_patch_has_no_defaults_and_read_only_fields_are_marked():
    schemas = DOCUMENT["components"]["schemas"]
    assert "default" not in schemas["OrganizationPatch"]["properties"]["name"]
    assert schemas["OrganizationBody"]["properties"]["created"]["readOnly"] is True
    assert schemas["OrganizationBody"]["required"] == ["name"]
    assert schemas["OwnSetting"]["properties"]["parent"]["readOnly"] is True
    assert schemas["OrganizationAnswerList"]["properties"]["count"]["type"] == "integer"


def test_a_parameter_that_may_be_left_out_is_not_null():
    parameters = DOCUMENT["paths"]["/api/v1/audit/"]["get"]["parameters"]
    told = {parameter["name"]: parameter for parameter in parameters}
    assert told["organization"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 2**63 - 1,
    }
    assert told["time_from"]["schema"] == {"type": "string", "format": "date-time"}


def test_what_the_pages_propose_to_send_is_understood():
    """Of each body that has an example of its own."""
    bodies = {
        kind
        for methods in ROUTES.values()
        for endpoint in methods.values()
        if endpoint.body is not None
        for kind in kinds_of(endpoint.body)
    }
    examples = [
        (kind, example)
        for kind in bodies
        for example in DOCUMENT["components"]["schemas"][kind.__name__].get("examples", ())
    ]
    assert len(examples) > 10
    for kind, example in examples:
        body_of(kind, example)
