"""The mistakes of modules that share their tests, each in a fork with the tests that run it.

Started by `tests.mutants` in a copy of the tree. What is planted is planted in memory:

- A mistake inside a function takes the place of that function's code, in a fork of a session that
  has collected its tests already: most cost less than a second.
- A mistake in what runs at import (constants, SQL) is imported by a session of its own.
"""

from __future__ import annotations

import ast
import gc
import hashlib
import importlib.abc
import importlib.machinery
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Final

import coverage
import hypothesis
import pytest

from tests.mutants.operators import Mutant, mutants, planted
from tests.mutants.plan import SECONDS_FOR_ONE, TESTS

SURVIVED, KILLED, NOT_REACHED, TIMED_OUT = "survived", "killed", "not reached", "timed out"
FOUND: Final = {KILLED, TIMED_OUT}
SLACK_SECONDS: Final = 10.0
PATIENCE: Final = 8.0
"""A mistake may make its tests this many times slower before it is stopped."""
OPTIONS: Final = (
    "-q", "-p", "no:cacheprovider", "-m", "not postgres",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip


@dataclass(kw_only=True)
class Known:
    """What the tests did without a mistake: seconds of each, and who ran which line."""

    seconds: dict[str, float] = field(default_factory=dict)
    by_line: dict[int, set[str]] = field(default_factory=dict)

    def of(self, lines: range | set[int]) -> list[str]:
        """Give tests that run these lines, within the time for one, of each file its quickest."""
        found = set().union(*(self.by_line.get(line, set()) for line in lines))
        files: dict[str, list[str]] = {}
        for test in sorted(found, key=lambda test: self.seconds[test]):
            files.setdefault(test.split("::")[0], []).append(test)
        taken: list[str] = []
        left = SECONDS_FOR_ONE
        for test in _in_turn(list(files.values())):
            left -= self.seconds[test]
            if taken and left < 0:
                break
            taken.append(test)
        return taken

    def limit(self, tests: Sequence[str]) -> float:
        """Give the seconds that these tests may take with a mistake."""
        return SLACK_SECONDS + PATIENCE * sum(self.seconds[test] for test in tests)


def _in_turn(lists: list[list[str]]) -> Iterator[str]:
    for place in range(max((len(each) for each in lists), default=0)):
        yield from (each[place] for each in lists if place < len(each))


def forked(work: Callable[[], int], seconds: float) -> int | None:
    """Run work in a fork and give what it ends with; None where it had to be stopped."""
    child = os.fork()
    if child == 0:
        os.setsid()
        _be_quiet()
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
        status = 1
        try:
            status = work()
        finally:
            os._exit(status)
    try:
        return _ended(child, 4 * seconds)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)


