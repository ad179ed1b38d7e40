"""A secret does not show itself (security D1)."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import pytest

import engine
from engine.errors import SecretMisuse
from engine.secret import Secret, SecretRef, base64url, digest

VALUE: Final = "maple-river-zebra-tulip-stone"

MAY_REVEAL: Final = {
    "adapters/hashing.py", "adapters/vault.py", "identity/passcodes.py", "cli/prompt.py",
}  # fmt: skip
"""The four files of D1, and none besides."""


class Holder(msgspec.Struct):
    """Something a secret was put into by mistake."""

    held: object


@pytest.mark.parametrize(
    "shown",
    [repr, str, format, "{0:>40}".format, "%s".__mod__, lambda secret: f"{secret!r:.3}"],
    ids=["repr", "str", "format", "aligned", "percent", "f-string"],
)
def test_a_secret_prints_as_stars(shown: Callable[[Secret], str]) -> None:
    assert shown(Secret(VALUE)) == "***"


def test_what_holds_a_secret_shows_stars() -> None:
    held = {SecretRef(name="form1.passcode"): Secret(VALUE)}

    assert VALUE not in repr([held, (Secret(VALUE),)])
    assert not hasattr(Secret(VALUE), "__dict__")


@pytest.mark.parametrize(
    "misuse",
    [
        lambda secret: secret == secret,
        lambda secret: secret != VALUE,
        lambda secret: secret in [Secret(VALUE)],
        hash,
        lambda secret: {secret},
        copy.copy,
        copy.deepcopy,
        lambda secret: copy.deepcopy([secret]),
        pickle.dumps,
        json.dumps,
        lambda secret: json.dumps({"passcode": secret}),
        msgspec.json.encode,
        lambda secret: msgspec.json.encode(Holder(held=secret)),
        lambda secret: msgspec.to_builtins({"passcode": secret}),
    ],
    ids=[
        "equal", "unequal", "in", "hash", "set", "copy", "deepcopy", "deepcopy of a list", "pickle",
        "json", "json of a dict", "msgspec", "msgspec of a struct", "msgspec to builtins",
    ],
)  # fmt: skip
def test_a_secret_is_not_compared_hashed_copied_or_encoded(
    misuse: Callable[[Secret], object],
) -> None:
    with pytest.raises(TypeError) as caught:
        misuse(Secret(VALUE))

    assert VALUE not in str(caught.value)


@pytest.mark.parametrize("misuse", [hash, copy.copy, pickle.dumps])
def test_a_misuse_has_a_code_of_ours(misuse: Callable[[Secret], object]) -> None:
    with pytest.raises(SecretMisuse) as caught:
        misuse(Secret(VALUE))

    assert caught.value.code == "secret-misuse"


def test_a_secret_reveals_itself_when_asked() -> None:
    assert Secret(VALUE).reveal() == VALUE


def test_a_reference_encodes_and_tells_nothing_but_a_name() -> None:
    ref = SecretRef(name="form1.passcode")

    assert msgspec.json.decode(msgspec.json.encode(ref), type=SecretRef) == ref
    assert msgspec.json.encode(ref) == b'{"name":"form1.passcode"}'


def test_bytes_are_written_as_rfc_4648_does_and_without_filling_up() -> None:
    # Section 5: signs 62 and 63 are `-` and `_`.
    written = [base64url(raw) for raw in (b"", b"f", b"fo", b"foo", b"\xfb\xef\xff")]
    assert written == ["", "Zg", "Zm8", "Zm9v", "--__"]


def test_a_digest_is_the_sha_256_that_every_store_has_kept_so_far() -> None:
    # FIPS 180-4's own example: another digest would open no link and no key made before it.
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_reveal_is_called_in_the_four_files_that_may_and_nowhere_else() -> None:
    (root,) = engine.__path__
    house = [Path(root), Path(root).parent / "activities"]

    callers = {
        path.relative_to(folder).as_posix()
        for folder in house
        for path in folder.rglob("*.py")
        if ".reveal" in path.read_text(encoding="utf-8")
    }

    assert {"adapters/hashing.py", "identity/passcodes.py"} <= callers
    assert callers <= MAY_REVEAL
