"""Other TrustFactors and RTAS that journeys use: asked by the outbox, until they have answered.

A login is renewed as long as it is good, and made anew when it is not. What is asked for twice
under one id is done once there.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast

import msgspec

from engine.activity import Ended, TryLater
from engine.errors import AddressRefused, HttpFailed
from engine.model.event import Broken
from engine.model.names import JsonObject, TenantId
from engine.ports.actor import Actor
from engine.ports.http import Http, HttpAnswer, HttpRequest
from engine.ports.outside import Chance, Vault
from engine.ports.store import Committed, Store
from engine.realtime.channels import publish
from engine.realtime.trustfactor import codes, transactions
from engine.realtime.trustfactor.square import png
from engine.records.trustfactor import (
    EMBEDDED,
    Provider,
    RegistrationCode,
    Remote,
    Transaction,
)
from engine.run.trustfactor.telling import MOVED, Teller, Wish, group_of
from engine.run.unit import Unit

RENEW_AFTER: Final = timedelta(minutes=30)
LOG_IN_AFTER: Final = timedelta(minutes=55)
DONE: Final = Ended()
T = TypeVar("T", RegistrationCode, Transaction)


class Refused(Exception):
    """The provider does not do it: `again`, whether it may yet."""

    def __init__(self, reason: str, *, again: bool, status: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A token, and when it was given."""

    token: str = field(repr=False)
    at: datetime


@dataclass(slots=True, kw_only=True)
class Client:
    """Calls a provider as its application server; keeps tokens in memory, and nowhere else."""

    http: Http
    logins: dict[tuple[TenantId, str], Login] = field(default_factory=dict)

    async def call(
        self, place: Place, path: str, said: JsonObject | None, *, key: str = ""
    ) -> JsonObject:
        """Call once, logged in; a token that is good no more is made anew. Raises `Refused`."""
        for is_last in (False, True):
            token = await self._token(place)
            headers = [("Authorization", f"Bearer {token}")]
            headers += [("Idempotency-Key", key)] if key else []
            try:
                return await self._send(place, path, said, headers)
            except Refused as refused:
                self.logins.pop(place.name, None)
                if refused.status != 401 or is_last:
                    raise
        raise AssertionError  # the second round has returned or raised

    async def log_in(self, place: Place) -> str:
        """Give a fresh token. Raises `Refused`."""
        said: JsonObject = {"client_id": place.client_id, "client_secret": place.secret}
        return str((await self._send(place, "/rtas/v1/login", said, []))["token"])

    async def _token(self, place: Place) -> str:
        kept = self.logins.get(place.name)
        age = timedelta.max if kept is None else place.at - kept.at
        if kept is not None and age < RENEW_AFTER:
            return kept.token
        token = await self._renewed(place, kept) if kept and age < LOG_IN_AFTER else None
        token = token or await self.log_in(place)
        self.logins[place.name] = Login(token=token, at=place.at)
        return token

    async def _renewed(self, place: Place, kept: Login) -> str | None:
        headers = [("Authorization", f"Bearer {kept.token}")]
        try:
            found = await self._send(place, "/rtas/v1/token/renew", {}, headers)
        except Refused:
            return None
        return str(found["token"])

    async def _send(
        self, place: Place, path: str, said: JsonObject | None, headers: list[tuple[str, str]]
    ) -> JsonObject:
        method, body = ("DELETE", b"") if said is None else ("POST", msgspec.json.encode(said))
        kind = [] if said is None else [("Content-Type", "application/json")]
        request = HttpRequest(
            method=method, uri=f"{place.address}{path}", headers=(*kind, *headers), body=body
        )
        try:
            answer = await self.http.send(request)
        except AddressRefused as refused:
            reason = f"it may not be sent there: {refused.facts['reason']}"
            raise Refused(reason, again=False) from refused
        except HttpFailed as failed:
            raise Refused(str(failed.facts["reason"]), again=True) from failed
        return _read(answer)


