"""Signatures as Standard Webhooks wants them: its own library takes ours (security H2)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from engine.webhooks import signing

SECRET, OTHER = bytes(range(32)), bytes(range(50, 100))
BODY = b'{"type":"process-instance","data":{"name":"In\xc3\xaas"}}'
ID = "msg_6R18EX7KXC4Y57GHYEP82B4SDA"


def now() -> datetime:
    """Ask the real clock, as their library does: it takes no message that is minutes old."""
    return datetime.now(UTC)  # noqa: TID251 - as theirs


def takes(secret: bytes, headers: tuple[tuple[str, str], ...], body: bytes = BODY) -> bool:
    """Whether a receiver with this secret takes a message, by the library of the specification."""
    try:
        Webhook(signing.written(secret)).verify(body.decode(), dict(headers))
    except WebhookVerificationError:
        return False
    return True


def one_bit_off(signature: str) -> str:
    """Turn a bit of the hash, and none of those that base64 only fills up with."""
    version, written = signature.split(",")
    first, *rest = base64.b64decode(written)
    return f"{version},{base64.b64encode(bytes([first ^ 1, *rest])).decode()}"


def test_a_receiver_takes_what_is_ours() -> None:
    assert takes(SECRET, signing.headers([SECRET], ID, now(), BODY))


def test_both_secrets_are_good_while_they_are_exchanged() -> None:
    headers = signing.headers([OTHER, SECRET], ID, now(), BODY)

    assert takes(SECRET, headers)
    assert takes(OTHER, headers)
    assert not takes(bytes(32), headers)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_nothing_of_a_message_can_be_changed(name: str) -> None:
    headers = dict(signing.headers([SECRET], ID, now(), BODY))
    changed = {
        "webhook-id": f"{ID}x",
        "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1),
        "webhook-signature": one_bit_off(headers["webhook-signature"]),
    }
    headers[name] = changed[name]

    assert not takes(SECRET, tuple(headers.items()))
    assert not takes(
        SECRET, signing.headers([SECRET], ID, now(), BODY), BODY.replace(b"data", b"dota")
    )


def test_an_old_message_is_not_taken_again() -> None:
    old = signing.headers([SECRET], ID, now() - timedelta(minutes=6), BODY)

    assert not takes(SECRET, old)


def test_it_is_the_signature_that_their_library_makes() -> None:
    at = now()
    made = Webhook(signing.written(SECRET)).sign(ID, at, BODY.decode())

    assert dict(signing.headers([SECRET], ID, at, BODY))["webhook-signature"] == made


@given(st.binary(min_size=24, max_size=64), st.dictionaries(st.text(), st.text()))
def test_any_secret_and_body_are_taken(secret: bytes, value: dict[str, str]) -> None:
    body = json.dumps(value).encode()

    assert takes(secret, signing.headers([secret], ID, now(), body), body)


@given(st.binary(max_size=100))
def test_a_secret_is_read_as_it_was_written_if_it_is_long_enough(secret: bytes) -> None:
    expected = secret if 24 <= len(secret) <= 64 else None

    assert signing.read(signing.written(secret)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "x" * 44,
        "whsec_!!!",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "\u20ac",
    ],
)
def test_what_is_no_secret_is_none(text: str) -> None:
    assert signing.read(text) is None
