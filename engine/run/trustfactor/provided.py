"""What other TrustFactors call us back with: signed, and about what journeys have asked there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from engine.access.clients import CLIENT_ID
from engine.errors import UnknownInstance
from engine.model.names import InstanceId
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.http import Http
from engine.ports.outside import Chance, Vault
from engine.ports.store import Store
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor import codes, transactions
from engine.records.record import Absent
from engine.records.trustfactor import (
    EMBEDDED,
    Confirmation,
    DeviceInfo,
    Provider,
    RegistrationCode,
    Transaction,
    remote_key,
)
from engine.run.trustfactor.providers import Client, Refused, bound_to, place_of
from engine.run.trustfactor.telling import Teller
from engine.webhooks import signing

DECISIONS: Final[Mapping[str, transactions.Decision]] = {
    "ACCEPTED": "ACCEPTED",
    "DECLINED": "DECLINED",
}


class Registered(msgspec.Struct, kw_only=True, frozen=True):
    """That a device has confirmed, as TrustFactor calls applications back."""

    app_user_unique_id: str
    register_code_unique_id: str | None = None
    contract_key: str
    device_key: str
    device_info: DeviceInfo
    device_ip: str = ""
    device_location: str | None = None


class Decided(msgspec.Struct, kw_only=True, frozen=True):
    """What became of a transaction."""

    app_user_unique_id: str
    transaction_id: str
    status: str
    contract_key: str | None = None
    signature: str | None = None


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
    place = place_of(vault, unit.tenant, provider, actor.at)
    said = {
        "register_callback_url": f"{base}/registration",
        "transaction_callback_url": f"{base}/transaction",
    }
    try:
        made = await Client(http=http).call(place, "/trustfactor/v1/callbacks", dict(said))
    except Refused as refused:
        return (wrong("address", f"the provider does not take us: {refused.reason}"),)
    secret = signing.read(str(made.get("secret", "")))
    if secret is None:
        return (wrong("address", "the provider gave no secret that callbacks are signed with"),)
    callback = vault.seal("trustfactor", secret, bound_to(wanted.name, "callback"))
    kept = msgspec.structs.replace(provider, sealed_callback=callback)
    unit.put(kept, Absent())
    unit.audit(actor.did("provider.add", f"provider:{wanted.name}", address=provider.address))
    return kept


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
class Taken:
    """What became of a provider's word.

    Attributes:
        channel: Which channel has an event.
        refused: Why it counts for nothing.
    """

    channel: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Takes in what a provider says, in the unit of what follows from it."""

    unit: UnitOfWork
    store: Store
    vault: Vault
    chance: Chance
    at: datetime

    async def is_from(self, name: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether a provider of ours has signed this, just now."""
        provider = await self.unit.get(Provider, name)
        if provider is None:
            return False
        bound = bound_to(name, "callback")
        secret = self.vault.unseal("trustfactor", provider.sealed_callback, bound)
        return signing.is_signed([secret], headers, body, self.at)

    async def registered(self, name: str, said: Registered) -> Taken | None:
        """Take a device in that has confirmed; None: it is about nothing that we have asked."""
        key = remote_key(name, said.register_code_unique_id or "")
        code = await self.unit.find(RegistrationCode, "by_remote", key)
        if code is None or code.user_id != said.app_user_unique_id:
            return None
        if code.confirmation is None and await self._is_over(code.instance):
            return Taken(refused="cancelled")
        confirmation = Confirmation(
            contract_key=said.contract_key,
            device_key=said.device_key,
            device=said.device_info,
            address=said.device_ip,
            location=said.device_location,
            at=self.at,
        )
        changed = codes.confirmed_elsewhere(self.unit, self._actor(name), code, confirmation)
        if isinstance(changed, str):
            return Taken(refused=changed)
        if changed.version == code.version:
            return Taken()
        return Taken(channel=await self._teller(name).tell_of_code(changed))

    async def decided(self, name: str, said: Decided) -> Taken | None:
        """Take a decision in; None: it is about nothing that we have asked."""
        key = remote_key(name, said.transaction_id)
        asked = await self.unit.find(Transaction, "by_remote", key)
        if asked is None or asked.user_id != said.app_user_unique_id:
            return None
        decision = DECISIONS.get(said.status)
        if decision is None:
            return Taken()  # our own time ends it, too
        if asked.status == "PENDING" and await self._is_over(asked.instance):
            return Taken(refused="cancelled")
        changed = transactions.decided_elsewhere(
            self.unit, self._actor(name), asked, decision, said.contract_key or "",
            said.signature,
        )  # fmt: skip
        if isinstance(changed, str):
            return Taken(refused=changed)
        if changed.version == asked.version:
            return Taken()
        return Taken(channel=await self._teller(name).tell_of_decision(changed))

    async def _is_over(self, instance: InstanceId | None) -> bool:
        """Whether the journey that has asked is over: then nothing is to come of it."""
        if instance is None:
            return False
        try:
            return (await self.store.load(self.unit.tenant, instance)).instance.is_over
        except UnknownInstance:
            return True

    def _actor(self, name: str) -> Actor:
        return Actor(name=f"provider:{name}", at=self.at, chance=self.chance)

    def _teller(self, name: str) -> Teller:
        return Teller(unit=self.unit, records=self.store, vault=self.vault, actor=self._actor(name))
