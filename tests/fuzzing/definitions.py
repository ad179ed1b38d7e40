"""Definitions in YAML: lines moved, values exchanged, blocks of others put in, bytes gone wrong.

Whatever it is, it is judged: problems with a place inside the text, or a graph that is the same
when its bundle is read again from a store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import msgspec

from engine.compile import Report, Source, check_definition, load, mermaid, parts_among
from engine.expressions import Expression
from engine.model.definition import Bundle
from engine.model.form import CompiledForm
from engine.model.problem import Problem
from tests.bench import ROOT, shipped_forms
from tests.compile.corpus import DEFINITIONS, FOLDER
from tests.compile.corpus import Case as Rule
from tests.compile.palette import KNOWN
from tests.compile.texts import long_definition
from tests.fuzzing.dice import Dice
from tests.fuzzing.noise import NUMBERS, SIGNS, Noise, in_octets, octets, read_as
from tests.fuzzing.running import Case

VALUES: Final = (
    "", "~", "null", "true", "yes", "[]", "{}", "''", "'${'", '"${}"', '"${x}"',
    '"${_initVars.a}"', '"${_decision == \'PASS\'}"', '"${has(_initVars.userExternalId)}"',
    '"${_customFormData.visit.day}"', "P1D", "PT0S", "PT1H", "P99999Y", "PT999999999999H", "-PT1H",
    "P1M", "2026-02-30", "2026-01-31", "0001-01-01", "end", "start", "decide", "nowhere", "a.b",
    "[end, end]", "{to: end}", "[{to: end}]", '[{when: "${true}", to: end}, {to: end}]', "Start",
    "End", "Simple Decider", "Custom Data Form", "Counter", "Page", "exclusive", "x-y", '"\\x00"',
    '"\\u202e"', "default", "user1", "passcode-check", "identify", "string", "enum", "part",
    "FAIL", "REVIEW", "{en: x}", "{en: x, pt-PT: y, ar: z}", "[en, pt-PT]", "[en, en]",
    "[zz-ZZ-zzzz]", "x" * 300, "y" * 9_000,
)  # fmt: skip
BREAKING: Final = (
    "&a end", "*a", "!!python/object/apply:os.system [id]", "!x end", "!!binary aGk=", "<<: *a",
    "? x", "|\n", ">-\n", "- - - - -", "[" * 40, "{a: " * 40, "- x", "@x", "`x`", "%TAG", "--- ",
    "...", "# x", '"\\ud800"', "\ufeff", '"', "'",
)  # fmt: skip
KEYS: Final = (
    "process", "version", "title", "type", "languages", "maxDuration", "retention", "parameters",
    "flow", "activity", "gateway", "call", "with", "ends", "name", "inputs", "outputs", "errors",
    "timeout", "after", "to", "actions", "next", "when", "check", "result", "remind", "guarantees",
    "limit", "label", "required", "default", "values", "enum", "<<", "=", "start", "end",
    "dataFormName", "dynamicDataFormName", "formDataKey", "maxAttempts", "userKey", "storeName",
    "userExternalId", "counterName", "variables", "passcodeKey", "attributes", "extendable",
)  # fmt: skip
SIGNATURES: Final = tuple({one.label: one for one in KNOWN[::-1]}.values())
"""Ours and a stranger's, of each label one: which of two is taken is no matter here."""
FORMS: Final = shipped_forms() | Rule("P101", "good").forms()
_PARTS = [*(ROOT / "definitions").glob("*.yaml"), *(FOLDER / "parts").glob("*.yaml")]
PARTS: Final = parts_among(Source(path=one.name, text=one.read_bytes()) for one in sorted(_PARTS))

RIGHT: Final = 100
"""So many of the texts are right, or nearly."""


@cache
def texts() -> tuple[str, ...]:
    """Give what is worsened: what is shipped, the corpora, and a long one; right ones first."""
    shipped = [path.read_bytes() for path in sorted((ROOT / "definitions").glob("*.yaml"))]
    good = [Rule(code, "good").source().text for code in DEFINITIONS]
    bad = [Rule(code, "bad").source().text for code in DEFINITIONS]
    whole = [*shipped, long_definition(12).encode(), *good, *bad]
    return tuple(read_as(text) for text in whole if len(text) < 8_000)


class Definitions:
    """Judges definitions. `check`: what compiles; a test puts a wrong one in its place."""

    name = "definitions"
    planned = 500_000

    def __init__(self, check: Callable[[Source], Report] | None = None) -> None:
        self._check = check or checked
        pieces = in_octets((*SIGNS, *NUMBERS, *VALUES, *KEYS))
        self._noise = Noise(others=texts(), pieces=pieces)

    def make(self, dice: Dice) -> Case:
        """Worsen one: its lines, its bytes, or both."""
        text = dice.pick(texts()[: RIGHT if dice.below(8) else None])
        way = dice.below(10)
        if way < 9:
            text = moved(dice, text)
        if way > 7:
            text = self._noise.worsen(dice, text)
        return Case("yaml", text)

    def judge(self, case: Case) -> str:
        """Check it; hold what was found against what may be found."""
        source = Source(path="made.yaml", text=octets(case.text))
        report = self._check(source)
        look_at(report.problems, source)
        if report.bundle is not None:
            assert report.graph is not None
            look_again(report)
            return "a graph"
        if report.is_part:
            return "a part"
        return next(p.rule for p in report.problems if p.severity == "error")[:1] + " problems"


