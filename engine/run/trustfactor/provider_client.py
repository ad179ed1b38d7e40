"""Calls to another RTAS and TrustFactor: its address, our login there, and tokens renewed in time.

A login is renewed as long as it is good, and made anew when it is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import msgspec

from engine.errors import AddressRefused, HttpFailed
from engine.model.names import JsonObject, TenantId
from engine.ports.http import Http, HttpAnswer, HttpRequest
from engine.ports.outside import Vault
from engine.records.trustfactor import Provider
from engine.run.trustfactor.provider_answers import Token, UnfitAnswer, read, told_in

RENEW_AFTER: Final = timedelta(minutes=30)
LOG_IN_AFTER: Final = timedelta(minutes=55)
UNAUTHORISED: Final = 401
FOR_NOW: Final = frozenset({UNAUTHORISED, 408, 425, 429})
"""What a provider answers, besides 5xx, that may do it yet."""
A = TypeVar("A", bound=msgspec.Struct)
EndpointName = tuple[TenantId, str, datetime]
"""Tenant, provider, and since when: another one under an old name is told no old token."""
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Why a call has given nothing; what follows is for whoever has asked.

    Attributes:
        reason: For operators: no word of the provider's own.
        again: Whether it may do it yet.
        status: What it has answered; 0: nothing.
        told: Its own sentence, for whoever asks at a terminal; kept nowhere.
    """

    reason: str
    again: bool
    status: int = 0
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[A]):
    """One call.

    Attributes:
        path: Behind the provider's address.
        answer: What it is to be answered.
        said: None: what is at the path is to go.
        key: The same at every try, so that it is done once there; empty without one.
    """

    path: str
    answer: type[A]
    said: JsonObject | None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A token, and when it was given."""

    token: str = field(repr=False)
    at: datetime


@dataclass(slots=True, kw_only=True)
class ProviderClient:
    """Calls a provider as its application server; keeps tokens in memory, and nowhere else."""

    http: Http
    logins: dict[EndpointName, Login] = field(default_factory=dict)

    async def call(self, endpoint: Endpoint, request: Request[A]) -> A | Rejected:
        """Call once, logged in; a token that is good no more is made anew.

        A login that is refused is not tried again at once: it counts as a wrong try there.
        """
        token = await self._token(endpoint)
        if isinstance(token, Rejected):
            return token
        found = await self._called(endpoint, request, token)
        if not isinstance(found, Rejected) or found.status != UNAUTHORISED:
            return found
        self.logins.pop(endpoint.name, None)
        token = await self._token(endpoint)
        return (
            token if isinstance(token, Rejected) else await self._called(endpoint, request, token)
        )

    async def _called(self, endpoint: Endpoint, request: Request[A], token: str) -> A | Rejected:
        headers: Headers = (("Authorization", f"Bearer {token}"),)
        if request.key:
            headers = (*headers, ("Idempotency-Key", request.key))
        return await self._send(endpoint, request, headers)

    async def _token(self, endpoint: Endpoint) -> str | Rejected:
        kept = self.logins.get(endpoint.name)
        age = timedelta.max if kept is None else endpoint.at - kept.at
        if kept is not None and age < RENEW_AFTER:
            return kept.token
        fresh = await self._renewed(endpoint, kept) if kept and age < LOG_IN_AFTER else None
        if fresh is None or isinstance(fresh, Rejected):
            fresh = await self._logged_in(endpoint)
        if isinstance(fresh, Rejected):
            return fresh
        self.logins[endpoint.name] = Login(token=fresh.token, at=endpoint.at)
        return fresh.token

    async def _logged_in(self, endpoint: Endpoint) -> Token | Rejected:
        said: JsonObject = {"client_id": endpoint.client_id, "client_secret": endpoint.secret}
        return await self._send(
            endpoint, Request(path="/rtas/v1/login", answer=Token, said=said), ()
        )

    async def _renewed(self, endpoint: Endpoint, kept: Login) -> Token | Rejected:
        headers = (("Authorization", f"Bearer {kept.token}"),)
        request = Request(path="/rtas/v1/token/renew", answer=Token, said={})
        return await self._send(endpoint, request, headers)

    async def _send(
        self, endpoint: Endpoint, request: Request[A], headers: Headers
    ) -> A | Rejected:
        method, body = "DELETE", b""
        if request.said is not None:
            method, body = "POST", msgspec.json.encode(request.said)
            headers = (("Content-Type", "application/json"), *headers)
        sent = HttpRequest(
            method=method, uri=f"{endpoint.address}{request.path}", headers=headers, body=body
        )
        try:
            answer = await self.http.send(sent)
        except AddressRefused as refused:
            reason = f"it may not be sent there: {refused.facts['reason']}"
            return Rejected(reason=reason, again=False)
        except HttpFailed as failed:
            return Rejected(reason=str(failed.facts["reason"]), again=True)
        return _read(answer, request.answer)


def _read(answer: HttpAnswer, kind: type[A]) -> A | Rejected:
    status = answer.status
    if not 200 <= status < 300:
        is_final = 400 <= status < 500 and status not in FOR_NOW
        return Rejected(
            reason=f"it answered {status}",
            again=not is_final,
            status=status,
            told=told_in(answer.body),
        )
    found = read(answer.body, kind)
    if isinstance(found, UnfitAnswer):
        return Rejected(reason=found.reason, again=found.again, status=status)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a provider is, and what we log in there with, opened for one call."""

    name: EndpointName
    address: str
    client_id: str
    secret: str = field(repr=False)
    at: datetime


def endpoint_of(vault: Vault, tenant: TenantId, provider: Provider, at: datetime) -> Endpoint:
    """Open what a provider is called with. Raises `VaultRefused`."""
    secret = vault.unseal("trustfactor", provider.sealed_secret, bound_to(provider.id, "secret"))
    return Endpoint(
        name=(tenant, provider.id, provider.created_at),
        address=provider.address,
        client_id=provider.client_id,
        secret=secret.decode(),
        at=at,
    )


def bound_to(provider: str, what: str) -> bytes:
    """Name what is sealed of a provider."""
    return f"provider/{provider}/{what}".encode()