def _be_quiet() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _ended(child: int, seconds: float) -> int | None:
    """Wait for a child: its processor time is limited, its time by the clock four times as long."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return None if code in (-signal.SIGXCPU, -signal.SIGKILL) else code
        signal.sigtimedwait((), 0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


class Session:
    """A plugin: instead of the tests it runs the work it was given, then the session is over."""

    def __init__(self, work: Callable[[Session], None]) -> None:
        self._work = work
        self._items: dict[str, pytest.Item] = {}
        self._failed = False

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        hypothesis.settings.register_profile(
            "mutants", deadline=None, derandomize=True, database=None, max_examples=20
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        self._work(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed |= report.failed

    @property
    def tests(self) -> list[str]:
        """Give every test that was collected."""
        return list(self._items)

    def passes(self, test: str, following: str | None) -> bool:
        """Run one test; what the next one needs as well stays set up."""
        self._failed = False
        item = self._items[test]
        after = None if following is None else self._items[following]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        return not self._failed

    def finds(self, tests: Sequence[str]) -> int:
        """Run tests until one fails; 1 if one did."""
        for test, following in zip(tests, [*tests[1:], None], strict=True):
            if not self.passes(test, following):
                return 1
        return 0


def measured(session: Session, modules: Sequence[str], told: Path) -> int:
    """Run every test without a mistake and tell how long each took and which lines it ran."""
    paths = {module: str(Path(module).resolve()) for module in modules}
    traced = coverage.Coverage(data_file=None, include=[*paths.values()], config_file=False)
    seconds: dict[str, float] = {}
    tests = session.tests
    traced.start()
    for test, following in zip(tests, [*tests[1:], None], strict=True):
        traced.switch_context(test)
        began = time.process_time()  # by the clock it would depend on what else runs here
        if session.passes(test, following):
            seconds[test] = time.process_time() - began
    traced.stop()
    lines = {
        module: {
            line: [test for test in ran if test in seconds]
            for line, ran in traced.get_data().contexts_by_lineno(path).items()
        }
        for module, path in paths.items()
    }
    told.write_text(json.dumps({"seconds": seconds, "lines": lines}), encoding="utf-8")
    return 0


def _read(told: Path, module: str) -> Known:
    said = json.loads(told.read_text(encoding="utf-8"))
    lines = {int(line): set(ran) for line, ran in said["lines"][module].items()}
    return Known(seconds=said["seconds"], by_line=lines)


def plant_code(tree: ast.Module, path: str) -> bool:
    """Give the functions that exist the code they would have with a mistake.

    False where one of them cannot take it: its free variables are others.
    """
    fresh = {_place(code): code for code in _codes(compile(tree, path, "exec"))}
    for one in gc.get_objects():
        if not isinstance(one, FunctionType) or one.__code__.co_filename != path:
            continue
        code = fresh.get(_place(one.__code__))
        if code is not None and code.co_freevars != one.__code__.co_freevars:
            return False
        if code is not None:
            one.__code__ = code
    return True


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class Planting(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module with a mistake in it."""

    def __init__(self, name: str, tree: ast.Module, path: str) -> None:
        self._name, self._code, self._path = name, compile(tree, path, "exec"), path

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=self._path)

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._path
        exec(self._code, module.__dict__)  # noqa: S102 - the module's own code, one node changed


@dataclass(frozen=True, kw_only=True)
class Worker:
    """All mistakes of one module; each is told as one line of JSON as soon as it is judged."""

    module: str
    told: Path
    mutants: Sequence[Mutant]

    @property
    def text(self) -> str:
        return digest(self.path.read_text(encoding="utf-8"))

    @property
    def path(self) -> Path:
        return Path(self.module).resolve()

    def in_functions(self, session: Session, known: Known) -> None:
        """Judge what lies in functions: in forks of a session that has imported everything."""
        source = self.path.read_text(encoding="utf-8")
        for mutant in self.mutants:
            tests = known.of(_run_by(mutant)) if mutant.function else []
            if tests:  # else it runs at import, or not at all
                self._judge(mutant, tests, known, self._finding(session, mutant, source, tests))

    def at_import(self, known: Known) -> None:
        """Judge what is left: in sessions that import the module with the mistake."""
        source = self.path.read_text(encoding="utf-8")
        for mutant in self.mutants:
            if not mutant.function or not known.of(_run_by(mutant)):
                self._at_import(mutant, source, known)

    def _finding(
        self, session: Session, mutant: Mutant, source: str, tests: Sequence[str]
    ) -> Callable[[], int]:
        def find() -> int:
            if not plant_code(planted(source, mutant), str(self.path)):
                return 1  # a function that lost or won a free variable: it could not be made
            return session.finds(tests)

        return find

    def _at_import(self, mutant: Mutant, source: str, known: Known) -> None:
        names = mutant.where.split(".")[-1]
        lines = _readers(ast.parse(source), names) & set(known.by_line)
        tests = known.of(lines) or known.of(set(known.by_line))
        name = self.module.removesuffix(".py").replace("/", ".")

        def find() -> int:
            sys.meta_path.insert(0, Planting(name, planted(source, mutant), str(self.path)))
            return _session((*tests, "-x"), None)

        self._judge(mutant, tests, known, find, more=20)

    def _judge(
        self,
        mutant: Mutant,
        tests: Sequence[str],
        known: Known,
        find: Callable[[], int],
        *,
        more: float = 0,
    ) -> None:
        began = time.perf_counter()
        status = forked(find, known.limit(tests) + more) if tests else 0
        verdict = TIMED_OUT if status is None else KILLED if status else SURVIVED
        line = {
            "module": self.module, "text": self.text,
            "site": mutant.site, "variant": mutant.variant, "operator": mutant.operator,
            "function": mutant.where, "line": mutant.lines[0],
            "key": mutant.key, "verdict": verdict if tests else NOT_REACHED, "tests": len(tests),
            "seconds": round(time.perf_counter() - began, 2),
        }  # fmt: skip
        with self.told.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _run_by(mutant: Mutant) -> range:
    first, last = mutant.lines
    return range(first, last + 1)


