"""Source addresses, and failed tries of each, in memory and bounded: the third budget (C4).

Knows addresses, never accounts.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import Scope

from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.outside import Clock
from engine.web.circuit import Circuit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN = "unknown"
REMEMBERED = 4096
"""Sources kept at most; the one that failed longest ago is forgotten first. 15 MB when full."""
TENANTS = 1024
"""Circuits kept at most: anybody can name tenants that are not there."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLimits:
    """Failures that one source may make before it must wait.

    `tenant_per_minute`: those of all sources together, above which every answer is slower.
    """

    per_minute: int = 20
    per_hour: int = 100
    tenant_per_minute: int = 300


class Sources:
    """Counts failures per source and says until when one must wait; a circuit counts a tenant's."""

    def __init__(self, limits: SourceLimits, clock: Clock) -> None:
        self._circuits: OrderedDict[TenantId, Circuit] = OrderedDict()
        self._limits = limits
        self._clock = clock
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()

    @property
    def is_empty(self) -> bool:
        """Whether nobody has failed: nobody must wait."""
        return not self._failures

    def circuit(self, tenant: TenantId) -> Circuit:
        """Give the circuit of a tenant, also of one that is only said to be there."""
        found = self._circuits.get(tenant)
        if found is None:
            found = Circuit(tenant, self._limits.tenant_per_minute, self._clock)
            self._circuits[tenant] = found
            if len(self._circuits) > TENANTS:
                self._circuits.popitem(last=False)
        self._circuits.move_to_end(tenant)
        return found

    def fail(self, source: str, tenant: TenantId = MAIN_TENANT) -> None:
        """Count one failure now."""
        kept = self._failures.setdefault(source, deque(maxlen=self._limits.per_hour))
        kept.append(self._clock.now())
        self._failures.move_to_end(source)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
        self.circuit(tenant).fail()

    def waits_until(self, source: str) -> datetime | None:
        """Until when this source must wait; None when it may try."""
        kept = self._failures.get(source)
        if kept is None:
            return None
        now = self._clock.now()
        # A clock that stepped back must keep nobody out: what lies ahead of it is dropped (C5).
        while kept and not now - HOUR < kept[0] <= now + MINUTE:
            kept.popleft()
        ends = (
            _frees_at(kept, self._limits.per_minute, MINUTE),
            _frees_at(kept, self._limits.per_hour, HOUR),
        )
        until = max((end for end in ends if end is not None), default=now)
        return until if until > now else None


def seconds_until(until: datetime, now: datetime) -> int:
    """Count what a `Retry-After` says: whole seconds, never too few."""
    return int((until - now).total_seconds()) + 1


def _frees_at(kept: Sequence[datetime], limit: int, length: timedelta) -> datetime | None:
    """When the `limit`-th newest failure is `length` old."""
    return kept[-limit] + length if len(kept) >= limit else None


def source_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """Name the address a request comes from; an IPv6 address stands for its /64.

    The peer itself, unless it is a trusted proxy: then the right-most address in `X-Forwarded-For`
    that is not one. What strangers write into that header is never believed.
    """
    client = scope.get("client")
    peer = _address(client[0]) if client else None
    if peer is None:
        return UNKNOWN
    hops = Headers(scope=scope).getlist("x-forwarded-for")
    for written in reversed(",".join(hops).split(",")):
        if not _is_in(peer, trusted):
            break
        further = _address(written.strip())
        if further is None:
            break
        peer = further
    return _group(peer)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host, given as a name or an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _group(address: Address) -> str:
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
