"""RTAS clients: application servers that log in with id and secret, and what they come with then.

Source: rtas.md 3 and 4. The secret names the tenant, so that a client id need not.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, TypeGuard
from urllib.parse import urlsplit

from msgspec.structs import replace

from engine.access.bearers import OF_APPLICATIONS, Bearer
from engine.access.naming import named, tenant_of
from engine.model.names import TenantId
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.records.realtime import ClientSecret, ClientStatus, RtasClient
from engine.records.record import Absent, Staged, Version, is_good
from engine.secret import digest

SECRET_PREFIX: Final = "rs_"  # noqa: S105 - how a client's secret begins, not one
LONGEST_SECRET: Final = 128
LONGEST_DESCRIPTION: Final = 2000
MOST_ORIGINS: Final = 50
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]+")
OLD_SECRET_LIFE: Final = timedelta(days=1)
"""How long the secret before still opens after an exchange."""
MARK_LENGTH: Final = 16
"""Of a secret's hash, so much stands in the tokens that were bought with it."""
# No comma and no colon: they would forge a group of a token.
CLIENT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MintedClient:
    """A client and its new secret, which is kept nowhere: show it now."""

    client: RtasClient
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application server that has come in, as its client is now.

    Attributes:
        mark: Of the secret that it has logged in with, however often it has renewed since.
    """

    tenant: TenantId
    client: RtasClient
    mark: str

    @property
    def name(self) -> str:
        """How audit rows name it."""
        return f"rtas:{self.client.id}"


async def add_client(
    unit: UnitOfWork,
    actor: Actor,
    name: str,
    *,
    origins: Sequence[str] = (),
    description: str = "",
) -> MintedClient | Problems:
    """Stage a client.

    Args:
        unit: Whose tenant it becomes.
        actor: Who makes it.
        name: The client id, unique in the tenant.
        origins: Pages that may listen with its tokens: `https://host[:port]`, or `null`, which is
            what web views send that show a local file.
        description: 2,000 characters at most.
    """
    problems = (*_named(name), *_described(description), *_origins(origins))
    if not problems and await unit.find(RtasClient, "name", name) is not None:
        problems = (wrong("clientId", "a client of this id exists already; choose another"),)
    if problems:
        return problems
    secret = _secret(unit.tenant, actor)
    client = RtasClient(
        id=actor.chance.id(),
        name=name,
        description=description,
        secrets=(ClientSecret(hash=digest(secret), created_at=actor.at),),
        origins=_kept(origins),
        created_at=actor.at,
        created_by=actor.name,
        updated_at=actor.at,
        updated_by=actor.name,
    )
    unit.put(client, Absent())
    unit.audit(actor.did("rtas.client.add", f"rtas:{client.id}", name=name))
    return MintedClient(client=client, secret=secret)


async def client_named(unit: UnitOfWork, name: str) -> RtasClient | None:
    """Find a client that an operator has made; what journeys act as is nobody's to change."""
    if CLIENT_ID.fullmatch(name) is None:
        return None
    return await unit.find(RtasClient, "name", name)


def change_client(
    unit: UnitOfWork,
    actor: Actor,
    client: RtasClient,
    *,
    status: ClientStatus | None = None,
    origins: Sequence[str] | None = None,
    description: str | None = None,
) -> RtasClient | Problems:
    """Stage another status, origins or description; what is not given stays.

    It counts from the next call on, also for tokens that are out already.
    """
    changed = replace(
        client,
        status=status or client.status,
        origins=client.origins if origins is None else _kept(origins),
        description=client.description if description is None else description,
        updated_at=actor.at,
        updated_by=actor.name,
    )
    problems = (*_described(changed.description), *_origins(origins or ()))
    if problems:
        return problems
    unit.put(changed, Version(number=client.version))
    unit.audit(actor.did("rtas.client.change", f"rtas:{client.id}", status=changed.status))
    return changed


def exchange_secret(unit: UnitOfWork, actor: Actor, client: RtasClient) -> MintedClient:
    """Stage a new secret; the one before opens for a day too, older ones no more.

    What was bought with a secret ends with it.
    """
    secret = _secret(unit.tenant, actor)
    last = replace(client.secrets[0], retires_at=actor.at + OLD_SECRET_LIFE)
    made = ClientSecret(hash=digest(secret), created_at=actor.at)
    changed = replace(client, secrets=(made, last), updated_at=actor.at, updated_by=actor.name)
    unit.put(changed, Version(number=client.version))
    unit.audit(actor.did("rtas.client.secret", f"rtas:{client.id}"))
    return MintedClient(client=changed, secret=secret)