def _session(arguments: Sequence[str], work: Callable[[Session], None] | None) -> int:
    plugins = [Session(work)] if work else [Quick()]
    return int(pytest.main([*OPTIONS, *arguments], plugins=plugins))


class Quick:
    """A plugin for a session that runs its tests as they are: few made-up examples, none kept."""

    pytest_configure = Session.pytest_configure


def _readers(tree: ast.Module, name: str) -> set[int]:
    """Give the lines that read what is bound at import, also by way of what is made of it."""
    wanted, before = {name}, set[str]()
    while wanted != before:
        before = set(wanted)
        for statement in tree.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and wanted & _names(
                statement, ast.Load
            ):
                wanted |= _names(statement, ast.Store)
    return {
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in wanted
    }


def _names(statement: ast.stmt, use: type[ast.expr_context]) -> set[str]:
    names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, use)}


def left(module: str, told: Path, part: int, parts: int) -> list[Mutant]:
    """List what is to be judged: what an earlier run found in this very text is not judged again.

    Of the file, verdicts on other texts go, and those that are about to be told anew.
    """
    source = Path(module).read_text(encoding="utf-8")
    mine = {(one.site, one.variant): one for one in mutants(source)[part - 1 :: parts]}
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    verdicts = [line for line in map(json.loads, lines) if line["text"] == digest(source)]
    found = {(line["site"], line["variant"]) for line in verdicts if line["verdict"] in FOUND}
    again = mine.keys() - found
    kept = [line for line in verdicts if (line["site"], line["variant"]) not in again]
    told.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
    return [one for place, one in mine.items() if place in again]


def digest(source: str) -> str:
    """Tell one text of a module from another."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def file_of(folder: Path, module: str) -> Path:
    """Name the file in which a module's verdicts are told."""
    return folder / f"{module.removesuffix('.py').replace('/', '.')}.jsonl"


def main(arguments: Sequence[str]) -> None:
    """Judge the mistakes of modules with the same tests: the folder to tell in, I, N, modules."""
    folder, part, parts, *modules = arguments
    told = {module: file_of(Path(folder), module) for module in modules}
    chosen = {module: left(module, told[module], int(part), int(parts)) for module in modules}
    workers = [Worker(module=m, told=told[m], mutants=chosen[m]) for m in modules if chosen[m]]
    if not workers:
        return
    names = [worker.module for worker in workers]
    baseline = Path("baseline.json")

    def work(session: Session) -> None:
        forked(lambda: measured(session, names, baseline), 900)
        for worker in workers:
            worker.in_functions(session, _read(baseline, worker.module))

    child = os.fork()  # what it imports must not be there for those that import anew
    if child == 0:
        _be_quiet()
        _session(TESTS[names[0]], work)
        os._exit(0)
    os.waitpid(child, 0)
    for worker in workers:
        worker.at_import(_read(baseline, worker.module))


if __name__ == "__main__":
    main(sys.argv[1:])