def _read(answer: HttpAnswer) -> JsonObject:
    if not 200 <= answer.status < 300:
        is_final = 400 <= answer.status < 500 and answer.status not in (401, 408, 425, 429)
        reason = f"it answered {answer.status}"
        raise Refused(reason, again=not is_final, status=answer.status)
    if not answer.body:
        return {}
    try:
        found: JsonObject = msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        reason = "its answer is no JSON"
        raise Refused(reason, again=True) from error
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a provider is, and what we log in there with, opened for one call."""

    name: tuple[TenantId, str]
    address: str
    client_id: str
    secret: str = field(repr=False)
    at: datetime


def place_of(vault: Vault, tenant: TenantId, provider: Provider, at: datetime) -> Place:
    """Open what a provider is called with. Raises `VaultRefused`."""
    secret = vault.unseal("trustfactor", provider.sealed_secret, bound_to(provider.id, "secret"))
    return Place(
        name=(tenant, provider.id),
        address=provider.address,
        client_id=provider.client_id,
        secret=secret.decode(),
        at=at,
    )


def bound_to(provider: str, what: str) -> bytes:
    """Name what is sealed of a provider."""
    return f"provider/{provider}/{what}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """Does the rows of the outbox that ask other providers for something."""

    store: Store
    vault: Vault
    chance: Chance
    client: Client

    async def do(self, tenant: TenantId, handed: JsonObject, id: str) -> Ended | Broken | TryLater:
        """Try once; `id` is the same at every try."""
        wish, subject = cast("Wish", handed["what"]), str(handed["subject"])
        work = _Errand(
            providers=self, unit=Unit(self.store, tenant), key=id, at=await self.store.now()
        )
        try:
            return await _WISHES[wish](work, subject)
        except Refused as refused:
            return TryLater(reason=refused.reason, in_vain=not refused.again, at_last=DONE)
        except (KeyError, TypeError, ValueError):
            return TryLater(reason="its answer is not what was asked for", at_last=DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """One try of one row."""

    providers: Providers
    unit: Unit
    key: str
    at: datetime

    async def call(self, provider: str, path: str, said: JsonObject | None) -> JsonObject:
        kept = await self.unit.get(Provider, provider)
        if kept is None:
            reason = "the provider was removed"
            raise Refused(reason, again=False)
        house = self.providers
        place = place_of(house.vault, self.unit.tenant, kept, self.at)
        return await house.client.call(place, path, said, key=self.key)

    async def code(self, subject: str) -> RegistrationCode | None:
        """Find a code that is another provider's."""
        found = await self.unit.get(RegistrationCode, subject)
        return None if found is None or found.provider == EMBEDDED else found

    async def transaction(self, subject: str) -> Transaction | None:
        found = await self.unit.get(Transaction, subject)
        return None if found is None or found.provider == EMBEDDED else found

    @property
    def teller(self) -> Teller:
        house = self.providers
        actor = Actor(name="trustfactor", at=self.at, chance=house.chance)
        return Teller(unit=self.unit, records=house.store, vault=house.vault, actor=actor)

    async def moved(self, subject: RegistrationCode | Transaction) -> None:
        """Let the page look anew: it has a link now."""
        await publish(self.unit, self.providers.vault, group_of(subject), MOVED, self.at)

    async def written(self) -> Ended | TryLater:
        house = self.providers
        if isinstance(await house.store.write(self.unit.tenant, self.unit.staged()), Committed):
            return DONE
        return TryLater(reason="somebody else has changed it meanwhile", at_last=DONE)


async def _code(work: _Errand, subject: str) -> Ended | TryLater:
    """Ask for a code, and let the page show its link."""
    code = await work.code(subject)
    if code is None or code.remote is not None or codes.status_at(code, work.at) != "CREATED":
        return DONE
    left = max(int((code.ends_at - work.at).total_seconds()), 30)
    said: JsonObject = {
        "user_id": code.user_id, "user_name": code.user_name,
        "application_name": code.application, "expires_in_seconds": left,
    }  # fmt: skip
    made = await work.call(code.provider, "/trustfactor/v2/registration-codes", said)
    remote = Remote(id=str(made["unique_id"]), link=str(made["deeplink_url"]))
    opened = codes.opened(work.unit, code, remote)
    await work.moved(opened)
    work.teller.wish("created", code.id)
    return await work.written()


