"""Where TrustFactor is called: ours by applications and devices, others' by us."""

from __future__ import annotations

from typing import Final

TRUSTFACTOR: Final = "/trustfactor"
CODES: Final = f"{TRUSTFACTOR}/v2/registration-codes"
CALLBACKS: Final = f"{TRUSTFACTOR}/v1/callbacks"
TRANSACTIONS: Final = f"{TRUSTFACTOR}/v1/transactions"
RESET: Final = f"{TRUSTFACTOR}/v1/contracts/reset"
AGENT: Final = f"{TRUSTFACTOR}/v1/agent"
"""Where agents on devices call."""
PROVIDED: Final = f"{TRUSTFACTOR}/v1/provided"
"""Where other providers call us back; tenant, name and what it is about follow."""
