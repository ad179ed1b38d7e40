"""What every command has: help with examples, `--data`, `--json`; errors that are answers."""

from __future__ import annotations

import importlib
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click
from click.core import ParameterSource

from engine.cli.terminal.page import Terminal, clean
from engine.errors import Busy, SettingsRefused, TrustflowError
from engine.nearest import nearest
from engine.redaction import redacted

if TYPE_CHECKING:
    from engine.adapters.address import Address

PROBLEMS: Final = 1
"""Exit code: problems were found, or it did not work. 0: fine, or warnings. 2: wrong usage."""

LAST_PAGE: Final = 1_000_000
"""More pages nobody turns, and no store counts so far as a number may be typed."""

SIDE_BY_SIDE: Final = 60
SHORT_NAMES: Final = 14
"""Below so many columns of help, only names shorter than this have their words beside them."""

F = TypeVar("F", bound=Callable[..., object])


class Failed(click.ClickException):
    """It did not work; the message says why and what to do."""

    exit_code = PROBLEMS

    def format_message(self) -> str:
        """Give the message, without what looks like a secret (D4)."""
        return redacted(super().format_message())


class Refused(Failed):
    """The settings, like the options, say what cannot be."""

    exit_code = 2


def fail(message: str) -> NoReturn:
    """Give up: say why, and what to do. Raises `Failed`."""
    raise Failed(message)


def misused(message: str) -> NoReturn:
    """Answer options that do not go together. Raises `click.UsageError`."""
    raise click.UsageError(message, click.get_current_context(silent=True))


def is_given(option: str) -> bool:
    """Whether somebody typed an option of the command now running, be it with its usual value."""
    source = click.get_current_context().get_parameter_source(option)
    return source is ParameterSource.COMMANDLINE


class Formatter(click.HelpFormatter):
    """click's, that puts an option above its words where both do not fit side by side."""

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write names and what they mean."""
        listed = list(rows)
        if self.width >= SIDE_BY_SIDE or max(len(name) for name, _ in listed) < SHORT_NAMES:
            super().write_dl(listed, col_max, col_spacing)
            return
        indent = " " * self.current_indent
        for name, words in listed:
            self.write(f"{indent}{name}\n")
            for line in textwrap.wrap(words, self.width - self.current_indent - 4):
                self.write(f"{indent}    {line}\n")


class Context(click.Context):
    """click's, with help as wide as the terminal: click itself never goes below 50 columns."""

    def make_formatter(self) -> click.HelpFormatter:
        """Make what writes the help."""
        return Formatter(width=Terminal.here().width)


