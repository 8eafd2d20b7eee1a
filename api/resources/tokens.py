"""``/api_token/``: who may use this API."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from api.answers import Answer, created, found, gone
from api.calls import Call
from api.endpoints import OWNED, endpoint
from api.fields import Id, Moment, Name, Time
from api.keys import GATE
from api.models import Body, Listing, ListQuery, Representation, example, names_of
from inventory import tokens
from inventory.access import Role, Token, new_secret

PATH = "/api/v1/api_token/"


class TokenAnswer(Representation):
    """An API token, without its secret."""

    id: int = Field(examples=[7])
    name: str = Field(examples=["billing"])
    role: Role
    organizations: list[int] = Field(description="Ids; empty: all organizations.", examples=[[2]])
    created: Moment
    created_by: str | None = Field(examples=["admin"])
    expires: Moment | None
    last_used: Moment | None = Field(description="To the minute.")
    revoked: Moment | None


class NewTokenAnswer(TokenAnswer):
    """A new API token. Its secret is told this once."""

    token: str | None = Field(
        description="The secret for `Authorization: Bearer`; null when the answer is replayed.",
        examples=["mB1rYd…"],
    )


class TokenBody(Body):
    """A token that may do no more than the caller's own."""

    model_config = example(name="billing", role="viewer", organizations=[1], expires="2038-01-01")
    read_only = names_of(NewTokenAnswer)

    name: Annotated[Name, Field(description="Unique.", examples=["billing"])]
    role: Role = Role.VIEWER
    organizations: Annotated[
        list[Id],
        Field(
            default_factory=list,
            max_length=1000,
            description="Ids; none: those that the caller is bound to.",
        ),
    ]
    expires: Time | None = None


@endpoint(Role.ADMIN, OWNED, "List the API tokens", answers=Listing[TokenAnswer])
async def browse(call: Call, query: ListQuery) -> Answer:
    """By id; a bound caller sees those that are bound to nothing outside his organizations."""
    page = await call.read(tokens.list_tokens, query.window)
    return call.listed(page, query.window, _representation)


@endpoint(Role.ADMIN, OWNED, "Read an API token", answers=TokenAnswer)
async def read(call: Call, id: int) -> Answer:
    token = await call.read(tokens.get, id)
    return found(_representation(token), token.tag, moves=True)


@endpoint(Role.ADMIN, OWNED, "Create an API token", answers=NewTokenAnswer, status=201)
async def create(call: Call, body: TokenBody) -> Answer:
    secret = new_secret()

    def render(token: Token) -> Answer:
        told = NewTokenAnswer(**dict(_representation(token)), token=secret)
        answer = created(told, f"{PATH}{token.id}/", token.tag)
        return replace(answer, replayed=told.model_copy(update={"token": None}))

    return await call.once(
        render,
        tokens.issue,
        body.name,
        body.role,
        body.organizations,
        body.expires,
        secret,
        call.now,
    )


@endpoint(Role.ADMIN, OWNED, "Revoke an API token", status=204)
async def revoke(call: Call, id: int) -> Answer:
    """It is refused from now on; its record stays."""
    await call.write(tokens.revoke, id, call.expected, call.now)
    call.request.app[GATE].forget(id)
    return gone()


def _representation(token: Token) -> TokenAnswer:
    return TokenAnswer(
        id=token.id,
        name=token.name,
        role=token.role,
        organizations=sorted(token.organizations or ()),
        created=token.created,
        created_by=token.created_by,
        expires=token.expires,
        last_used=token.last_used,
        revoked=token.revoked,
    )