def remove_client(unit: UnitOfWork, actor: Actor, client: RtasClient) -> None:
    """Stage the end of a client, its secrets and its tokens."""
    unit.delete(client)
    unit.audit(actor.did("rtas.client.remove", f"rtas:{client.id}", name=client.name))


async def log_in(
    records: Records, vault: Vault, client_id: str, secret: str, at: datetime
) -> tuple[Application, str] | RtasClient | None:
    """Exchange id and secret for a token.

    Gives the client alone where it is the right one and blocked; None where nothing fits.
    """
    if len(secret) > LONGEST_SECRET or not secret.startswith(SECRET_PREFIX):
        return None
    tenant, given = tenant_of(secret, SECRET_PREFIX), digest(secret)
    if CLIENT_ID.fullmatch(client_id) is None:
        return None
    client = await records.find(tenant, RtasClient, "name", client_id)
    if client is None or not any(_opens(one, given, at) for one in client.secrets):
        return None
    if client.status != "ACTIVE":
        return client
    found = Application(tenant=tenant, client=client, mark=_mark(given))
    return found, renewed(vault, found, at)


def renewed(vault: Vault, application: Application, at: datetime) -> str:
    """Make another token for one that has come in; the one before stays good until its end.

    It bears the same mark: a secret that opens no more is renewed by nothing.
    """
    of, mark = application.client.id, application.mark
    return OF_APPLICATIONS.make(vault, application.tenant, of, at, mark=mark)


async def application(
    records: Records, vault: Vault, value: str, at: datetime
) -> Application | Literal["forged", "expired"]:
    """Tell which application server comes with a token.

    A genuine one whose client is gone or blocked, or whose secret opens no more, is expired; so is
    one without a mark, as they were made before.
    """
    read = OF_APPLICATIONS.read(vault, value, at)
    if not isinstance(read, Bearer):
        return read
    client = await records.get(read.tenant, RtasClient, read.of)
    if not is_active(client):
        return "expired"
    if not any(_mark(one.hash) == read.mark and _is_open(one, at) for one in client.secrets):
        return "expired"
    return Application(tenant=read.tenant, client=client, mark=read.mark)


def is_active(client: RtasClient | None) -> TypeGuard[RtasClient]:
    """Whether a client is there and not blocked: only then is anything done in its name."""
    return client is not None and client.status == "ACTIVE"


def refused(actor: Actor, client: RtasClient) -> Staged:
    """Write down that a client tried to log in that is blocked."""
    return Staged(audit=(actor.did("rtas.client.refused", f"rtas:{client.id}"),))


def _secret(tenant: TenantId, actor: Actor) -> str:
    return named(tenant, actor.chance.token(), SECRET_PREFIX)


def _opens(kept: ClientSecret, given: str, at: datetime) -> bool:
    return hmac.compare_digest(kept.hash, given) and _is_open(kept, at)


def _is_open(kept: ClientSecret, at: datetime) -> bool:
    return is_good(kept.retires_at, at)


def _mark(hashed: str) -> str:
    return hashed[:MARK_LENGTH]


def _kept(origins: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(origins)))


def _named(name: str) -> Problems:
    if CLIENT_ID.fullmatch(name):
        return ()
    told = "use letters of ASCII, digits, -, _ and ., 50 at most, a letter or digit first"
    return (wrong("clientId", told),)


def _described(description: str) -> Problems:
    if len(description) <= LONGEST_DESCRIPTION:
        return ()
    return (wrong("description", f"use {LONGEST_DESCRIPTION:,} characters at most"),)


def _origins(origins: Sequence[str]) -> Problems:
    if len(origins) > MOST_ORIGINS:
        return (wrong("origins", f"use {MOST_ORIGINS} at most"),)
    told = (
        "write scheme, host and port as browsers do, https://shop.example, each one whole; or null"
    )
    return tuple(
        wrong(f"origins.{number}", told)
        for number, one in enumerate(origins)
        if not _is_origin(one)
    )


def _is_origin(text: str) -> bool:
    if text == "null":
        return True
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    name = parts.hostname or ""
    if parts.scheme not in ("http", "https") or _HOST.fullmatch(name) is None:
        return False
    usual = port == {"http": 80, "https": 443}[parts.scheme]
    host = f"[{name}]" if ":" in name else name
    written = host if port is None else f"{host}:{port}"
    return not usual and text == f"{parts.scheme}://{written}"
