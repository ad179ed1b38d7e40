"""The journal's chain shows that a row was changed, moved, taken out or put in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from engine.model.event import Event, Extended, LanguageChosen
from engine.model.names import StepKey
from engine.records.journal import JournalRow
from engine.run.hop import journal
from engine.testing import NOON, SeededChance, an_instance

EVENTS: Sequence[Event] = (
    Extended(at=NOON, step=StepKey("ask.1")),
    LanguageChosen(at=NOON, language="en"),
    LanguageChosen(at=NOON + timedelta(seconds=1), language="pt-PT"),
    Extended(at=NOON + timedelta(seconds=2), step=StepKey("ask.1")),
    LanguageChosen(at=NOON + timedelta(seconds=3), language="en"),
)


def written(events: Sequence[Event] = EVENTS) -> list[JournalRow]:
    return list(journal.rows(an_instance(), events, SeededChance()))


def forged(row: JournalRow, payload: bytes) -> JournalRow:
    """Give the row with another payload, and the digest that this payload has."""
    assert row.salt is not None
    return replace(row, payload=payload, digest=hashlib.sha256(row.salt + payload).digest())


def linked(row: JournalRow, previous: JournalRow | None) -> JournalRow:
    """Give the row with the chain value that it has behind `previous`."""
    before = b"" if previous is None else previous.chain
    return replace(row, chain=journal.link(before, row.sequence, row.at, row.kind, row.digest))


def test_a_journal_as_it_was_written_is_whole_in_one_hop_or_in_several() -> None:
    first = written(EVENTS[:2])
    after = an_instance(sequence=2, chain=first[-1].chain.hex())

    second = journal.rows(after, EVENTS[2:], SeededChance(1))

    assert journal.broken_at(written()) is None
    assert journal.broken_at([*first, *second]) is None


def test_an_erased_journal_is_whole() -> None:
    erased = [replace(row, payload=None, salt=None) for row in written()]

    assert journal.broken_at(erased) is None
    assert [journal.event_of(row) for row in erased] == [None] * len(EVENTS)


def test_a_row_changed_with_its_digest_and_chain_breaks_the_next_row() -> None:
    for place in range(len(EVENTS) - 1):
        rows = written()
        assert rows[place].payload is not None
        changed = forged(rows[place], b"{}")
        rows[place] = linked(changed, rows[place - 1] if place else None)

        assert journal.broken_at(rows) == place + 2


CHANGES: dict[str, Callable[[JournalRow], JournalRow]] = {
    "payload": lambda row: replace(row, payload=b"{}"),
    "payload and digest": lambda row: forged(row, b"{}"),
    "digest": lambda row: replace(row, digest=bytes(32)),
    "digest of an erased row": lambda row: replace(row, payload=None, salt=None, digest=bytes(32)),
    "salt": lambda row: replace(row, salt=bytes(16)),
    "kind": lambda row: replace(row, kind="Cancelled"),
    "time": lambda row: replace(row, at=row.at + timedelta(microseconds=1)),
    "number": lambda row: replace(row, sequence=row.sequence + 1),
    "chain": lambda row: replace(row, chain=bytes(32)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("place", range(len(EVENTS)))
def test_a_changed_row_is_found(change: Callable[[JournalRow], JournalRow], place: int) -> None:
    rows = written()

    rows[place] = change(rows[place])

    assert journal.broken_at(rows) == place + 1


@pytest.mark.parametrize("place", range(len(EVENTS) - 1))
@pytest.mark.parametrize("renumbered", [False, True])
def test_two_rows_that_changed_places_are_found(place: int, *, renumbered: bool) -> None:
    rows = written()
    rows[place], rows[place + 1] = rows[place + 1], rows[place]

    found = journal.broken_at(numbered(rows) if renumbered else rows)

    assert found == place + 1


@pytest.mark.parametrize("place", range(len(EVENTS) - 1))
@pytest.mark.parametrize("renumbered", [False, True])
def test_a_row_taken_out_is_found(place: int, *, renumbered: bool) -> None:
    rows = written()
    del rows[place]

    found = journal.broken_at(numbered(rows) if renumbered else rows)

    assert found == place + 1


def test_a_row_put_in_with_a_true_chain_is_found_at_the_next() -> None:
    rows = written()
    stranger = linked(replace(forged(rows[1], b"{}"), sequence=3), rows[1])

    found = journal.broken_at(numbered([*rows[:2], stranger, *rows[2:]]))

    assert found == 4


def test_equal_events_have_links_of_their_own() -> None:
    rows = written([EVENTS[0]] * 3)

    assert len({row.digest for row in rows}) == len({row.chain for row in rows}) == 3


def numbered(rows: Sequence[JournalRow]) -> list[JournalRow]:
    return [replace(row, sequence=number) for number, row in enumerate(rows, start=1)]
