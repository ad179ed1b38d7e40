"""Activities about users of identity stores."""

from typing import Final

from engine.activity import (
    STRING,
    ActivityFault,
    Call,
    Ended,
    EnumOf,
    ErrorEvent,
    Input,
    JsonObject,
    KeyUse,
    MapOf,
    Member,
    UserProfile,
    UserRefused,
    Users,
    activity,
    done,
    raised,
)

USER: Final = {
    "id": Member(type=STRING),
    "extId": Member(type=STRING, optional=True),
    "status": Member(
        type=EnumOf(("ACTIVE", "LOCKED", "TEMP_LOCKED", "DISABLED", "PENDING_ACTIVE"))
    ),
    "locale": Member(type=STRING),
    "timeZone": Member(type=STRING),
    "attributes": Member(type=MapOf(STRING)),
}
"""What `${user1.<member>}` reads of a User."""

STORE_INPUT: Final = Input(
    name="storeName", type=STRING, required=True, literal=True, refers="store"
)
WHICH_USER: Final = (
    Input(name="userId", type=STRING),
    Input(name="userExternalId", type=STRING),
)
FIRST_STATUS: Final = EnumOf(("ACTIVE", "PENDING_ACTIVE", "DISABLED"))
PROFILE_INPUTS: Final = (
    Input(name="attributes", type=MapOf(STRING)),
    Input(name="locale", type=STRING),
    Input(name="timeZone", type=STRING),
)
"""What may be written about a user."""
NAMED_BY: Final = ("userKey", "userId", "userExternalId")
"""The ways to say which user is meant; one of them must be there (trustx-identity 3.4)."""


def which_user(call: Call) -> tuple[str | None, str | None]:
    """Give the user id or the external id that is meant: (id, None) or (None, external id).

    A User in the slot comes first, then the user id, then the external id, then what the slot
    claims. Raises `ActivityFault` when nothing names a user.
    """
    slot = call.slots.get("userKey")
    held = None if slot is None else str(slot.value["id"])
    if slot is not None and slot.type == "User":
        return held, None
    user_id, ext_id = call.optional_text("userId"), call.optional_text("userExternalId")
    if user_id is None and ext_id is not None:
        return None, ext_id
    if user_id is None and held is None:
        raise ActivityFault(node=call.node, reason="nothing names a user")
    return (held if user_id is None else user_id), None


def loaded_user(call: Call) -> str:
    """Give the id of the User in the slot.

    Raises `ActivityFault` when the inputs name another one: nobody can tell who is meant then.
    """
    user = call.slot("userKey").value
    for name, member in (("userId", "id"), ("userExternalId", "extId")):
        given = call.optional_text(name)
        if given is not None and given != user.get(member):
            raise ActivityFault(node=call.node, reason=f"{name} is another user than the slot's")
    return str(user["id"])


@activity(
    "Get User",
    version=1,
    kind="local",
    inputs=[STORE_INPUT, *WHICH_USER],
    keys=[
        KeyUse(
            input="userKey",
            type="User",
            default="user1",
            after="loaded",
            members=USER,
            on={"UserNotFound": ""},
        )
    ],
    errors=[ErrorEvent(code="UserNotFound", demanded=True, fails=False)],
    one_of=[NAMED_BY],
    uses=[Users],
)
async def get_user(call: Call) -> Ended:
    """Load a user of a store into the slot."""
    user = await found(call)
    return raised("UserNotFound") if user is None else done(keys={"userKey": user})


def _profile(call: Call) -> UserProfile:
    """Take what is to be written about the user; what is not given stays, or is the store's."""
    given = call.inputs.get("attributes")
    return UserProfile(
        attributes={n: str(text) for n, text in given.items()} if isinstance(given, dict) else None,
        locale=call.optional_text("locale"),
        time_zone=call.optional_text("timeZone"),
    )


@activity(
    "Add User",
    version=1,
    kind="local",
    inputs=[
        STORE_INPUT,
        Input(name="userExternalId", type=STRING),
        Input(name="status", type=FIRST_STATUS, literal=True),
        *PROFILE_INPUTS,
    ],
    keys=[
        KeyUse(
            input="userKey",
            type="User",
            default="user1",
            after="added",
            members=USER,
            on={"ExtIdNotUnique": "", "FailedAddUser": ""},
        )
    ],
    errors=[
        ErrorEvent(code="ExtIdNotUnique", demanded=True, fails=False),
        ErrorEvent(code="FailedAddUser", demanded=True, fails=False),
    ],
    uses=[Users],
)
async def add_user(call: Call) -> Ended:
    """Add a user to a store, with what is known of them, and load them into the slot."""
    made = await call.use(Users).add(
        call.text("storeName"),
        ext_id=call.optional_text("userExternalId"),
        status=call.optional_text("status"),
        profile=_profile(call),
    )
    if not isinstance(made, UserRefused):
        return done(keys={"userKey": made})
    if made.why == "taken":
        return raised("ExtIdNotUnique")
    return raised("FailedAddUser", message=made.reason)


@activity(
    "Update User",
    version=1,
    kind="local",
    inputs=[STORE_INPUT, *PROFILE_INPUTS],
    keys=[KeyUse(input="userKey", type="User", default="user1", reads=frozenset({"User"}))],
    errors=[
        ErrorEvent(code="UserNotFound", demanded=True, fails=False),
        ErrorEvent(code="FailedUpdateUser", demanded=True, fails=False),
    ],
    uses=[Users],
)
async def update_user(call: Call) -> Ended:
    """Change what a store keeps of the user in the slot."""
    id = str(call.slot("userKey").value["id"])
    made = await call.use(Users).update(call.text("storeName"), id, _profile(call))
    if not isinstance(made, UserRefused):
        return done(keys={"userKey": made})
    if made.why == "unknown":
        return raised("UserNotFound")
    return raised("FailedUpdateUser", message=made.reason)


@activity(
    "Lock User",
    version=1,
    kind="local",
    inputs=[
        STORE_INPUT,
        *WHICH_USER,
        Input(name="lockFor", type=STRING, literal=True, refers="duration"),
    ],
    keys=[KeyUse(input="userKey", type="User", default="user1")],
    errors=[ErrorEvent(code="UserNotFound", fails=False)],
    one_of=[NAMED_BY],
    uses=[Users],
)
async def lock_user(call: Call) -> Ended:
    """Lock a user for a while (`lockFor`), or until somebody unlocks."""
    users, store = call.use(Users), call.text("storeName")
    id, ext_id = which_user(call)
    if id is None:
        user = await users.by_ext_id(store, str(ext_id))
        id = None if user is None else str(user["id"])
    length = call.length("lockFor")
    until = None if length is None else call.at + length
    locked = None if id is None else await users.lock(store, id, until=until)
    return raised("UserNotFound") if locked is None or isinstance(locked, UserRefused) else done()


async def found(call: Call) -> JsonObject | None:
    """Read the user that is meant, afresh from the store."""
    users, store = call.use(Users), call.text("storeName")
    user_id, ext_id = which_user(call)
    if user_id is not None:
        return await users.by_id(store, user_id)
    return await users.by_ext_id(store, str(ext_id))
