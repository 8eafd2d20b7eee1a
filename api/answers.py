"""What a handler answers: values, turned into HTTP in one place (``api.serving``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from pydantic_core import to_json


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is bytes. ``body`` is anything that pydantic can write as JSON."""

    body: object | None = None
    status: int = HTTPStatus.OK
    tag: str | None = None
    """The object's entity tag, without quotes."""
    moves: bool = False
    """The body changes without its tag (when a device informs, say): no 304 for it."""
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wakes: Sequence[int] = ()
    """Ids of devices that have work now; told to the signals once the effect is durable."""
    replayed: object | None = None
    """Told instead of ``body`` when the answer is told again: for secrets that are told once."""

    @property
    def content(self) -> bytes:
        return encode(self.body)

    @property
    def all_headers(self) -> dict[str, str]:
        own = {"ETag": self.tag and f'"{self.tag}"', "Location": self.location}
        return {name: text for name, text in own.items() if text} | dict(self.headers)


def found(body: object, tag: str | None = None, *, moves: bool = False) -> Answer:
    return Answer(body, tag=tag, moves=moves)


def created(body: object, location: str, tag: str | None = None) -> Answer:
    return Answer(body, HTTPStatus.CREATED, tag, location=location)


def gone() -> Answer:
    """Nothing is left to tell: 204."""
    return Answer(status=HTTPStatus.NO_CONTENT)


def encode(body: object | None) -> bytes:
    """JSON of an answer's body; bytes are JSON already, None is no body."""
    if body is None:
        return b""
    return body if isinstance(body, bytes) else to_json(body, inf_nan_mode="null")
