"""Where a request may go: one reading of addresses, and public unicast hosts alone (security H1).

Sources: RFC 3986 (3.2), RFC 1123 (2.1); the IANA special-purpose registries of IPv4 and IPv6
addresses; RFC 6052 and 8215 (addresses that hold another one).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, Literal

LONGEST_URI: Final = 2_000
USUAL_PORTS: Final = frozenset({443, 8443})
_URI: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>/[^\s#\\]*|\?[^\s#\\]*)?"
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label like this makes browsers and resolvers read the whole host as an address."""
PLAIN: Final = (
    "use https; only what the setting http_trusted names, host and port together, may be reached by"
    " plain http, and on this very machine alone"
)
_PORT_OF: Final = {"https": 443, "http": 80}
NOT_PUBLIC: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32",
        "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24",
        "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
"""Among them 168.63.129.16, by which a large cloud answers its guests."""
_UNICAST: Final = IPv6Network("2000::/3")
"""All that is given out to hosts: no loopback, local, private, mapped, multicast or NAT64."""
NOT_PUBLIC_6: Final = tuple(
    IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
"""Inside it: Teredo and the like, documentation, and 6to4, which holds another address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes.

    Attributes:
        host: Lower case, IPv6 without brackets; the name that certificate and `Host` are for.
        path: With the query, at least `/`.
        trusted: The operator has named this host and port: its addresses are not looked at.
    """

    scheme: Literal["https", "http"]
    host: str
    port: int
    path: str
    trusted: bool

    @property
    def authority(self) -> str:
        """What the `Host` header says."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _PORT_OF[self.scheme] else f"{shown}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an operator allows.

    Attributes:
        ports: That strangers' hosts may be reached at.
        trusted: `host:port`, that may be private; on the loopback also without TLS.
    """

    ports: frozenset[int] = USUAL_PORTS
    trusted: frozenset[str] = field(default_factory=frozenset)

    def target(self, uri: str) -> Target | str:
        """Read an address; a text says why it is refused."""
        found = _URI.fullmatch(uri)
        if found is None or len(uri) > LONGEST_URI or not (uri.isascii() and uri.isprintable()):
            return "write https://, a host name, and a path, in plain characters, without user or #"
        host = found["host"].lower().strip("[]")
        named = _misnamed(host, is_literal=found["host"].startswith("["))
        if named is not None:
            return named
        scheme: Literal["https", "http"] = "https" if found["scheme"] == "https" else "http"
        port = int(found["port"] or _PORT_OF[scheme])
        rest = found["target"] or "/"
        target = Target(
            scheme=scheme,
            host=host,
            port=port,
            path=rest if rest.startswith("/") else f"/{rest}",
            trusted=f"{host}:{port}" in self.trusted,
        )
        return self._refusal(target) or target

    def _refusal(self, target: Target) -> str | None:
        if target.scheme == "http" and not (target.trusted and is_loopback(target.host)):
            return PLAIN
        if target.trusted:
            return None
        if target.port not in self.ports:
            return f"the port is none of {', '.join(map(str, sorted(self.ports)))}"
        if _is_address(target.host) and not is_public(target.host):
            return "the address is not a public one"
        return None


def _misnamed(host: str, *, is_literal: bool) -> str | None:
    """Say why a host is no name and no address that everybody reads in the same way."""
    if is_literal:
        return None if _is_address(host) and ":" in host else "this is no IPv6 address"
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return None if _is_address(host) else "write the address as four numbers without zeros"
    good = len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    return None if good else "this is no host name; write other letters as xn--..."


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host as it is written is this very machine."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def is_public(address: str) -> bool:
    """Whether an address is one that any stranger on the internet could be reached at."""
    try:
        ip = ip_address(address)
    except ValueError:  # with a zone, say: an address of this link alone
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in NOT_PUBLIC)
    return _is_public_6(ip)


def _is_public_6(ip: IPv6Address) -> bool:
    plain = ip.scope_id is None and ip in _UNICAST
    return plain and not any(ip in network for network in NOT_PUBLIC_6)


def all_public(addresses: Iterable[str]) -> bool:
    """Whether every answer is public: one that is not may be the one that is reached."""
    found = list(addresses)
    return bool(found) and all(map(is_public, found))
