"""The run plants what its list says, and finds what is planted: a run that finds nothing is red."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.operators import mutants, planted
from tests.mutants.plan import TESTS

ROOT = Path(__file__).resolve().parent.parent.parent


def made(source: str) -> set[str]:
    """Give what every mutant of one function's line becomes."""
    text = f"def f(a, b):\n    {source}\n"
    return {
        ast.unparse(planted(text, mutant)).split("\n", 1)[1].strip() for mutant in mutants(text)
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a = a < b", {"a = a <= b", "a = a >= b"}),
        ("a = a is b", {"a = a is not b"}),
        ("a = a not in b", {"a = a in b"}),
        ("a = a and b", {"a = a or b", "a = a", "a = b"}),
        ("a = not b", {"a = b"}),
        ("a = b + 7", {"a = b - 7", "a = b + 8", "a = b + 6"}),
        ("a = True", {"a = False"}),
        ("a = min(a, b)", {"a = max(a, b)"}),
        ("guard(a)", {"pass"}),
        ("await_(a, b)", {"pass", "await_(b, a)"}),
        ("a = f(x=a, y=b)", {"a = f(x=b, y=a)"}),
        ("a = (a, b)", {"a = (b, a)"}),
        ("a = f'{a}|{b}'", {"a = f'|{b}'", "a = f'{a}|'"}),
        ("raise Late(a > 1)", {"pass"}),
        ("a += b", {"pass"}),
        ("return a", {"return None"}),
        ("a = a if b else None", {"a = a if True else None", "a = a if False else None"}),
        ("a = [x for x in a if x]", {"a = [x for x in a if True]"}),
        ("return None", set()),
    ],
)
def test_a_line_is_given_each_mistake_of_the_list(line: str, expected: set[str]) -> None:
    assert made(line) == expected


def test_a_statement_of_sql_loses_its_conditions_one_at_a_time() -> None:
    found = made("a = 'DELETE FROM t WHERE tenant = ? AND at < ?'")

    assert {ast.literal_eval(text.removeprefix("a = ")) for text in found} == {
        "DELETE FROM t WHERE (tenant = ? OR 1) AND at < ?",
        "DELETE FROM t WHERE tenant = ? AND (at < ? OR 1)",
        "DELETE FROM t WHERE tenant = ? OR at < ?",
        "DELETE FROM t WHERE tenant = ? AND at <= ?",
    }


def test_docstrings_annotations_and_names_for_types_are_left_alone() -> None:
    source = (
        '"""SELECT 1."""\nKind = Literal[1, 2]\nclass A:\n    """SELECT."""\n    b: "int | 3"\n'
    )

    assert mutants(source) == []


def test_what_runs_at_import_is_told_from_what_runs_in_a_function() -> None:
    found = mutants(
        "MOST = 1\nclass A:\n    b: int = 2\n    def c(self, d=3):\n        return 4 + d\n"
    )

    assert {(one.before, one.function, one.where) for one in found if one.operator == "number"} == {
        ("1", "", "MOST"),
        ("2", "", "b"),
        ("3", "", "A.c"),
        ("4", "A.c", "A.c"),
    }


@pytest.mark.parametrize("module", TESTS)
def test_every_module_of_the_plan_is_there_with_its_tests(module: str) -> None:
    assert [name for name in (module, *TESTS[module]) if not (ROOT / name).is_file()] == []


@pytest.mark.slow
def test_a_run_finds_what_it_plants(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.mutants", "--keep", str(tmp_path), "engine/secret.py"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 made, 100.0% found" in done.stdout