def checked(source: Source) -> Report:
    """Compile beside all forms and parts."""
    return check_definition(source, SIGNATURES, FORMS, PARTS)


def look_at(problems: Sequence[Problem], source: Source) -> None:
    """See that each problem says something, about a place that is there."""
    lines = len(re.split(rb"\r\n|\r|\n|\xc2\x85|\xe2\x80[\xa8\xa9]", source.text))
    for problem in problems:
        assert problem.message, problem
        assert problem.remedy, problem
        if problem.place.file == source.path:
            assert 1 <= problem.place.line <= lines + 1, problem.place
            assert 1 <= problem.place.column <= len(source.text) + 1, problem.place
    msgspec.json.encode(problems).decode()


def look_again(report: Report) -> None:
    """Read the bundle as from a store; see that it gives the same graph."""
    assert report.bundle is not None
    assert report.graph is not None
    kept = unpack_bundle(report.bundle)
    again = load(kept, SIGNATURES)
    assert kept == report.bundle
    assert plain(again.nodes) == plain(report.graph.nodes)
    for part in ("definition", "digest", "start", "steps", "calls"):
        assert getattr(again, part) == getattr(report.graph, part), part
    assert mermaid(again) == mermaid(report.graph)


def unpack_bundle(bundle: Bundle) -> Bundle:
    """Take a bundle through the bytes that a store keeps."""
    return msgspec.json.decode(msgspec.json.encode(bundle), type=Bundle)


def plain(value: Any) -> Any:
    """Write a piece of a graph as something that can be compared: closures by their source."""
    match value:
        case Expression():
            return ("${}", value.source, value.type)
        case CompiledForm():
            return value.form
        case msgspec.Struct():
            return (type(value).__name__, plain(msgspec.structs.asdict(value)))
        case Mapping():
            return {key: plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case _:
            return value


# lines ----------------------------------------------------------------------------------------


def moved(dice: Dice, text: str) -> str:
    """Worsen a text by its lines, once to three times."""
    lines = text.split("\n")
    for _ in range(1 + dice.below(1 + dice.below(3))):
        lines = dice.pick(_WAYS)(dice, lines) or [""]
    return "\n".join(lines)


def _some(dice: Dice, lines: Sequence[str]) -> tuple[int, int]:
    begins = dice.below(len(lines))
    return begins, min(len(lines), begins + 1 + dice.below(1 + dice.below(9)))


def _drop(dice: Dice, lines: list[str]) -> list[str]:
    begins, ends = _some(dice, lines)
    return lines[:begins] + lines[ends:]


def _double(dice: Dice, lines: list[str]) -> list[str]:
    begins, ends = _some(dice, lines)
    at = dice.below(len(lines))
    return lines[:at] + lines[begins:ends] + lines[at:]


def _block(dice: Dice, lines: list[str]) -> list[str]:
    other = dice.pick(texts()).split("\n")
    begins, ends = _some(dice, other)
    at = dice.below(len(lines))
    return lines[:at] + other[begins:ends] + lines[at + dice.below(3) :]


def _indent(dice: Dice, lines: list[str]) -> list[str]:
    begins, ends = _some(dice, lines)
    by = dice.pick((-4, -2, -1, 1, 2, 4, 40))
    shifted = [" " * by + line if by > 0 else line.removeprefix(" " * -by) for line in lines]
    return lines[:begins] + shifted[begins:ends] + lines[ends:]


def _value(dice: Dice, lines: list[str]) -> list[str]:
    """Give a key another value: one of the edges, a number, or what another key has."""
    at = dice.below(len(lines))
    head, colon, _ = lines[at].partition(": ")
    breaking = VALUES if dice.below(6) else BREAKING
    values = (dice.pick(breaking), dice.pick(NUMBERS), dice.pick(lines).partition(": ")[2])
    return [*lines[:at], f"{head}{colon or ': '}{_octets(dice.pick(values))}", *lines[at + 1 :]]


def _key(dice: Dice, lines: list[str]) -> list[str]:
    at = dice.below(len(lines))
    line = lines[at].lstrip()
    name, colon, rest = line.partition(":")
    name = dice.pick((dice.pick(KEYS), name[:-1], name + "s", name.upper()))
    blank = lines[at][: len(lines[at]) - len(line)]
    return [*lines[:at], f"{blank}{name}{colon}{rest}", *lines[at + 1 :]]


def _rename(dice: Dice, lines: list[str]) -> list[str]:
    """Give a word of the text another name, wherever it stands."""
    words = re.findall(r"[A-Za-z_][\w-]+", dice.pick(lines))
    if not words:
        return lines
    word, other = dice.pick(words), _octets(dice.pick((*KEYS, "e" * 60, "día", "a.b", "x-1")))
    return [line.replace(word, other) for line in lines]


def _octets(text: str) -> str:
    return read_as(text.encode()) if not text.isascii() else text


_WAYS: Final[tuple[Callable[[Dice, list[str]], list[str]], ...]] = (
    _drop, _double, _block, _indent, _value, _value, _value, _key, _rename,
)  # fmt: skip
