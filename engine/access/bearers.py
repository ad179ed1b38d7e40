"""Bearer values: what an API key is exchanged for; good for half an hour, kept nowhere (E).

`at_<tenant>.<key id>.<when it ends>.<MAC>`: who has one is looked up by the key's id at every call,
so that a key that is blocked, or may do less, is so at once.
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from engine.model.names import TenantId
from engine.model.value import Passing
from engine.ports.outside import Purpose, Vault
from engine.secret import base64url

PURPOSE: Final[Purpose] = "bearer"
LIFE: Final = timedelta(minutes=30)
_WRITTEN: Final = re.compile(
    r"at_(?P<said>(?P<tenant>[a-z][a-z0-9-]{0,29})\.(?P<key>[A-Z0-9]{26})\.(?P<ends>[0-9]{1,12}))"
    r"\.(?P<mac>[A-Za-z0-9_-]{43})"
)


class Bearer(Passing, frozen=True, kw_only=True):
    """What a genuine value says: whose it is, which key it came from, until when it is good."""

    tenant: TenantId
    key: str
    ends: datetime


def make(vault: Vault, tenant: TenantId, key: str, at: datetime) -> str:
    """Make a value for a key's bearer that is good for `LIFE` from `at`."""
    said = f"{tenant}.{key}.{int((at + LIFE).timestamp())}"
    return f"at_{said}.{_mac(vault, said)}"


def read(vault: Vault, value: str, at: datetime) -> Bearer | Literal["forged", "expired"]:
    """Read a value: what it says, or why it is worth nothing."""
    found = _WRITTEN.fullmatch(value)
    if found is None or not hmac.compare_digest(_mac(vault, found["said"]), found["mac"]):
        return "forged"
    ends = datetime.fromtimestamp(int(found["ends"]), UTC)
    if at >= ends:
        return "expired"
    return Bearer(tenant=TenantId(found["tenant"]), key=found["key"], ends=ends)


def _mac(vault: Vault, said: str) -> str:
    made = vault.mac(PURPOSE, said.encode())
    return base64url(made)
