"""Keys in files beside the database: made on the first start, used here, never given out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.adapters.system import SystemChance
from engine.errors import VaultRefused
from engine.ports.outside import Purpose

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_MARK: Final = "trustflow-key"
_ENDING: Final = ".key"
_OTHERS: Final = 0o077
"""The permission bits of everybody but the owner."""


class KeyRing:
    """Several master keys, each with an id; a purpose's key is derived from one of them.

    Purposes never share a key: what was made for one
    means nothing for another.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take key id -> 32 bytes, the newest last. Raises `VaultRefused` without any."""
        if not keys:
            raise VaultRefused(reason="no key")
        self._keys = dict(keys)
        self._newest = list(self._keys)[-1]
        self._derived: dict[tuple[Purpose, str], bytes] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._keys)})"

    def mac(self, purpose: Purpose, message: bytes, key_id: str | None = None) -> bytes:
        """HMAC-SHA-256 with the purpose's key (the current one without `key_id`).

        Raises:
            VaultRefused: There is no such key.
        """
        return hmac.digest(self._key(purpose, key_id or self._newest), message, "sha256")

    def current(self, purpose: Purpose) -> str:
        """The id of the purpose's current key: that of the newest master key."""
        return self._newest

    def seal(self, purpose: Purpose, text: bytes, bound: bytes) -> str:
        """Encrypt (AES-256-GCM, a fresh nonce) with the purpose's current key: `<key id>.<base64>`.

        A purpose that seals makes no MACs: its key has one use.
        """
        nonce = self._nonce(text)
        key = AESGCM(self._key(purpose, self._newest))
        sealed = nonce + key.encrypt(nonce, text, bound)
        return f"{self._newest}.{base64.b64encode(sealed).decode()}"

    def unseal(self, purpose: Purpose, sealed: str, bound: bytes) -> bytes:
        """Open what was sealed.

        Raises:
            VaultRefused: There is no such key, or what was sealed does not open with it.
        """
        key_id, _, written = sealed.partition(".")
        raw = _decoded(written)
        try:
            key = AESGCM(self._key(purpose, key_id))
            return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            raise VaultRefused(purpose=purpose, reason="does not open") from None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, the newest last."""
        return tuple(self._keys)

    def _nonce(self, text: bytes) -> bytes:
        """Give what no other text is ever sealed with."""
        return os.urandom(NONCE_BYTES)

    def _key(self, purpose: Purpose, key_id: str) -> bytes:
        derived = self._derived.get((purpose, key_id))
        if derived is not None:
            return derived
        master = self._keys.get(key_id)
        if master is None:
            raise VaultRefused(key_id=key_id[:32], reason="no such key")
        derived = hmac.digest(master, f"trustflow/{purpose}".encode(), "sha256")
        self._derived[purpose, key_id] = derived
        return derived


class FileVault(KeyRing):
    """Master keys in a folder of their own: `1.key`, `2.key`, ..., the last is current.

    A file says its own fingerprint, and the key's id carries it: a key that was exchanged for
    another one is refused, not tried. A key that was made since is read when a record names it, so
    that a server goes on verifying what a command has sealed meanwhile.
    """

    def __init__(self, keys: Mapping[str, bytes], folder: Path) -> None:
        """Take the keys of a folder, the newest last."""
        super().__init__(keys)
        self._folder = folder

    def _key(self, purpose: Purpose, key_id: str) -> bytes:
        if key_id not in self._keys:
            found = dict(_read(self._folder, number) for number in _numbers(self._folder))
            if key_id in found:
                self._keys[key_id] = found[key_id]
        return super()._key(purpose, key_id)

    @classmethod
    def open(cls, folder: Path, *, make: bool = True) -> Self:
        """Read the keys of a folder; with `make` the first start makes folder and first key.

        Args:
            folder: Readable by its owner alone (0700), as each file in it is (0600).
            make: False where data exist already: then a missing key is a loss, not a first start.

        Raises:
            VaultRefused: There is no key, one is damaged, or others may read it.
        """
        if make and not _numbers(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                _make_key(folder, 1)
        _refuse_others(folder)
        return cls(dict(_read(folder, number) for number in _numbers(folder)), folder)

    @classmethod
    def rotate(cls, folder: Path) -> Self:
        """Make a further key, current from the next start on; the older ones stay good."""
        numbers = _numbers(folder)
        _make_key(folder, numbers[-1] + 1 if numbers else 1)
        return cls.open(folder, make=False)


def _numbers(folder: Path) -> list[int]:
    names = (path.stem for path in folder.glob(f"*{_ENDING}"))
    return sorted(int(name) for name in names if name.isascii() and name.isdecimal())


def _make_key(folder: Path, number: int) -> None:
    """Write a whole file under another name, then give it its own.

    Raises:
        FileExistsError: Somebody else was first; theirs stays.
    """
    key = SystemChance().bytes(KEY_BYTES)
    text = f"{_MARK} 1 {_fingerprint(key)} {base64.b64encode(key).decode()}\n"
    file, draft = tempfile.mkstemp(prefix=f".{number}.", dir=folder)  # 0600
    try:
        os.write(file, text.encode())
        os.fsync(file)
    finally:
        os.close(file)
    try:
        (folder / f"{number}{_ENDING}").hardlink_to(draft)
    finally:
        Path(draft).unlink()
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _refuse_others(path: Path) -> None:
    if not path.exists():
        raise VaultRefused(path=str(path), reason="no key")
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise VaultRefused(path=str(path), reason="others may read it; chmod go-rwx")


def _read(folder: Path, number: int) -> tuple[str, bytes]:
    path = folder / f"{number}{_ENDING}"
    _refuse_others(path)
    words = path.read_text(encoding="ascii", errors="replace").split()
    key = _decoded(words[-1]) if words else b""
    if len(key) != KEY_BYTES or words[:-1] != [_MARK, "1", _fingerprint(key)]:
        raise VaultRefused(path=str(path), reason="damaged")
    return f"k{number}-{_fingerprint(key)}", key


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _fingerprint(key: bytes) -> str:
    """Name a key by 8 hex digits that tell nothing of it."""
    return hashlib.sha256(b"trustflow/fingerprint" + key).hexdigest()[:8]
