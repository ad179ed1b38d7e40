"""What no field of a call may be: a time or length out of reckoning, a text held nowhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from msgspec import Meta

from engine.web.api.frame.reading import taken, taken_words
from engine.web.api.frame.values import Sent
from tests.web.program import program
from tests.web.surface import Surface, play

BASE = "/api/process-manager/processTokens"
STORES = "/api/identity-store/stores"


class Asked(Sent, kw_only=True, frozen=True):
    at: Annotated[datetime, Meta(tz=True)] = datetime(2026, 1, 1, tzinfo=UTC)
    length: timedelta | None = None
    text: str = ""
    more: dict[str, Any] = {}


def fields(given: dict[str, object]) -> list[str]:
    found = taken(given, Asked)
    return [one.field for one in found] if isinstance(found, list) else []


@pytest.mark.parametrize(
    "at",
    [
        "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "9001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z",
    ],
)  # fmt: skip
def test_a_time_that_nothing_can_be_added_to_is_refused(at: str) -> None:
    assert fields({"at": at}) == ["at"]
    assert isinstance(taken_words([("at", at)], Asked), list)


def test_times_and_lengths_within_are_taken() -> None:
    assert fields({"at": "9000-12-31T23:59:59-14:00", "length": "P36525D"}) == []
    assert fields({"at": "1970-01-01T00:00:00+14:00", "length": "PT0S"}) == []


@pytest.mark.parametrize("length", ["-PT5M", "P36526D", "P999999999D"])
def test_a_length_below_zero_or_beyond_a_hundred_years_is_refused(length: str) -> None:
    assert fields({"length": length}) == ["length"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": "a\0b"}, "text"),
        ({"more": {"deep": [{"er": ["x", "\0"]}]}}, "more"),
        ({"more": {"na\0me": 1}}, "more"),
        ({"te\0xt": "x"}, ""),
    ],
)
def test_a_text_with_a_nul_is_refused_however_deep(given: dict[str, object], field: str) -> None:
    assert field in fields(given)


def test_words_with_a_nul_are_refused() -> None:
    assert isinstance(taken_words([("text", "a\0b")], Asked), list)
    assert taken_words([("text", "a\nb")], Asked) == Asked(text="a\nb")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "a\0b"}, "name"),
        ({"description": "a\0b"}, "description"),
        ({"notBeforeDtm": "9999-12-31T23:59:59-14:00"}, "notBeforeDtm"),
        ({"type": "UNLIMITED", "notAfterDtm": "9999-12-31T23:59:59-14:00"}, "notAfterDtm"),
        ({"maxProcessDuration": "PT0S"}, "maxProcessDuration"),
        ({"maxProcessDuration": "-PT5M"}, "maxProcessDuration"),
        ({"maxProcessDuration": "P999999999D"}, "maxProcessDuration"),
    ],
)
def test_a_token_is_refused_by_field(more: dict[str, object], field: str) -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        body = {"name": "one", "processDefnName": "two-forms", **more}
        refused = await shop.post(BASE, body)
        assert (refused.status, refused.json["code"]) == (400, 9400), refused.text
        assert field in [one["field"] for one in refused.json["details"]]

    play(story)


def test_a_store_holds_accounts_for_a_year_at_most() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        body = {"name": "held", "maxFailedAttempts": 5, "tempLockDuration": "P367D"}
        refused = await shop.post(STORES, body)
        assert refused.status == 400
        assert [one["field"] for one in refused.json["details"]] == ["tempLockDuration"]
        assert (await shop.post(STORES, body | {"tempLockDuration": "P366D"})).status == 201

    play(story)
