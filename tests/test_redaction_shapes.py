"""Each shape blacks out by itself: nothing hidden here is a value that another would know."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.access.permissions import OPERATIONS
from engine.redaction import redacted

WORD: Final = "maple-river-zebra"
SHAPES: Final = {
    f"pt_{WORD}": "pt_***",
    f"%2Fpt_{WORD}": "%2Fpt_***",
    f"?pt={WORD}&lang=en": "?pt=***&lang=en",
    f"by rs_{WORD * 3} now": "by rs_*** now",
    f"ra_main.01K9ABCDEFGH.{WORD * 3}": "ra_***",
    f"?ps={WORD};": "?ps=***;",
    f"?pi%3D{WORD}&x": "?pi%3D***&x",
    f"tf-01K9ABCDEFGH={WORD}; Path=/": "tf-01K9ABCDEFGH=***; Path=/",
    f"tf-notice-01K9ABCDEFGH={WORD}": "tf-notice-01K9ABCDEFGH=***",
    f"$argon2id$v=19${WORD} end": "$argon2id$*** end",
    f'"authorization": "{WORD}"': '"authorization": "***"',
    f"'Set-Cookie', b'{WORD}'": "'Set-Cookie', b'***'",
    f"cookie: {WORD} {WORD}\n": "cookie: ***\n",
    f"Proxy-Authorization = {WORD}": "Proxy-Authorization = ***",
    f"by bearer {WORD} now": "by bearer *** now",
    f"Basic%20{WORD}": "Basic%20***",
    "eyJhbGciOiJI.eyJzdWIiOi.sig_of-it.": "eyJ***.",
    f"postgresql://ana:{WORD}@db.example.org/x": "postgresql://ana:***@db.example.org/x",
    f"-----BEGIN PRIVATE KEY-----\n{WORD}\n": "-----BEGIN PRIVATE KEY-----***",
}
ALMOST: Final = [
    "pt_short", f"apt={WORD}", f"tf-01k9={WORD}", f"xbearer {WORD}", "bearer short",
    "eyJshort.eyJzdWIiOi", "://ana@db.example.org", f"authority: {WORD}",
]  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), SHAPES.items(), ids=SHAPES)
def test_a_shape_hides_what_nothing_else_would(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize("text", [text for text in SHAPES if text[:3] not in {"tf-", "eyJ"}])
def test_a_shape_is_known_in_capitals_too(text: str) -> None:
    assert WORD.upper() not in redacted(text.upper())


@pytest.mark.parametrize("text", ALMOST)
def test_what_is_almost_a_shape_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a" * 42 + "B", "***"),
        ("-" * 3 + "a" * 39 + "B", "***"),
        (f"x\\n{'a' * 42}B", "x\\n***"),
        ("a" * 43, "a" * 43),
        ("A" * 43, "A" * 43),
        ("a" * 41 + "B", "a" * 41 + "B"),
        ("a" * 43 + "B", "a" * 43 + "B"),
    ],
)
def test_43_signs_of_both_cases_are_a_value_and_no_other_number(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize("service", OPERATIONS)
def test_the_name_of_an_operation_is_no_value(service: str) -> None:
    for name in OPERATIONS[service]:
        assert redacted(f"{service}:{name}") == f"{service}:{name}"


WORDS: Final = "createUserPasscodeRenewalForUserByExtUserI"


@pytest.mark.parametrize("end", "AEIMQUYcgkosw048")
def test_words_that_end_as_a_value_does_are_taken_for_one(end: str) -> None:
    assert len(WORDS + end) == 43
    assert redacted(WORDS + end) == "***"


def test_a_digit_makes_no_name() -> None:
    assert redacted(f"{WORDS[:-1]}1d") == "***"


@given(st.binary(min_size=32, max_size=32))
def test_a_value_of_256_bits_is_never_a_name(bits: bytes) -> None:
    value = urlsafe_b64encode(bits).decode().rstrip("=")

    shown = redacted(f"<{value}>")

    assert shown == "<***>" or value in (value.lower(), value.upper())
