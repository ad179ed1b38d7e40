"""What devices say, and sign: where, the bytes of a call, and of a decision verified later."""

from __future__ import annotations

from typing import Final

from engine.model.names import TenantId

DEVICE_SIGNATURE: Final = "TF-Device-Signature"
CONTRACT_SIGNATURE: Final = "TF-Contract-Signature"
"""Headers: the signature of a call by the device's key, and by the contract's."""


def signed_message(origin: str, path: str, body: bytes) -> bytes:
    """Write what a call is signed over: for this server alone, this way in, and these bytes."""
    return f"{origin}{path}\n".encode() + body


def decision_text(tenant: TenantId, id: str, digest: str, decision: str, key: str) -> bytes:
    """Write what a device signs when it decides: whoever keeps it can verify it later.

    Args:
        tenant: Of the transaction.
        id: Of the transaction.
        digest: Of what was read.
        decision: `ACCEPT` or `DECLINE`.
        key: The contract's, that signs.
    """
    said = ("trustfactor", "1", "decision", tenant, id, digest, decision, key)
    return "\n".join(said).encode()
