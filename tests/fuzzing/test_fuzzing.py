"""A few hundred cases of every row, counted; and that each kind of failure is seen where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from msgspec import structs

from engine.compile import Report, Source, check_form
from engine.compile.forms.form import FormReport
from engine.expressions import Checked, JsonValue, Values
from engine.model.problem import Place
from engine.signalr import Connection, Happened
from tests.fuzzing.addresses import Addresses
from tests.fuzzing.browsers import Read, read
from tests.fuzzing.definitions import Definitions, checked
from tests.fuzzing.dice import Dice
from tests.fuzzing.expressions import Expressions
from tests.fuzzing.forms import Forms, Submissions
from tests.fuzzing.frames import Frames
from tests.fuzzing.hub import Hub
from tests.fuzzing.noise import SIGNS, Noise
from tests.fuzzing.opening import Door, Secrets
from tests.fuzzing.rows import ROWS
from tests.fuzzing.running import Case, Effort, Row, fuzzed, smallest

FEW = Effort(cases=300)


@pytest.mark.parametrize("name", ROWS)
def test_three_hundred_cases_of_every_row(name: str) -> None:
    figures = ROWS[name](FEW)

    assert figures.wrong == ""
    assert figures.cases == figures.answers.total() == 300
    assert len(figures.answers) > 1, figures.answers


@pytest.mark.parametrize(
    "row", [Definitions, Forms, Submissions, Expressions, Secrets, Addresses, Frames, Hub]
)
def test_a_seed_gives_the_same_cases_and_another_others(row: type[Row]) -> None:
    made = [[row().make(dice) for _ in range(20)] for dice in (Dice(1), Dice(1), Dice(2))]

    assert made[0] == made[1] != made[2]


class Planted:
    """A row in which something goes wrong where a text holds `bad`."""

    name = "planted"
    planned = 1_000

    def __init__(self, wrong: str) -> None:
        self.wrong = wrong
        self.kept: list[bytearray] = []

    def make(self, dice: Dice) -> Case:
        return Case("any", "x" * dice.below(40) + "bad"[: dice.below(9)] + "y" * dice.below(40))

    def judge(self, case: Case) -> str:
        if "bad" not in case.text:
            return "fine"
        match self.wrong:
            case "broken":
                return {"fine": "fine"}[case.text]
            case "slow":
                return str(sum(range(600_000)))
            case _:
                self.kept.append(bytearray(b"x") * 2**20)
                return "kept"


def test_an_exception_is_caught_and_made_as_small_as_it_gets() -> None:
    figures = fuzzed(Planted("broken"), FEW)

    assert "KeyError" in figures.wrong
    assert figures.wrong.endswith("by any 'bad'")
    assert figures.cases < 300


def test_a_slow_case_is_caught() -> None:
    assert fuzzed(Planted("slow"), replace(FEW, most_seconds=0.002)).wrong.startswith("Slow")
    assert fuzzed(Planted("fine"), replace(FEW, most_mib=1_000)).wrong == ""


def test_what_keeps_its_cases_is_caught() -> None:
    assert fuzzed(Planted("fat"), FEW).wrong.startswith("memory grew by")


def test_what_fails_in_another_way_is_not_made_smaller() -> None:
    small = smallest(Case("any", "aaabcaaa"), lambda case: ("bc" in case.text and "b") or None)

    assert small.text == "bc"


def test_a_problem_beyond_the_text_is_caught() -> None:
    def check(source: Source) -> FormReport:
        report = check_form(source)
        beyond = Place(file=source.path, line=1_000_000, column=1)
        found = tuple(structs.replace(problem, place=beyond) for problem in report.problems)
        return replace(report, problems=found)

    assert "Place" in fuzzed(Forms(check), FEW).wrong


def test_a_graph_that_its_bundle_does_not_give_again_is_caught() -> None:
    def check(source: Source) -> Report:
        report = checked(source)
        graph = report.graph
        return report if graph is None else replace(report, graph=replace(graph, steps={}))

    assert "AssertionError" in fuzzed(Definitions(check), replace(FEW, cases=3_000)).wrong


def test_a_value_of_another_type_is_caught() -> None:
    def meaning(checked: Checked) -> Callable[[Values], JsonValue]:
        return lambda values: 1

    assert "AssertionError" in fuzzed(Expressions(meaning), FEW).wrong


def test_a_secret_that_opens_in_other_words_is_caught() -> None:
    async def opens(text: str) -> bool:
        return text.strip() == "pt_secret"

    figures = fuzzed(Secrets({"easy": Door("pt_secret", opens)}), replace(FEW, cases=5_000))

    assert "it opened" in figures.wrong


def test_a_secret_that_does_not_open_its_own_door_is_caught() -> None:
    async def opens(text: str) -> bool:
        return False

    figures = fuzzed(Secrets({"shut": Door("pt_secret", opens)}), replace(FEW, cases=5_000))

    assert "it did not open" in figures.wrong


def by_its_beginning(url: str, allowed: Sequence[str]) -> bool:
    return url.startswith(tuple(allowed))


def test_an_address_that_is_taken_by_its_beginning_alone_is_caught() -> None:
    assert "it leads elsewhere" in fuzzed(Addresses(by_its_beginning), FEW).wrong


class Forgetful(Connection):
    def receive(self, chunk: bytes, at: float) -> tuple[Happened, ...]:
        return super().receive(chunk[:60], at)


class Talkative(Connection):
    def receive(self, chunk: bytes, at: float) -> tuple[Happened, ...]:
        happened = super().receive(chunk, at)
        self.send(b"{" * 9_000, at)
        return happened


class Frail(Connection):
    def receive(self, chunk: bytes, at: float) -> tuple[Happened, ...]:
        return super().receive(chunk.decode().encode(), at)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [(Forgetful, "another cut"), (Talkative, "another cut, another answer"), (Frail, "Unicode")],
)
def test_a_connection_that_reads_frames_badly_is_caught(
    wrong: type[Connection], words: str
) -> None:
    assert words in fuzzed(Frames(wrong), FEW).wrong


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://a.example/b", Read("https", "a.example", 443, "/b")),
        (" HTTPS:\\\\A.Example:443\\b\\..\\c?d#e ", Read("https", "a.example", 443, "/c")),
        ("ht\ttp:a%2Eexample:8080/%2e%2E/x", Read("http", "a.example", 8080, "/x")),
        ("https://u:p@a.example@b.example/", Read("https", "b.example", 443, "/")),
        ("https://a.example", Read("https", "a.example", 443, "/")),
        ("https://a.example/x/..", Read("https", "a.example", 443, "/")),
        ("https://a.example:70000/", None),
        ("https://a%2fb.example/", None),
        ("ftp://a.example/", None),
        ("/a", None),
    ],
)
def test_the_second_reading_is_a_browsers(address: str, found: Read | None) -> None:
    assert read(address) == found


def test_noise_changes_nearly_every_text() -> None:
    noise = Noise(others=("other", "texts"), pieces=SIGNS)
    dice = Dice(1)

    changed = sum(noise.worsen(dice, "a text") != "a text" for _ in range(500))

    assert changed > 450
