"""A secret names the tenant it belongs to, so that whoever brings one need not say it.

`pt_<random>` is the tenant `main`'s, `pt_<tenant>.<random>` another one's. What is kept is the hash
of the whole: with another name in front it is a secret that nobody knows.
"""

from __future__ import annotations

import re
from typing import Final

from engine.model.names import MAIN_TENANT, TenantId

TENANT: Final = re.compile(r"[a-z][a-z0-9-]{0,29}")
_NAMED: Final = re.compile(rf"({TENANT.pattern})\..*")


def named(tenant: TenantId, random: str, prefix: str = "") -> str:
    """Write a secret of a tenant: prefix, the tenant's name unless it is `main`, the random part.

    `random` holds no dot, as base64url does not.
    """
    owner = "" if tenant == MAIN_TENANT else f"{tenant}."
    return f"{prefix}{owner}{random}"


def tenant_of(secret: str, prefix: str = "") -> TenantId:
    """Read whose a secret says to be: `main` where it names nobody. It proves nothing."""
    found = _NAMED.fullmatch(secret.removeprefix(prefix))
    return MAIN_TENANT if found is None else TenantId(found[1])
