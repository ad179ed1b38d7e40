"""The terminal: QR codes that phones read, tables that fold, help, usage, and where it all ends."""

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import zxingcpp

from engine.cli.main import trustflow
from engine.cli.terminal.code import HALVES, QUIET_MODULES, code_rows, show_code
from engine.cli.terminal.page import Terminal, clean, columns, counted
from engine.cli.terminal.problems import show_problems
from engine.model.problem import Place, Problem
from tests.cli.shell import Run

TEXT = "https://192.0.2.7:8321/web/trustweb?pt=pt_" + "aB3-_" * 8 + "xyz"
MODULE_PIXELS = 4
HELPED = ["", "check", "token create", "user show", "demo", "serve", "passcode register"]


def read_by_a_phone(rows: list[str], *, ink_is_light: bool) -> str:
    """Draw half blocks as pixels and read the code in them."""
    halves = {sign: pair for pair, sign in HALVES.items()}
    modules = []
    for row in rows:
        pairs = [halves[sign] for sign in row]
        modules += [[upper for upper, _ in pairs], [lower for _, lower in pairs]]
    bright = [[255 * (ink == ink_is_light) for ink in row] for row in modules]
    pixels = [[value for value in row for _ in range(MODULE_PIXELS)] for row in bright]
    tall = b"".join(bytes(row) * MODULE_PIXELS for row in pixels)
    shape = (len(pixels) * MODULE_PIXELS, len(pixels[0]))
    (found,) = zxingcpp.read_barcodes(memoryview(tall).cast("B", shape))
    return str(found.text)


@pytest.mark.parametrize("inverted", [True, False])
@pytest.mark.parametrize("quiet", [QUIET_MODULES, 1])
def test_code_in_half_blocks_is_read_back(inverted: bool, quiet: int) -> None:
    rows = code_rows(TEXT, inverted=inverted, quiet=quiet)

    assert read_by_a_phone(rows, ink_is_light=inverted) == TEXT


@pytest.mark.parametrize(("width", "modules"), [(80, 41), (41, 41), (40, 39), (39, 39), (38, None)])
def test_code_takes_what_room_there_is(
    capsys: pytest.CaptureFixture[str], width: int, modules: int | None
) -> None:
    show_code(Terminal(width=width, coloured=False), TEXT)

    shown = capsys.readouterr().out
    if modules is None:
        assert "39 columns" in shown
    else:
        assert {len(line.removeprefix("    ")) for line in shown.splitlines()} == {modules}


def test_coloured_code_is_black_on_white_whatever_the_theme(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_code(Terminal(width=80, coloured=True), TEXT)

    lines = capsys.readouterr().out.splitlines()
    rows = [re.sub(r"\x1b\[[0-9;]*m", "", line).removeprefix("    ") for line in lines]
    assert all(line.startswith("    \x1b[38;5;16;48;5;231m") for line in lines)
    assert read_by_a_phone(rows, ink_is_light=False) == TEXT


def test_table_that_does_not_fit_becomes_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("a-long-name-of-something", "a value that is long"), ("b", "")]

    Terminal(width=80, coloured=False).table(("name", "value"), rows)
    Terminal(width=40, coloured=False).table(("name", "value"), rows)

    wide, folded = capsys.readouterr().out.split("b\na-long")
    assert wide.splitlines()[0] == f"{'name':<24}  value"
    assert folded.splitlines() == [
        "-name-of-something", "  value  a value that is long", "", "b"
    ]  # fmt: skip


def test_widths_count_columns_and_not_characters() -> None:
    assert columns("Inês") == 4
    assert columns("Ine\u0302s") == 4
    assert columns("日本") == 4


def test_cleaning_leaves_letters_and_takes_control() -> None:
    assert clean("Inês 日本 \t.") == "Inês 日本     ."
    assert clean("\x1b[2J\r\u202e") == "\ufffd[2J\ufffd\ufffd"


