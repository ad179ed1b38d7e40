"""What the demo says once it answers: the link, the user, what to try, where to look behind."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.cli import prompt
from engine.cli.demo.making import USER, USES
from engine.cli.hints import command_name
from engine.cli.terminal.page import GAP, Terminal, clean, columns, padded

if TYPE_CHECKING:
    from engine.secret import Secret

MARGIN: Final = "  "
INDENT: Final = "    "
TRIES: Final = (
    ("the right passcode", "Accepted"),
    ("a wrong one, three times", "Declined"),
    ("open it and leave it, 4 min 30 s", "Abandoned"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What there is to say.

    Attributes:
        link: What a person opens.
        passcode: Of the first start; None later.
        folder: The data folder.
        fingerprint: Of the certificate, with `--lan`; None without.
        wanted_port, port: Which port was asked for, and which one was free.
    """

    link: str = field(repr=False)
    passcode: Secret | None
    folder: Path
    fingerprint: str | None
    wanted_port: int
    port: int

    def show(self, terminal: Terminal) -> None:
        """Write it all, in the order in which a person needs it."""
        self._heading(terminal)
        self._link(terminal)
        self._user(terminal)
        self._tries(terminal)
        self._behind(terminal)
        terminal.say(f"{MARGIN}Ready. Ctrl-C ends it.", "good")

    def _heading(self, terminal: Terminal) -> None:
        where = "on this machine" if self.fingerprint is None else "for your phone"
        terminal.say()
        terminal.say(f"{MARGIN}trustflow demo", "strong")
        terminal.write(f"Signing in with a passcode, {where}.", indent=MARGIN, tone="quiet")
        terminal.say()
        if self.wanted_port not in (0, self.port):
            words = (
                f"Port {self.wanted_port} is taken; this is port {self.port}. Links made in another"
                f" terminal lead here with TRUSTFLOW_PORT={self.port} before the command."
            )
            terminal.write(words, indent=MARGIN, tone="warning")
            terminal.say()

    def _link(self, terminal: Terminal) -> None:
        self._title(terminal, "Open")
        fits = len(INDENT) + len(self.link) <= terminal.width
        terminal.show_once(f"{INDENT if fits else ''}{terminal.tone(self.link, 'link')}")
        terminal.write(f"Good for {USES} visits within 24 hours.", indent=INDENT, tone="quiet")
        terminal.say()
        if self.fingerprint is not None:
            self._phone(terminal, self.fingerprint)

    def _phone(self, terminal: Terminal, fingerprint: str) -> None:
        from engine.cli.terminal.code import show_code

        show_code(terminal, self.link)
        terminal.say()
        terminal.write(
            "The phone must be in the same network. It will warn that the connection is not"
            " private: this machine has made its certificate itself, and nobody vouches for it."
            " Go on by Advanced or Show details. A careful person compares its SHA-256"
            " fingerprint first:",
            indent=INDENT,
        )
        terminal.write(fingerprint, indent=INDENT, tone="quiet")
        terminal.say()

    def _user(self, terminal: Terminal) -> None:
        self._title(terminal, "Sign in as")
        terminal.say(f"{INDENT}user      {terminal.tone(USER, 'strong')}")
        if self.passcode is None:
            first = f"{INDENT}passcode  "
            words = "as shown at the first start; to set another one:"
            terminal.write(words, first=first, indent=" " * len(first))
            self._command(terminal, f"passcode register {USER} --suggest --replace")
        else:
            prompt.show_once(
                self.passcode,
                lambda words: terminal.say(f"{INDENT}passcode  {terminal.tone(words, 'strong')}"),
            )
            terminal.write(
                "Made just now and shown this once: only a hash of it is kept.",
                indent=INDENT,
                tone="quiet",
            )
        terminal.say()

    def _tries(self, terminal: Terminal) -> None:
        self._title(terminal, "Try")
        widest = max(columns(what) for what, _ in TRIES)
        fits = len(INDENT) + widest + len(GAP) + len("Abandoned") <= terminal.width
        for what, ends in TRIES:
            if fits:
                terminal.say(f"{INDENT}{padded(what, widest)}{GAP}{terminal.tone(ends, 'strong')}")
            else:
                terminal.say(f"{INDENT}{what}")
                terminal.say(f"{INDENT}  -> {terminal.tone(ends, 'strong')}")
        terminal.say()

    def _behind(self, terminal: Terminal) -> None:
        self._title(terminal, "Look behind, in another terminal")
        for command in ("instance list", f"user show {USER}", "token create --help"):
            self._command(terminal, command)
        terminal.say()
        terminal.write(
            f"Everything is in {clean(str(self.folder))}, and there at the next start;"
            " --fresh begins anew.",
            indent=MARGIN,
            tone="quiet",
        )
        terminal.say()

    def _title(self, terminal: Terminal, title: str) -> None:
        terminal.say(f"{MARGIN}{title}", "strong")

    def _command(self, terminal: Terminal, words: str) -> None:
        """Write one of our commands, for this data folder."""
        folder = clean(shlex.quote(str(self.folder)))
        data = [] if words.endswith("--help") else [f"--data {folder}"]
        terminal.command([command_name(), *words.split(), *data], indent=INDENT)
