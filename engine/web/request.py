"""One request: what it may ask of the house, and how the house is set up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit

from starlette.requests import Request

from engine.access.keys import Caller
from engine.access.rtas_clients import Application
from engine.errors import PermissionMissing, SettingsRefused
from engine.model.names import MAIN_TENANT, InstanceId, TenantId
from engine.ports.http import Http
from engine.ports.outside import Chance, Clock, HashPool, Vault
from engine.ports.signing import DeviceKeys, Signer
from engine.ports.store import Store
from engine.realtime.tokens import Issuer
from engine.run.current import InstanceRef
from engine.run.entry.answers import Entered
from engine.run.entry.tokens import TokenOffice
from engine.run.entry.visits import Visits
from engine.run.erasure import Eraser
from engine.run.library import Library
from engine.run.loop import Loop
from engine.run.oversight.supervision import Supervisor
from engine.web.circuit import Circuit
from engine.web.hub.hub import Hub
from engine.web.sources import Network, SourceLimits, Sources, is_loopback, source_of

_REALTIME = ("/rtas", "/trustfactor/")
_FOR_PROGRAMS = ("/api/", "/tenants/", "/healthz", "/readyz", "/openapi.json", *_REALTIME)
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""A person may open any of these; all of them lead to this machine and nowhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offices:
    """What programs are served by: the store, and whoever works on it."""

    store: Store
    pool: HashPool
    library: Library
    tokens: TokenOffice
    supervisor: Supervisor
    eraser: Eraser
    http: Http
    signer: Signer
    device_keys: DeviceKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """What the web asks: the loop, the visits, and what a request needs from outside.

    Attributes:
        ready: Whether the store can be written and the keys are there (`/readyz`).
        hub: Who listens on this machine.
    """

    loop: Loop
    visits: Visits
    vault: Vault
    clock: Clock
    chance: Chance
    offices: Offices
    ready: Callable[[], Awaitable[bool]]
    hub: Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """How the surface is set up.

    Attributes:
        app_name: The organisation's name as people know it.
        public_url: Scheme, host and port under which browsers see us, without a path. Addresses are
            made from it alone, never from a request's Host (F4). Plain http is for loopback only.
        trusted_proxies: Networks whose `X-Forwarded-For` is believed (C4).
        secure_cookies: Cookies with `Secure` and the `__Host-` name; must be so on https.
        help_url, privacy_url: Links at the foot of every page, empty for none.
        body_seconds: A body that takes longer to arrive is cut (F5).
    """

    app_name: str
    public_url: str
    trusted_proxies: tuple[Network, ...] = ()
    secure_cookies: bool = True
    source_limits: SourceLimits = field(default_factory=SourceLimits)
    help_url: str = ""
    privacy_url: str = ""
    body_seconds: float = 10

    def __post_init__(self) -> None:
        """Refuse an address that is not ours to stand behind.

        Raises:
            SettingsRefused: Not an origin, plain http beyond loopback, or open cookies on https.
        """
        parts = _parts(self.public_url)
        if parts is None:
            raise SettingsRefused(setting="public_url", value=self.public_url)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise SettingsRefused(setting="public_url", value=self.public_url, remedy="https://")
        if parts.scheme == "https" and not self.secure_cookies:
            raise SettingsRefused(setting="secure_cookies", value=False)

    @property
    def origin(self) -> str:
        """What a browser sends as Origin from our own pages: small letters, no usual port."""
        parts = urlsplit(self.public_url)
        return _origin(parts, parts.hostname or "")

    @property
    def origins(self) -> frozenset[str]:
        """Our Origin; with plain http, which is loopback alone, under each name of loopback."""
        return _origins(self.public_url)

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser that has found us sends as Host, in small letters (F4)."""
        return _hosts(self.public_url)

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us over TLS."""
        return self.public_url.startswith("https:")


def _origin(parts: SplitResult, name: str) -> str:
    host = f"[{name}]" if ":" in name else name
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


@lru_cache(maxsize=8)
def _origins(url: str) -> frozenset[str]:
    parts = urlsplit(url)
    names = _LOOPBACK if parts.scheme == "http" else ()
    return frozenset(_origin(parts, name) for name in (parts.hostname or "", *names))


@lru_cache(maxsize=8)
def _hosts(url: str) -> frozenset[str]:
    """Give each name with its port; the usual one may be said or not."""
    usual = _PORTS[urlsplit(url).scheme]
    hosts = {origin.partition("://")[2] for origin in _origins(url)}
    if urlsplit(url).port in (None, usual):
        hosts |= {f"{host}:{usual}" for host in hosts}
    return frozenset(hosts)


def _parts(url: str) -> SplitResult | None:
    """Take an origin apart; None for anything else."""
    try:
        parts = urlsplit(url)
        fits = url.isascii() and _is_origin(parts) and parts.port != 0
    except ValueError:
        return None
    return parts if fits else None


def _is_origin(parts: SplitResult) -> bool:
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment
    named = bool(parts.hostname) and "@" not in parts.netloc
    return plain and named and parts.scheme in _PORTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """What every request shares."""

    journeys: Journeys
    config: WebConfig
    sources: Sources
    issuer: Issuer

    @property
    def hub(self) -> Hub:
        """Who listens on this machine."""
        return self.journeys.hub


@dataclass(slots=True, kw_only=True)
class Ask:
    """One request on its way through the house.

    Attributes:
        id: 26 characters; people read it to somebody when something went wrong.
        place: The route's template, for the log; never the path itself (D5).
        tenant: Whose it says to be, by the secret that it brings; it proves nothing by itself.
        entered: The living session it came with, once its route asked for one.
        caller: The program it comes from, once its route asked for an API key.
        application: The application server it comes from, once its route asked for one.
        late: It would change something, but its session value was replaced a moment ago: it may
            only look (the answer that brought the new value was lost, or is on its way).
    """

    id: str
    request: Request
    web: Web
    place: str = "-"
    tenant: TenantId = MAIN_TENANT
    entered: Entered | None = None
    caller: Caller | None = None
    application: Application | None = None
    late: bool = False
    _nonce: str = field(default="", init=False)

    @property
    def nonce(self) -> str:
        """What lets the page's own script run, once (F1); made for the page that asks for it."""
        self._nonce = self._nonce or self.web.journeys.chance.token()
        return self._nonce

    @property
    def visitor(self) -> Entered:
        """The session it came with; only where the route's permission asks for one."""
        if self.entered is None:
            raise PermissionMissing(route=self.place)
        return self.entered

    @property
    def known_caller(self) -> Caller:
        """The program it comes from; only where the route's permission asks for one."""
        if self.caller is None:
            raise PermissionMissing(route=self.place)
        return self.caller

    @property
    def known_application(self) -> Application:
        """The application server it comes from; only where the route's permission asks for one."""
        if self.application is None:
            raise PermissionMissing(route=self.place)
        return self.application

    @property
    def program(self) -> Caller | Application:
        """Whichever program it comes from; only where the route's permission asks for one."""
        return self.application or self.known_caller

    @property
    def ref(self) -> InstanceRef:
        """The instance its session is for: never merely what the path names."""
        return InstanceRef(tenant=self.tenant, id=InstanceId(self.visitor.session.instance))

    @property
    def circuit(self) -> Circuit:
        """The tenant's failed tries of all sources together."""
        return self.web.sources.circuit(self.tenant)

    def fail(self) -> None:
        """Count a failed try of its source, and of its tenant."""
        self.web.sources.fail(self.source, self.tenant)

    @property
    def source(self) -> str:
        """Where it comes from, as far as we may believe it."""
        return source_of(self.request.scope, self.web.config.trusted_proxies)

    @property
    def again(self) -> str | None:
        """Where the same thing can be looked at by GET; None where there is no such page.

        A path of ours that a route has matched, never the start of another host's name (F4).
        """
        if self.place == "-" or self.is_for_programs:
            return None
        scope = self.request.scope
        path, query = quote(scope["path"]), scope["query_string"].decode("latin-1")
        return f"{path}?{query}" if query else path

    @property
    def is_for_programs(self) -> bool:
        """Whether it is answered in JSON."""
        return str(self.request.scope["path"]).startswith(_FOR_PROGRAMS)

    @property
    def is_realtime(self) -> bool:
        """Whether it is of RTAS or TrustFactor, whose errors have a shape of their own."""
        return str(self.request.scope["path"]).startswith(_REALTIME)
