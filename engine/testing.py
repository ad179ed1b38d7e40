"""A clock that moves when told, chance with a seed, a cheap pool, a recorder, first values.

For tests of the engine and of activities written elsewhere. Nothing here is fit for real passcodes.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar, cast

from engine.adapters.hashing import Hasher, Parameters
from engine.adapters.vault import NONCE_BYTES, KeyRing
from engine.errors import Busy, TrustflowError
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, Digest, HopId, InstanceId, NodeId, id_text
from engine.ports.http import HttpAnswer, HttpRequest
from engine.ports.outside import Slot, Vault
from engine.ports.store import Hop
from engine.records.journal import JournalRow
from engine.records.tokens import ProcessToken
from engine.secret import Secret, base64url

P = TypeVar("P")

NOON: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
"""Where a test's time begins, unless it says otherwise."""

CHEAP: Final = Parameters(memory_kib=8, passes=1)
"""The least argon2id takes: real work, and none that is worth waiting for."""


class FrozenClock:
    """Time that stands until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self._now = at
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Aware UTC."""
        return self._now

    def move(self, length: timedelta) -> None:
        """Let time pass (backwards with a negative length) and wake whoever has slept enough."""
        self._now += length
        for end, sleeper in self._sleepers:
            if end <= self._now and not sleeper.done():
                sleeper.set_result(None)
        self._sleepers = [(end, sleeper) for end, sleeper in self._sleepers if not sleeper.done()]

    async def sleep(self, length: timedelta) -> None:
        """Wait until the clock is moved past the end; not at all for no length."""
        if length > timedelta(0):
            sleeper = asyncio.get_running_loop().create_future()
            self._sleepers.append((self._now + length, sleeper))
            await sleeper


class SeededChance:
    """The same values in the same order for the same seed."""

    def __init__(self, seed: int | str = 0) -> None:
        self._seed, self._count = str(seed), 0

    def id(self) -> str:
        """26 upper-case letters and digits, each one after the last in order."""
        chance = int.from_bytes(self.bytes(10), "big")
        return id_text(self._count << 80 | chance)

    def token(self) -> str:
        """43 characters of base64url."""
        return base64url(self.bytes(32))

    def bytes(self, count: int) -> bytes:
        """Bytes drawn from the seed."""
        self._count += 1
        text = f"{self._seed}/{self._count}".encode()
        return hashlib.shake_256(text).digest(count)

    def pick(self, below: int) -> int:
        """Integer from 0 to `below` - 1."""
        return int.from_bytes(self.bytes(16), "big") % below


class SeededVault(KeyRing):
    """A vault with made-up keys: ids `k1-test`, `k2-test`, ... , the last is current."""

    def __init__(self, count: int = 1) -> None:
        ids = [f"k{number}-test" for number in range(1, count + 1)]
        super().__init__({id: hashlib.sha256(id.encode()).digest() for id in ids})

    def _nonce(self, text: bytes) -> bytes:
        """Seal the same text in the same way: what two runs leave can be compared."""
        return hashlib.sha256(text).digest()[:NONCE_BYTES]


class CheapPool:
    """The hash pool with tiny parameters, in the thread that asks; `calls` lists what was asked.

    Attributes:
        dummy: A record that no passcode opens.
        calls: `reserve`, `verify`, `hash`, in order; the dummy's work looks like any other.
        verified: The records that passcodes were tried on, the dummy among them.
        free: Places left; a test sets it to 0 to find the pool busy.
    """

    def __init__(self, vault: Vault | None = None, *, calls: list[str] | None = None) -> None:
        self._hasher = Hasher(vault or SeededVault(), SeededChance("salt"), CHEAP)
        self.dummy = self._hasher.dummy()
        self.calls: list[str] = [] if calls is None else calls
        self.verified: list[str] = []
        self.free = 1_000

    @asynccontextmanager
    async def reserve(self) -> AsyncIterator[Slot]:
        """Take a place for the length of the block. Raises `Busy` when there is none."""
        if self.free == 0:
            raise Busy(retry_after=1)
        self.calls.append("reserve")
        self.free -= 1
        try:
            yield _CheapSlot(self, self._hasher)
        finally:
            self.free += 1

    def is_old(self, stored: str) -> bool:
        """Whether a record was made with other parameters or another pepper key than today's."""
        return self._hasher.is_old(stored)