class Documented(click.Command):
    """A command whose help ends with examples, written out as one types them."""

    context_class = Context

    def __init__(self, *given: Any, examples: Sequence[str] = (), **named: Any) -> None:
        super().__init__(*given, **named)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples below the options."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class Group(click.Group):
    """A group whose commands are imported when they are asked for: starting stays quick.

    `where` maps a command's name to `module:attribute`.
    """

    context_class = Context

    def __init__(
        self,
        *given: Any,
        where: Mapping[str, str] | None = None,
        sections: Mapping[str, Sequence[str]] | None = None,
        **named: Any,
    ) -> None:
        super().__init__(*given, **named)
        self.where = dict(where or {})
        self.sections = dict(sections or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order in which they were given."""
        return [*self.where, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.where:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.where[cmd_name].partition(":")
        found = getattr(importlib.import_module(module), name)
        assert isinstance(found, click.Command)  # noqa: S101 - our own table
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the words name, or say which one is near."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = nearest(args[0], self.list_commands(ctx))
            if near is None or "Did you mean" in error.message:
                raise
            misused(f"{error.message} Did you mean '{near}'?")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by what they are for."""
        if not self.sections:
            super().format_commands(ctx, formatter)
            return
        for title, names in self.sections.items():
            rows = []
            for name in names:
                command = self.get_command(ctx, name)
                if command is not None:
                    rows.append((name, command.get_short_help_str(formatter.width - 16)))
            with formatter.section(title):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run what was asked for; what a person can cause is answered, never traced back."""
        try:
            return super().invoke(ctx)
        except TrustflowError as error:
            raise answer_to(error) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            where = f": {clean(str(error.filename))}" if error.filename else ""
            fail(f"{error.strerror or type(error).__name__}{where}")


def answer_to(error: TrustflowError) -> click.ClickException:
    """Turn a fault into words for whoever typed the command."""
    if isinstance(error, SettingsRefused):
        problems = error.facts.get("problems")
        lines = problems if isinstance(problems, tuple) else (str(error),)
        return Refused("\n  ".join(["the settings are not right:", *map(clean, lines)]))
    if isinstance(error, Busy):
        return Failed("Too much is going on right now; give the same command again.")
    sentence = " ".join((type(error).__doc__ or "").strip().splitlines()[0].split())
    facts = ", ".join(f"{name}: {value}" for name, value in error.facts.items())
    return Failed(clean(f"{sentence} ({facts})" if facts else sentence))


class Length(click.ParamType[timedelta | None]):
    """An ISO 8601 duration of weeks, days, hours, minutes and seconds, above zero."""

    name = "duration"

    def __init__(self, *, unlimited: bool = False) -> None:
        """`unlimited`: the word is taken too, and is None."""
        self.unlimited = unlimited

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Show the form it takes."""
        return "PT24H|unlimited" if self.unlimited else "PT24H"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta | None:
        """Read what was typed, or say what would be right."""
        if isinstance(value, timedelta):
            return value
        if self.unlimited and value == "unlimited":
            return None
        from engine.compile.durations import duration

        try:
            found = duration(value)
        except ValueError as error:
            self.fail(f"{error}; write PT30M, PT24H, P7D.", param, ctx)
        if not found:
            self.fail("it must be above zero.", param, ctx)
        return found


class Moment(click.ParamType[datetime]):
    """A time of ISO 8601, UTC where it says no other zone; a day alone is its midnight."""

    name = "2026-11-27T08:00"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read what was typed, or say what would be right."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("write 2026-11-27, or 2026-11-27T08:00 (UTC).", param, ctx)
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


class Pair(click.ParamType[tuple[str, str]]):
    """`NAME=TEXT`."""

    name = "NAME=TEXT"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Take it apart at the first `=`."""
        name, sign, text = str(value).partition("=")
        if not (name and sign):
            self.fail("write NAME=TEXT", param, ctx)
        return name, text


class Origin(click.ParamType[str]):
    """Where browsers find us: http or https, a host, perhaps a port; nothing behind them."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take what was typed, or say what would be right."""
        if not is_origin(str(value)):
            self.fail("write https://id.example.org.", param, ctx)
        return str(value)


def is_origin(text: str) -> bool:
    """Whether a text is the address of a web server and no more."""
    return _ORIGIN.fullmatch(text) is not None


_ORIGIN: Final = re.compile(
    r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?/?", re.IGNORECASE | re.ASCII
)


def data_option(command: F) -> F:
    """Add `--data DIR`."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="The data folder (TRUSTFLOW_DATA; else .trustflow here).",
    )(command)


class Database(click.ParamType["Address"]):
    """A PostgreSQL database, without its password."""

    name = "url"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        """Read what was typed, or say what would be right."""
        from engine.adapters.address import Address

        if isinstance(value, Address):
            return value
        try:
            found = Address.parse(str(value))
        except ValueError as error:
            self.fail(f"it must be {error}.", param, ctx)
        if found.has_password:
            self.fail(
                "everybody on this machine can read a command line. Say it with the password in a"
                " file that TRUSTFLOW_DATABASE_FILE names, or keep the password in ~/.pgpass.",
                param,
                ctx,
            )
        return found


def database_option(command: F) -> F:
    """Add `--database URL`."""
    return click.option(
        "--database",
        type=Database(),
        help="PostgreSQL in place of a file: postgresql://user@host/name (TRUSTFLOW_DATABASE).",
    )(command)


def url_option(command: F) -> F:
    """Add `--url URL`, for a command that writes links."""
    return click.option(
        "--url", type=Origin(), metavar="URL", help="Where browsers find us (else as settings say)."
    )(command)


def time_options(command: F) -> F:
    """Add `--since` and `--until`."""
    for name, text in (("until", "Before then (UTC)."), ("since", "From then on (UTC).")):
        command = click.option(f"--{name}", type=Moment(), help=text)(command)
    return command


def page_option(rows: str) -> Callable[[F], F]:
    """Add `--page N`; `rows` says how many there are on each."""
    return click.option(
        "--page", type=click.IntRange(1, LAST_PAGE), default=1, help=f"Of {rows} each."
    )


def json_option(command: F) -> F:
    """Add `--json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Write one JSON document, for a script."
    )(command)
