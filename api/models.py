"""What the models of bodies, queries and answers have in common, and how input becomes a model."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args

from multidict import MultiMapping
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from api.fields import Integer
from api.words import NO_DATA, NON_FIELD, NOT_AN_OBJECT, UNKNOWN, field_errors
from inventory.errors import Invalid
from inventory.query import Window

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


READING = ConfigDict(
    extra="forbid", coerce_numbers_to_str=True, str_strip_whitespace=True, defer_build=True
)
"""Unknown fields are refused; text is read as the documented service reads it. Validators are made
at their first use: together they take 3 MB, and few of them are ever used in one process."""


def example(rules: Mapping[str, Any] | None = None, /, **fields: Any) -> ConfigDict:
    """A model's configuration: what somebody would really send, which the pages propose.

    ``rules`` are what its schema says besides: a class's own replace those of the class above.
    """
    return ConfigDict(json_schema_extra={**(rules or {}), "examples": [fields]})


class Body(BaseModel):
    """A request's body, or an object in it. Read-only fields are ignored, so that an answer can be
    put back."""

    model_config = READING
    read_only: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def unwritten(cls) -> frozenset[str]:
        """What may come back with the body, and is ignored."""
        return cls.read_only - cls.model_fields.keys()

    @model_validator(mode="before")
    @classmethod
    def _without_unwritten(cls, data: Any) -> Any:
        ignored = cls.unwritten()
        if not ignored or not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if name not in ignored}

    @classmethod
    def is_meant(cls, data: Mapping[str, Any]) -> bool:  # noqa: ARG003
        """Where a path takes bodies of several kinds: whether this data is one of this kind."""
        return True

    @classmethod
    def refusal(cls, fields: Mapping[str, Any], data: Mapping[str, Any]) -> Invalid:  # noqa: ARG003
        """What is raised for a body with these field errors, which was given as ``data``."""
        return Invalid(fields)

    def given(self) -> dict[str, Any]:
        """The fields that stood in the body; for PATCH."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Query(BaseModel):
    """A request's query parameters."""

    model_config = READING


class ListQuery(Query):
    """The parameters that every list has."""

    limit: Annotated[Integer, Field(ge=1, le=1000, description="Items of a page.")] = 100
    offset: Annotated[Integer, Field(ge=0, description="Items before the page.")] = 0

    @property
    def window(self) -> Window:
        return Window(self.limit, self.offset)


class Representation(BaseModel):
    """An object in an answer; every key is always there, null where unknown."""

    model_config = ConfigDict(from_attributes=True, ser_json_inf_nan="null", defer_build=True)


class Listing(Representation, Generic[T]):
    """A page of a list."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__}List"

    count: int = Field(description="Items of the whole list.", examples=[1])
    next: str | None = Field(description="URL of the next page, with every filter.")
    previous: str | None = Field(description="URL of the page before, with every filter.")
    results: list[T]


class Problem(Representation):
    """Why a request was refused."""

    detail: str


def names_of(model: type[BaseModel]) -> frozenset[str]:
    """A model's field names: what a body may carry back and is not written."""
    return frozenset(model.model_fields)


def kinds_of(body: Any) -> tuple[Any, ...]:
    """The models of a body's type: itself, or those of a union."""
    return get_args(body) or (body,)


def meant(body: Any, data: Any) -> type[BaseModel]:
    """Of a body's several kinds the first one that the data is of."""
    kinds = kinds_of(body)
    last: type[BaseModel] = kinds[-1]
    if len(kinds) == 1 or not isinstance(data, dict):
        return last
    return next((kind for kind in kinds if kind.is_meant(data)), last)


def body_of(model: type[M], data: Any) -> M:
    """The body as a model; raises Invalid with all field errors at once."""
    if data is None:
        raise Invalid({NON_FIELD: [NO_DATA]})
    if not isinstance(data, dict):
        raise Invalid({NON_FIELD: [NOT_AN_OBJECT.format(kind=type(data).__name__)]})
    try:
        return _validated(model, data)
    except Invalid as error:
        if not issubclass(model, Body):
            raise
        raise model.refusal(error.fields, data) from None


def query_of(model: type[M] | None, parameters: MultiMapping[str]) -> M | None:
    """The query parameters as a model; raises Invalid under the names of all bad ones."""
    twice = [name for name in set(parameters) if len(parameters.getall(name)) > 1]
    if twice:
        raise Invalid({name: ["Given more than once."] for name in twice})
    if model is not None:
        return _validated(model, dict(parameters))
    if parameters:
        raise Invalid({name: [UNKNOWN] for name in parameters})
    return None


def _validated(model: type[M], data: dict[str, Any]) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Invalid(field_errors(error.errors(include_url=False))) from None
