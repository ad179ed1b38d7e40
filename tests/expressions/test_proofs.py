"""What can be said of conditions without running them: paths, comparisons, reach."""

import pytest

from engine.expressions import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NUMBER,
    STRING,
    Binding,
    Budget,
    Checked,
    EnumOf,
    Environment,
    ListOf,
    Member,
    Reach,
    Record,
    Tree,
    asks,
    check,
    comparisons,
    decide,
    parse,
    reads,
    spell,
)

ENVIRONMENT: Environment = {
    "e": Binding(EnumOf(("RED", "GREEN", "BLUE"))),
    "f": Binding(EnumOf(("RED", "GREEN", "BLUE"))),
    "o": Binding(EnumOf(("RED", "GREEN")), "maybe"),
    "r": Binding(Record({"o": Member(INTEGER, optional=True)}, "r")),
    "s": Binding(STRING),
    "t": Binding(STRING),
    "n": Binding(INTEGER),
    "d": Binding(NUMBER),
    "b": Binding(BOOLEAN),
    "c": Binding(BOOLEAN),
    "born": Binding(DATE),
    "ls": Binding(ListOf(STRING)),
    "y": Binding(DYNAMIC),
    **{f"big{i}": Binding(EnumOf(tuple("abcdefghijklmnop"))) for i in range(8)},
}


def tree(source: str) -> Tree:
    parsed = parse(source)
    assert isinstance(parsed, Tree), parsed
    return parsed


def condition(source: str) -> Checked:
    checked = check(tree(source), ENVIRONMENT, BOOLEAN)
    assert isinstance(checked, Checked), checked
    return checked


def reach(*sources: str) -> tuple[Reach, ...]:
    return decide([condition(source) for source in sources])


@pytest.mark.parametrize(
    "source",
    [
        "e == 'RED' && e == 'GREEN'",
        "e != 'RED' && e != 'GREEN' && e != 'BLUE'",
        "e in ['RED'] && !(e in ['RED', 'BLUE'])",
        "b && !b",
        "s == 'a' && s == 'b'",
        "s.equals('a') && 'b' == s",
        "n < 3 && n > 5",
        "n > 3 && n < 4",
        "n > 9223372036854775807",
        "d > 1.5 && d < 1.5",
        "d > 1.7976931348623157e308",
        "born < '2020-01-01' && born > '2021-01-01'",
        "s < 'a' && s > 'a'",
        "s in ['a', 'b'] && s == 'c'",
        "has(o) && o == 'RED' && o == 'GREEN'",
        "!has(o) && has(o)",
        "has(r.o) && r.o < 1 && r.o > 3",
        "false",
        "1 > 2 || b && false",
        "b ? e == 'RED' && e == 'BLUE' : false",
        "y == 1 && false",
    ],
)
def test_condition_that_no_value_makes_true_is_never_true(source: str) -> None:
    assert reach(source) == ("never true",)


@pytest.mark.parametrize(
    "source",
    [
        "true",
        "b || !b",
        "e == 'RED' || e != 'RED'",
        "e in ['RED', 'GREEN', 'BLUE']",
        "n < 3 || n >= 3",
        "has(o) || !has(o)",
        "b ? true : !b",
        "y == 1 || true",
        "e == f || e != f",
    ],
)
def test_condition_that_every_value_makes_true_is_always_true(source: str) -> None:
    assert reach(source) == ("always true",)


