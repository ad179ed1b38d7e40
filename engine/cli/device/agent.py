"""A virtual agent: its keys and contracts in a file of its own, its calls signed.

It knows servers by what it scans, and nothing of the engine's data: it could run on any machine.
"""

from __future__ import annotations

import json
import os
import platform
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from engine.model.names import TenantId
from engine.ports.outside import Clock
from engine.ports.signing import DeviceKeys
from engine.realtime.trustfactor.said import (
    AGENT,
    CONTRACT_SIGNATURE,
    DEVICE_SIGNATURE,
    decision_text,
    signed_message,
)
from engine.realtime.trustfactor.transactions import Display, digest_of

PATIENCE_SECONDS: Final = 15
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Refused(Exception):
    """A server has not taken what the agent said; `status` 0: there was no answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class HeldContract(msgspec.Struct, kw_only=True):
    """A contract of this device: the key that answers for one user of one application."""

    origin: str
    tenant: str
    unique_id: str
    application: str
    user: str
    public: str
    private: str


class AgentFile(msgspec.Struct, kw_only=True):
    """What the file of an agent holds."""

    name: str
    public: str
    private: str
    contracts: list[HeldContract] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What was scanned: where to say it, and the code."""

    origin: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A transaction, and the contract that may answer it."""

    held: HeldContract
    said: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.said["transaction_id"])


def link_of(text: str) -> Link | None:
    """Read what a square code holds; None for anything but a registration on a server."""
    parts = urlsplit(text.strip())
    payload = parse_qs(parts.query).get("payload", [])
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if len(payload) != 1 or not is_safe or not parts.netloc:
        return None
    return Link(origin=f"{parts.scheme}://{parts.netloc}", payload=payload[0])


@dataclass(slots=True, kw_only=True)
class Agent:
    """One device. Several can live on a machine, each in a file of its own name."""

    file: Path
    kept: AgentFile
    keys: DeviceKeys
    clock: Clock
    trust: ssl.SSLContext | None = None

    @classmethod
    def open(cls, file: Path, name: str, *, keys: DeviceKeys, clock: Clock) -> Agent:
        """Open an agent's file, or make a new agent that is written once it holds something."""
        if file.exists():
            kept = msgspec.json.decode(file.read_bytes(), type=AgentFile)
        else:
            private, public = keys.make()
            kept = AgentFile(name=name, public=public, private=private)
        return cls(file=file, kept=kept, keys=keys, clock=clock)

    def save(self) -> None:
        """Write the file anew, all or nothing; nobody else may read it."""
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(msgspec.json.format(msgspec.json.encode(self.kept), indent=2))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self.file)

    def scan(self, link: Link) -> Mapping[str, Any]:
        """Take a code: what it is for."""
        said = {"payload": link.payload, "device_key": self.kept.public}
        return self._call(link.origin, "scan", said, device=True)

    def reject(self, link: Link) -> Mapping[str, Any]:
        """Say that this is not for its owner."""
        said = {"payload": link.payload, "device_key": self.kept.public}
        return self._call(link.origin, "reject", said, device=True)

    def make_contract_key(self, link: Link, scanned: Mapping[str, Any]) -> HeldContract:
        """Make a contract's key and keep it, before anybody knows of it."""
        private, public = self.keys.make()
        held = HeldContract(
            origin=link.origin,
            tenant=str(scanned["tenant"]),
            unique_id=str(scanned["unique_id"]),
            application=str(scanned["application_name"]),
            user=str(scanned["user_name"]),
            public=public,
            private=private,
        )
        self.kept.contracts.append(held)
        self.save()
        return held

    def confirm(self, link: Link, held: HeldContract) -> str:
        """Say that this device shall be registered, and hear how far that is; again at will."""
        said = {
            "payload": link.payload,
            "device_key": self.kept.public,
            "contract_key": held.public,
            "device_info": self.about(),
        }
        return str(self._call(link.origin, "confirm", said, held=held, device=True)["status"])

    def forget(self, held: HeldContract) -> None:
        """Give a contract up."""
        self.kept.contracts.remove(held)
        self.save()

    def questions(self, held: HeldContract) -> list[Question]:
        """List what an application asks; what is not as it says to be is left out."""
        said = {"tenant": held.tenant, "contract_key": held.public}
        answer = self._call(held.origin, "transactions", said, held=held)
        found = [Question(held=held, said=one) for one in answer["transactions"]]
        return [one for one in found if one.said["digest"] == _read_digest(one.said)]

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
        return str(self._call(held.origin, "decide", said, held=held)["status"])

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

    def _call(
        self,
        origin: str,
        what: str,
        said: Mapping[str, Any],
        *,
        held: HeldContract | None = None,
        device: bool = False,
    ) -> Mapping[str, Any]:
        """Say it, signed. Raises `Refused`."""
        path = f"{AGENT}/{what}"
        body = json.dumps({"at": int(self.clock.now().timestamp()), **said}).encode()
        message = signed_message(origin, path, body)
        headers = {"Content-Type": "application/json"}
        if device:
            headers[DEVICE_SIGNATURE] = self.keys.sign(self.kept.private, message)
        if held is not None:
            headers[CONTRACT_SIGNATURE] = self.keys.sign(held.private, message)
        asked = urllib.request.Request(origin + path, body, headers)  # noqa: S310 - `link_of` saw to the scheme
        try:
            with urllib.request.urlopen(  # noqa: S310 - as above
                asked, timeout=PATIENCE_SECONDS, context=self.trust
            ) as answer:
                found = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise Refused(error.code, _reason(error.read())) from error
        except (OSError, ValueError) as error:
            raise Refused(0, f"{origin} does not answer as a server of ours") from error
        return found if isinstance(found, dict) else {}


def _read_digest(said: Mapping[str, Any]) -> str:
    """Make the digest of what is shown here: a server cannot show one thing and have another."""
    display = Display(
        action=str(said["action"]),
        message=str(said["message"]),
        parameters={str(name): str(value) for name, value in dict(said["parameters"]).items()},
    )
    return digest_of(str(said["transaction_id"]), str(said["application_name"]), display)


def _reason(body: bytes) -> str:
    try:
        told = json.loads(body)
        problems = told["details"]["problems"]
        return str(problems[0]["message"] if problems else told["message"])
    except (ValueError, KeyError, TypeError, IndexError):
        return "the server has refused it without a word"
