"""A virtual agent: its keys and contracts in a file of its own, its calls signed.

It knows servers by what it scans, and nothing of the engine's data: it could run on any machine.
"""

from __future__ import annotations

import json
import platform
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec.structs import replace

from engine.cli.command import is_origin
from engine.cli.device.agent_file import AgentFile, HeldContract, alone, contents, look, write
from engine.cli.device.calling import Refused, post
from engine.model.names import TenantId
from engine.ports.outside import Clock
from engine.ports.signing import DeviceKeys
from engine.realtime.trustfactor.paths import AGENT
from engine.realtime.trustfactor.signed_texts import (
    CONTRACT_SIGNATURE,
    DEVICE_SIGNATURE,
    decision_text,
    signed_message,
)
from engine.realtime.trustfactor.transactions import Display, digest_of

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
T = TypeVar("T")


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of a code: for whom a device is registered with it."""

    tenant: str
    unique_id: str
    application_name: str
    user_name: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of a transaction. `expires_at`: Unix seconds."""

    transaction_id: str
    application_name: str
    action: str
    message: str
    parameters: dict[str, str]
    expires_at: Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]
    digest: str


class _AllAsked(msgspec.Struct, frozen=True, kw_only=True):
    transactions: list[Asked]


class _Standing(msgspec.Struct, frozen=True, kw_only=True):
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What was scanned: where to say it, and the code."""

    origin: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A transaction, and the contract that may answer it."""

    held: HeldContract
    said: Asked

    @property
    def id(self) -> str:
        """Its id."""
        return self.said.transaction_id


def link_of(text: str) -> Link | str:
    """Read what a square code holds: a registration on a server, or why it is none."""
    try:
        parts = urlsplit(text.strip())
        host, has_user, _ = parts.hostname, parts.username is not None, parts.port
    except ValueError:
        return "its server cannot be read"
    origin = f"{parts.scheme}://{parts.netloc}"
    if has_user:
        return "what stands before an @ is no server, and looks like one"
    if parts.scheme != "https" and (parts.scheme != "http" or host not in _LOOPBACK):
        return "only https is followed, and http on this machine"
    if not is_origin(origin):
        return "its server is neither HOST nor HOST:PORT"
    payload = parse_qs(parts.query).get("payload", [])
    return Link(origin=origin, payload=payload[0]) if len(payload) == 1 else "it holds no payload"


