"""Passcode policies by API, with what is risky in them (trustx-identity.md 4; design 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from engine.identity.policies import (
    DEFAULT,
    LONGEST_EVER,
    MOST_EARLIER,
    SHORTEST_EVER,
    add_policy,
    change_policy,
    policy_id,
    remove_policy,
    risks,
)
from engine.records.identity import PasscodePolicy
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
from engine.web.api.frame.pages import BY_NAME, NamedWords, SpringPage, page_query, spring_page
from engine.web.api.frame.values import Answer, Length, Moment, Sent, given, length_or_none, moment
from engine.web.api.identity_store.paths import STORE, needs, store_of

POLICIES: Final = f"{STORE}/passcodePolicy"
POLICY: Final = f"{POLICIES}/{{policyName}}"

PolicyName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$",
        description="1 to 50 letters of ASCII, digits, - and _, beginning with a letter or digit.",
        examples=["pin"],
    ),
]
Count = Annotated[int, Meta(ge=SHORTEST_EVER, le=LONGEST_EVER)]
History = Annotated[int, Meta(ge=0, le=MOST_EARLIER)]
Characters = Literal["ANY", "ALPHANUMERIC", "NUMERIC"]


class NewPolicy(Sent, kw_only=True, frozen=True):
    """A policy to be made. What is weaker than advised needs `acceptRisk`.

    Lengths count code points after NFKC. Without `minLength` it is 15, or 8 with `secondFactor`.
    """

    name: PolicyName
    min_length: Count | None = None
    max_length: Count = LONGEST_EVER
    character_set: Characters = "ANY"
    validity: timedelta | None = None
    history_size: History = 0
    session_ttl: timedelta = timedelta(minutes=5)
    renewable_for: timedelta = timedelta()
    second_factor: bool = False
    accept_risk: bool = False


class PolicyChange(Sent, kw_only=True, frozen=True):
    """What is to be otherwise for passcodes that are chosen from now on."""

    min_length: Count | UnsetType = UNSET
    max_length: Count | UnsetType = UNSET
    character_set: Characters | UnsetType = UNSET
    validity: timedelta | UnsetType | None = UNSET
    history_size: History | UnsetType = UNSET
    session_ttl: timedelta | UnsetType = UNSET
    renewable_for: timedelta | UnsetType = UNSET
    second_factor: bool | UnsetType = UNSET
    accept_risk: bool | UnsetType = UNSET


class PolicyShown(Answer, kw_only=True, frozen=True):
    """A policy; `risks` says in what it is weaker than advised."""

    name: str
    store_name: str
    min_length: int
    max_length: int
    character_set: Characters
    validity: Length | None
    history_size: int
    session_ttl: Length | None
    renewable_for: Length | None
    second_factor: bool
    accept_risk: bool
    risks: list[str]
    created_dtm: Moment


def shown(policy: PasscodePolicy) -> PolicyShown:
    """Write a policy."""
    return PolicyShown(
        name=policy.name,
        store_name=policy.store,
        min_length=policy.min_length,
        max_length=policy.max_length,
        character_set=policy.character_set,
        validity=length_or_none(policy.validity),
        history_size=policy.history_size,
        session_ttl=length_or_none(policy.session_ttl),
        renewable_for=length_or_none(policy.renewable_for),
        second_factor=policy.second_factor,
        accept_risk=policy.accept_risk,
        risks=list(risks(policy)),
        created_dtm=moment(policy.created_at),
    )


async def _policy_of(call: Call[B, Q]) -> PasscodePolicy | None:
    path: Mapping[str, str] = call.path
    return await call.unit.get(PasscodePolicy, policy_id(path["storeName"], path["policyName"]))


async def list_policies(call: Call[Nothing, NamedWords]) -> Answered | Stopped:
    """List a store's policies."""
    store, words = await store_of(call), call.query
    if store is None:
        return MISSING
    query = page_query(
        words.page, words.size, words.sort, by=("store", store.id), orders=BY_NAME
    )  # fmt: skip
    page = await call.offices.store.page(call.tenant, PasscodePolicy, query)
    return Answered(body=spring_page(query, page, shown))


async def create_policy(call: Call[NewPolicy, Nothing]) -> Answered | Stopped:
    """Make a policy."""
    store, asked = await store_of(call), call.body
    if store is None:
        return MISSING
    if await call.unit.get(PasscodePolicy, policy_id(store.id, asked.name)) is not None:
        return exists("name", "there is a policy of this name in the store already")
    rules = {name: getattr(asked, name) for name in PolicyChange.__struct_fields__}
    made = await add_policy(call.unit, call.actor, store, asked.name, **rules)
    return Answered(body=shown(made)) if isinstance(made, PasscodePolicy) else invalid(made)


async def read_policy(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read a policy."""
    policy = await _policy_of(call)
    return MISSING if policy is None else Answered(body=shown(policy))


async def update_policy(call: Call[PolicyChange, Nothing]) -> Answered | Stopped:
    """Change a policy."""
    policy = await _policy_of(call)
    if policy is None:
        return MISSING
    changed = change_policy(call.unit, call.actor, policy, replace(policy, **given(call.body)))
    return (
        Answered(body=shown(changed)) if isinstance(changed, PasscodePolicy) else invalid(changed)
    )


async def delete_policy(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Remove a policy; `default` stays."""
    policy = await _policy_of(call)
    if policy is None:
        return MISSING
    if policy.name == DEFAULT:
        return exists("policyName", "the policy `default` stays as long as its store")
    remove_policy(call.unit, call.actor, policy)
    return Answered()


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listPasscodePolicies", method="GET", path=POLICIES,
        needs=needs("listPasscodePolicies"), summary="List a store's passcode policies",
        answer=list_policies, body=Nothing, query=NamedWords, result=SpringPage[PolicyShown],
    ),
    Operation(
        name="createPasscodePolicy", method="POST", path=POLICIES,
        needs=needs("createPasscodePolicy"), summary="Make a passcode policy",
        answer=create_policy, makes=True,
        example={"name": "second", "secondFactor": True},
        body=NewPolicy, query=Nothing, result=PolicyShown,
        status=201, others={409: "There is a policy of this name."},
    ),
    Operation(
        name="getPasscodePolicy", method="GET", path=POLICY, needs=needs("getPasscodePolicy"),
        summary="Read a passcode policy", answer=read_policy,
        body=Nothing, query=Nothing, result=PolicyShown,
    ),
    Operation(
        name="updatePasscodePolicy", method="POST", path=POLICY,
        needs=needs("updatePasscodePolicy"), answer=update_policy,
        summary="Change a passcode policy for passcodes chosen from now on",
        example={"historySize": 3}, body=PolicyChange, query=Nothing, result=PolicyShown,
    ),
    Operation(
        name="deletePasscodePolicy", method="DELETE", path=POLICY,
        needs=needs("deletePasscodePolicy"), answer=delete_policy,
        summary="Remove a passcode policy",
        description="Passcodes under it stay, and open nothing while it is not there.",
        body=Nothing, query=Nothing, status=204, others={409: "It is `default`, which stays."},
    ),
)  # fmt: skip
