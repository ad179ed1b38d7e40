"""The names things go by: ids, keys and plain JSON. Names are not secrets (security E5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NewType, TypeAlias

if TYPE_CHECKING:
    from engine.expressions import JsonValue as JsonValue
else:  # msgspec cannot decode a recursive alias; at run time it decodes plain JSON
    JsonValue = Any

JsonObject: TypeAlias = dict[str, JsonValue]
Localised: TypeAlias = dict[str, str]
"""Language tag (`en`, `pt-PT`) -> text."""

TenantId = NewType("TenantId", str)
InstanceId = NewType("InstanceId", str)
"""26 upper-case letters and digits (base32 of 128 bits), as all our ids."""
NodeId = NewType("NodeId", str)
"""The key under `flow`."""
Digest = NewType("Digest", str)
"""SHA-256 in lower-case hex, 64 characters."""
HopId = NewType("HopId", str)
StepKey = NewType("StepKey", str)
"""`<node>.<visit>`: names a wait inside one instance."""
AccountKey = NewType("AccountKey", str)
"""What failed tries are counted under: `user:<id>`, or `unknown:<HMAC of store and identifier>`."""

INIT_VARS: Final = "_initVars"
"""The variable that holds the parameters of the process token."""
FORM_DATA: Final = "_customFormData"
"""The variable that holds the answers to forms, by form data key."""
REDIRECT_URL: Final = "_redirectUrl"
"""The parameter that says where a browser goes at the end."""
TIMEOUT_REDIRECT_URL: Final = "timeoutRedirectUrl"
"""The parameter that says where it goes instead when time ran out."""

MAIN_TENANT = TenantId("main")
ID_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 in ascending order without the letters that look like others (after Crockford)."""
_PAIRS = [first + second for first in ID_LETTERS for second in ID_LETTERS]
"""Ten bits at a time: every request makes ids."""


def id_text(bits: int) -> str:
    """Write 128 bits as 26 upper-case letters and digits that sort as the numbers do."""
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])


def step_key(node: NodeId, visit: int) -> StepKey:
    """Name the `visit`-th wait (1, 2, ...) at `node`."""
    return StepKey(f"{node}.{visit}")
