"""Why a text cannot be read at all: one problem, carried out of the reader."""

from __future__ import annotations

from engine.compile.reading.document import LARGEST_TEXT_BYTES, MARK, Source, Spot
from engine.model.problem import Place, Problem


class Refusal(Exception):
    """Reading stops here; never seen outside of `reading`."""

    def __init__(self, spot: Spot, rule: str, message: str, remedy: str) -> None:
        """Keep what the problem will say; the file is added by whoever knows it."""
        super().__init__(rule)
        self.rule, self.spot, self.message, self.remedy = rule, spot, message, remedy

    def problem(self, path: str) -> Problem:
        """Make the problem."""
        place = Place(file=path, line=self.spot[0], column=self.spot[1])
        return Problem(rule=self.rule, place=place, message=self.message, remedy=self.remedy)


def decode(source: Source) -> str:
    """Give the text without its byte order mark.

    Raises:
        Refusal: It is too long, or not UTF-8.
    """
    if len(source.text) > LARGEST_TEXT_BYTES:
        raise Refusal((1, 1), "Y102", f"the file has {len(source.text)} bytes",
            f"keep it within {LARGEST_TEXT_BYTES} bytes",
        )  # fmt: skip
    try:
        return source.text.decode("utf-8").removeprefix(MARK)
    except UnicodeDecodeError as error:
        before = source.text[: error.start].decode("utf-8").removeprefix(MARK)
        spot = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Refusal(
            spot, "Y101", "the file is not written in UTF-8", "save it as UTF-8"
        ) from None
