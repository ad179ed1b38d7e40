"""Users of a store by API: by id, and by the external id with `/ext` behind (trustx-identity 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from engine.identity.attempts import user_account
from engine.identity.users import (
    LONGEST_ATTRIBUTE,
    LONGEST_EXT_ID,
    MOST_ATTRIBUTES,
    ExtIdNotUnique,
    add_user,
    by_ext_id,
    by_id,
    set_status,
    status_at,
    update_user,
)
from engine.ports.store import Page
from engine.records.identity import User, UserStatus, ext_key
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
    spring_rows,
)
from engine.web.api.frame.values import Answer, Moment, Sent, moment, moment_or_none
from engine.web.api.identity_store.paths import STORE, needs, store_of
from engine.web.api.identity_store.stores import FirstStatus, Locale, TimeZone

USERS: Final = f"{STORE}/users"
USER: Final = f"{USERS}/{{userId}}"
USER_EXT: Final = f"{USERS}/{{userExtId}}/ext"
ORDERS: Final = {**BY_AGE, "extId": "by_ext_id"}

ExtId = Annotated[str, Meta(min_length=1, max_length=LONGEST_EXT_ID, examples=["ines.carvalho"])]
Text = Annotated[str, Meta(max_length=LONGEST_ATTRIBUTE)]
Attributes = Annotated[
    dict[Text, Text], Meta(max_length=MOST_ATTRIBUTES, examples=[{"email": "ines@example.org"}])
]
Status = Literal["ACTIVE", "LOCKED", "TEMP_LOCKED", "DISABLED", "PENDING_ACTIVE"]
Sort = Literal[
    "createdDtm", "createdDtm,asc", "createdDtm,desc", "extId", "extId,asc", "extId,desc"
]


class UserWords(Sent, kw_only=True, frozen=True):
    """Which users, and in which order.

    Attributes:
        sort: By age or external id; the oldest first without it.
        ext_id: The one user of this external id.
        search: How the external id begins, to the letter.
    """

    page: Number = 0
    size: Size = 20
    sort: Sort | None = None
    ext_id: ExtId | None = None
    search: ExtId | None = None


class NewUser(Sent, kw_only=True, frozen=True):
    """A user to be added; what is not there is copied from the store."""

    ext_id: ExtId | None = None
    status: FirstStatus | None = None
    locale: Locale | None = None
    time_zone: TimeZone | None = None
    attributes: Attributes = {}


class UserChange(Sent, kw_only=True, frozen=True):
    """What is to be otherwise. Attributes are put over those there are; an empty text ends one.

    The status LOCKED or TEMP_LOCKED locks until somebody unlocks; ACTIVE is recovery: it ends locks
    and forgets failed tries.
    """

    status: Status | None = None
    locale: Locale | None = None
    time_zone: TimeZone | None = None
    attributes: Attributes | None = None


class UserShown(Answer, kw_only=True, frozen=True):
    """A user. `status` is as it is now: failed tries may hold one for a while."""

    id: str
    ext_id: str | None
    store_name: str
    status: Status
    locale: str
    time_zone: str
    attributes: dict[str, str]
    created_dtm: Moment
    last_updated_dtm: Moment
    last_authenticated_dtm: Moment | None
    lock_count: int


async def _shown(call: Call[B, Q], user: User) -> UserShown:
    account = user_account(user.id)
    is_forgotten = account in call.unit.staged().resets  # it is written with this answer
    attempts = None if is_forgotten else await call.offices.store.attempts(call.tenant, account)
    return UserShown(
        id=user.id,
        ext_id=user.ext_id,
        store_name=user.store,
        status=status_at(user, attempts, call.actor.at),
        locale=user.locale,
        time_zone=user.time_zone,
        attributes=user.attributes,
        created_dtm=moment(user.created_at),
        last_updated_dtm=moment(user.updated_at),
        last_authenticated_dtm=moment_or_none(user.authenticated_at),
        lock_count=user.lock_count,
    )


async def user_of(call: Call[B, Q]) -> User | None:
    """Find the user that the path names, by id or by external id, in the store that it names."""
    path = call.path
    if await store_of(call) is None:
        return None
    if "userId" in path:
        return await by_id(call.unit, path["storeName"], path["userId"])
    return await by_ext_id(call.unit, path["storeName"], path["userExtId"])


async def list_users(call: Call[Nothing, UserWords]) -> Answered | Stopped:
    """List or search a store's users."""
    store, words = await store_of(call), call.query
    if store is None:
        return MISSING
    if words.ext_id is not None:
        page = await _only(call, store.id, words.ext_id)
    else:
        text = None if words.search is None else ext_key(store.id, words.search)
        query = page_query(
            words.page, words.size, words.sort, by=("store", store.id), orders=ORDERS,
            begins=None if text is None else ("by_ext_id", text),
        )  # fmt: skip
        page = await call.offices.store.page(call.tenant, User, query)
    rows = [await _shown(call, user) for user in page.rows]
    return Answered(body=spring_rows(words.page, words.size, rows, page.total))


