"""What a page that waits for a device listens with: link and token, derived for each answer."""

from __future__ import annotations

from engine.access.embedded import known_client
from engine.errors import Busy
from engine.model.names import TenantId
from engine.model.screen import LivePanel
from engine.ports.store import Committed
from engine.realtime.channels import Group
from engine.realtime.tokens import issue
from engine.realtime.trustfactor import codes
from engine.records.realtime import RtasChannel, RtasClient
from engine.records.trustfactor import EMBEDDED, RegistrationCode, Transaction
from engine.run.current import Current
from engine.run.unit import TRIES, Unit
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
        subject = await _subject(unit, panel)
        if client is None or subject is None:
            return None
        group = _group(client, panel)
        token = await issue(unit, ask.web.issuer, client, group, current.now)
        staged = unit.staged()
        # The tenant's first token makes its key; a twin may have been quicker.
        if staged.is_empty or isinstance(await store.write(tenant, staged), Committed):
            channel = await store.get(tenant, RtasChannel, group.channel)
            return Listening(
                link=_link(ask, tenant, subject),
                token=token,
                after=0 if channel is None else channel.sequence,
                hub=HUB_PATH,
                script=SCRIPT_PATH,
                integrity=integrity(),
            )
    raise Busy(retry_after=1)


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
