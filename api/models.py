"""What the models of bodies, queries and answers have in common, and how input becomes a model."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.fields import Integer
from api.words import NON_FIELD, NOT_AN_OBJECT, field_errors
from inventory.errors import Invalid
from inventory.query import Window

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Body(BaseModel):
    """A request's body. Unknown fields are refused; read-only ones are ignored, so that an answer
    can be put back."""

    model_config = ConfigDict(extra="forbid")
    read_only: ClassVar[frozenset[str]] = frozenset()

    def given(self) -> dict[str, Any]:
        """The fields that stood in the body; for PATCH."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Query(BaseModel):
    """A request's query parameters; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


class ListQuery(Query):
    """The parameters that every list has."""

    limit: Annotated[Integer, Field(ge=1, le=1000, description="Items of a page.")] = 100
    offset: Annotated[Integer, Field(ge=0, description="Items before the page.")] = 0

    @property
    def window(self) -> Window:
        return Window(self.limit, self.offset)


class Representation(BaseModel):
    """An object in an answer; every key is always there, null where unknown."""

    model_config = ConfigDict(from_attributes=True, ser_json_inf_nan="null")


class Listing(Representation, Generic[T]):
    """A page of a list."""

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


def body_of(model: type[M], data: Any) -> M:
    """The body as a model; raises Invalid with all field errors at once."""
    if not isinstance(data, dict):
        raise Invalid({NON_FIELD: [NOT_AN_OBJECT.format(kind=type(data).__name__)]})
    if issubclass(model, Body):
        unwritten = model.read_only - model.model_fields.keys()
        data = {name: value for name, value in data.items() if name not in unwritten}
    return _validated(model, data)


def query_of(model: type[M], parameters: Mapping[str, str]) -> M:
    """The query parameters as a model; raises Invalid under the names of all bad ones."""
    twice = {name: ["Given more than once."] for name in parameters if _count(parameters, name) > 1}
    if twice:
        raise Invalid(twice)
    return _validated(model, dict(parameters))


def _validated(model: type[M], data: dict[str, Any]) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Invalid(field_errors(error.errors(include_url=False))) from None


def _count(parameters: Mapping[str, str], name: str) -> int:
    getall = getattr(parameters, "getall", None)
    return len(getall(name)) if getall else 1
