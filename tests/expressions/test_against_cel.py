"""The language beside an independent CEL: the same texts accepted, the same values given.

Texts are made from types, with and without brackets, so that precedence is tried too. Not compared
is where we refuse on purpose what CEL lets pass: members of maps without `has()`, lists of mixed
items, null in sums and orders, and what only we have.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator

from cel_expr_python import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ExpressionFault
from engine.expressions import (
    BOOLEAN,
    DYNAMIC,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    Binding,
    Environment,
    JsonValue,
    ListOf,
    MapOf,
    Member,
    Mixed,
    Record,
    Tree,
    Values,
    check,
    compile_checked,
    parse,
    parse_template,
)

EXAMPLES = 600
TEXTS_EACH = 5
"""Examples of each comparison, and texts in one example; what made a set of values is shared."""

MADE = EXAMPLES * TEXTS_EACH

ERROR = "an error"

ON_PURPOSE = {"X116"}
"""The idiom `x > ""`, which CEL lets pass."""

OURS: Environment = {
    "s": Binding(STRING),
    "t": Binding(STRING),
    "n": Binding(INTEGER),
    "k": Binding(INTEGER),
    "d": Binding(NUMBER),
    "b": Binding(BOOLEAN),
    "c": Binding(BOOLEAN),
    "ls": Binding(ListOf(STRING)),
    "li": Binding(ListOf(INTEGER)),
    "m": Binding(MapOf(INTEGER)),
    "r": Binding(Record({"a": Member(INTEGER), "o": Member(INTEGER, optional=True)}, "r")),
    "x": Binding(DYNAMIC),
    "z": Binding(NULL),
}

_CEL = cel.Type
THEIRS = cel.NewEnv(
    variables={
        "s": _CEL.STRING,
        "t": _CEL.STRING,
        "n": _CEL.INT,
        "k": _CEL.INT,
        "d": _CEL.DOUBLE,
        "b": _CEL.BOOL,
        "c": _CEL.BOOL,
        "ls": _CEL.List(_CEL.STRING),
        "li": _CEL.List(_CEL.INT),
        "m": _CEL.Map(_CEL.STRING, _CEL.INT),
        "r": _CEL.Map(_CEL.STRING, _CEL.INT),
        "x": _CEL.DYN,
        "z": _CEL.NULL,
    }
)

TEXTS = ("", "a", "b", "ab", "PASS", "é", "😀", "\uffff", 'q"')
INTEGERS = (0, 1, 2, -1, 3, 2**63 - 1, -(2**63))
DOUBLES = (0.0, 1.0, 1.5, -2.25, 1e308, -1e308, 2.0)
SMALL: tuple[JsonValue, ...] = (*TEXTS[:4], *INTEGERS[:4], *DOUBLES[:3], True, False, None)


@st.composite
def values(draw: st.DrawFn) -> Values:
    """Make values for every name; members and items may be missing."""

    def some(options: tuple[JsonValue, ...], most: int) -> list[JsonValue]:
        return [pick(options) for _ in range(draw(st.integers(0, most)))]

    def pick(options: tuple[JsonValue, ...]) -> JsonValue:
        return options[draw(st.integers(0, len(options) - 1))]

    def members(names: str) -> dict[str, JsonValue]:
        return {name: pick(INTEGERS) for name in names if draw(st.booleans())}

    dynamic = (*SMALL, some(SMALL, 3), members("ao"))
    return {
        "s": pick(TEXTS),
        "t": pick(TEXTS),
        "n": pick(INTEGERS),
        "k": pick(INTEGERS),
        "d": pick(DOUBLES),
        "b": draw(st.booleans()),
        "c": draw(st.booleans()),
        "ls": some(TEXTS, 3),
        "li": some(INTEGERS, 3),
        "m": members("ao"),
        "r": members("ao"),
        "x": pick(dynamic),
        "z": None,
    }


class Writer:
    """Writes one expression of a wanted kind, choosing by drawn numbers."""

    def __init__(self, draw: st.DrawFn, *, sloppy: bool) -> None:
        self._draw = draw
        self._sloppy = sloppy

    def pick(self, options: str) -> str:
        words = options.split()
        return words[self._draw(st.integers(0, len(words) - 1))]

    def one(self, kind: str, depth: int) -> str:
        """Write an expression that (if not sloppy) gives a value of the kind."""
        if self._sloppy and self._draw(st.integers(0, 7)) == 0:
            kind = self.pick("bool int double str strs ints any map")
        if depth <= 0:
            return self.pick(LEAVES[kind])
        form = self.pick(FORMS.get(kind, "leaf"))
        return self._shape(form, kind, depth - 1)

    def _shape(self, form: str, kind: str, depth: int) -> str:
        if form == "leaf":
            return self.pick(LEAVES[kind])
        if form == "?:":
            parts = (self.inner("bool", depth), self.inner(kind, depth), self.inner(kind, depth))
            return "{} ? {} : {}".format(*parts)
        return str(getattr(self, f"_{form}")(kind, depth))

    def inner(self, kind: str, depth: int) -> str:
        """Write a part of an expression, in brackets or not."""
        written = self.one(kind, depth)
        return f"({written})" if self._draw(st.booleans()) else written

    def tight(self, kind: str, depth: int) -> str:
        """Write a part that something may be put behind."""
        return f"({self.one(kind, depth)})"

    def strict(self, kind: str, depth: int) -> str:
        """Write a part without slips, where we are stricter than CEL."""
        before, self._sloppy = self._sloppy, False
        written = self.one(kind, depth)
        self._sloppy = before
        return written

    def _logic(self, _: str, depth: int) -> str:
        operator = self.pick("&& ||")
        return f"{self.inner('bool', depth)} {operator} {self.inner('bool', depth)}"

    def _not(self, _: str, depth: int) -> str:
        return f"!{self.tight('bool', depth)}"

    def _minus(self, kind: str, depth: int) -> str:
        return f"-{self.tight(kind, depth)}"

    def _equality(self, _: str, depth: int) -> str:
        kind = self.pick("bool int double str strs ints any null map")
        return f"{self.inner(kind, depth)} {self.pick('== !=')} {self.inner(kind, depth)}"

    def _order(self, _: str, depth: int) -> str:
        kind = self.pick("bool int double str any")
        return f"{self.inner(kind, depth)} {self.pick('<= >= > <')} {self.inner(kind, depth)}"

    def _sum(self, kind: str, depth: int) -> str:
        operator = self.pick("+ -") if kind in ("int", "double") else "+"
        return f"{self.inner(kind, depth)} {operator} {self.inner(kind, depth)}"

    def _in(self, _: str, depth: int) -> str:
        kind, container = self.pick("str,strs int,ints str,map any,ints str,any").split(",")
        return f"{self.inner(kind, depth)} in {self.inner(container, depth)}"

    def _test(self, _: str, depth: int) -> str:
        method = self.pick("contains startsWith endsWith")
        return f"{self.tight('str', depth)}.{method}({self.one('str', depth)})"

    def _size(self, _: str, depth: int) -> str:
        counted = self.one(self.pick("str strs ints map any"), depth)
        return f"size({counted})" if self._draw(st.booleans()) else f"({counted}).size()"

    def _has(self, _: str, depth: int) -> str:
        place = self.pick("m.a m.o r.a r.o x.a")
        behind = self.inner("bool", depth)
        if place == "x.a":
            return f"(has(x.a) && (x.a == {self.tight('any', depth)}))"
        return f"(has({place}) ? {place} < {self.tight('int', depth)} : {behind})"

    def _item(self, kind: str, depth: int) -> str:
        lists = {"str": "strs", "int": "ints"}.get(kind)
        if lists is None:  # a member of anything is ours to refuse, so the index has to fit
            return f"x[{self.strict('int', depth)}]"
        return f"({self.strict(lists, depth)})[{self.one('int', depth)}]"

    def _list(self, kind: str, depth: int) -> str:
        item = {"strs": "str", "ints": "int"}[kind]
        return f"[{self.strict(item, depth)}, {self.strict(item, depth)}]"


LEAVES = {
    "bool": "b c true false b",
    "int": "n k 0 1 -1 2 r.a 0x1F 9223372036854775807 li[0]",
    "double": "d 1.5 -2.0 0.0 1e308 .5",
    "str": r"""s t "a" 'PASS' "" "\u00e9" 'q\"' ls[0] "\x41\n" """,
    "strs": 'ls ["a"] ls',
    "ints": "li [1] li",
    "any": "x x",
    "null": "null z",
    "map": "m m",
}

FORMS = {
    "bool": "logic logic equality order in test has not ?: leaf",
    "int": "sum sum minus size item ?: leaf",
    "double": "sum minus ?: leaf",
    "str": "sum item ?: leaf",
    "strs": "sum list ?: leaf",
    "ints": "sum list ?: leaf",
    "any": "sum item ?: leaf",
}

KINDS = "bool bool bool int double str strs ints any"
OPERATORS = (
    "&& || ! == != < <= > >= in + - -( ?: size( .size() has( [ .contains( .startsWith( .endsWith("
)


def shows(operator: str, source: str) -> bool:
    """Say whether a text has an operator, as the writer below spells it."""
    match operator:
        case "?:":
            return " ? " in source
        case "!":
            return "!(" in source
        case "-(" | "size(" | "has(" | "[":
            return operator in source
        case _:
            return (operator if operator.startswith(".") else f" {operator} ") in source


@st.composite
def texts(draw: st.DrawFn, *, sloppy: bool) -> str:
    """Make the text of an expression."""
    writer = Writer(draw, sloppy=sloppy)
    return writer.one(writer.pick(KINDS), draw(st.integers(1, 3)))


def our_meaning(source: str) -> Callable[[Values], JsonValue] | set[str]:
    """Compile with ours; the rules it breaks if it is refused."""
    tree = parse(source)
    checked = check(tree, OURS, None) if isinstance(tree, Tree) else tree
    if isinstance(checked, tuple):
        return {problem.rule for problem in checked}
    evaluate = compile_checked(checked).evaluate

    def run(given_values: Values) -> JsonValue:
        try:
            return evaluate(given_values)
        except ExpressionFault:
            return ERROR

    return run


def their_meaning(source: str) -> Callable[[Values], JsonValue] | None:
    """Compile with CEL; None if it is refused."""
    try:
        compiled = THEIRS.compile(source)
    except Exception:  # noqa: BLE001 - the extension raises its statuses as different classes
        return None

    def run(given_values: Values) -> JsonValue:
        result = compiled.eval(data=dict(given_values))
        if result.type() == _CEL.ERROR:
            return ERROR
        plain: JsonValue = result.plain_value()
        return ERROR if list(unbounded(plain)) else plain

    return run


def unbounded(value: JsonValue) -> Iterator[float]:
    """Find what is no JSON: we end a result that became infinite as a fault."""
    if isinstance(value, list):
        for item in value:
            yield from unbounded(item)
    elif isinstance(value, float) and value - value != 0:
        yield value


def same(ours: JsonValue, theirs: JsonValue) -> bool:
    """Compare two results so that true is not 1 and 1 is not 1.0."""
    return json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)


def used_operators(source: str) -> Counter[str]:
    """Count which operators a text has, each once."""
    return Counter(operator for operator in OPERATORS.split() if shows(operator, source))


def compare(*, sloppy: bool) -> tuple[Counter[str], Counter[str]]:
    """Try `MADE` texts on both; count operators in accepted texts, and verdicts."""
    operators: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None)
    @given(st.lists(texts(sloppy=sloppy), min_size=TEXTS_EACH, max_size=TEXTS_EACH), values())
    def agree(sources: list[str], given_values: Values) -> None:
        for source in sources:
            agree_on(source, given_values)

    def agree_on(source: str, given_values: Values) -> None:
        ours, theirs = our_meaning(source), their_meaning(source)
        if isinstance(ours, set) or theirs is None:
            assert ours == ON_PURPOSE or (isinstance(ours, set) and theirs is None), source
            verdicts["refused"] += 1
            return
        operators.update(used_operators(source))
        verdicts["accepted"] += 1
        mine, other = ours(given_values), theirs(given_values)
        assert same(mine, other), (source, given_values, mine, other)
        verdicts["error" if mine == ERROR else "value"] += 1

    agree()
    return operators, verdicts


def test_generated_expressions_mean_what_cel_means() -> None:
    operators, verdicts = compare(sloppy=False)

    assert verdicts["value"] > MADE / 2
    assert verdicts["error"] > MADE / 20
    for operator in OPERATORS.split():
        assert operators[operator] > MADE / 250, (operator, operators)


def test_both_refuse_the_same_texts() -> None:
    _, verdicts = compare(sloppy=True)

    assert verdicts["refused"] > MADE / 10
    assert verdicts["accepted"] > MADE / 4


@settings(max_examples=500, derandomize=True, database=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_inside_a_text_is_written_as_cel_writes_it(number: float) -> None:
    template = parse_template("${d}.")
    assert isinstance(template, Mixed)
    checked = check(template.tree, OURS, STRING)
    assert not isinstance(checked, tuple)

    written = compile_checked(checked).evaluate({"d": number})

    assert written == str(THEIRS.compile("string(d)").eval(data={"d": number}).value()) + "."
