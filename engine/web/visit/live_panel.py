"""What a page that waits for a device listens with: link and token, derived for each answer."""

from __future__ import annotations

from engine.access.journey_client import known_client
from engine.errors import Busy
from engine.model.names import TenantId
from engine.model.screen import LivePanel
from engine.realtime.channels import Group
from engine.realtime.tokens import issue
from engine.realtime.trustfactor import codes
from engine.records.realtime import RtasChannel, RtasClient
from engine.records.trustfactor import EMBEDDED, RegistrationCode, Transaction
from engine.records.work import Signal
from engine.run.current import Current
from engine.run.unit import TRIES, Unit, is_written
from engine.web.links import HUB_PATH, registration_link, transaction_link
from engine.web.listening.script import SCRIPT_PATH, integrity
from engine.web.pages import Listening
from engine.web.request import Ask


async def listening(ask: Ask, current: Current) -> Listening | None:
    """Derive what a page listens with; None where it waits for no device, or for none any more."""
    wait = current.instance.asked
    panel = wait.screen.live if wait is not None else None
    if panel is None:
        return None
    store, tenant = ask.web.journeys.offices.store, current.instance.tenant
    for _ in range(TRIES):
        unit = Unit(store, tenant)
        client = await known_client(unit)
        # Read before all that the page is made of: what comes later than that is news.
        sequence = 0 if client is None else await _sequence(ask, tenant, _group(client, panel))
        subject = await _subject(unit, panel)
        if client is None or subject is None:
            return None
        group = _group(client, panel)
        token = await issue(unit, ask.web.issuer, client, group, current.now)
        # The tenant's first token makes its key; a twin may have been quicker.
        if await is_written(unit, store):
            return Listening(
                link=_link(ask, tenant, subject),
                token=token,
                after=await _seen(ask, current, sequence),
                hub=HUB_PATH,
                script=SCRIPT_PATH,
                integrity=integrity(),
            )
    raise Busy(retry_after=1)


async def _sequence(ask: Ask, tenant: TenantId, group: Group) -> int:
    channel = await ask.web.journeys.offices.store.get(tenant, RtasChannel, group.channel)
    return 0 if channel is None else channel.sequence


async def _seen(ask: Ask, current: Current, sequence: int) -> int:
    """Tell which events the page need not be told: none that came after the instance was read.

    A word that was committed between the two is told once more: the page asks anew at once.
    """
    store, instance = ask.web.journeys.offices.store, current.instance
    wait = instance.wait
    is_known = wait is None or wait.key is None
    signal = None if is_known else await store.get(instance.tenant, Signal, str(wait and wait.key))
    latest = (await store.load(instance.tenant, instance.id)).instance
    is_stale = signal is not None or latest.revision != instance.revision
    return max(sequence - 1, 0) if is_stale else sequence


async def _subject(unit: Unit, panel: LivePanel) -> RegistrationCode | Transaction | None:
    """Find what the page waits for; None where it is gone."""
    if panel.flow == "transaction":
        return await unit.get(Transaction, panel.subject)
    return await unit.get(RegistrationCode, panel.subject)


def _link(ask: Ask, tenant: TenantId, subject: RegistrationCode | Transaction) -> str | None:
    """Derive what the device opens; None until another provider has given it."""
    origin = ask.web.config.origin
    if subject.provider != EMBEDDED:
        return None if subject.remote is None else subject.remote.link
    if isinstance(subject, Transaction):
        return transaction_link(origin, tenant, subject.id)
    return registration_link(origin, codes.payload_of(ask.web.journeys.vault, tenant, subject))


def _group(client: RtasClient, panel: LivePanel) -> Group:
    return Group(client=client.id, flow=panel.flow, subject=panel.subject, user_id=panel.user)
