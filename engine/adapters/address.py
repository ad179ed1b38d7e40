"""Where a database server is: whole for whoever connects, without its password for all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

SCHEMES: Final = ("postgresql", "postgres")
SEALED: Final = ("require", "verify-ca", "verify-full")
"""Ways of connecting that nobody in between can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The URL of a PostgreSQL database.

    Attributes:
        whole: As it was given. It may hold a password: it is handed to the driver and to nobody
            else (D5).
        shown: For people and logs: scheme, user, hosts and database alone.
        has_password: Whether a password stands in it.
    """

    whole: str = field(repr=False)
    shown: str
    has_password: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL, `postgresql://user:password@host:port/database?sslmode=...`.

        Several hosts are written with commas between; the primary among them is used.

        Raises:
            ValueError: It is none, or its password and data could be read on their way. The
                message never holds what was given.
        """
        whole = text.strip()
        try:
            parts = urlsplit(whole)
            options = parse_qs(parts.query)
        except ValueError:
            raise ValueError(_ASKED) from None
        if parts.scheme not in SCHEMES or parts.fragment or not whole.isprintable():
            raise ValueError(_ASKED)
        credentials, _, hosts = parts.netloc.rpartition("@")
        user, _, password = credentials.partition(":")
        named = [host for one in (hosts, *options.get("host", ())) for host in one.split(",")]
        if not hosts:
            del named[0]
        if not named:  # the driver would ask the environment, and we would not know where it goes
            raise ValueError(_ASKED)
        beyond = not all(map(_is_here, named))
        if beyond and not set(options.get("sslmode", ())) & set(SEALED):
            raise ValueError(_IN_THE_CLEAR)
        return cls(
            whole=whole,
            shown=f"{parts.scheme}://{user}{'@' if user else ''}{hosts}{parts.path}",
            has_password=bool(password) or "password" in options,
        )

    def __str__(self) -> str:
        return self.shown


_ASKED: Final = "an address like postgresql://user@host:5432/database"
_IN_THE_CLEAR: Final = (
    "an address whose server is this machine, or that says sslmode=verify-full (at least"
    " sslmode=require): else the password and all data can be read on their way"
)


def _is_here(host: str) -> bool:
    """Say whether a host is this machine: a path is the folder of a socket."""
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    name = name.strip("[]")
    if name == "localhost" or name.startswith(("/", "%2F", "%2f")):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