@pytest.mark.parametrize(
    "source",
    [
        "e == 'RED'",
        "s == 'a' && t == 'b'",
        "s == t && s == 'a'",
        "s != t || s == t",
        "n + 1 > 5 && n < 3",
        "n > 3 && n < 5",
        "n < -9223372036854775807",
        "d > 1.5 && d < 1.6",
        "born > '2020-01-01' && born < '2020-01-03'",
        "s in ls && s == 'a'",
        "s in ['a', t]",
        "ls[0] == 'a' && ls[1] == 'b'",
        "y == 1 && y == 2",
        "size(s) == 3 && s == 'ab'",
        "has(o) && o == 'RED'",
        "!has(o) || o == 'RED'",
        "!(size(s) == 1)",
        "(y == 1 ? b : c) && b",
        "(b ? s : t) == 'a' && s == 'a'",
        "'a' in y && b",
        "y == null && 1 == 1",
        "y == true && y == 1",
        "has(o) && (o == 'RED' ? b : c)",
        "1 + 2 > 5",
    ],
)
def test_condition_that_some_value_may_make_true_is_reachable(source: str) -> None:
    assert reach(source) == ("reachable",)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["e == 'RED'", "e == 'RED'"], ["reachable", "shadowed"]),
        (["e != 'RED'", "e == 'BLUE'", "e == 'RED'"], ["reachable", "shadowed", "reachable"]),
        (["n < 5", "n < 3"], ["reachable", "shadowed"]),
        (["n < 3", "n < 5"], ["reachable", "reachable"]),
        (["true", "b"], ["always true", "shadowed"]),
        (["b", "!b", "c"], ["reachable", "reachable", "shadowed"]),
        (["has(o)", "has(o) && o == 'RED'"], ["reachable", "shadowed"]),
        (["s == 'a'", "s == 'b'", "s in ['a', 'b']"], ["reachable", "reachable", "shadowed"]),
        (["false", "b", "b && !b"], ["never true", "reachable", "never true"]),
        (["b || c", "c", "!b"], ["reachable", "shadowed", "reachable"]),
        (["y == 1", "y == 1"], ["reachable", "reachable"]),
        ([], []),
    ],
)
def test_order_of_conditions_is_judged(sources: list[str], expected: list[Reach]) -> None:
    assert reach(*sources) == tuple(expected)


def test_too_many_combinations_are_left_open_not_tried() -> None:
    sources = [" && ".join(f"big{i} == 'a'" for i in range(8)), "b", "b"]

    assert reach(*sources) == ("reachable", "reachable", "shadowed")


def test_every_path_read_is_listed_with_its_place() -> None:
    found = reads(tree('a.b["c d"] == 1 && x[n].y > 0 && li[2] in [k, size(m.z)]'))

    assert [(spell(path.segments), path.offset) for path in found] == [
        ('a.b["c d"]', 0),
        ("x", 19),
        ("n", 21),
        ("li[2]", 33),
        ("k", 43),
        ("m.z", 51),
    ]


def test_asking_for_a_member_reads_what_it_is_in() -> None:
    source = tree("has(a.b.c) && has(d) && (b ? c : !e) && x[-1].k && x[true]")

    assert [path.segments for path in asks(source)] == [("a", "b", "c"), ("d",)]
    assert [path.segments for path in reads(source)] == [
        ("a", "b"),
        ("b",),
        ("c",),
        ("e",),
        ("x",),
        ("x",),
    ]


def test_comparisons_are_turned_so_that_the_path_is_on_the_left() -> None:
    found = comparisons(
        tree("a.b < 3 && 4 <= n && x.equals('A') && 1.5 > d && -1 != k && !(p >= null)")
    )
    pairs = [(spell(c.path.segments), c.operator, c.literal) for c in found]

    assert pairs == [
        ("a.b", "<", 3),
        ("n", ">=", 4),
        ("x", "==", "A"),
        ("d", "<", 1.5),
        ("k", "!=", -1),
        ("p", ">=", None),
    ]


def test_what_is_no_plain_comparison_is_not_listed() -> None:
    assert comparisons(tree("a == b && n + 1 < 3 && 1 == 1 && x in [1] && s.contains('a')")) == ()


def test_lists_that_share_a_budget_are_undecided_once_it_is_spent() -> None:
    never = [condition("b && !b")]
    budget = Budget(10)

    judged = [decide(never, budget) for _ in range(3)]

    assert judged == [("never true",), ("reachable",), ("reachable",)]
    assert decide(never) == ("never true",)
    assert decide([*never, *never], Budget(0)) == ("reachable", "reachable")
