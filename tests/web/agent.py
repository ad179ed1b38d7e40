"""A device's agent for tests: real keys, real signatures, no network."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from engine.adapters.signatures.ed25519 import Ed25519Keys
from tests.web.application import DEVICE
from tests.web.program import JSON
from tests.web.surface import Answer, Surface, send

AGENT: Final = "/trustfactor/v1/agent"
KEYS: Final = Ed25519Keys()


@dataclass(slots=True, kw_only=True)
class Agent:
    """A device with one contract key."""

    house: Surface
    device: tuple[str, str] = field(default_factory=KEYS.make)
    contract: tuple[str, str] = field(default_factory=KEYS.make)
    tenant: str = "main"

    async def call(
        self,
        path: str,
        said: dict[str, Any],
        *,
        by: tuple[str, ...] = ("device", "contract"),
        **other: Any,
    ) -> Answer:
        """Call, signed with the keys that are named; `other`: what is said otherwise."""
        at = int(self.house.bench.clock.now().timestamp())
        raw = json.dumps({"at": at, **said, **other}).encode()
        headers = [JSON, ("Host", self.house.host)]
        for one in by:
            private = getattr(self, one)[0]
            signature = KEYS.sign(private, f"{self.house.config.origin}{path}\n".encode() + raw)
            headers.append((f"TF-{one.title()}-Signature", signature))
        return await send(self.house.app, "POST", path, headers=headers, body=raw)

    async def scan(self, payload: str, **other: Any) -> Answer:
        """Scan a code."""
        said = {"payload": payload, "device_key": self.device[1]}
        answer = await self.call(f"{AGENT}/scan", said, by=("device",), **other)
        if answer.status == 200:
            self.tenant = answer.json["tenant"]
        return answer

    async def confirm(self, payload: str, **other: Any) -> Answer:
        """Confirm it."""
        said = {
            "payload": payload, "device_key": self.device[1], "contract_key": self.contract[1],
            "device_info": DEVICE, "device_location": "38.7,-9.1",
        }  # fmt: skip
        return await self.call(f"{AGENT}/confirm", said, **other)

    async def reject(self, payload: str) -> Answer:
        """Refuse it."""
        said = {"payload": payload, "device_key": self.device[1]}
        return await self.call(f"{AGENT}/reject", said, by=("device",))

    async def register(self, payload: str) -> Answer:
        """Scan and confirm."""
        scanned = await self.scan(payload)
        return await self.confirm(payload) if scanned.status == 200 else scanned

    async def asked(self, **other: Any) -> Answer:
        """List what is asked."""
        said = {"tenant": self.tenant, "contract_key": self.contract[1]}
        return await self.call(f"{AGENT}/transactions", said, by=("contract",), **other)

    async def decide(self, asked: dict[str, Any], decision: str = "ACCEPT", **other: Any) -> Answer:
        """Decide one that was listed."""
        lines = (
            "trustfactor", "1", "decision", self.tenant, asked["transaction_id"], asked["digest"],
            decision, self.contract[1],
        )  # fmt: skip
        said = {
            "tenant": self.tenant, "contract_key": self.contract[1], "decision": decision,
            "transaction_id": asked["transaction_id"], "digest": asked["digest"],
            "signature": KEYS.sign(self.contract[0], "\n".join(lines).encode()),
        }  # fmt: skip
        return await self.call(f"{AGENT}/decide", said, by=("contract",), **other)