async def _only(call: Call[Nothing, UserWords], store: str, ext_id: str) -> Page[User]:
    user = await by_ext_id(call.unit, store, ext_id)
    rows = () if user is None or call.query.page > 0 else (user,)
    return Page(rows=rows, total=0 if user is None else 1)


async def create_user(call: Call[NewUser, Nothing]) -> Answered | Stopped:
    """Add a user."""
    store, asked = await store_of(call), call.body
    if store is None:
        return MISSING
    made = await add_user(
        call.unit,
        call.actor,
        store,
        ext_id=asked.ext_id,
        attributes=asked.attributes,
        locale=asked.locale,
        time_zone=asked.time_zone,
        status=asked.status,
    )
    if isinstance(made, ExtIdNotUnique):
        return exists("extId", "a user of this store has it already")
    return Answered(body=await _shown(call, made)) if isinstance(made, User) else invalid(made)


async def read_user(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read a user."""
    user = await user_of(call)
    return MISSING if user is None else Answered(body=await _shown(call, user))


async def change_user(call: Call[UserChange, Nothing]) -> Answered | Stopped:
    """Change a user."""
    user, asked = await user_of(call), call.body
    if user is None:
        return MISSING
    changed = update_user(
        call.unit,
        call.actor,
        user,
        attributes=asked.attributes,
        locale=asked.locale,
        time_zone=asked.time_zone,
    )
    if not isinstance(changed, User):
        return invalid(changed)
    if asked.status is not None:
        changed = await _put(call, asked.status)
    return Answered(body=await _shown(call, changed))


async def _put(call: Call[UserChange, Nothing], status: UserStatus) -> User:
    """Stage another status over what was staged before: the unit shows the row as it will be."""
    user = await user_of(call)
    assert user is not None  # noqa: S101 - it was found a moment ago, in the same unit
    return set_status(call.unit, call.actor, user, status)


async def delete_user(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Erase a user, and what their journeys keep of them."""
    user = await user_of(call)
    if user is None:
        return MISSING
    await call.offices.eraser.erase_user(call.tenant, user, call.actor)
    return Answered()


def _both(name: str, ext_name: str, **facts: Any) -> tuple[Operation[Any, Any], ...]:
    """Write an operation twice: by id, and by external id."""
    by_ext = facts.pop("summary") + ", by external id"
    summary = by_ext.removesuffix(", by external id")
    return (
        Operation(name=name, path=USER, summary=summary, **facts),
        Operation(name=ext_name, path=USER_EXT, summary=by_ext, **facts),
    )


_MADE: Final = {"storeName": "$request.path.storeName", "userId": "$response.body#/id"}
OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listUsers", method="GET", path=USERS, needs=needs("listUsers"),
        summary="List or search a store's users", answer=list_users,
        body=Nothing, query=UserWords, result=SpringPage[UserShown],
    ),
    Operation(
        name="createUser", method="POST", path=USERS, needs=needs("createUser"),
        summary="Add a user", answer=create_user, makes=True,
        example={"extId": "rui.silva", "attributes": {"email": "rui@example.org"}},
        links=dict.fromkeys(("getUser", "updateUser", "deleteUser"), _MADE),
        body=NewUser, query=Nothing, result=UserShown, status=201,
        others={409: "A user of this store has the external id already."},
    ),
    *_both(
        "getUser", "getUserByExtUserId", method="GET", needs=needs("getUser"),
        summary="Read a user", answer=read_user,
        body=Nothing, query=Nothing, result=UserShown,
    ),
    *_both(
        "updateUser", "updateUserByExtUserId", method="POST", needs=needs("updateUser"),
        summary="Change a user, lock or unlock one", answer=change_user,
        example={"status": "LOCKED"}, body=UserChange, query=Nothing, result=UserShown,
    ),
    *_both(
        "deleteUser", "deleteUserByExtUserId", method="DELETE", needs=needs("deleteUser"),
        summary="Erase a user", answer=delete_user,
        description="With them go their passcodes, their tokens and what their journeys keep.",
        body=Nothing, query=Nothing, status=204,
    ),
)  # fmt: skip
