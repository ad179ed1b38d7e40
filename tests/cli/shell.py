"""What the tests of commands share: the entry point for click's runner, and real processes."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click
from click.testing import Result

from engine.cli.main import main

ROOT = Path(__file__).parent.parent.parent
DEFINITION = ROOT / "definitions" / "passcode-authentication.yaml"
LINK = re.compile(r"https?://[^\s\"'<>]+[?&]pt=[\w.~-]+")
ENTRY = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " from engine.cli.main import main; main()"
)
"""The program, as a terminal starts it: under nohup or `&` SIGINT would come to it ignored."""
LONGEST_SECONDS = 120

Run = Callable[..., Result]


class Main(click.Command):
    """The entry point as click's runner wants it: exit codes come from `main` itself."""

    def main(self, args: Sequence[str] | None = None, *given: Any, **named: Any) -> Any:
        main(args)


def surroundings(**more: str) -> dict[str, str]:
    """Give a process's environment: ours without settings, with `more`."""
    ours = os.environ  # noqa: TID251 - handed on to processes of our own
    plain = {name: value for name, value in ours.items() if "TRUSTFLOW" not in name}
    return {**plain, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "80", **more}


@dataclass(slots=True)
class Started:
    """A command that runs as a process of its own. `said`: its standard output so far."""

    process: subprocess.Popen[str]
    said: str = ""

    def wait_for(self, words: str) -> str:
        """Read until a line holds the words; give all that was said. Fails when it ends before."""
        stream = self._stream()
        for line in stream:
            self.said += line
            if words in line:
                return self.said
        rest = self.process.stderr.read() if self.process.stderr else ""
        message = f"ended without {words!r}:\n{self.said}\n{rest}"
        raise AssertionError(message)

    def interrupt(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Send a signal; give exit code, and the rest of both outputs."""
        self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=LONGEST_SECONDS)
        return self.process.returncode, rest, errors

    def _stream(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout


@contextlib.contextmanager
def started(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-c", ENTRY),
) -> Iterator[Started]:
    """Start a command; it is ended by its own id, whatever happens."""
    words = [sys.executable, *program, *map(str, arguments)]
    process = subprocess.Popen(
        words, cwd=cwd, env=dict(env or surroundings()), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Started(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(*arguments: str | Path, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a command that ends by itself; give exit code and what it said on standard error.

    A process of its own, because a server that wrongly starts would never come back.
    """
    with started(*arguments, env=env) as command:
        _, errors = command.process.communicate(timeout=LONGEST_SECONDS)
    return command.process.returncode, errors


def link_in(text: str) -> str:
    """Find the one link."""
    (found,) = set(LINK.findall(text))
    return str(found)


def passcode_in(text: str) -> str:
    """Find the five words that a first start shows."""
    (found,) = re.findall(r"^\s+passcode\s+((?:[a-z]+-){4}[a-z]+)$", text, re.M)
    return str(found)