async def _created(work: _Errand, subject: str) -> Ended | TryLater:
    """Tell its RTAS that the registration was created, for whoever listens there."""
    code = await work.code(subject)
    if code is None or code.remote is None:
        return DONE
    picture = png(code.remote.link, 300) or b""
    said = _told(code, "REGISTRATION_CREATED_V2") | {
        "qr_code": base64.b64encode(picture).decode(),
        "qr_code_expiration": int(code.ends_at.timestamp()),
        "deeplink_url": code.remote.link,
    }
    await work.call(code.provider, "/rtas/v3/registration/callback", said)
    return DONE


async def _success(work: _Errand, subject: str) -> Ended | TryLater:
    """Tell its RTAS which device was registered."""
    code = await work.code(subject)
    if code is None or code.confirmation is None or code.remote is None:
        return DONE
    said = _told(code, "REGISTRATION_SUCCESS_V2") | {
        "contract_key": code.confirmation.contract_key,
        "device_key": code.confirmation.device_key,
        "device_info": msgspec.to_builtins(code.confirmation.device),
        "close_connection_on_receive": True,
    }
    await work.call(code.provider, "/rtas/v3/registration/callback", said)
    return DONE


def _told(code: RegistrationCode, status: str) -> dict[str, Any]:
    return {
        "unique_id": "" if code.remote is None else code.remote.id,
        "status": status,
        "user_id": code.user_id,
        "user_display_name": code.user_name,
        "application_name": code.application,
        "store_in_cache": True,
        "cache_expires_after_minutes": 15,
    }


async def _ask(work: _Errand, subject: str) -> Ended | TryLater:
    """Ask for a decision there."""
    asked = await work.transaction(subject)
    if asked is None or asked.remote is not None:
        return DONE
    if transactions.status_at(asked, work.at) != "PENDING":
        return DONE
    display = transactions.display_of(work.providers.vault, asked)
    said: JsonObject = {
        "user_id": asked.user_id, "application_name": asked.application,
        "action": display.action, "message": display.message,
        "parameters": dict(display.parameters),
        "expires_in_seconds": max(int((asked.ends_at - work.at).total_seconds()), 10),
    }  # fmt: skip
    made = await work.call(asked.provider, "/trustfactor/v1/transactions", said)
    remote = Remote(id=str(made["transaction_id"]), link=str(made["deeplink_url"]))
    await work.moved(transactions.opened(work.unit, asked, remote))
    return await work.written()


async def _cancel_code(work: _Errand, subject: str) -> Ended | TryLater:
    code = await work.code(subject)
    if code is None or code.remote is None:
        return DONE
    return await _gone(work, code, f"/trustfactor/v2/registration-codes/{code.remote.id}")


async def _cancel(work: _Errand, subject: str) -> Ended | TryLater:
    asked = await work.transaction(subject)
    if asked is None or asked.remote is None:
        return DONE
    return await _gone(work, asked, f"/trustfactor/v1/transactions/{asked.remote.id}")


async def _gone(work: _Errand, subject: RegistrationCode | Transaction, path: str) -> Ended:
    """End it there; what is over, or not there, needs no end."""
    try:
        await work.call(subject.provider, path, None)
    except Refused as refused:
        if refused.status not in (404, 409, 410):
            raise
    return DONE


async def _reset(work: _Errand, subject: str) -> Ended | TryLater:
    """Let a device that is not its user's answer for nobody there."""
    code = await work.code(subject)
    if code is None or code.confirmation is None:
        return DONE
    said: JsonObject = {"contract_key": code.confirmation.contract_key}
    await work.call(code.provider, "/trustfactor/v1/contracts/reset", said)
    return DONE


_WISHES: Final[Mapping[Wish, Callable[[_Errand, str], Awaitable[Ended | TryLater]]]] = {
    "code": _code,
    "created": _created,
    "success": _success,
    "ask": _ask,
    "cancel-code": _cancel_code,
    "cancel": _cancel,
    "reset": _reset,
}
