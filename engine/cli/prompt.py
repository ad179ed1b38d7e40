"""What is asked at the terminal: a name once more, or a passcode where nobody reads along.

A passcode may be suggested, and is shown this once. The only command that sees one sees it here
(security D1): it never comes by argument, environment or file, where other programs and histories
could read it.
"""

from __future__ import annotations

import getpass
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from engine.cli.command import Refused, fail
from engine.cli.terminal.page import clean
from engine.identity.words import suggest
from engine.ports.outside import Chance
from engine.secret import Secret


class NoTerminal(Exception):
    """There is no terminal at which something can be typed unseen."""


def confirm_name(question: str, name: str) -> None:
    """Ask to type a name again before what cannot be brought back.

    Raises:
        click.Abort: The person pressed Ctrl-C.
        Failed: Another name was typed.
        Refused: Nobody answers; a script says --yes.
    """
    with _answered("--yes"):
        typed = click.prompt(
            f"{clean(question)} Type the name again", err=True, default="", show_default=False
        )
    if typed != name:
        fail("That was another name. Nothing was changed.")


@contextmanager
def _answered(instead: str) -> Iterator[None]:
    """Tell the end of what can be read from Ctrl-C, as click does not: a script has an option."""
    message = f"no answer was given; a script says {instead}"
    if sys.stdin is None:  # how Python says that a process was started with it closed
        raise Refused(message)
    try:
        yield
    except click.Abort as error:
        if not isinstance(error.__context__, EOFError):
            raise
        raise Refused(message) from error


def ask_twice(what: str) -> Secret | None:
    """Ask for a new passcode at a hidden prompt, and once more. None: they were not the same.

    Raises:
        click.Abort: The person pressed Ctrl-C.
        Refused: Nothing is left to read.
        NoTerminal: What is typed could be read by others, or nobody sits there to type.
    """
    first = Secret(_asked(f"{what} (not shown): "))
    again = Secret(_asked(f"{what}, once more: "))
    same = _plain(first) == _plain(again)
    return first if same else None


def _asked(words: str) -> str:
    with warnings.catch_warnings(), _answered("--suggest --json"):
        # getpass turns the echo off; where it cannot it would warn, and read a line all the same.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return str(click.prompt(words, prompt_suffix="", hide_input=True, err=True, default="",
                                    show_default=False))  # fmt: skip
        except getpass.GetPassWarning:
            raise NoTerminal from None


def _plain(secret: Secret) -> str:
    return unicodedata.normalize("NFKC", secret.reveal())


def suggested(chance: Chance) -> Secret:
    """Draw a passcode of five words."""
    return Secret(suggest(chance))


def show_once(secret: Secret, say: Callable[[str], None]) -> None:
    """Hand a passcode that we suggested to whatever writes it to the person's terminal."""
    say(secret.reveal())
