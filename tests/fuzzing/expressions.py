"""Expressions: written by a small grammar, taken from the corpora, and worsened.

What passes checking gives, over values of the declared types, a value of its type, or one of the
faults that are told: never another exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from engine.errors import ExpressionFault
from engine.expressions import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    Binding,
    Checked,
    EnumOf,
    Environment,
    JsonValue,
    ListOf,
    Literal_,
    MapOf,
    Member,
    Record,
    Secret,
    Type,
    Values,
    check,
    compile_checked,
    decide,
    has_type,
    parse_template,
)
from tests.expressions.test_hostile import HOSTILE, WORDS
from tests.fuzzing import definitions
from tests.fuzzing.dice import Dice
from tests.fuzzing.noise import Noise, octets
from tests.fuzzing.running import Case

_INNER: Final = Record({"a": Member(INTEGER), "o": Member(STRING, optional=True)}, "r")
ENVIRONMENT: Final[Environment] = {
    "s": Binding(STRING), "t": Binding(STRING), "n": Binding(INTEGER), "k": Binding(INTEGER),
    "d": Binding(NUMBER), "b": Binding(BOOLEAN), "c": Binding(BOOLEAN), "day": Binding(DATE),
    "e": Binding(EnumOf(("PASS", "FAIL", "x"))), "ls": Binding(ListOf(STRING)),
    "li": Binding(ListOf(INTEGER)), "ld": Binding(ListOf(NUMBER)), "m": Binding(MapOf(INTEGER)),
    "r": Binding(_INNER), "rr": Binding(Record({"in": Member(_INNER), "l": Member(ListOf(_INNER))},
                                               "rr")),
    "x": Binding(DYNAMIC), "y": Binding(DYNAMIC, "maybe"), "z": Binding(NULL),
    "p": Binding(STRING, "maybe"), "never": Binding(STRING, "never"),
    "hidden": Binding(Record({"word": Member(Secret("it is secret")), "id": Member(STRING)}, "h")),
}  # fmt: skip
_FULL: Final[Values] = {
    "s": "PASS", "t": "", "n": 1, "k": -1, "d": 1.5, "b": True, "c": False, "day": "2026-01-31",
    "e": "PASS", "ls": ["a", ""], "li": [0, 1], "ld": [0.5], "m": {"a": 1}, "z": None,
    "r": {"a": 1, "o": "x"}, "rr": {"in": {"a": 2}, "l": [{"a": 1}]}, "x": {"k": [1, None, "a"]},
    "y": 1, "p": "p", "hidden": {"id": "h"},
}  # fmt: skip
WORLDS: Final[tuple[Values, ...]] = (
    _FULL,
    {**_FULL, "n": 2**63 - 1, "k": -(2**63), "d": 1.7976931348623157e308, "s": "\u202e\x00é😀" * 9,
     "li": [2**63 - 1] * 3, "ld": [-1e308, 5e-324], "x": 2**63 - 1, "m": {"": -(2**63)}},
    {**{name: value for name, value in _FULL.items() if name not in ("y", "p")},
     "ls": [], "li": [], "ld": [], "m": {}, "r": {"a": 0}, "rr": {"in": {"a": 0}, "l": []},
     "d": -0.0, "n": 0, "x": None, "e": "x", "day": "0001-01-01"},
    {**_FULL, "x": [[[]], {}, 1.5, True], "y": "text", "ls": ["a"] * 300, "d": 3},
)  # fmt: skip
EXPECTED: Final[Mapping[str, Type | None]] = {
    "any": None, "boolean": BOOLEAN, "string": STRING, "number": NUMBER, "integer": INTEGER,
    "date": DATE, "list": ListOf(STRING), "enum": EnumOf(("PASS", "FAIL")),
}  # fmt: skip
LEAVES: Final[Mapping[str, str]] = {
    "bool": "b c true false b",
    "int": "n k 0 1 -1 r.a rr.in.a rr.l[0].a 0x1F 9223372036854775807 li[0] li[n] m['a']",
    "double": "d 1.5 -2.0 1e308 .5 ld[0]",
    "str": """s t 'PASS' "a" '' '\\u00e9' ls[0] ls[n] hidden.id e day""",
    "strs": "ls ['a'] ls",
    "ints": "li [1] li",
    "any": "x x.k x[0] y z p r.o rr.in.o never hidden hidden.word nobody null [] m.a x['k'] m r rr",
}  # fmt: skip
"""Kind -> what is of it, with white space between."""
FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "bool": (
        "{bool} && {bool}", "{bool} || {bool}", "!({bool})", "{int} == {int}", "{str} != {str}",
        "{int} < {int}", "{double} >= {double}", "{str} <= {str}", "{str} in {strs}",
        "{int} in {ints}", "{str} in m", "{bool} ? {bool} : {bool}", "({bool})",
        "({str}).contains({str})", "({str}).startsWith({str})", "({str}).endsWith({str})",
        "has(r.o) && r.o == {str}", "has(y) ? y == {any} : {bool}", "has({any}) && {bool}",
        "execution.hasVariable('p') && p == {str}", "{bool} and {bool}", "{str} > ''", "x == {any}",
        "({str}).equals({str})", "{any} == {any}", "has(x.k) && x.k == {str}",
    ),
    "int": (
        "{int} + {int}", "{int} - {int}", "-({int})", "size({str})", "({strs}).size()",
        "{bool} ? {int} : {int}", "({ints})[{int}]", "{int} * {int}", "{int} % 2",
    ),
    "double": ("{double} + {double}", "{double} - {double}", "-({double})", "({double})"),
    "str": ("{str} + {str}", "{bool} ? {str} : {str}", "({strs})[{int}]", "x[{str}]"),
    "strs": ("{strs} + {strs}", "[{str}, {str}]", "{bool} ? {strs} : {strs}"),
    "ints": ("{ints} + {ints}", "[{int}, {int}]"),
    "any": ("{any} + {any}", "x[{int}]", "{bool} ? {any} : x", "{any}.k", "({any})[{any}]"),
}  # fmt: skip
"""Kind -> how it is made of others."""
KINDS: Final[Mapping[str, str]] = {
    "boolean": "bool", "string": "str", "number": "double", "integer": "int", "date": "any",
    "list": "strs", "enum": "any",
}  # fmt: skip
"""What a place expects -> the kind that fits."""


@cache
def texts() -> tuple[str, ...]:
    """Give the expressions of all definitions, and hostile ones."""
    whole = "\n".join(octets(text).decode("utf-8", "replace") for text in definitions.texts())
    return (*sorted(set(re.findall(r"\$\{([^}\n]{1,300})\}", whole))), *HOSTILE[:20], *HOSTILE[21:])


Meaning = Callable[[Checked], Callable[[Values], JsonValue]]


class Expressions:
    """Judges expressions. `meaning`: how one is compiled; a test puts a wrong one in its place."""

    name = "expressions"
    planned = 1_000_000

    def __init__(self, meaning: Meaning | None = None) -> None:
        self._meaning = meaning or (lambda checked: compile_checked(checked).evaluate)
        leaves = " ".join(LEAVES.values()).split(" ")
        forms = (re.sub(r"\{\w+\}", "s", form) for forms in FORMS.values() for form in forms)
        pieces = (*WORDS, *leaves, *forms)
        self._noise = Noise(others=texts(), pieces=pieces, stretches=(2, 5, 40, 300))

    def make(self, dice: Dice) -> Case:
        """Write one, or take one; worsen some of them; put it where a type is asked for."""
        place = dice.pick(tuple(EXPECTED))
        kind = KINDS.get(place) or dice.pick(tuple(FORMS))
        text = written(dice, kind, dice.below(5)) if dice.below(5) else dice.pick(texts())
        if dice.one_in(4):
            text = self._noise.worsen(dice, text, 1 + dice.below(2))
        text = "${" + text + "}" if dice.below(20) else f"a ${{{text}}} b ${{s}}"
        if dice.one_in(50):
            text = self._noise.worsen(dice, text)
        return Case(place, text)

    def judge(self, case: Case) -> str:
        """Parse, check, decide, and evaluate over every world."""
        template = parse_template(case.text)
        if isinstance(template, Literal_):
            return "no expression"
        if isinstance(template, tuple):
            _look_at(template, case.text)
            return "unreadable"
        checked = check(template.tree, ENVIRONMENT, EXPECTED[case.kind])
        if isinstance(checked, tuple):
            _look_at(checked, case.text)
            return "refused"
        if checked.type == BOOLEAN:
            decide([checked])
        return self._evaluated(checked)

    def _evaluated(self, checked: Checked) -> str:
        evaluate, faults = self._meaning(checked), 0
        for world in WORLDS:
            try:
                value = evaluate(world)
            except ExpressionFault as fault:
                faults += bool(fault.facts["reason"])
                continue
            assert has_type(value, checked.type), (value, checked.type)
        return "a fault in some world" if faults else "a value in every world"


def _look_at(problems: tuple[object, ...], text: str) -> None:
    assert problems
    for problem in problems:
        offset = getattr(problem, "offset")  # noqa: B009 - of whatever kind it is
        assert 0 <= offset <= len(text), problem
        assert getattr(problem, "message"), problem  # noqa: B009 - the same


def written(dice: Dice, kind: str, depth: int) -> str:
    """Write an expression of a kind; now and then a part of it is of another."""
    kind = kind if dice.below(16) else dice.pick(tuple(FORMS))
    if depth <= 0 or dice.one_in(6):
        return dice.pick(LEAVES[kind].split(" "))

    def part(found: re.Match[str]) -> str:
        return written(dice, found[1], depth - 1)

    return re.sub(r"\{(\w+)\}", part, dice.pick(FORMS[kind]))
