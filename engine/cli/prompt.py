"""Passcodes at the terminal: typed where nobody reads along, or suggested and shown this once.

The only command that sees a passcode sees it here (security D1): it never comes by argument,
environment or file, where other programs and histories could read it.
"""

from __future__ import annotations

import getpass
import unicodedata
import warnings
from collections.abc import Callable

import click

from engine.identity.words import suggest
from engine.ports.outside import Chance
from engine.secret import Secret


class NoTerminal(Exception):
    """There is no terminal at which something can be typed unseen."""


def ask_twice(what: str) -> Secret | None:
    """Ask for a new passcode at a hidden prompt, and once more. None: they were not the same.

    Raises:
        click.Abort: The person pressed Ctrl-C, or nothing is left to read.
        NoTerminal: What is typed could be read by others, or nobody sits there to type.
    """
    first = Secret(_asked(f"{what} (not shown): "))
    again = Secret(_asked(f"{what}, once more: "))
    same = _plain(first) == _plain(again)
    return first if same else None


def _asked(words: str) -> str:
    with warnings.catch_warnings():
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
