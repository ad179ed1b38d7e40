"""Process tokens by API: made, listed, read, ended (trustx-identity.md 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from msgspec import Meta
from msgspec.structs import replace

from engine.model.names import JsonValue
from engine.model.problem import FieldProblem, wrong
from engine.records.tokens import ProcessToken
from engine.run.entry.tokens import MOST_USES, USUAL_LIFE, Minted, TokenRequest, set_status
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    B,
    Call,
    Nothing,
    Operation,
    Q,
    Stopped,
    exists,
    invalid,
)
from engine.web.api.frame.pages import (
    BY_AGE,
    Number,
    Size,
    SpringPage,
    page_query,
    spring_page,
)
from engine.web.api.frame.values import (
    Answer,
    At,
    Length,
    Moment,
    Sent,
    length_or_none,
    moment,
    moment_or_none,
)
from engine.web.api.process_manager.service import PROCESS_MANAGER, needs
from engine.web.api.process_manager.versions import ProcessName
from engine.web.links import LANDING_PATH, TokenLink

TOKENS: Final = f"{PROCESS_MANAGER}/processTokens"
TOKEN: Final = f"{TOKENS}/{{processTokenId}}"
ORDERS: Final = {**BY_AGE, "name": "name"}

Name = Annotated[str, Meta(min_length=1, max_length=50, examples=["newsletter"])]
Description = Annotated[str, Meta(max_length=2000)]
Status = Literal["ACTIVE", "INACTIVE"]
Type = Literal["UNLIMITED", "MULTI_USE_COUNT_LIMITED", "MULTI_USE_TIME_LIMITED"]
Uses = Annotated[int, Meta(ge=1, le=MOST_USES)]
Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Parameters = Annotated[
    dict[str, JsonValue], Meta(max_length=100, examples=[{"userExternalId": "ines.carvalho"}])
]
Sort = Literal["createdDtm", "createdDtm,asc", "createdDtm,desc", "name", "name,asc", "name,desc"]


class NewToken(Sent, kw_only=True, frozen=True):
    """A token to be made.

    Without a type it is count limited, for one use within 24 hours. `notAfterDtm` ends it;
    UNLIMITED has no end unless one is said, MULTI_USE_TIME_LIMITED needs one. Parameters are
    checked against the definition. `uiUrl` can only be ours.
    """

    name: Name
    process_defn_name: ProcessName
    process_defn_version: Version | None = None
    description: Description = ""
    ui_url: Annotated[str, Meta(max_length=500)] = ""
    status: Status = "ACTIVE"
    type: Type = "MULTI_USE_COUNT_LIMITED"
    max_count: Uses | None = None
    not_before_dtm: At | None = None
    not_after_dtm: At | None = None
    max_process_duration: timedelta | None = None
    parameters: Parameters = {}


class TokenChange(Sent, kw_only=True, frozen=True):
    """Whether it starts anything."""

    status: Status


class TokenWords(Sent, kw_only=True, frozen=True):
    """Which tokens.

    Attributes:
        sort: By age or name; the oldest first without it.
        process_defn_name: Those of one process.
        search: How the name begins, to the letter.
    """

    page: Number = 0
    size: Size = 20
    sort: Sort | None = None
    process_defn_name: ProcessName | None = None
    search: Name | None = None


class TokenShown(Answer, kw_only=True, frozen=True):
    """A token, without its secret; `prefix` begins the hash that it is kept under."""

    id: str
    tenant_id: str
    name: str
    description: str
    process_defn_name: str
    process_defn_version: int | None
    ui_url: str
    status: Status
    type: Type
    counter: int
    max_count: int | None
    not_before_dtm: Moment | None
    not_after_dtm: Moment | None
    max_process_duration: Length | None
    parameters: dict[str, JsonValue]
    for_test: bool
    start_process_address: str
    prefix: str
    created_dtm: Moment
    created_by: str
    last_updated_dtm: Moment
    last_updated_by: str


class TokenMade(TokenShown, kw_only=True, frozen=True):
    """A new token with its secret and the link for a person, shown here and never again."""

    secret: str
    link: str


def _facts(call: Call[B, Q], token: ProcessToken) -> dict[str, Any]:
    origin = call.ask.web.config.origin
    address = f"{origin}{PROCESS_MANAGER}/processInstances?tn={call.tenant}&pt={token.id}"
    return {
        "id": token.id,
        "tenant_id": call.tenant,
        "name": token.name,
        "description": token.description,
        "process_defn_name": token.process,
        "process_defn_version": token.process_version,
        "ui_url": f"{origin}{LANDING_PATH}",
        "status": token.status,
        "type": token.type,
        "counter": token.counter,
        "max_count": token.max_count,
        "not_before_dtm": moment_or_none(token.not_before),
        "not_after_dtm": moment_or_none(token.not_after),
        "max_process_duration": length_or_none(token.max_process_duration),
        "parameters": token.parameters,
        "for_test": False,
        "start_process_address": address,
        "prefix": token.prefix,
        "created_dtm": moment(token.created_at),
        "created_by": token.created_by,
        "last_updated_dtm": moment(token.updated_at or token.created_at),
        "last_updated_by": token.updated_by or token.created_by,
    }


async def list_tokens(call: Call[Nothing, TokenWords]) -> Answered | Stopped:
    """List or search tokens."""
    words = call.query
    query = page_query(
        words.page, words.size, words.sort, orders=ORDERS,
        by=None if words.process_defn_name is None else ("process", words.process_defn_name),
        begins=None if words.search is None else ("name", words.search),
    )  # fmt: skip
    page = await call.offices.store.page(call.tenant, ProcessToken, query)
    return Answered(body=spring_page(query, page, lambda token: TokenShown(**_facts(call, token))))


async def create_token(call: Call[NewToken, Nothing]) -> Answered | Stopped:
    """Make a token."""
    asked = call.body
    if await call.unit.find(ProcessToken, "name", asked.name) is not None:
        return exists("name", "another token has this name already")
    problems = _problems(asked, f"{call.ask.web.config.origin}{LANDING_PATH}")
    if problems:
        return invalid(problems)
    made = await call.offices.tokens.stage(call.unit, _request(call), by=call.actor)
    if not isinstance(made, Minted):
        return _told(made, asked)
    link = TokenLink(secret=made.secret).address_at(call.ask.web.config.origin)
    return Answered(body=TokenMade(**_facts(call, made.token), secret=made.secret, link=link))


def _problems(asked: NewToken, ours: str) -> tuple[FieldProblem, ...]:
    found = []
    if asked.ui_url.rstrip("/") not in ("", ours):
        found.append(wrong("uiUrl", f"only our own pages run a journey: {ours}"))
    if asked.type == "MULTI_USE_TIME_LIMITED" and asked.not_after_dtm is None:
        found.append(wrong("notAfterDtm", "a time limited token needs an end"))
    if asked.type != "MULTI_USE_COUNT_LIMITED" and asked.max_count is not None:
        found.append(wrong("maxCount", "only a count limited token counts its uses"))
    return tuple(found)


def _request(call: Call[NewToken, Nothing]) -> TokenRequest:
    asked = call.body
    begins = asked.not_before_dtm or call.actor.at
    life = None if asked.type == "UNLIMITED" else USUAL_LIFE
    return TokenRequest(
        name=asked.name,
        process=asked.process_defn_name,
        process_version=asked.process_defn_version,
        description=asked.description,
        status=asked.status,
        type=asked.type,
        max_count=asked.max_count or 1,
        life=life if asked.not_after_dtm is None else asked.not_after_dtm - begins,
        not_before=asked.not_before_dtm,
        max_process_duration=asked.max_process_duration,
        parameters=dict(asked.parameters),
    )


def _told(problems: Sequence[FieldProblem], asked: NewToken) -> Stopped:
    """Tell mistakes by the names that the API has: what is no field of a token is a parameter's."""
    own = {"process": "processDefnName"}
    known = {"name", "description", "maxCount", "notAfterDtm", "maxProcessDuration"}
    return invalid(
        tuple(
            replace(
                one,
                field=own.get(one.field)
                or (one.field if one.field in known else f"parameters.{one.field}"),
            )
            for one in problems
        )
    )


