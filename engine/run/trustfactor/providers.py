"""Other TrustFactors and RTAS that journeys may use: added, removed, and asked by the outbox."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from engine.access.rtas_clients import CLIENT_ID
from engine.activity import Ended, TryLater
from engine.model.event import Broken
from engine.model.names import JsonObject, TenantId
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.hints import Hints
from engine.ports.http import Http
from engine.ports.outside import Chance, Vault
from engine.ports.store import Store
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor.paths import CALLBACKS
from engine.records.record import Absent
from engine.records.trustfactor import EMBEDDED, Provider
from engine.run.trustfactor.notifier import ProviderRequest
from engine.run.trustfactor.provider_answers import CallbackSecret
from engine.run.trustfactor.provider_client import (
    UNAUTHORISED,
    ProviderClient,
    Rejected,
    Request,
    bound_to,
    endpoint_of,
)
from engine.run.trustfactor.provider_requests import DONE, PERFORMERS, Attempt
from engine.run.unit import Unit
from engine.webhooks import signing


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A provider that is to be known.

    Attributes:
        name: As definitions name it.
        address: Scheme, host and port.
        callback_base: Where it calls us back: our own address, and what stands before its name.
    """

    name: str
    address: str
    client_id: str
    secret: str
    callback_base: str


async def add_provider(
    unit: UnitOfWork, actor: Actor, vault: Vault, http: Http, wanted: Wanted
) -> Provider | Problems:
    """Log in at a provider, tell it where to call us back, and stage what we know it by."""
    problems = await _problems(unit, http, wanted)
    if problems:
        return problems
    sealed = vault.seal("trustfactor", wanted.secret.encode(), bound_to(wanted.name, "secret"))
    provider = Provider(
        id=wanted.name,
        address=wanted.address.rstrip("/"),
        client_id=wanted.client_id,
        sealed_secret=sealed,
        sealed_callback="",
        created_at=actor.at,
        created_by=actor.name,
    )
    base = f"{wanted.callback_base}/{unit.tenant}/{wanted.name}"
    endpoint = endpoint_of(vault, unit.tenant, provider, actor.at)
    said = {
        "register_callback_url": f"{base}/registration",
        "transaction_callback_url": f"{base}/transaction",
    }
    request = Request(path=CALLBACKS, answer=CallbackSecret, said=dict(said))
    made = await ProviderClient(http=http).call(endpoint, request)
    if isinstance(made, Rejected):
        return (wrong("address", _refusal(made)),)
    secret = signing.read(made.secret)
    if secret is None:
        return (wrong("address", "the provider gave no secret that callbacks are signed with"),)
    callback = vault.seal("trustfactor", secret, bound_to(wanted.name, "callback"))
    kept = msgspec.structs.replace(provider, sealed_callback=callback)
    unit.put(kept, Absent())
    unit.audit(actor.did("provider.add", f"provider:{wanted.name}", address=provider.address))
    return kept


def _refusal(made: Rejected) -> str:
    """Say why a provider does not take us, and what to look at."""
    if made.status == UNAUTHORISED:
        return f"the provider does not take us: {made.reason}; look at client and secret"
    said = f", {made.told}" if made.told else ""
    return f"the provider does not take us: {made.reason}{said}"


def remove_provider(unit: UnitOfWork, actor: Actor, provider: Provider) -> None:
    """Stage the end of a provider: what is under way there is heard of no more."""
    unit.delete(provider)
    unit.audit(actor.did("provider.remove", f"provider:{provider.id}"))


async def _problems(unit: UnitOfWork, http: Http, wanted: Wanted) -> Problems:
    found = []
    if CLIENT_ID.fullmatch(wanted.name) is None or wanted.name == EMBEDDED:
        told = f"use letters of ASCII, digits, -, _ and ., and another name than {EMBEDDED}"
        found.append(wrong("name", told))
    elif await unit.get(Provider, wanted.name) is not None:
        found.append(wrong("name", "a provider of this name is known already"))
    refusal = http.refusal(wanted.address)
    if refusal is not None:
        found.append(wrong("address", refusal))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """Does the rows of the outbox that ask other providers for something.

    Attributes:
        hints: Where other machines are told of what it publishes; without, they look.
    """

    store: Store
    vault: Vault
    chance: Chance
    client: ProviderClient
    hints: Hints | None = None

    async def do(self, tenant: TenantId, handed: JsonObject, id: str) -> Ended | Broken | TryLater:
        """Try once; `id` is the same at every try."""
        wished = msgspec.convert(handed, ProviderRequest)
        attempt = Attempt(
            store=self.store,
            vault=self.vault,
            chance=self.chance,
            client=self.client,
            hints=self.hints,
            unit=Unit(self.store, tenant),
            key=id,
            at=await self.store.now(),
        )
        found = await PERFORMERS[wished.what](attempt, wished)
        if isinstance(found, Rejected):
            return TryLater(reason=found.reason, in_vain=not found.again, at_last=DONE)
        return found
