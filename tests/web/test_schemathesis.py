"""Made-up calls of every operation, good and bad: what comes back is what the document says."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

from tests.web.fuzzing import MADE, Stage, called, schema_of, walk_through

STAGE = Stage()
SCHEMA = schema_of(STAGE)


@SCHEMA.parametrize()  # type: ignore[untyped-decorator]  # made at run time
@settings(MADE, max_examples=6)
def test_whatever_is_asked_the_answer_is_as_the_document_says(case: Any) -> None:
    called(case, STAGE.token)


def test_what_is_made_can_be_read_changed_and_ended() -> None:
    walk_through(STAGE, SCHEMA, examples=8, steps=12)
