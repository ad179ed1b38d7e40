"""A value that does not show itself, and the reference that stands for it (security D1, D2)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Final, NoReturn, SupportsIndex

import msgspec

from engine.errors import SecretMisuse

SHOWN: Final = "***"


class Secret:
    """Hold a passcode, code or key for the length of one hop.

    It prints as `***`. Equality, hashing, copying, pickling and encoding raise `SecretMisuse`;
    `reveal` is called in the four files that security D1 names and nowhere else (a test reads the
    code).
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        """Wrap `value`; the caller forgets it."""
        self.__value: Final = value

    def reveal(self) -> str:
        """Give the value itself."""
        return self.__value

    def __repr__(self) -> str:
        return SHOWN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return SHOWN

    def __eq__(self, other: object) -> NoReturn:
        raise SecretMisuse(act="compare")

    def __ne__(self, other: object) -> NoReturn:
        raise SecretMisuse(act="compare")

    def __hash__(self) -> NoReturn:
        raise SecretMisuse(act="hash")

    def __copy__(self) -> NoReturn:
        raise SecretMisuse(act="copy")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise SecretMisuse(act="copy")

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise SecretMisuse(act="pickle")


class SecretRef(msgspec.Struct, frozen=True, kw_only=True):
    """Name a secret of the bag: `<form data key>.<component>`.

    State, events and effects hold only this.
    """

    name: str


Bag = Mapping[SecretRef, Secret]
"""The secrets of one hop: a local of `run.loop.submit`, never stored, gone when it returns."""


def base64url(raw: bytes) -> str:
    """Write bytes as addresses and cookies take them, without the signs that only fill up."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def digest(secret: str) -> str:
    """Give the SHA-256 hex that a secret of ours, which nobody can guess, is kept under."""
    return hashlib.sha256(secret.encode()).hexdigest()
