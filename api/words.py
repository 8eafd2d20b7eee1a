"""The one table from pydantic's error types to the documented service's words and shapes.

The documented product is a Django REST Framework service, and its users' scripts match on that
framework's texts; they are quoted here, not improved.
"""

from collections.abc import Sequence
from typing import Any

from pydantic_core import ErrorDetails

INTEGER = "A valid integer is required."
NUMBER = "A valid number is required."
BOOLEAN = "Must be a valid boolean."
TEXT = "Not a valid string."
TIME = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
UNKNOWN = "Unknown field."
NO_DATA = "No data provided"
NOT_AN_OBJECT = "Invalid data. Expected a dictionary, but got {kind}."

WORDS = {
    "missing": "This field is required.",
    "extra_forbidden": UNKNOWN,
    "string_type": TEXT,
    "string_unicode": TEXT,
    "string_too_long": "Ensure this field has no more than {max_length} characters.",
    "string_too_short": "Ensure this field has at least {min_length} characters.",
    "string_pattern_mismatch": "This value does not match the required pattern.",
    "int_type": INTEGER,
    "int_parsing": INTEGER,
    "int_parsing_size": INTEGER,
    "int_from_float": INTEGER,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": NUMBER,
    "decimal_type": NUMBER,
    "decimal_parsing": NUMBER,
    "bool_type": BOOLEAN,
    "bool_parsing": BOOLEAN,
    "literal_error": '"{input}" is not a valid choice.',
    "enum": '"{input}" is not a valid choice.',
    "greater_than": "Ensure this value is greater than {gt}.",
    "greater_than_equal": "Ensure this value is greater than or equal to {ge}.",
    "less_than": "Ensure this value is less than {lt}.",
    "less_than_equal": "Ensure this value is less than or equal to {le}.",
    "list_type": 'Expected a list of items but got type "{kind}".',
    "tuple_type": 'Expected a list of items but got type "{kind}".',
    "dict_type": 'Expected a dictionary of items but got type "{kind}".',
    "model_type": NOT_AN_OBJECT,
    "model_attributes_type": NOT_AN_OBJECT,
    "too_short": "Ensure this field has at least {min_length} elements.",
    "too_long": "Ensure this field has no more than {max_length} elements.",
}
OF_A_NAME = frozenset({"missing", "extra_forbidden"})  # whatever the value is, null or not
OF_AN_OBJECT = frozenset({"model_type", "model_attributes_type"})
NON_FIELD = "non_field_errors"
BLANK = "This field may not be blank."
NULL = "This field may not be null."
NUL = "Null characters are not allowed."
MAX_ECHO = 200  # characters of a refused value that are told back


def field_errors(errors: Sequence[ErrorDetails]) -> Any:
    """All of a body's errors as the documented nested objects and lists."""
    tree: dict[Any, Any] = {}
    for error in errors:
        _place(tree, _location(error)).append(text(error))
    return {name: _shaped(branch) for name, branch in tree.items()}


def text(error: ErrorDetails) -> str:
    """The words for one error; a type that is not in the table brings its own."""
    kind, given = error["type"], error["input"]
    context = error.get("ctx", {})
    if given is None and kind not in OF_A_NAME:
        return NULL
    if kind == "string_too_short" and not given.strip():
        return BLANK
    if kind == "string_pattern_mismatch" and "\0" in str(given):  # a number was read as text
        return NUL
    if kind == "value_error":
        return str(context["error"])
    if kind not in WORDS:
        return error["msg"]
    facts = {name: _plain(fact) for name, fact in context.items()}
    return WORDS[kind].format(input=str(given)[:MAX_ECHO], kind=type(given).__name__, **facts)


def _plain(fact: Any) -> Any:
    """A whole limit of a fractional field is told as 60, not as 60.0."""
    return int(fact) if isinstance(fact, float) and fact.is_integer() else fact


def _place(tree: dict[Any, Any], location: tuple[int | str, ...]) -> list[str]:
    """The list of texts at a location; one that already holds texts itself takes those below."""
    for step in location[:-1]:
        below = tree.setdefault(step, {})
        if isinstance(below, list):
            return below
        tree = below
    texts: list[str] = tree.setdefault(location[-1], [])
    return texts if isinstance(texts, list) else tree[location[-1]].setdefault(NON_FIELD, [])


def _location(error: ErrorDetails) -> tuple[int | str, ...]:
    where = error["loc"]
    if not where:
        return (NON_FIELD,)
    is_null = error["input"] is None and isinstance(where[-1], str)  # told as of any other field
    return (*where, NON_FIELD) if error["type"] in OF_AN_OBJECT and not is_null else where


def _shaped(branch: Any) -> Any:
    """Errors in a list of objects are a list with ``{}`` for the good ones, as there."""
    if not isinstance(branch, dict):
        return branch
    shaped = {step: _shaped(child) for step, child in branch.items()}
    if all(isinstance(step, int) for step in shaped) and all(
        isinstance(child, dict) for child in shaped.values()
    ):
        return [shaped.get(at, {}) for at in range(max(shaped) + 1)]
    return shaped
