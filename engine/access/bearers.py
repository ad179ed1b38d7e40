"""Bearer values: what a key or a login is exchanged for; good for a while, kept nowhere (E).

`at_<tenant>.<id>.<when it ends>.<MAC>`: who has one is looked up by the id at every call, so that a
key that is blocked, or may do less, is so at once. Between id and end may stand a mark: which of
several secrets it was bought with.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from engine.model.names import TenantId
from engine.model.value import Passing
from engine.ports.outside import Purpose, Vault
from engine.secret import base64url

_WRITTEN: Final = re.compile(
    r"(?P<prefix>[a-z]{2}_)"
    r"(?P<said>(?P<tenant>[a-z][a-z0-9-]{0,29})\.(?P<of>[A-Z0-9]{26})"
    r"(?:\.(?P<mark>[0-9a-f]{16}))?\.(?P<ends>[0-9]{1,12}))"
    r"\.(?P<mac>[A-Za-z0-9_-]{43})"
)


class Bearer(Passing, frozen=True, kw_only=True):
    """What a genuine value says: whose it is, what it came from (an id), until when it is good.

    Attributes:
        mark: Of the secret that it was bought with; empty where it bears none.
    """

    tenant: TenantId
    of: str
    mark: str = ""
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerKind:
    """A kind of bearer values: one says nothing where another is asked for.

    Attributes:
        prefix: Two letters and `_`.
        purpose: Of the key that makes the MAC.
    """

    prefix: str
    purpose: Purpose
    life: timedelta

    def make(self, vault: Vault, tenant: TenantId, of: str, at: datetime, *, mark: str = "") -> str:
        """Make a value for what has the id `of`, that is good for `life` from `at`.

        Args:
            vault: Its key of this purpose makes the MAC.
            tenant: Whose it is.
            of: 26 characters, digits and capitals.
            at: Now.
            mark: 16 hex digits, or nothing.
        """
        parts = (tenant, of, *([mark] if mark else ()), str(int((at + self.life).timestamp())))
        said = ".".join(parts)
        return f"{self.prefix}{said}.{self._mac(vault, said)}"

    def read(self, vault: Vault, value: str, at: datetime) -> Bearer | Literal["forged", "expired"]:
        """Read a value: what it says, or why it is worth nothing."""
        found = _WRITTEN.fullmatch(value)
        if found is None or found["prefix"] != self.prefix:
            return "forged"
        if not hmac.compare_digest(self._mac(vault, found["said"]), found["mac"]):
            return "forged"
        ends = datetime.fromtimestamp(int(found["ends"]), UTC)
        if at >= ends:
            return "expired"
        tenant, mark = TenantId(found["tenant"]), found["mark"] or ""
        return Bearer(tenant=tenant, of=found["of"], mark=mark, ends=ends)

    def _mac(self, vault: Vault, said: str) -> str:
        return base64url(vault.mac(self.purpose, said.encode()))


OF_KEYS: Final = BearerKind(prefix="at_", purpose="bearer", life=timedelta(minutes=30))
OF_APPLICATIONS: Final = BearerKind(prefix="ra_", purpose="application", life=timedelta(minutes=60))
