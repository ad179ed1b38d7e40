"""RTAS clients by API: which application servers may publish, and which pages may listen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from engine.access.rtas_clients import (
    LONGEST_DESCRIPTION,
    MOST_ORIGINS,
    MintedClient,
    add_client,
    change_client,
    client_named,
    exchange_secret,
    remove_client,
)
from engine.records.realtime import RtasClient
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    Call,
    Nothing,
    Operation,
    Stopped,
    exists,
    invalid,
)
from engine.web.api.frame.pages import BY_NAME, NamedWords, SpringPage, page_query, spring_page
from engine.web.api.frame.values import Answer, Moment, Sent, moment
from engine.web.gate.door import Needs

CLIENTS: Final = "/api/rtas/clients"
CLIENT: Final = f"{CLIENTS}/{{clientId}}"

ClientId = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$",
        description="1 to 50 letters of ASCII, digits, -, _ and ., a letter or digit first.",
        examples=["bank-app"],
    ),
]
Description = Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)]
Origins = Annotated[
    list[Annotated[str, Meta(max_length=300)]],
    Meta(
        max_length=MOST_ORIGINS,
        description="Pages that may listen, as browsers name them; null admits web views.",
        examples=[["https://bank.example"]],
    ),
]
Status = Literal["ACTIVE", "BLOCKED"]


class NewClient(Sent, kw_only=True, frozen=True):
    """A client."""

    client_id: ClientId
    origins: Origins = []
    description: Description = ""


class ClientChange(Sent, kw_only=True, frozen=True):
    """What shall be otherwise; what is not sent, or null, stays."""

    origins: Origins | None = None
    description: Description | None = None
    status: Status | None = None


class ClientShown(Answer, kw_only=True, frozen=True):
    """A client; of its secret the first signs of the hash alone."""

    id: str
    client_id: str
    description: str
    status: Status
    origins: list[str]
    prefix: str
    created_dtm: Moment
    created_by: str
    updated_dtm: Moment
    updated_by: str


class ClientMade(ClientShown, kw_only=True, frozen=True):
    """A client and its secret (`rs_...`), which is shown here and never again."""

    client_secret: str


def _facts(client: RtasClient) -> dict[str, Any]:
    return {
        "id": client.id,
        "client_id": client.name,
        "description": client.description,
        "status": client.status,
        "origins": list(client.origins),
        "prefix": client.secrets[0].hash[:6],
        "created_dtm": moment(client.created_at),
        "created_by": client.created_by,
        "updated_dtm": moment(client.updated_at),
        "updated_by": client.updated_by,
    }


def _shown(client: RtasClient) -> ClientShown:
    return ClientShown(**_facts(client))


def _made(minted: MintedClient) -> Answered:
    return Answered(body=ClientMade(**_facts(minted.client), client_secret=minted.secret))


async def list_clients(call: Call[Nothing, NamedWords]) -> Answered | Stopped:
    """List the clients."""
    words = call.query
    query = page_query(words.page, words.size, words.sort, orders=BY_NAME)
    page = await call.offices.store.page(call.tenant, RtasClient, query)
    return Answered(body=spring_page(query, page, _shown))


async def create_client(call: Call[NewClient, Nothing]) -> Answered | Stopped:
    """Add a client."""
    asked = call.body
    if await call.unit.find(RtasClient, "name", asked.client_id) is not None:
        return exists("clientId", "a client of this id exists already; choose another")
    made = await add_client(
        call.unit, call.actor, asked.client_id,
        origins=asked.origins, description=asked.description,
    )  # fmt: skip
    return _made(made) if isinstance(made, MintedClient) else invalid(made)


async def read_client(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read one client."""
    found = await _client(call)
    return MISSING if found is None else Answered(body=_shown(found))


async def update_client(call: Call[ClientChange, Nothing]) -> Answered | Stopped:
    """Change one client."""
    found, asked = await _client(call), call.body
    if found is None:
        return MISSING
    changed = change_client(
        call.unit, call.actor, found,
        status=asked.status, origins=asked.origins, description=asked.description,
    )  # fmt: skip
    return invalid(changed) if isinstance(changed, tuple) else Answered(body=_shown(changed))


async def delete_client(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Remove one client."""
    found = await _client(call)
    if found is None:
        return MISSING
    remove_client(call.unit, call.actor, found)
    return Answered()


async def exchange(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Exchange a client's secret."""
    found = await _client(call)
    return MISSING if found is None else _made(exchange_secret(call.unit, call.actor, found))


async def _client(call: Call[Any, Any]) -> RtasClient | None:
    return await client_named(call.unit, call.path["clientId"])


def _needs(operation: str) -> Needs:
    return Needs(service="Rtas", operation=operation)


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listRtasClients", method="GET", path=CLIENTS, needs=_needs("listClients"),
        summary="List the application servers that may publish",
        answer=list_clients, body=Nothing, query=NamedWords, result=SpringPage[ClientShown],
    ),
    Operation(
        name="createRtasClient", method="POST", path=CLIENTS, needs=_needs("createClient"),
        summary="Add an application server", answer=create_client, makes=True,
        example={"clientId": "bank-app", "origins": ["https://bank.example"]},
        links={"getRtasClient": {"clientId": "$response.body#/clientId"}},
        others={409: "A client of this id exists already."},
        body=NewClient, query=Nothing, result=ClientMade, status=201,
    ),
    Operation(
        name="getRtasClient", method="GET", path=CLIENT, needs=_needs("getClient"),
        summary="Read one client", answer=read_client,
        body=Nothing, query=Nothing, result=ClientShown,
    ),
    Operation(
        name="updateRtasClient", method="POST", path=CLIENT, needs=_needs("updateClient"),
        summary="Change which pages may listen, or block a client", answer=update_client,
        description="A client that is BLOCKED is out at once, with the tokens of its users.",
        example={"origins": ["https://bank.example", "null"]},
        body=ClientChange, query=Nothing, result=ClientShown,
    ),
    Operation(
        name="deleteRtasClient", method="DELETE", path=CLIENT, needs=_needs("deleteClient"),
        summary="Remove a client", answer=delete_client, body=Nothing, query=Nothing, status=204,
    ),
    Operation(
        name="exchangeRtasClientSecret", method="POST", path=f"{CLIENT}/secret/exchange",
        needs=_needs("updateClient"), summary="Exchange a client's secret", answer=exchange,
        description="The one before opens for a day too; what it has bought ends then.", makes=True,
        body=Nothing, query=Nothing, result=ClientMade,
    ),
)  # fmt: skip
