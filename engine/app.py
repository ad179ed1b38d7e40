"""Wiring: the one place where ports meet their adapters, for the server and for every command."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.types import ASGIApp

from engine.adapters.address import Address
from engine.adapters.hashing import ArgonPool
from engine.adapters.signatures.ed25519 import Ed25519Keys
from engine.adapters.signatures.rs256 import Rs256Signer
from engine.adapters.sqlite import SqliteStore
from engine.adapters.system import SystemChance, SystemClock
from engine.adapters.vault import FileVault
from engine.errors import SettingsRefused, TrustflowError
from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.hints import Hints
from engine.ports.http import Http
from engine.ports.outside import Chance, Clock, HashPool, Probe, Vault, no_probe
from engine.ports.signing import DeviceKeys, Signer
from engine.ports.store import Store
from engine.ports.tracing import Tracer
from engine.run.catalogue import Catalogue
from engine.run.entry.tokens import TokenOffice
from engine.run.entry.visits import Visits
from engine.run.erasure import Eraser
from engine.run.hop.making import Outside
from engine.run.library import Library
from engine.run.loop import Loop
from engine.run.outbox import Outbox
from engine.run.oversight.supervision import Supervisor
from engine.run.pump import Pump
from engine.run.trustfactor.application_callbacks import ApplicationCallbacks
from engine.run.trustfactor.notifier import APPLICATION_CALLBACK, PROVIDER_REQUEST
from engine.run.trustfactor.provider_client import ProviderClient
from engine.run.trustfactor.providers import Providers
from engine.settings import Settings

DATABASE = "trustflow.db"
KEYS = "keys"
REMEMBERED = timedelta(seconds=10)
"""How long it is believed that the store can be written, or not."""


@dataclass(slots=True, kw_only=True)
class Application:
    """The whole house, put together once. Nothing of it is global."""

    settings: Settings
    tenant: TenantId
    store: Store
    clock: Clock
    chance: Chance
    vault: Vault
    pool: HashPool
    catalogue: Catalogue
    library: Library
    loop: Loop
    visits: Visits
    office: TokenOffice
    supervisor: Supervisor
    eraser: Eraser
    pump: Pump
    outbox: Outbox
    http: Http
    signer: Signer
    device_keys: DeviceKeys
    tracer: Tracer | None = None
    hints: Hints | None = None
    on_ending: list[Callable[[], None]] = field(default_factory=list)
    on_close: list[Callable[[], None]] = field(default_factory=list)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _looked_at: datetime | None = None
    _is_ready: bool = False

    def web(self, public_url: str) -> ASGIApp:
        """Build the HTTP surface as browsers see it under `public_url`.

        Imported only here: administration starts faster without it.
        """
        from engine.web import Journeys, Offices, WebConfig, build_web
        from engine.web.hub.hub import Hub
        from engine.web.sources import SourceLimits

        settings = self.settings
        most, hints = settings.listeners_at_once, self.hints
        hub = Hub(self.store, self.vault, self.chance, most=most, hints=hints)
        self.on_ending.append(hub.close)
        surface = build_web(
            Journeys(
                loop=self.loop,
                visits=self.visits,
                vault=self.vault,
                clock=self.clock,
                chance=self.chance,
                offices=Offices(
                    store=self.store,
                    pool=self.pool,
                    library=self.library,
                    tokens=self.office,
                    supervisor=self.supervisor,
                    eraser=self.eraser,
                    http=self.http,
                    signer=self.signer,
                    device_keys=self.device_keys,
                ),
                ready=self.is_ready,
                hub=hub,
            ),
            WebConfig(
                app_name=settings.app_name,
                public_url=public_url,
                trusted_proxies=tuple(map(ipaddress.ip_network, settings.trusted_proxies)),
                secure_cookies=public_url.startswith("https:"),
                source_limits=SourceLimits(
                    per_minute=settings.source_failures_per_minute,
                    per_hour=settings.source_failures_per_hour,
                    tenant_per_minute=settings.tenant_failures_per_minute,
                ),
                help_url=settings.help_url,
                privacy_url=settings.privacy_url,
            ),
        )
        if self.tracer is None:
            return surface
        from engine.adapters.tracing.wrapping import traced_app

        return traced_app(surface, self.tracer)

    def say_goodbye(self) -> None:
        """Let go of whoever waits for something: the server ends, and they come again."""
        for end in self.on_ending:
            end()

    async def is_ready(self) -> bool:
        """Whether the store can be written and today's keys are there.

        Only a write tells that one is possible: a full disk still reads. It is tried at most every
        ten seconds, however often anybody asks, and remembered in between.
        """
        async with self._looking:
            now = self.clock.now()
            if self._looked_at is None or abs(now - self._looked_at) >= REMEMBERED:
                self._is_ready, self._looked_at = await self._can_write(), now
            return self._is_ready

    async def _can_write(self) -> bool:
        try:
            await self.store.try_writing()
            self.vault.current("pepper")
        except TrustflowError:
            return False
        return True

    @contextlib.asynccontextmanager
    async def pumping(self) -> AsyncIterator[None]:
        """Fire timers, do what is in the outbox, carry hints, in the background of the block."""
        tasks = [
            asyncio.create_task(self.pump.run(), name="pump"),
            asyncio.create_task(self.outbox.run(), name="outbox"),
        ]
        if self.hints is not None:
            tasks.append(asyncio.create_task(self.hints.run(), name="hints"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """End what was begun: the store's threads and the hashing pool."""
        await self.store.close()
        for end in self.on_close:
            end()


