"""Webhook definitions: a new version each time, and the secret they are signed with, exchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.identity.mistakes import misnamed
from engine.model.names import JsonValue, TenantId
from engine.model.problem import FieldProblem, Problems, wrong
from engine.ports.actor import Actor
from engine.ports.http import TRAVEL, Http
from engine.ports.outside import Purpose, Vault
from engine.ports.unit_of_work import UnitOfWork
from engine.records.record import Absent, Version, is_good
from engine.records.webhooks import Method, SealedSecret, Webhook, WebhookSecrets
from engine.webhooks import signing, template

PURPOSE: Final[Purpose] = "webhooks"
LONGEST_DESCRIPTION: Final = 2_000
LONGEST_BODY: Final = 16_384
LONGEST_HEADER: Final = 2_000
MOST_HEADERS: Final = 30
MOST_TRIES: Final = 49
LONGEST_DELAY: Final = timedelta(days=7)
MOST_SECRETS: Final = 5
"""That sign at a time: one who exchanges them twice in a day has not lost the first receiver."""
BOTH: Final = timedelta(days=1)
"""How long the old secret signs too, once there is a new one."""
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS: Final = TRAVEL | {"webhook-id", "webhook-timestamp", "webhook-signature"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a webhook is to be.

    Attributes:
        sensitive_headers: Name -> value, sealed from here on.
        delays: None: eight tries in 28 hours.
    """

    name: str
    uri: str
    description: str = ""
    method: Method = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    sensitive_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: JsonValue = None
    delays: Sequence[timedelta] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new version; `secret` is shown once, with the first version of a name."""

    webhook: Webhook
    secret: str | None = field(repr=False)


def webhook_id(name: str, number: int) -> str:
    """Name one version's row; rows of a name sort by number."""
    return f"{name}/{number:06d}"


async def newest(unit: UnitOfWork, name: str) -> Webhook | None:
    """Find the newest version of a webhook that is still there."""
    known = await unit.get(WebhookSecrets, name)
    for number in range(known.newest if known else 0, 0, -1):
        found = await unit.get(Webhook, webhook_id(name, number))
        if found is not None:
            return found
    return None


async def add_webhook(
    unit: UnitOfWork, actor: Actor, vault: Vault, http: Http, wanted: Wanted
) -> Made | Problems:
    """Stage the next version of a webhook; the first one comes with a secret."""
    problems = tuple(_problems(wanted, http))
    if problems:
        return problems
    known = await unit.get(WebhookSecrets, wanted.name)
    number = known.newest + 1 if known is not None else 1
    webhook = _webhook(unit.tenant, actor, vault, wanted, number)
    unit.put(webhook, Absent())
    secret = None
    if known is None:
        secret, sealed = _fresh(unit.tenant, actor, vault, wanted.name)
        unit.put(WebhookSecrets(id=wanted.name, secrets=(sealed,), newest=1), Absent())
    else:
        unit.put(replace(known, newest=number), Version(number=known.version))
    origin = "/".join(webhook.uri.split("/")[:3])  # a path may be as good as a secret
    facts = {"to": origin, "method": webhook.method}
    unit.audit(actor.did("webhook.add", f"webhook:{webhook.id}", **facts))
    return Made(webhook=webhook, secret=secret)


async def rotate_secret(unit: UnitOfWork, actor: Actor, vault: Vault, name: str) -> str | None:
    """Stage a new secret; the one before signs too for a day. None: there is no such webhook."""
    known = await unit.get(WebhookSecrets, name)
    if known is None or await newest(unit, name) is None:
        return None
    secret, sealed = _fresh(unit.tenant, actor, vault, name)
    newest_before, *older = known.secrets
    good = [one for one in older if one.retires_at is not None and actor.at < one.retires_at]
    before = (replace(newest_before, retires_at=actor.at + BOTH), *good)
    secrets = (sealed, *before)[:MOST_SECRETS]
    unit.put(replace(known, secrets=secrets), Version(number=known.version))
    unit.audit(actor.did("webhook.rotate", f"webhook:{name}"))
    return secret


def remove_webhook(unit: UnitOfWork, actor: Actor, webhook: Webhook) -> None:
    """Stage the end of a version. What names it breaks; what waits to be sent goes dead."""
    unit.delete(webhook)
    unit.audit(actor.did("webhook.remove", f"webhook:{webhook.id}"))


def secrets_at(vault: Vault, tenant: TenantId, known: WebhookSecrets, at: datetime) -> list[bytes]:
    """Open what signs at a time, the newest first. Raises `VaultRefused`."""
    good = [one for one in known.secrets if is_good(one.retires_at, at)]
    bound = _bound(tenant, known.id)
    return [vault.unseal(PURPOSE, one.sealed, bound) for one in good]


