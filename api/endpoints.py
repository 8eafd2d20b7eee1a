"""The declaration of an endpoint: who may ask, what it touches, what it takes, answers and refuses.

A handler's parameters say what it takes: ``call`` first, then the names in its path, ``query`` (a
Query model) and ``body`` (a Body model), each optional. Nothing else reads a request, and nothing
but ``call`` reaches the store; it passes the caller to every unit, so none can forget the scope.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, get_type_hints

from aiohttp import web
from pydantic import BaseModel

from api.answers import Answer
from inventory.access import Role

Handler = Callable[..., Awaitable[Answer | web.StreamResponse]]


class Touches(Enum):
    """Whose things an endpoint reads or writes."""

    OWNED = "things of an organization: the caller's scope decides"
    GLOBAL = "things of the whole house: a caller bound to organizations only reads them"


OWNED, GLOBAL = Touches.OWNED, Touches.GLOBAL


@dataclass(frozen=True)
class Endpoint:
    """One method on one path."""

    handler: Handler
    role: Role
    touches: Touches
    summary: str
    answers: Any
    """The answer's type; None for no body, bytes for a file."""
    status: int
    refuses: Sequence[int]
    """Status codes besides those that every endpoint of its kind may give."""
    uploads: type[BaseModel] | None = None
    """A form with a file in it, which the handler streams itself (``api.uploads``)."""
    rehearses: Any = None
    """The type of the 200 that is answered where nothing is done but tried out."""

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The handler's parameters besides ``call``, with their types."""
        hints = get_type_hints(self.handler)
        hints.pop("return", None)
        hints.pop("call", None)
        return hints

    @cached_property
    def query(self) -> type[BaseModel] | None:
        return self.parameters.get("query")

    @cached_property
    def body(self) -> Any:
        """A model, or a union of models."""
        return self.parameters.get("body")

    @cached_property
    def path(self) -> dict[str, type]:
        """The names in the path, each ``str`` or ``int``."""
        return {
            name: kind for name, kind in self.parameters.items() if name not in {"query", "body"}
        }

    @property
    def description(self) -> str:
        return (self.handler.__doc__ or "").strip()


Methods = Mapping[str, Endpoint]
"""The endpoints of one path."""


def endpoint(
    role: Role,
    touches: Touches,
    summary: str,
    *,
    answers: Any = None,
    status: int = 200,
    refuses: Sequence[int] = (),
    uploads: type[BaseModel] | None = None,
    rehearses: Any = None,
) -> Callable[[Handler], Endpoint]:
    """Makes an endpoint of a handler."""
    return lambda handler: Endpoint(
        handler, role, touches, summary, answers, status, refuses, uploads, rehearses
    )