class _CheapSlot:
    def __init__(self, pool: CheapPool, hasher: Hasher) -> None:
        self._pool, self._hasher = pool, hasher

    async def verify(self, stored: str, passcode: Secret) -> bool:
        """Whether the passcode gives the stored record."""
        self._pool.calls.append("verify")
        self._pool.verified.append(stored)
        return self._hasher.verify(stored, passcode)

    async def hash(self, passcode: Secret) -> str:
        """Make a record."""
        self._pool.calls.append("hash")
        return self._hasher.hash(passcode)


class ScriptedHttp:
    """HTTP out that reaches nobody: what was sent, and what is answered, the last one for ever.

    Attributes:
        sent: In order.
        answers: Given one after the other; an exception is raised.
    """

    def __init__(self, *answers: HttpAnswer | TrustflowError) -> None:
        self.sent: list[HttpRequest] = []
        self.answers = list(answers) or [HttpAnswer(status=204, headers={}, body=b"")]

    def refusal(self, uri: str) -> str | None:
        """Take https alone."""
        return None if uri.startswith("https://") else "use https"

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """Answer as the script says."""
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, TrustflowError):
            raise answer
        return answer


def recorded(port: P, calls: list[str]) -> P:
    """Wrap a port so that the name of every method called is added to `calls`, in order.

    A kind of record that is asked for is named too: `get User`.
    """
    return cast("P", _Recorder(port, calls))


class _Recorder:
    def __init__(self, port: object, calls: list[str]) -> None:
        self._port, self._calls = port, calls

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._port, name)
        if not callable(found):
            return found
        return _recording(name, cast("Callable[..., object]", found), self._calls)


def _recording(name: str, method: Callable[..., object], calls: list[str]) -> Callable[..., object]:
    def call(*given: object, **named: object) -> object:
        kinds = [value.__name__ for value in (*given, *named.values()) if inspect.isclass(value)]
        calls.append(" ".join([name, *kinds]))
        return method(*given, **named)

    return call


def an_instance(**changes: object) -> ProcessInstance:
    """Make a process instance as it is first stored: revision 1, ACTIVE, for an hour."""
    facts: dict[str, object] = {
        "tenant": MAIN_TENANT,
        "id": InstanceId("0" * 26),
        "bundle": Digest("0" * 64),
        "process": "sign-in",
        "version": 1,
        "revision": 1,
        "status": "ACTIVE",
        "language": "en",
        "node": NodeId("ask"),
        "created_at": NOON,
        "deadline": NOON + timedelta(hours=1),
        "last_at": NOON,
    }
    return ProcessInstance(**{**facts, **changes})  # type: ignore[arg-type]  # a test's own facts


def a_row(sequence: int = 1, **changes: object) -> JournalRow:
    """Make a journal row; its digest and chain are those of no real journal."""
    facts: dict[str, object] = {
        "sequence": sequence,
        "at": NOON,
        "kind": "Started",
        "payload": b"{}",
        "salt": bytes(16),
        "digest": bytes(32),
        "chain": bytes(32),
    }
    return JournalRow(**{**facts, **changes})  # type: ignore[arg-type]  # a test's own facts


def a_hop(instance: ProcessInstance | None = None, **changes: object) -> Hop:
    """Make a hop: the one that creates the instance, or leads to its revision; with one row."""
    made = instance or an_instance()
    facts: dict[str, object] = {
        "id": HopId(f"hop-{made.id}-{made.revision}"),
        "instance": made,
        "before": None if made.revision == 1 else made.revision - 1,
        "rows": (a_row(made.revision),),
    }
    return Hop(**{**facts, **changes})  # type: ignore[arg-type]  # a test's own facts


def a_token(**changes: object) -> ProcessToken:
    """Make a process token: ACTIVE, count limited, one use."""
    facts: dict[str, object] = {
        "id": "token-1",
        "name": "token 1",
        "secret_hash": "0" * 64,
        "prefix": "000000",
        "process": "sign-in",
        "created_at": NOON,
        "created_by": "test",
    }
    return ProcessToken(**{**facts, **changes})  # type: ignore[arg-type]  # a test's own facts
