"""RS256: what is signed is read with its own key alone, and forged tokens of every kind are not."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from functools import cache

import pytest

from engine.adapters.signatures.rs256 import Rs256Signer
from engine.model.names import JsonObject
from engine.ports.signing import KeyPair

CLAIMS = {"sub": "john.doe", "exp": 1_900_000_000}


@cache
def pair(number: int = 0) -> KeyPair:
    return asyncio.run(Rs256Signer().make())


def public(number: int = 0, kid: str = "main.1") -> JsonObject:
    return {**pair(number).public, "kid": kid, "use": "sig", "alg": "RS256"}


@cache
def token(number: int = 0, kid: str = "main.1") -> str:
    return asyncio.run(Rs256Signer().sign(pair(number).private, kid, CLAIMS))


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_is_signed_is_read() -> None:
    signer = Rs256Signer()

    assert signer.kid(token()) == "main.1"
    assert signer.read(token(), [public()]) == CLAIMS
    assert len(base64.urlsafe_b64decode(f"{pair().public['n']}==")) * 8 == 3072


def test_another_key_under_the_same_name_reads_nothing() -> None:
    assert Rs256Signer().read(token(), [public(1)]) is None
    assert Rs256Signer().read(token(), [public(kid="main.2")]) is None
    assert Rs256Signer().read(token(), []) is None


def header(**more: object) -> str:
    return part({"alg": "RS256", "typ": "JWT", "kid": "main.1", **more})


def with_header(written: str) -> str:
    return ".".join([written, *token().split(".")[1:]])


def with_public_key_as_secret() -> str:
    """Sign with the public key as if it were a shared one (RFC 8725 2.1)."""
    said = f"{header(alg='HS256')}.{token().split('.')[1]}"
    made = hmac.digest(str(pair().public["n"]).encode(), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


FORGED = {
    "no algorithm": with_header(header(alg="none")),
    "no signature": token().rpartition(".")[0] + ".",
    "two parts": token().rpartition(".")[0],
    "four parts": token() + ".AAAA",
    "a shared key": with_public_key_as_secret(),
    "another type": with_header(header(typ="at+jwt")),
    "another key's": token(1),
    "an unknown crit": with_header(header(crit=["b64"])),
    "a key of its own": with_header(header(jwk={"kty": "RSA", "n": "AQAB", "e": "AQAB"})),
    "an address of keys": with_header(header(jku="https://evil.example/jwks.json")),
    "other claims": ".".join([token().split(".")[0], part({"sub": "x"}), token().split(".")[2]]),
    "padding": token() + "=",
    "a sign that is none": token()[:-1] + "!",
    "a list": with_header(part(["RS256"])),
    "no text": with_header("____"),
    "deep": with_header(base64.urlsafe_b64encode(b"[" * 6000).decode()),
    "long": token() + "A" * 9_000,
    "empty": "",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_what_is_forged_is_not_read(forged: str) -> None:
    assert Rs256Signer().read(forged, [public()]) is None


def test_the_last_sign_of_a_signature_has_one_form() -> None:
    """Bits that stand for nothing could be written in several ways."""
    last = token()[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    read = [one for one in alphabet if Rs256Signer().read(token()[:-1] + one, [public()])]

    assert read == [last]
