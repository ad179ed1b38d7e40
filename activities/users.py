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


async def found(call: Call) -> JsonObject | None:
    """Read the user that is meant, afresh from the store."""
    users, store = call.use(Users), call.text("storeName")
    user_id, ext_id = which_user(call)
    if user_id is not None:
        return await users.by_id(store, user_id)
    return await users.by_ext_id(store, str(ext_id))