async def open_application(
    settings: Settings,
    *,
    clock: Clock | None = None,
    chance: Chance | None = None,
    probe: Probe = no_probe,
    traces: bool = False,
) -> Application:
    """Open the data folder, made on first start with its keys and database; wire the house.

    Where settings name a PostgreSQL database it is used in place of the file; `migrate` has made
    its tables before.

    Args:
        settings: Read once by the caller.
        clock: The system's without.
        chance: The system's without.
        probe: Called at the named points of a hop; for tests that kill the program there.
        traces: Whether spans are kept where the settings name a collector: a command keeps none.

    Raises:
        SettingsRefused: A setting is weaker than its floor, or wants what is not installed.
        VaultRefused: The keys are not those of this data.
        StoreUnavailable: The database cannot be opened.
        SchemaMissing: It was not migrated yet.
        SchemaRefused: A newer program has migrated it.
    """
    told, clock, chance = clock, clock or SystemClock(), chance or SystemChance()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store: Store
    hints: Hints | None = None
    if settings.database is None:
        # later a missing key is a loss, not a start
        vault = FileVault.open(settings.data / KEYS, make=not (settings.data / DATABASE).exists())
        store = await SqliteStore.open(settings.data / DATABASE, clock=clock, probe=probe)
    else:
        store, vault = await _on_postgres(settings, settings.database, told, probe)
        hints = _hints(settings.database, clock)
    pool = ArgonPool(
        vault,
        memory_kib=settings.argon_memory_kib,
        passes=settings.argon_passes,
        workers=settings.hash_workers,
        chance=chance,
    )
    tracer = _tracer(settings) if traces else None
    application = wire(
        settings, store, clock,
        chance=chance, vault=vault, pool=pool, hints=hints, tracer=tracer, probe=probe,
    )  # fmt: skip
    application.on_close.append(pool.close)
    if tracer is not None:
        application.on_close.append(tracer.close)
    return application


def _tracer(settings: Settings) -> Tracer | None:
    """Make what keeps spans, where an operator wants them. Raises `SettingsRefused`."""
    if not settings.traces:
        return None
    try:
        from engine.adapters.tracing.telemetry import Telemetry
    except ImportError:
        told = "traces needs the extra `otel`: install trustflow[otel], or leave traces empty"
        raise SettingsRefused(problems=(told,)) from None
    return Telemetry.sending_to(settings.traces)


