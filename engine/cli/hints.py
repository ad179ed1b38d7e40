"""What to type next: our own commands as they are spelled here, for the same data folder."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from engine.cli.terminal.page import clean


def command_name() -> str:
    """Name this program as it was called: from a clone nobody has a command `trustflow`."""
    called = Path(sys.argv[0]).parts[-2:]
    return "python3 -m engine" if called == ("engine", "__main__.py") else "trustflow"


def hint(*words: str, named: str | None = None, options: Sequence[str] = ()) -> str:
    """Spell one of our commands so that it can be copied.

    Args:
        words: What follows our own name, each one as the shell shall read it.
        named: What the command is about, as somebody has called it.
        options: What it is told besides.

    Returns:
        The command; with the `--data` that the command now running was given, if it was.
    """
    context = click.get_current_context(silent=True)
    folder = context.params.get("data") if context is not None else None
    given = (*options, *(() if folder is None else ("--data", str(folder))))
    if named is not None:  # a name that looks like an option stands last, behind a --
        given = (*given, "--", named) if named.startswith("-") else (named, *given)
    return clean(f"{command_name()} {shlex.join((*words, *given))}")
