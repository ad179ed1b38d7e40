"""API keys by API: made, read, changed and ended by keys that may (trustx-identity.md 10.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from engine.access.keys import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    MOST_PERMISSIONS,
    Minted,
    add_key,
    change_key,
    end_key,
)
from engine.records.access import ApiKey
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
from engine.web.api.frame.pages import BY_AGE, Number, Size, SpringPage, page_query, spring_page
from engine.web.api.frame.values import Answer, At, Moment, Sent, moment, moment_or_none
from engine.web.gate.door import Needs

KEYS: Final = "/api/arthr/apiKeys"

ORDERS: Final = {**BY_AGE, "name": "name"}
Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, examples=["shop"])]
Description = Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)]
Type = Literal["SESSION", "PERMANENT"]
Status = Literal["ACTIVE", "BLOCKED", "ARCHIVED"]
Permissions = Annotated[
    list[str],
    Meta(max_length=MOST_PERMISSIONS, examples=[["TNT#main#IdentityStore:listUsers"]]),
]


class KeyWords(Sent, kw_only=True, frozen=True):
    """Which page of the keys.

    Attributes:
        sort: By age or name; the oldest first without it.
    """

    page: Number = 0
    size: Size = 20
    sort: (
        Literal["createdDtm", "createdDtm,asc", "createdDtm,desc", "name", "name,asc", "name,desc"]
        | None
    ) = None


class NewApiKey(Sent, kw_only=True, frozen=True):
    """A key to be made. A SESSION key ends at `expiresDtm`, within a day; 8 hours without it."""

    name: Name
    permissions: Permissions
    description: Description = ""
    type: Type = "PERMANENT"
    expires_dtm: At | None = None


class ApiKeyChange(Sent, kw_only=True, frozen=True):
    """What is to be otherwise; what is not there stays as it is."""

    name: Name | None = None
    description: Description | None = None
    status: Status | None = None
    permissions: Permissions | None = None


class ApiKeyShown(Answer, kw_only=True, frozen=True):
    """A key, without its secret; `prefix` begins the hash that it is kept under."""

    id: str
    tenant_id: str
    name: str
    description: str
    type: Type
    status: Status
    permissions: list[str]
    prefix: str
    created_dtm: Moment
    created_by: str
    last_updated_dtm: Moment
    last_updated_by: str
    expires_dtm: Moment | None


class ApiKeyMade(ApiKeyShown, kw_only=True, frozen=True):
    """A new key with its secret, which is shown here and never again."""

    api_key: str


def _facts(tenant: str, key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "tenant_id": tenant,
        "name": key.name,
        "description": key.description,
        "type": key.type,
        "status": key.status,
        "permissions": list(key.permissions),
        "prefix": key.prefix,
        "created_dtm": moment(key.created_at),
        "created_by": key.created_by,
        "last_updated_dtm": moment(key.updated_at),
        "last_updated_by": key.updated_by,
        "expires_dtm": moment_or_none(key.expires_at),
    }


async def list_keys(call: Call[Nothing, KeyWords]) -> Answered | Stopped:
    """List keys."""
    words = call.query
    query = page_query(words.page, words.size, words.sort, orders=ORDERS)
    page = await call.offices.store.page(call.tenant, ApiKey, query)
    return Answered(
        body=spring_page(query, page, lambda key: ApiKeyShown(**_facts(call.tenant, key)))
    )


async def create_key(call: Call[NewApiKey, Nothing]) -> Answered | Stopped:
    """Make a key."""
    asked = call.body
    if await call.unit.find(ApiKey, "name", asked.name) is not None:
        return exists("name", "another key has this name already")
    made = await add_key(
        call.unit,
        call.actor,
        asked.name,
        permissions=asked.permissions,
        description=asked.description,
        type=asked.type,
        life=None if asked.expires_dtm is None else asked.expires_dtm - call.actor.at,
        giver=call.caller.key.permissions,
    )
    if not isinstance(made, Minted):
        return invalid(made)
    return Answered(body=ApiKeyMade(**_facts(call.tenant, made.key), api_key=made.secret))


async def read_key(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read a key."""
    key = await call.unit.get(ApiKey, call.path["apiKeyId"])
    return MISSING if key is None else Answered(body=ApiKeyShown(**_facts(call.tenant, key)))


async def update_key(call: Call[ApiKeyChange, Nothing]) -> Answered | Stopped:
    """Change a key."""
    key = await call.unit.get(ApiKey, call.path["apiKeyId"])
    if key is None:
        return MISSING
    asked = call.body
    if asked.name not in (None, key.name) and await _is_taken(call, str(asked.name)):
        return exists("name", "another key has this name already")
    changed = change_key(
        call.unit,
        call.actor,
        key,
        name=asked.name,
        description=asked.description,
        status=asked.status,
        permissions=asked.permissions,
        giver=call.caller.key.permissions,
    )
    if not isinstance(changed, ApiKey):
        return invalid(changed)
    return Answered(body=ApiKeyShown(**_facts(call.tenant, changed)))


async def _is_taken(call: Call[ApiKeyChange, Nothing], name: str) -> bool:
    return await call.unit.find(ApiKey, "name", name) is not None


async def delete_key(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """End a key for good. It stays readable as ARCHIVED: audit rows name it."""
    key = await call.unit.get(ApiKey, call.path["apiKeyId"])
    if key is None:
        return MISSING
    if key.status != "ARCHIVED":
        end_key(call.unit, call.actor, key)
    return Answered()


def _needs(operation: str) -> Needs:
    return Needs(service="ArthrServer", operation=operation)


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listApiKeys", method="GET", path=KEYS, needs=_needs("listTenantApiKeys"),
        summary="List API keys", answer=list_keys,
        body=Nothing, query=KeyWords, result=SpringPage[ApiKeyShown],
    ),
    Operation(
        name="createApiKey", method="POST", path=KEYS, needs=_needs("createTenantApiKey"),
        summary="Make an API key; its secret is shown once", answer=create_key, makes=True,
        example={"name": "till", "permissions": ["TNT#main#IdentityStore:listUsers"]},
        links={name: {"apiKeyId": "$response.body#/id"} for name in ("getApiKey", "deleteApiKey")},
        body=NewApiKey, query=Nothing, result=ApiKeyMade, status=201,
        others={409: "Another key has this name."},
    ),
    Operation(
        name="getApiKey", method="GET", path=f"{KEYS}/{{apiKeyId}}",
        needs=_needs("getFromTenant"), summary="Read an API key", answer=read_key,
        body=Nothing, query=Nothing, result=ApiKeyShown,
    ),
    Operation(
        name="updateApiKey", method="POST", path=f"{KEYS}/{{apiKeyId}}",
        needs=_needs("updateTenantApiKey"), summary="Change an API key", answer=update_key,
        example={"status": "BLOCKED"}, body=ApiKeyChange, query=Nothing, result=ApiKeyShown,
        others={409: "Another key has this name."},
    ),
    Operation(
        name="deleteApiKey", method="DELETE", path=f"{KEYS}/{{apiKeyId}}",
        needs=_needs("deleteFromTenant"), summary="End an API key for good", answer=delete_key,
        body=Nothing, query=Nothing, status=204,
    ),
)  # fmt: skip