def sensitive_headers(vault: Vault, tenant: TenantId, webhook: Webhook) -> dict[str, str]:
    """Open the headers that are never shown. Raises `VaultRefused`."""
    if webhook.sealed_headers is None:
        return {}
    text = vault.unseal(PURPOSE, webhook.sealed_headers, _bound(tenant, webhook.id))
    opened: dict[str, str] = json.loads(text)
    return opened


def _webhook(tenant: TenantId, actor: Actor, vault: Vault, wanted: Wanted, number: int) -> Webhook:
    id = webhook_id(wanted.name, number)
    hidden = json.dumps(dict(wanted.sensitive_headers)).encode()
    sealed = vault.seal(PURPOSE, hidden, _bound(tenant, id)) if wanted.sensitive_headers else None
    delays = wanted.delays
    return Webhook(
        id=id,
        name=wanted.name,
        number=number,
        description=wanted.description,
        method=wanted.method,
        uri=wanted.uri,
        headers=dict(wanted.headers),
        sensitive=tuple(sorted(wanted.sensitive_headers)),
        sealed_headers=sealed,
        parameters=dict(wanted.parameters),
        body=wanted.body,
        delays=None if delays is None else tuple(delay.total_seconds() for delay in delays),
        created_at=actor.at,
        created_by=actor.name,
    )


def _fresh(tenant: TenantId, actor: Actor, vault: Vault, name: str) -> tuple[str, SealedSecret]:
    secret = actor.chance.bytes(signing.SECRET_BYTES)
    sealed = vault.seal(PURPOSE, secret, _bound(tenant, name))
    return signing.written(secret), SealedSecret(sealed=sealed, created_at=actor.at)


def _bound(tenant: TenantId, id: str) -> bytes:
    return f"{tenant}\x1f{id}".encode()


def _problems(wanted: Wanted, http: Http) -> Iterator[FieldProblem]:
    yield from misnamed("name", wanted.name)
    if len(wanted.description) > LONGEST_DESCRIPTION:
        yield wrong("description", f"use {LONGEST_DESCRIPTION:,} characters at most")
    refused = http.refusal(wanted.uri)
    if refused is not None:
        yield wrong("uri", refused)
    elif "{{" in wanted.uri:
        yield wrong("uri", "an address holds no placeholder; put it into `parameters`")
    yield from _headers(wanted)
    yield from _texts("parameters", wanted.parameters)
    yield from _body(wanted)
    yield from _delays(wanted.delays)


def _headers(wanted: Wanted) -> Iterator[FieldProblem]:
    yield from _texts("headers", wanted.headers)
    names = [name.lower() for name in (*wanted.headers, *wanted.sensitive_headers)]
    if len(set(names)) != len(names):
        yield wrong("headers", "a header stands there once, whatever its capitals")
    for place, given in (
        ("headers", wanted.headers),
        ("sensitiveHeaders", wanted.sensitive_headers),
    ):
        for name in given:
            if not _HEADER.fullmatch(name):
                yield wrong(f"{place}", "a name has letters, digits and - , 100 at most")
            elif name.lower() in _OURS:
                yield wrong(f"{place}.{name}", "this header is written by us")
    for name, value in wanted.sensitive_headers.items():
        plain = value.isascii() and value.isprintable() and value.strip() == value
        if not plain or not value or len(value) > LONGEST_HEADER:
            reason = f"use printable ASCII, 1 to {LONGEST_HEADER:,} characters, no space around it"
            yield wrong(f"sensitiveHeaders.{name}", reason)


def _texts(place: str, given: Mapping[str, str]) -> Iterator[FieldProblem]:
    if len(given) > MOST_HEADERS:
        yield wrong(place, f"use {MOST_HEADERS} at most")
    for name, text in given.items():
        reason = template.problem(text)
        if len(name) > 100 or len(text) > LONGEST_HEADER or not text.isprintable():
            reason = f"use printable characters, {LONGEST_HEADER:,} at most"
        if reason is not None:
            yield wrong(f"{place}.{name}"[:200], reason)


def _body(wanted: Wanted) -> Iterator[FieldProblem]:
    if wanted.body is None:
        return
    if wanted.method == "GET":
        yield wrong("body", "a GET has none; put it into `parameters`")
        return
    deep = [*template.problems(wanted.body)]
    yield from (wrong(f"body.{where}" if where else "body", what) for where, what in deep)
    if not deep and len(json.dumps(wanted.body)) > LONGEST_BODY:
        yield wrong("body", f"use {LONGEST_BODY:,} characters at most")


def _delays(delays: Sequence[timedelta] | None) -> Iterator[FieldProblem]:
    if delays is None:
        return
    if len(delays) > MOST_TRIES:
        yield wrong("retryIntervals", f"use {MOST_TRIES} at most")
    if any(not timedelta() < delay <= LONGEST_DELAY for delay in delays):
        yield wrong("retryIntervals", "use milliseconds above zero, and seven days at most")
