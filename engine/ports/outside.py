"""Clock, chance, hashing, vault, shelf and probe: the rest of the outside, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from engine.secret import Secret


class Clock(Protocol):
    """Time."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    async def sleep(self, length: timedelta) -> None:
        """Wait. A frozen clock returns when it is moved past the end."""
        ...


class Chance(Protocol):
    """Randomness and ids, from the system's generator (E5)."""

    def id(self) -> str:
        """26 upper-case letters and digits of 128 bits.

        Ids made later by one process sort later or equal.
        """
        ...

    def token(self) -> str:
        """256 bits, base64url without padding (43 characters)."""
        ...

    def bytes(self, count: int) -> bytes:
        """Random bytes."""
        ...

    def pick(self, below: int) -> int:
        """Uniform integer from 0 to `below` - 1."""
        ...


class Slot(Protocol):
    """A reserved place in the hash pool: good for one hash or verification."""

    async def verify(self, stored: str, passcode: Secret) -> bool:
        """Whether the passcode (NFKC) gives the stored record. Constant-time comparison."""
        ...

    async def hash(self, passcode: Secret) -> str:
        """Make a record: argon2id with a fresh salt, then HMAC with the vault's pepper (A4)."""
        ...


class HashPool(Protocol):
    """As many hashing workers as cores, a queue of 8 each; never on the event loop (A5)."""

    dummy: str
    """A record of the current parameters that no passcode opens.

    The same work for nobody's account (B2).
    """

    def reserve(self) -> AbstractAsyncContextManager[Slot]:
        """Take a place for the length of the block. Raises `Busy` at once when there is none."""
        ...

    def is_old(self, stored: str) -> bool:
        """Whether a record was made with other parameters or another pepper key than today's."""
        ...


Purpose = Literal[
    "accounts",
    "answers",
    "application",
    "bearer",
    "begin",
    "device",
    "form",
    "outbox",
    "pepper",
    "resume",
    "rtas",
    "session",
    "trustfactor",
    "webhooks",
]
"""What a key is for. A key is derived from the word: once used it is never changed.

`accounts` names accounts nobody has, `answers` seals answers that are given once more,
`application` makes what an RTAS client is given at its login, `bearer` what an API key is exchanged
for, `begin` what starts a journey once, `device` the mark of a known browser, `form` form tokens
and notices, `outbox` seals what is still to be done outside, `pepper` passcodes, `resume` makes the
links back, `rtas` seals what real time keeps, `session` the secret that follows another,
`trustfactor` makes registration codes and seals what transactions show, `webhooks` seals what
webhooks are signed with and send along.
"""


class Vault(Protocol):
    """Keys that are not in the database. They are used here and never given out."""

    def mac(self, purpose: Purpose, message: bytes, key_id: str | None = None) -> bytes:
        """HMAC-SHA-256 with the purpose's key (the current one without `key_id`).

        Raises `VaultRefused`.
        """
        ...

    def current(self, purpose: Purpose) -> str:
        """The id of the purpose's current key."""
        ...

    def seal(self, purpose: Purpose, text: bytes, bound: bytes) -> str:
        """Encrypt (AES-256-GCM, a fresh nonce) with the purpose's current key; its id goes along.

        `bound` is not kept: only who says the same again can open it (D7).
        """
        ...

    def unseal(self, purpose: Purpose, sealed: str, bound: bytes) -> bytes:
        """Open what was sealed. Raises `VaultRefused` where it is not as it was sealed."""
        ...


Probe = Callable[[str], None]
"""Called with the name of each point that a change passes; a test's raises or kills there."""


def no_probe(point: str) -> None:
    """Pass a named point; nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfText:
    """One text on the shelf: `name` is its file name, `path` how problems name it."""

    name: str
    path: str
    text: bytes


class Shelf(Protocol):
    """Where texts of definitions and forms come from."""

    def definitions(self) -> tuple[ShelfText, ...]:
        """All definitions, by name."""
        ...

    def forms(self) -> Mapping[str, ShelfText]:
        """`<name>.v<version>` -> form."""
        ...
