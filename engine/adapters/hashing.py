"""Passcode hashing: argon2id, then HMAC with the pepper, in a bounded pool of threads (A4, A5)."""

from __future__ import annotations

import asyncio
import base64
import hmac
import math
import os
import unicodedata
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw

from engine.adapters.system import SystemChance
from engine.errors import Busy, SettingsRefused, VaultRefused
from engine.ports.outside import Chance, Purpose, Slot, Vault
from engine.secret import Secret

LEAST_MEMORY_KIB: Final = 19_456
LEAST_PASSES: Final = 2
SALT_BYTES: Final = 16
TAG_BYTES: Final = 32
LONGEST_QUEUE: Final = 8
"""How many may wait for each worker (A5)."""
PEPPER: Final[Purpose] = "pepper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What argon2id costs: memory in KiB, passes over it; always one lane."""

    memory_kib: int
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """A stored record taken apart."""

    parameters: Parameters
    key_id: str
    salt: bytes
    mac: bytes

    def text(self) -> str:
        """Write it as a PHC string; `keyid` names the pepper, the last part is the HMAC."""
        costs = f"m={self.parameters.memory_kib},t={self.parameters.passes},p=1,keyid={self.key_id}"
        return f"$argon2id$v={ARGON2_VERSION}${costs}${_encoded(self.salt)}${_encoded(self.mac)}"


class Hasher:
    """Make and verify records, in the thread that calls. The pools decide where that is."""

    def __init__(self, vault: Vault, chance: Chance, parameters: Parameters) -> None:
        self._vault, self._chance, self._parameters = vault, chance, parameters

    def hash(self, passcode: Secret) -> str:
        """Make a record of today's parameters with a fresh salt."""
        return self._sealed(self._chance.bytes(SALT_BYTES), passcode).text()

    def verify(self, stored: str, passcode: Secret) -> bool:
        """Say whether the passcode gives the record; compared in constant time.

        Raises:
            VaultRefused: The record cannot be read, or its pepper key is gone.
        """
        parts = _parsed(stored)
        tag = _tag(parts.parameters, parts.salt, passcode)
        return hmac.compare_digest(self._vault.mac(PEPPER, tag, parts.key_id), parts.mac)

    def dummy(self) -> str:
        """Make up a record: as dear to verify as any, and no passcode is known to open it."""
        return self._parts(self._chance.bytes(SALT_BYTES), self._chance.bytes(TAG_BYTES)).text()

    def is_old(self, stored: str) -> bool:
        """Say whether other parameters or another pepper key than today's made the record."""
        parts = _parsed(stored)
        today = (self._parameters, self._vault.current(PEPPER))
        return (parts.parameters, parts.key_id) != today

    def _sealed(self, salt: bytes, passcode: Secret) -> _Parts:
        tag = _tag(self._parameters, salt, passcode)
        return self._parts(salt, self._vault.mac(PEPPER, tag))

    def _parts(self, salt: bytes, mac: bytes) -> _Parts:
        key_id = self._vault.current(PEPPER)
        return _Parts(parameters=self._parameters, key_id=key_id, salt=salt, mac=mac)


class ArgonPool:
    """As many threads as cores, a short queue each, and a plain *no* beyond."""

    def __init__(
        self,
        vault: Vault,
        *,
        memory_kib: int = LEAST_MEMORY_KIB,
        passes: int = LEAST_PASSES,
        workers: int = os.cpu_count() or 1,
        queue: int = LONGEST_QUEUE,
        chance: Chance | None = None,
    ) -> None:
        """Start the pool.

        Args:
            vault: Holds the pepper.
            memory_kib: At least 19,456.
            passes: At least 2.
            workers: Threads; more than cores are slower.
            queue: How many may wait for each worker, at most 8.
            chance: Gives the salts; the system's without.

        Raises:
            SettingsRefused: A setting is weaker than its floor (A4, A5).
        """
        _refuse_outside("memory_kib", memory_kib, LEAST_MEMORY_KIB)
        _refuse_outside("passes", passes, LEAST_PASSES)
        _refuse_outside("workers", workers, 1)
        _refuse_outside("queue", queue, 0, LONGEST_QUEUE)
        parameters = Parameters(memory_kib=memory_kib, passes=passes)
        self._hasher = Hasher(vault, chance or SystemChance(), parameters)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="hashing")
        self._free = workers * (1 + queue)
        self.dummy = self._hasher.dummy()

    @asynccontextmanager
    async def reserve(self) -> AsyncIterator[Slot]:
        """Take a place for the length of the block. Raises `Busy` at once when there is none."""
        if self._free == 0:
            raise Busy(retry_after=1)
        self._free -= 1
        slot = _ThreadSlot(self._hasher, self._threads)
        try:
            yield slot
        finally:
            slot.when_idle(self._give_back)

    def is_old(self, stored: str) -> bool:
        """Whether a record was made with other parameters or another pepper key than today's."""
        return self._hasher.is_old(stored)

    def close(self) -> None:
        """End the threads; what still waits is not begun."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _give_back(self) -> None:
        self._free += 1


class _ThreadSlot:
    """A place in the pool. Its work goes to a thread, one piece after the other."""

    def __init__(self, hasher: Hasher, threads: ThreadPoolExecutor) -> None:
        self._hasher, self._threads = hasher, threads
        self._last: Future[str] | Future[bool] | None = None

    async def verify(self, stored: str, passcode: Secret) -> bool:
        """Whether the passcode (NFKC) gives the stored record."""
        self._last = future = self._threads.submit(self._hasher.verify, stored, passcode)
        return await asyncio.wrap_future(future)

    async def hash(self, passcode: Secret) -> str:
        """Make a record with a fresh salt."""
        self._last = future = self._threads.submit(self._hasher.hash, passcode)
        return await asyncio.wrap_future(future)

    def when_idle(self, call: Callable[[], None]) -> None:
        """Call once no thread works for this place any more.

        A request that was given up leaves its thread working: the place is not free before.
        """
        if self._last is None or self._last.done():
            call()
            return
        loop = asyncio.get_running_loop()
        self._last.add_done_callback(lambda _: loop.call_soon_threadsafe(call))


def _tag(parameters: Parameters, salt: bytes, passcode: Secret) -> bytes:
    text = unicodedata.normalize("NFKC", passcode.reveal())
    return hash_secret_raw(
        text.encode(),
        salt,
        time_cost=parameters.passes,
        memory_cost=parameters.memory_kib,
        parallelism=1,
        hash_len=TAG_BYTES,
        type=Type.ID,
    )


def _parsed(stored: str) -> _Parts:
    try:
        _, kind, version, costs, salt, mac = stored.split("$")
        given = dict(cost.split("=", 1) for cost in costs.split(","))
        if (kind, version, given["p"]) != ("argon2id", f"v={ARGON2_VERSION}", "1"):
            raise VaultRefused(reason="a passcode record of another kind")
        parameters = Parameters(memory_kib=int(given["m"]), passes=int(given["t"]))
        parts = {"salt": _decoded(salt), "mac": _decoded(mac)}
        return _Parts(parameters=parameters, key_id=given["keyid"], **parts)
    except (ValueError, KeyError):
        raise VaultRefused(reason="a passcode record that cannot be read") from None


def _refuse_outside(setting: str, given: int, least: int, most: float = math.inf) -> None:
    if not least <= given <= most:
        raise SettingsRefused(setting=setting, given=given, least=least, most=most)


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
