"""A begin key is good for one link, for 15 minutes, as it was made and not otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.run.entry import begin_keys
from engine.testing import NOON, SeededChance, SeededVault

LINK = "a" * 64
VAULT = SeededVault()


def key() -> str:
    return begin_keys.make(VAULT, SeededChance(), LINK, NOON)


@pytest.mark.parametrize(
    ("seconds", "good"), [(0, True), (15 * 60 - 1, True), (15 * 60, False), (16 * 60, False)]
)
def test_a_begin_key_is_good_for_15_minutes(seconds: int, *, good: bool) -> None:
    at = NOON + timedelta(seconds=seconds)

    assert begin_keys.is_good(VAULT, key(), LINK, at) == good


def test_a_begin_key_holds_128_random_bits() -> None:
    nonce, _, _ = key().split(".")

    assert len(bytes.fromhex(nonce)) == 16


def test_a_begin_key_of_another_link_is_not_good() -> None:
    assert not begin_keys.is_good(VAULT, key(), "b" * 64, NOON)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_begin_key_with_another_part_is_not_good(part: int) -> None:
    other = begin_keys.make(VAULT, SeededChance(1), LINK, NOON + timedelta(minutes=1))
    parts = key().split(".")
    parts[part] = other.split(".")[part]

    assert not begin_keys.is_good(VAULT, ".".join(parts), LINK, NOON)


@pytest.mark.parametrize(
    "sent", ["", ".", "..", "{0}", "{0}.{1}", "{0}.{1}.{2}.", "{0}.x.{2}", "{0}..{2}", "{0}.-1.{2}"]
)
def test_what_was_never_a_begin_key_is_not_good(sent: str) -> None:
    assert not begin_keys.is_good(VAULT, sent.format(*key().split(".")), LINK, NOON)


def test_an_end_with_a_plus_or_more_digits_is_refused_though_its_seal_fits() -> None:
    nonce, ends, seal = key().split(".")

    assert not begin_keys.is_good(VAULT, f"{nonce}.+{ends}.{seal}", LINK, NOON)
    assert not begin_keys.is_good(VAULT, f"{nonce}.{ends:0>13}.{seal}", LINK, NOON)


def test_a_key_in_other_words_is_no_second_key() -> None:
    nonce, ends, seal = key().split(".")

    assert not begin_keys.is_good(VAULT, f"{nonce}.0{ends}.{seal}", LINK, NOON)
