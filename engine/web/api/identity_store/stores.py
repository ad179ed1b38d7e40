"""Identity stores by API: made with their policy `default`, changed, removed once empty."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from engine.identity.stores import LANGUAGE, add_store, change_store, remove_store
from engine.ports.paging import every
from engine.ports.store import PageQuery
from engine.records.identity import IdentityStore, PasscodePolicy, User
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
from engine.web.api.frame.values import Answer, Length, Moment, Sent, given, length_or_none, moment
from engine.web.api.identity_store.paths import STORE, STORES, needs, store_of

StoreName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$",
        description="1 to 50 letters of ASCII, digits, - and _, beginning with a letter or digit.",
        examples=["customers"],
    ),
]
Locale = Annotated[
    str,
    Meta(
        pattern=f"^{LANGUAGE.pattern}$",
        max_length=35,
        description="A language tag of 35 characters at most, such as en or pt-PT.",
        examples=["en", "pt-PT"],
    ),
]
TimeZone = Annotated[
    str,
    Meta(
        max_length=64,
        description="Of the IANA database.",
        examples=["Europe/Lisbon"],
        extra_json_schema={"format": "iana-time-zone"},
    ),
]
FirstStatus = Literal["ACTIVE", "PENDING_ACTIVE", "DISABLED"]
Failures = Annotated[int, Meta(ge=1, le=100)]


class NewStore(Sent, kw_only=True, frozen=True):
    """A store to be made. Lock rules can only tighten what holds for everybody."""

    name: StoreName
    default_user_locale: Locale = "en"
    default_user_time_zone: TimeZone = "UTC"
    default_user_status: FirstStatus = "ACTIVE"
    max_failed_attempts: Failures | None = None
    temp_lock_duration: timedelta | None = None
    hide_unknown_users: bool = False


class StoreChange(Sent, kw_only=True, frozen=True):
    """What is to be otherwise; what is not there stays, null takes a lock rule away."""

    default_user_locale: Locale | UnsetType = UNSET
    default_user_time_zone: TimeZone | UnsetType = UNSET
    default_user_status: FirstStatus | UnsetType = UNSET
    max_failed_attempts: Failures | UnsetType | None = UNSET
    temp_lock_duration: timedelta | UnsetType | None = UNSET
    hide_unknown_users: bool | UnsetType = UNSET


class StoreShown(Answer, kw_only=True, frozen=True):
    """A store."""

    name: str
    default_user_locale: str
    default_user_time_zone: str
    default_user_status: str
    max_failed_attempts: int | None
    temp_lock_duration: Length | None
    hide_unknown_users: bool
    created_dtm: Moment


def _shown(store: IdentityStore) -> StoreShown:
    return StoreShown(
        name=store.id,
        default_user_locale=store.locale,
        default_user_time_zone=store.time_zone,
        default_user_status=store.user_status,
        max_failed_attempts=store.max_failed_attempts,
        temp_lock_duration=length_or_none(store.temp_lock),
        hide_unknown_users=store.hide_unknown_users,
        created_dtm=moment(store.created_at),
    )


async def list_stores(call: Call[Nothing, NamedWords]) -> Answered | Stopped:
    """List stores."""
    query = page_query(call.query.page, call.query.size, call.query.sort, orders=BY_NAME)
    page = await call.offices.store.page(call.tenant, IdentityStore, query)
    return Answered(body=spring_page(query, page, _shown))


async def create_store(call: Call[NewStore, Nothing]) -> Answered | Stopped:
    """Make a store."""
    asked = call.body
    if await call.unit.get(IdentityStore, asked.name) is not None:
        return exists("name", "there is a store of this name already")
    made = await add_store(
        call.unit,
        call.actor,
        asked.name,
        locale=asked.default_user_locale,
        time_zone=asked.default_user_time_zone,
        user_status=asked.default_user_status,
        max_failed_attempts=asked.max_failed_attempts,
        temp_lock=asked.temp_lock_duration,
        hide_unknown_users=asked.hide_unknown_users,
    )
    return Answered(body=_shown(made)) if isinstance(made, IdentityStore) else _told(made)


async def read_store(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read a store."""
    store = await store_of(call)
    return MISSING if store is None else Answered(body=_shown(store))


async def update_store(call: Call[StoreChange, Nothing]) -> Answered | Stopped:
    """Change a store."""
    store = await store_of(call)
    if store is None:
        return MISSING
    after = replace(store, **{PROPERTIES[name]: value for name, value in given(call.body).items()})
    changed = change_store(call.unit, call.actor, store, after)
    return Answered(body=_shown(changed)) if isinstance(changed, IdentityStore) else _told(changed)


async def delete_store(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Remove a store that nobody is in."""
    store = await store_of(call)
    if store is None:
        return MISSING
    rows = call.offices.store
    users = await rows.page(call.tenant, User, PageQuery(by="store", value=store.id, size=1))
    if users.total:
        return exists("storeName", "there are users in the store: delete them first")
    policies = [one async for one in every(rows, call.tenant, PasscodePolicy, "store", store.id)]
    remove_store(call.unit, call.actor, store, policies)
    return Answered()


PROPERTIES: Final = {
    "default_user_locale": "locale",
    "default_user_time_zone": "time_zone",
    "default_user_status": "user_status",
    "max_failed_attempts": "max_failed_attempts",
    "temp_lock_duration": "temp_lock",
    "hide_unknown_users": "hide_unknown_users",
}
"""Field of the API -> property of the row."""
_FIELDS: Final = {
    "storeName": "name",
    "locale": "defaultUserLocale",
    "timeZone": "defaultUserTimeZone",
    "userStatus": "defaultUserStatus",
}


def _told(problems: Sequence[Any]) -> Stopped:
    """Tell mistakes by the names that the API has for the fields."""
    return invalid(tuple(replace(one, field=_FIELDS.get(one.field, one.field)) for one in problems))


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listStores", method="GET", path=STORES, needs=needs("listStores"),
        summary="List identity stores", answer=list_stores,
        body=Nothing, query=NamedWords, result=SpringPage[StoreShown],
    ),
    Operation(
        name="createStore", method="POST", path=STORES, needs=needs("createStore"),
        summary="Make an identity store, with the passcode policy `default`",
        answer=create_store, makes=True,
        example={"name": "staff", "defaultUserTimeZone": "Europe/Lisbon"},
        links={"getStore": {"storeName": "$response.body#/name"}},
        body=NewStore, query=Nothing, result=StoreShown,
        status=201, others={409: "There is a store of this name."},
    ),
    Operation(
        name="getStore", method="GET", path=STORE, needs=needs("getStore"),
        summary="Read an identity store", answer=read_store,
        body=Nothing, query=Nothing, result=StoreShown,
    ),
    Operation(
        name="updateStore", method="POST", path=STORE, needs=needs("updateStore"),
        summary="Change an identity store", answer=update_store,
        example={"hideUnknownUsers": True}, body=StoreChange, query=Nothing, result=StoreShown,
    ),
    Operation(
        name="deleteStore", method="DELETE", path=STORE, needs=needs("deleteStore"),
        summary="Remove an identity store that nobody is in", answer=delete_store,
        body=Nothing, query=Nothing, status=204, others={409: "There are users in it."},
    ),
)  # fmt: skip