async def read_token(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read a token."""
    token = await _token_of(call)
    return MISSING if token is None else Answered(body=TokenShown(**_facts(call, token)))


async def update_token(call: Call[TokenChange, Nothing]) -> Answered | Stopped:
    """Let a token start journeys, or end that."""
    return await _put(call, call.body.status)


async def activate_token(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Let a token start journeys."""
    return await _put(call, "ACTIVE")


async def deactivate_token(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """End that a token starts journeys."""
    return await _put(call, "INACTIVE")


async def _put(call: Call[B, Q], status: Status) -> Answered | Stopped:
    token = await _token_of(call)
    if token is None:
        return MISSING
    changed = set_status(call.unit, token, status, by=call.actor)
    return Answered(body=TokenShown(**_facts(call, changed)))


async def _token_of(call: Call[B, Q]) -> ProcessToken | None:
    return await call.unit.get(ProcessToken, call.path["processTokenId"])


_ID: Final = "$response.body#/id"
OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listProcessTokens", method="GET", path=TOKENS, needs=needs("listProcessTokens"),
        summary="List or search process tokens", answer=list_tokens,
        body=Nothing, query=TokenWords, result=SpringPage[TokenShown],
    ),
    Operation(
        name="createProcessToken", method="POST", path=TOKENS,
        needs=needs("createProcessToken"),
        summary="Make a process token; its secret is shown once", answer=create_token,
        makes=True,
        example={"name": "newsletter", "processDefnName": "book-a-visit", "maxCount": 50},
        links={"getProcessToken": {"processTokenId": _ID}, "createProcessInstance": {"pt": _ID}},
        body=NewToken, query=Nothing, result=TokenMade, status=201,
        others={409: "Another token has this name."},
    ),
    Operation(
        name="getProcessToken", method="GET", path=TOKEN, needs=needs("getProcessToken"),
        summary="Read a process token", answer=read_token,
        body=Nothing, query=Nothing, result=TokenShown,
    ),
    Operation(
        name="updateProcessToken", method="POST", path=TOKEN,
        needs=needs("updateProcessToken"), answer=update_token,
        summary="Let a process token start journeys, or end that",
        example={"status": "INACTIVE"}, body=TokenChange, query=Nothing, result=TokenShown,
    ),
    Operation(
        name="activateProcessToken", method="POST", path=f"{TOKEN}/status/ACTIVE",
        needs=needs("updateProcessToken"), answer=activate_token,
        summary="Let a process token start journeys",
        body=Nothing, query=Nothing, result=TokenShown,
    ),
    Operation(
        name="deactivateProcessToken", method="POST", path=f"{TOKEN}/status/INACTIVE",
        needs=needs("updateProcessToken"), answer=deactivate_token,
        summary="End that a process token starts journeys",
        body=Nothing, query=Nothing, result=TokenShown,
    ),
)  # fmt: skip
