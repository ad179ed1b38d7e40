"""Writing to a terminal: width, colours, wrapped words, tables that fold when there is no room.

Whatever comes from files or people is cleaned first: a control character could rewrite the screen.
"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import click

from engine.redaction import redacted
from engine.settings import colours_unwanted

WIDEST: Final = 100
NARROWEST: Final = 24
GAP: Final = "  "
HIDDEN: Final = "\N{REPLACEMENT CHARACTER}"

Tone = Literal["plain", "strong", "quiet", "good", "warning", "bad", "link"]

_STYLES: Final[dict[Tone, dict[str, str | bool]]] = {
    "plain": {},
    "strong": {"bold": True},
    "quiet": {"dim": True},
    "good": {"fg": "green", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "bad": {"fg": "red", "bold": True},
    "link": {"fg": "cyan", "underline": True},
}


def clean(text: str) -> str:
    """Replace control and direction characters; a tab becomes four blanks."""
    shown = text.replace("\t", "    ")
    return "".join(HIDDEN if unicodedata.category(c) in ("Cc", "Cf", "Zl") else c for c in shown)


def counted(number: int, one: str, several: str = "") -> str:
    """Write how many there are of something; `several` is `one` with an s where it is not said."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def columns(text: str) -> int:
    """Count the columns a text takes in a terminal: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def padded(text: str, width: int) -> str:
    """Fill up with blanks to a width in columns."""
    return text + " " * max(0, width - columns(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where a command writes.

    Attributes:
        width: Columns to write in, 24 to 100.
        coloured: A terminal that wants colours (see no-color.org).
        to_errors: Standard error instead of standard output.
    """

    width: int
    coloured: bool
    to_errors: bool = False

    @classmethod
    def here(cls, *, to_errors: bool = False) -> Terminal:
        """Look at the terminal this command runs in; 80 columns where there is none."""
        stream = sys.stderr if to_errors else sys.stdout
        width = shutil.get_terminal_size((80, 24)).columns
        return cls(
            width=min(max(width, NARROWEST), WIDEST),
            coloured=stream.isatty() and not colours_unwanted(),
            to_errors=to_errors,
        )

    def tone(self, text: str, tone: Tone) -> str:
        """Colour a text, where colours are wanted."""
        return click.style(text, **_STYLES[tone]) if self.coloured else text  # type: ignore[arg-type]  # the table's own words

    def say(self, text: str = "", tone: Tone = "plain") -> None:
        """Write one line as it is, however long: paths and commands must stay whole.

        What looks like a secret is blacked out (D4): `show_once` is for the one that is to be seen.
        """
        self.show_once(redacted(text), tone)

    def show_once(self, text: str, tone: Tone = "plain") -> None:
        """Write one line with a secret that was made for whoever reads it."""
        click.echo(self.tone(text, tone), err=self.to_errors, color=self.coloured)

    def write(self, text: str, *, indent: str = "", first: str = "", tone: Tone = "plain") -> None:
        """Write words, wrapped; `first` stands before the first line, `indent` before the rest.

        A word that is too long is not broken: a path or a name must stay whole.
        """
        for line in self.wrapped(text, indent=indent, first=first or indent):
            self.say(line, tone)

    def wrapped(self, text: str, *, indent: str = "", first: str = "") -> list[str]:
        """Wrap words to the width."""
        found = textwrap.wrap(
            text, self.width, initial_indent=first, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        return found or [first.rstrip()]

    def heading(self, text: str) -> None:
        """Write a heading."""
        self.say(clean(text), "strong")

    def facts(self, pairs: Sequence[tuple[str, str]], *, indent: str = "") -> None:
        """Write names and their values, one below the other."""
        cleaned = [(clean(name), value) for name, value in pairs]
        widest = max((columns(name) for name, _ in cleaned), default=0)
        for name, value in cleaned:
            first = f"{indent}{padded(name, widest)}{GAP}"
            words, beside = clean(value), " " * columns(first)
            if len(beside) + max(map(columns, words.split()), default=0) > self.width:
                self.say(first.rstrip())  # a word that does not fit beside its name: below it
                first = beside = f"{indent}{GAP}"
            self.write(words, first=first, indent=beside)

    def command(self, words: Sequence[str], *, indent: str = "") -> None:
        """Write a command as it can be copied: on several lines where one is too short for it."""
        line = f"{indent}{words[0]}"
        for word in words[1:]:
            if columns(f"{line} {word} \\") > self.width and line.strip() != words[0]:
                self.say(f"{line} \\")
                line = f"{indent}{GAP}{word}"
            else:
                line = f"{line} {word}"
        self.say(line)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; where it does not fit, each row becomes a block of names and values."""
        cells = [[clean(cell) for cell in row] for row in rows]
        widths = [max(map(columns, column)) for column in zip(head, *cells, strict=True)]
        if sum(widths) + len(GAP) * (len(widths) - 1) <= self.width:
            self._grid(head, cells, widths)
        else:
            self._blocks(head, cells)

    def _grid(
        self, head: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[int]
    ) -> None:
        def line(row: Sequence[str]) -> str:
            return GAP.join(map(padded, row, widths)).rstrip()

        self.say(line(head), "quiet")
        for row in cells:
            self.say(line(row))

    def _blocks(self, head: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
        for number, row in enumerate(cells):
            if number:
                self.say()
            self.say(row[0], "strong")
            shown = [(name, cell) for name, cell in zip(head[1:], row[1:], strict=True) if cell]
            self.facts(shown, indent=GAP)


def say_json(value: object, *, shown_once: tuple[str, ...] = ()) -> None:
    """Write one JSON document: two blanks deep, as people and programs read it.

    What looks like a secret is blacked out (D4), but for those `shown_once`.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    click.echo(redacted(text, own=shown_once))
