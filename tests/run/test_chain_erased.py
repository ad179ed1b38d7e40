"""A row of the journal is erased whole, payload and salt, or its loss is found."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from engine.model.event import LanguageChosen
from engine.run.hop import journal
from engine.testing import NOON, SeededChance, an_instance


def test_a_row_is_salted_with_128_random_bits_of_its_own() -> None:
    events = [LanguageChosen(at=NOON, language="en")] * 3

    rows = journal.rows(an_instance(), events, SeededChance())

    assert [len(row.salt or b"") for row in rows] == [16] * 3
    assert len({row.salt for row in rows}) == len({row.digest for row in rows}) == 3


@pytest.mark.parametrize("lost", ["payload", "salt"])
def test_a_row_that_lost_half_of_what_an_erasure_takes_is_found(lost: str) -> None:
    (row,) = journal.rows(an_instance(), [LanguageChosen(at=NOON, language="en")], SeededChance())

    assert journal.broken_at([replace(row, **{lost: None})]) == 1
    assert journal.broken_at([replace(row, payload=None, salt=None)]) is None
