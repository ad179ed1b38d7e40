"""A QR code in a terminal: two rows of it in each line of half blocks."""

from __future__ import annotations

from itertools import zip_longest
from typing import Final

import segno

from engine.cli.terminal.page import Terminal

QUIET_MODULES: Final = 2
"""The light margin: half of what the standard asks for, and enough for the phones we know."""
BLACK_ON_WHITE: Final = "\x1b[38;5;16;48;5;231m"
END: Final = "\x1b[0m"
HALVES: Final = {(0, 0): " ", (1, 0): "\N{UPPER HALF BLOCK}", (0, 1): "\N{LOWER HALF BLOCK}",
                 (1, 1): "\N{FULL BLOCK}"}  # fmt: skip
INDENT: Final = "    "


def show_code(terminal: Terminal, text: str) -> None:
    """Write the QR code of a text, or say how wide the terminal must be for it.

    With colours it is black on white whatever the terminal's own are; without, light stands for
    the terminal's ink, as on the usual dark screen.
    """
    inverted = not terminal.coloured
    rows = code_rows(text, inverted=inverted)
    if len(rows[0]) > terminal.width:
        rows = code_rows(text, inverted=inverted, quiet=1)
    width = len(rows[0])
    if width > terminal.width:
        words = f"(A terminal of {width} columns shows the QR code here.)"
        terminal.write(words, indent=INDENT, tone="quiet")
        return
    indent = INDENT if len(INDENT) + width <= terminal.width else ""
    for row in rows:
        shown = f"{BLACK_ON_WHITE}{row}{END}" if terminal.coloured else row
        terminal.say(f"{indent}{shown}")


def code_rows(text: str, *, inverted: bool, quiet: int = QUIET_MODULES) -> list[str]:
    """Draw a QR code of the lowest error level: the smallest one; a screen has no dirt."""
    code = segno.make(text, micro=False, error="l", boost_error=False)
    modules = [[int(bool(dark)) for dark in row] for row in code.matrix_iter(border=quiet)]
    ink = 0 if inverted else 1
    pairs = zip_longest(modules[::2], modules[1::2], fillvalue=[0] * len(modules[0]))
    return [
        "".join(
            HALVES[int(top == ink), int(low == ink)] for top, low in zip(upper, lower, strict=True)
        )
        for upper, lower in pairs
    ]