async def _on_postgres(
    settings: Settings, address: Address, clock: Clock | None, probe: Probe
) -> tuple[Store, FileVault]:
    """Open a PostgreSQL database, its time the server's, and the keys that belong to it.

    Imported only here: who keeps a file does not wait for it.
    """
    from engine.adapters.postgres import PostgresStore

    store = await PostgresStore.open(address, clock=clock, probe=probe)
    try:
        vault = FileVault.open(settings.data / KEYS, make=await store.is_fresh())
    except TrustflowError:
        await store.close()
        raise
    return store, vault


def _hints(address: Address, clock: Clock) -> Hints:
    """Make what machines on a PostgreSQL database tell each other by; imported as that is."""
    from engine.adapters.hints import PostgresHints

    return PostgresHints(address, clock)


def _http(settings: Settings) -> Http:
    """Make the way out to other programs. Raises `SettingsRefused` for an authority that is none.

    What it needs is read when it is first used: most commands never do.
    """
    from engine.adapters.http import Rules, SafeHttp

    rules = Rules(
        ports=frozenset(settings.http_ports),
        trusted=frozenset(one.lower() for one in settings.http_trusted),
    )
    return SafeHttp(rules=rules, ca_file=settings.http_ca_file)


def wire(
    settings: Settings,
    store: Store,
    clock: Clock,
    *,
    chance: Chance,
    vault: Vault,
    pool: HashPool,
    http: Http | None = None,
    hints: Hints | None = None,
    tracer: Tracer | None = None,
    probe: Probe = no_probe,
) -> Application:
    """Put the rooms together around opened adapters."""
    http = http or _http(settings)
    catalogue = Catalogue.installed()
    if tracer is not None:
        from engine.adapters.tracing.wrapping import TracedPool, traced, traced_activity

        store, http = traced(store, "store", tracer), traced(http, "http", tracer)
        pool = TracedPool(pool, tracer)
        catalogue = catalogue.with_each(lambda one: traced_activity(one, tracer))
    library = Library(store=store, catalogue=catalogue)
    outside = Outside(
        store=store, chance=chance, pool=pool, vault=vault,
        catalogue=catalogue, library=library, probe=probe,
        allowed_redirects=settings.allowed_redirects,
    )  # fmt: skip
    loop = Loop(outside)
    eraser = Eraser(store=store, loop=loop)
    callbacks = ApplicationCallbacks(store=store, vault=vault, http=http, chance=chance)
    providers = Providers(
        store=store, vault=vault, chance=chance, client=ProviderClient(http=http), hints=hints
    )
    allowed = settings.allowed_redirects
    return Application(
        settings=settings,
        tenant=MAIN_TENANT,
        store=store,
        clock=clock,
        chance=chance,
        vault=vault,
        pool=pool,
        catalogue=catalogue,
        library=library,
        loop=loop,
        visits=Visits(
            store=store,
            library=library,
            loop=loop,
            chance=chance,
            vault=vault,
            allowed_redirects=allowed,
        ),
        office=TokenOffice(store=store, library=library, allowed_redirects=allowed),
        supervisor=Supervisor(store=store, loop=loop, vault=vault),
        eraser=eraser,
        http=http,
        signer=Rs256Signer(),
        device_keys=Ed25519Keys(),
        tracer=tracer,
        hints=hints,
        pump=Pump(
            store=store,
            loop=loop,
            clock=clock,
            eraser=eraser,
            audit_kept=timedelta(days=settings.audit_days),
        ),
        outbox=Outbox(
            outside=outside,
            loop=loop,
            clock=clock,
            http=http,
            errands={APPLICATION_CALLBACK: callbacks.do, PROVIDER_REQUEST: providers.do},
        ),
    )