@dataclass(slots=True, kw_only=True)
class Agent:
    """One device. Several can live on a machine, each in a file of its own name.

    Attributes:
        kept: What the file held when it was opened: contracts come and go, the device's key stays.
    """

    file: Path
    kept: AgentFile
    keys: DeviceKeys
    clock: Clock
    trust: ssl.SSLContext | None = None

    @classmethod
    def open(cls, file: Path, name: str, *, keys: DeviceKeys, clock: Clock) -> Agent:
        """Open an agent, that need not be written down yet. Raises `Failed`: it is damaged."""
        kept = look(file, keys) or _new(name, keys)
        return cls(file=file, kept=kept, keys=keys, clock=clock)

    @classmethod
    def begin(cls, file: Path, name: str, *, keys: DeviceKeys, clock: Clock) -> Agent:
        """Open an agent; a new one is written before anybody hears of its key. Raises `Failed`."""
        with alone(file):
            kept = contents(file, keys)
            if kept is None:
                kept = _new(name, keys)
                write(file, kept)
        return cls(file=file, kept=kept, keys=keys, clock=clock)

    def contracts(self) -> tuple[HeldContract, ...]:
        """Read for whom this device answers now, whichever command has registered it."""
        known = look(self.file, self.keys)
        return () if known is None else known.contracts

    def scan(self, link: Link) -> Scanned:
        """Take a code: what it is for."""
        said = {"payload": link.payload, "device_key": self.kept.public}
        return self._call(link.origin, "scan", said, answer=Scanned, device=True)

    def reject(self, link: Link) -> None:
        """Say that this is not for its owner."""
        said = {"payload": link.payload, "device_key": self.kept.public}
        self._call(link.origin, "reject", said, answer=_Standing, device=True)

    def make_contract_key(self, link: Link, scanned: Scanned) -> HeldContract:
        """Make a contract's key and write it down, before anybody knows of it. Raises `Refused`."""
        private, public = self.keys.make()
        held = HeldContract(
            origin=link.origin,
            tenant=scanned.tenant,
            unique_id=scanned.unique_id,
            application=scanned.application_name,
            user=scanned.user_name,
            public=public,
            private=private,
        )
        with alone(self.file):
            known = self._again()
            if known is None:
                raise Refused(0, f"the agent {self.kept.name} was forgotten meanwhile")
            write(self.file, replace(known, contracts=(*known.contracts, held)))
        return held

    def confirm(self, link: Link, held: HeldContract) -> str:
        """Say that this device shall be registered, and hear how far that is; again at will."""
        said = {
            "payload": link.payload,
            "device_key": self.kept.public,
            "contract_key": held.public,
            "device_info": self.about(),
        }
        found = self._call(link.origin, "confirm", said, answer=_Standing, held=held, device=True)
        return found.status

    def forget(self, held: HeldContract) -> None:
        """Give a contract up; those of other commands stay."""
        with alone(self.file):
            known = self._again()
            if known is not None:
                left = tuple(one for one in known.contracts if one.public != held.public)
                write(self.file, replace(known, contracts=left))

    def questions(self, held: HeldContract) -> list[Question]:
        """List what an application asks; what is not as it says to be is left out."""
        said = {"tenant": held.tenant, "contract_key": held.public}
        found = self._call(held.origin, "transactions", said, answer=_AllAsked, held=held)
        fitting = [one for one in found.transactions if one.digest == _read_digest(one)]
        return [Question(held=held, said=one) for one in fitting]

    def decide(self, question: Question, *, accepts: bool) -> str:
        """Answer one, and hear what became of it."""
        held, digest = question.held, _read_digest(question.said)
        decision = "ACCEPT" if accepts else "DECLINE"
        text = decision_text(TenantId(held.tenant), question.id, digest, decision, held.public)
        said = {
            "tenant": held.tenant,
            "contract_key": held.public,
            "transaction_id": question.id,
            "decision": decision,
            "digest": digest,
            "signature": self.keys.sign(held.private, text),
        }
        return self._call(held.origin, "decide", said, answer=_Standing, held=held).status

    def about(self) -> Mapping[str, str]:
        """Describe this device."""
        return {
            "name": self.kept.name,
            "manufacturer": "trustflow",
            "device_model": "virtual agent",
            "marketing_name": self.kept.name,
            "operating_system": platform.system() or "unknown",
            "os_version": platform.release(),
        }

    def _again(self) -> AgentFile | None:
        """Read the file anew; None where this agent was forgotten meanwhile."""
        known = contents(self.file, self.keys)
        return known if known is not None and known.public == self.kept.public else None

    def _call(
        self,
        origin: str,
        what: str,
        said: Mapping[str, Any],
        *,
        answer: type[T],
        held: HeldContract | None = None,
        device: bool = False,
    ) -> T:
        """Say it, signed, and read the answer. Raises `Refused`."""
        path = f"{AGENT}/{what}"
        body = json.dumps({"at": int(self.clock.now().timestamp()), **said}).encode()
        message = signed_message(origin, path, body)
        headers = {"Content-Type": "application/json"}
        if device:
            headers[DEVICE_SIGNATURE] = self.keys.sign(self.kept.private, message)
        if held is not None:
            headers[CONTRACT_SIGNATURE] = self.keys.sign(held.private, message)
        return post(origin, path, body, headers, trust=self.trust, answer=answer)


def _new(name: str, keys: DeviceKeys) -> AgentFile:
    private, public = keys.make()
    return AgentFile(name=name, public=public, private=private)


def _read_digest(said: Asked) -> str:
    """Make the digest of what is shown here: a server cannot show one thing and have another."""
    display = Display(action=said.action, message=said.message, parameters=said.parameters)
    return digest_of(said.transaction_id, said.application_name, display)
