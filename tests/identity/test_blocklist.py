"""The blocklist: large, made the same every time, and no obstacle to a good passcode (A3, A7)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.identity.blocklist import common_values, is_common
from engine.identity.passcodes import problems_of
from engine.identity.words import suggest, words
from engine.model.names import MAIN_TENANT
from engine.secret import Secret
from engine.testing import SeededChance
from tests.identity.test_passcodes import ANA, POLICY


def test_the_list_holds_at_least_twenty_thousand_values() -> None:
    values = common_values()

    assert len(values) >= 20_000
    assert {"password", "123456", "qwerty123", "iloveyou", "trustno1", "p@ssw0rd"} <= values


@pytest.mark.parametrize(
    "value",
    [
        "Password", "PASSWORD1", "p@ssw0rd", "P4ssw0rd!", "letmein2026", "drowssap", "qwertyuiop",
        "1q2w3e4r5t6y7u8i", "zaq12wsx", "abcdefghijklmnop", "ponmlkjihgfedcba", "1234567890123456",
        "9876543210987654", "aaaaaaaaaaaaaaaa", "121212121212", "abcabcabcabcabca",
        "31121999", "1999-12-31", "12/31/1999", "310199", "990131", "1987", "3112",
        "correct horse battery staple", "Pass.Word_123", "sunshinesunshine",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44", "monday-monday", "lisboa2024!",
        "1q2w-3e4r-5t6y", "benfica1", "scooter2024", "7maverick7", "mybulldog",
        "b@db0y", "l1verpool!", "1logan1", "iceman1234567890", "monsterabc", "golfergolfer",
        "golfergolfergolfer", "retsnom", "123Football!!",
    ],
)  # fmt: skip
def test_what_is_tried_first_is_common(value: str) -> None:
    assert is_common(value)


@pytest.mark.parametrize(
    "value",
    [
        "maple-river-zebra-tulip-stone", "my cat eats blue pencils", "582943", "8273", "99999a7b",
        "32132003", "00001234567", "passwordsarenotpasscodes", "20260230", "0000000x",
    ],
)  # fmt: skip
def test_what_is_not_tried_first_is_left_alone(value: str) -> None:
    assert not is_common(value)


@pytest.mark.parametrize(
    "value", ["anabela77", "Anabela!", "alebana", "an.abela", "anabelaanabela9"]
)
def test_words_of_the_person_are_common_for_that_person_alone(value: str) -> None:
    assert is_common(value, ["Anabela"])
    assert not is_common(value)


def test_parts_of_two_letters_forbid_nothing() -> None:
    assert not is_common("jo582943", ["jo", ""])
    assert not is_common("xy77", ["xy"])


def test_five_words_are_55_bits_and_are_taken_by_the_default_policy() -> None:
    known = words()

    suggested = suggest(SeededChance("one"))

    assert len(set(known)) == len(known) >= 2_048
    assert 5 * math.log2(len(known)) >= 55
    assert all(word.isascii() and word.islower() and 3 <= len(word) <= 8 for word in known)
    assert len(suggested.split("-")) == 5
    assert set(suggested.split("-")) <= set(known)


@given(seed=st.integers())
def test_every_suggestion_may_be_chosen(seed: int) -> None:
    passcode = Secret(suggest(SeededChance(seed)))

    assert problems_of(passcode, POLICY, ANA, MAIN_TENANT) == ()


def test_suggestions_differ() -> None:
    chance = SeededChance()

    assert len({suggest(chance) for _ in range(200)}) == 200