@pytest.mark.parametrize("width", [80, 40])
def test_help_has_examples_and_fits(
    run: Run, golden: Callable[[str, str], None], width: int
) -> None:
    pages = [run(*words.split(), "--help", width=width) for words in HELPED]

    for page in pages:
        prose = page.stdout.partition("Examples:")[0]
        assert max(map(len, prose.splitlines())) <= width
    golden(f"cli/help.{width}.txt", ("-" * width + "\n").join(page.stdout for page in pages))


def leaves() -> list[tuple[str, click.Command]]:
    """Give every command that does something."""
    left: list[tuple[str, click.Command]] = [("", trustflow)]
    found = []
    while left:
        name, command = left.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            subs = [(s, command.get_command(context, s)) for s in command.list_commands(context)]
            left += [(f"{name} {sub}".strip(), below) for sub, below in subs if below is not None]
        else:
            found.append((name, command))
    return found


def test_every_command_has_examples_that_are_of_it() -> None:
    for name, command in leaves():
        examples = getattr(command, "examples", ())
        assert examples, name
        for example in examples:
            assert example.startswith(f"trustflow {name}"), (name, example)
            words = re.findall(r"--[a-z-]+", example)
            assert set(words) <= {o for p in command.params for o in p.opts}, (name, example)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tokn",), "Did you mean 'token'?"),
        (("user", "shwo"), "Did you mean 'show'?"),
        (("check",), "Missing argument"),
        (("check", "x.yaml", "--strct"), "--strict"),
        (("passcode", "register", "ines", "--json"), "--suggest"),
    ],
)
def test_slips_of_the_pen_are_wrong_usage(run: Run, words: tuple[str, ...], told: str) -> None:
    done = run(*words)

    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stdout == ""


def test_refused_settings_are_wrong_usage(run: Run, data: Path) -> None:
    data.mkdir()
    (data / "trustflow.toml").write_text("prot = 1\n")

    done = run("user", "list")

    assert done.exit_code == 2
    assert "prot is no setting; did you mean port?" in done.stderr


def test_file_system_that_says_no_is_an_answer(run: Run) -> None:
    done = run("store", "add", "customers", "--data", "/proc/nobody-may-write-here")

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "/proc/nobody-may-write-here" in done.stderr


def test_database_that_cannot_be_opened_is_an_answer(run: Run, data: Path) -> None:
    (data / "trustflow.db").mkdir(parents=True)

    done = run("store", "add", "customers")

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")


def a_problem(column: int) -> Problem:
    place = Place(file="f", line=1, column=column)
    return Problem(rule="Y110", place=place, message="wrong", remedy="mend it")


@pytest.mark.parametrize(("letter", "taken"), [("x", 1), ("日", 2)])
def test_the_middle_of_a_long_line_is_shown_around_the_caret(
    capsys: pytest.CaptureFixture[str], letter: str, taken: int
) -> None:
    line = letter * 5_000 + "!" + letter * 5_000
    show_problems(Terminal(width=40, coloured=False), [a_problem(5_001)], {"f": line})

    _, shown, caret, *_ = capsys.readouterr().out.splitlines()
    before, after = letter * (20 // taken), letter * (9 // taken)
    assert shown == f"    1 | …{before}!{after}…"
    assert columns(shown) <= 40
    assert columns(caret) - 1 == columns(shown.partition("!")[0])


def test_a_thousand_problems_in_one_line_of_a_million_characters_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = "{" * 1_000_000  # cut letter by letter, or looked through for each, it would take hours
    problems = [a_problem(column) for column in range(1, 1_000_001, 1_000)]

    show_problems(Terminal(width=60, coloured=False), problems, {"f": line})

    lines = capsys.readouterr().out.splitlines()
    assert sum(line.endswith("^") for line in lines) == len(problems)
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 passes"), (1, "1 pass"), (2, "2 passes"), (1_000, "1,000 passes")]
)
def test_one_of_a_thing_is_not_several(number: int, told: str) -> None:
    assert counted(number, "pass", "passes") == told
