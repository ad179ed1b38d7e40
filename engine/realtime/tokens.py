"""End-user tokens: JWTs that name the groups of one registration or transaction (rtas.md 3.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, cast, get_args

import msgspec
from msgspec.structs import replace

from engine.model.names import MAIN_TENANT, JsonObject, TenantId
from engine.ports.actor import Actor
from engine.ports.outside import Chance, Vault
from engine.ports.paging import every
from engine.ports.signing import Signer
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.channels import Flow, Group, keep
from engine.records.realtime import RtasClient, SigningKey, SigningKeys
from engine.records.record import Absent, Version, is_good
from engine.records.tenants import Tenant

LIFE: Final = timedelta(minutes=60)
SKEW: Final = timedelta(seconds=60)
KEYS: Final = "rtas"
"""The id of a tenant's row of keys."""
AUDIENCE: Final = "rtas"
MOST_OVER: Final = 8
"""Keys kept that are over: what they have signed is told apart from what is forged."""
FLOWS: Final[Sequence[Flow]] = get_args(Flow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signs: where the keys are, and the address that tokens say they are from."""

    vault: Vault
    signer: Signer
    chance: Chance
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """What a genuine token says.

    Attributes:
        key: The kid of what has signed it.
    """

    tenant: TenantId
    group: Group
    key: str
    ends: datetime


async def issue(
    unit: UnitOfWork, issuer: Issuer, client: RtasClient, group: Group, at: datetime
) -> str:
    """Sign a token for whoever is to listen to a group; the tenant's first one makes its key.

    What was told to the group is kept for as long as the token is good.
    """
    key = await _current(unit, issuer, at)
    await keep(unit, group, at + LIFE + SKEW)
    now = int(at.timestamp())
    claims = {
        "iss": issuer.url,
        "aud": AUDIENCE,
        "sub": group.user_id,
        "iat": now,
        "nbf": now,
        "exp": now + int(LIFE.total_seconds()),
        "jti": issuer.chance.id(),
        "groupsid": f"app:{client.name}:{client.id},user:{group.user_id},"
        f"{group.flow}:{group.subject}",
    }
    private = issuer.vault.unseal("rtas", key.sealed, key.kid.encode())
    return await issuer.signer.sign(private, key.kid, claims)


async def read(
    records: Records, issuer: Issuer, token: str, at: datetime
) -> Listener | Literal["forged", "expired"]:
    """Read a token: what it says, or why it is worth nothing (E4).

    What we have signed is expired where it is not for the hub or not good now, also once its key
    is: it was not guessed.
    """
    kid = issuer.signer.kid(token)
    if kid is None or "." not in kid:
        return "forged"
    tenant = TenantId(kid.partition(".")[0])
    row = await records.get(tenant, SigningKeys, KEYS)
    keys = () if row is None else row.keys
    key = next((one for one in keys if one.kid == kid), None)
    claims = None if key is None else issuer.signer.read(token, [_jwk(key)])
    if key is None or claims is None:
        return "forged"
    listener = _listener(tenant, issuer.url, kid, claims, at)
    return listener if listener is not None and _is_good(key, at) else "expired"


async def rotate(
    unit: UnitOfWork, issuer: Issuer, actor: Actor, *, at_once: bool = False
) -> SigningKey:
    """Stage a new key; those before verify until what they have signed is over.

    `at_once`: they verify nothing any more, for whoever has a leaked one signs what he likes.
    """
    made = await _made(unit.tenant, issuer, actor.at)
    await _keep(unit, made, actor.at, at_once=at_once)
    before = "ended at once" if at_once else "verify until their tokens end"
    unit.audit(actor.did("rtas.key.rotate", f"signing-key:{made.kid}", before=before))
    return made


async def good_keys(records: Records, tenant: TenantId, at: datetime) -> Set[str]:
    """Name the keys whose tokens are good: kids."""
    return {key.kid for key in await _keys(records, tenant, at)}


async def public_keys(records: Records, at: datetime) -> Sequence[JsonObject]:
    """Give the public keys of every tenant that what is out can be verified with (JWKS)."""
    others = [TenantId(one.id) async for one in every(records, MAIN_TENANT, Tenant)]
    found = [await _keys(records, tenant, at) for tenant in (MAIN_TENANT, *others)]
    return [_jwk(key) for keys in found for key in keys]


async def _current(unit: UnitOfWork, issuer: Issuer, at: datetime) -> SigningKey:
    row = await unit.get(SigningKeys, KEYS)
    if row is not None:
        unit.hold(row)  # a key that is ended meanwhile signs nothing more
        return row.keys[0]
    made = await _made(unit.tenant, issuer, at)
    await _keep(unit, made, at)
    return made


async def _made(tenant: TenantId, issuer: Issuer, at: datetime) -> SigningKey:
    pair = await issuer.signer.make()
    kid = f"{tenant}.{issuer.chance.id()}"
    return SigningKey(
        kid=kid,
        sealed=issuer.vault.seal("rtas", pair.private, kid.encode()),
        public=msgspec.json.encode(pair.public).decode(),
        created_at=at,
    )


async def _keep(unit: UnitOfWork, made: SigningKey, at: datetime, *, at_once: bool = False) -> None:
    row = await unit.get(SigningKeys, KEYS)
    if row is None:
        unit.put(SigningKeys(id=KEYS, keys=(made,)), Absent())
        return
    before = [
        replace(key, retires_at=_end_of(key, at, at_once=at_once))
        if at_once or _is_good(key, at)
        else key
        for key in row.keys
    ]
    good = [key for key in before if _is_good(key, at)]
    over = [key for key in before if not _is_good(key, at)]
    unit.put(replace(row, keys=(made, *good, *over[:MOST_OVER])), Version(number=row.version))


def _end_of(key: SigningKey, at: datetime, *, at_once: bool) -> datetime:
    """Tell when a key ends: at once is before all it has signed, whatever clocks do later (C5)."""
    return key.created_at if at_once else key.retires_at or at + LIFE + SKEW


async def _keys(records: Records, tenant: TenantId, at: datetime) -> Sequence[SigningKey]:
    row = await records.get(tenant, SigningKeys, KEYS)
    keys = () if row is None else row.keys
    return [key for key in keys if _is_good(key, at)]


def _is_good(key: SigningKey, at: datetime) -> bool:
    return is_good(key.retires_at, at)


def _jwk(key: SigningKey) -> JsonObject:
    public: JsonObject = msgspec.json.decode(key.public)
    return {**public, "kid": key.kid, "use": "sig", "alg": "RS256"}


def _listener(
    tenant: TenantId, url: str, kid: str, claims: Mapping[str, object], at: datetime
) -> Listener | None:
    numbers = [claims.get(name) for name in ("iat", "nbf", "exp")]
    if claims.get("iss") != url or claims.get("aud") != AUDIENCE:
        return None
    if not all(type(number) is int for number in numbers):
        return None
    issued, begins, ends = (datetime.fromtimestamp(cast("int", number), UTC) for number in numbers)
    if max(issued, begins) > at + SKEW or at >= ends:
        return None
    group = _group(claims.get("groupsid"), claims.get("sub"))
    return None if group is None else Listener(tenant=tenant, group=group, key=kid, ends=ends)


def _group(said: object, subject: object) -> Group | None:
    """Read the three groups; ids hold no comma, a client's name and a flow's subject no colon."""
    if not isinstance(said, str) or said.count(",") != 2:
        return None
    app, user, flow = said.split(",")
    kind, _, name_and_id = app.partition(":")
    known = next((one for one in FLOWS if flow.startswith(f"{one}:")), None)
    user_id = user.removeprefix("user:")
    if kind != "app" or user_id == user or known is None or subject != user_id:
        return None
    return Group(
        client=name_and_id.rpartition(":")[2],
        flow=known,
        subject=flow.partition(":")[2],
        user_id=user_id,
    )
