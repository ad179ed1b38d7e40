"""What is told to be right: names, nodes, regions and places that are there."""

import pytest

from engine.compile import Source, check_definition
from tests.compile.palette import KNOWN
from tests.compile.test_proofs import (
    ASK,
    BEGIN,
    DEVICE,
    HEAD,
    PAGE,
    SIGNED_IN,
    VERIFY,
    problems_of,
    rules,
)


def remedy_of(flow: str) -> str:
    (problem,) = problems_of(flow)
    return problem.remedy


def test_a_key_in_the_wrong_state_is_answered_with_the_node_that_brings_the_right_one() -> None:
    unasked = (BEGIN.replace("next: ask", "next: page") + ASK + VERIFY + DEVICE).replace(
        "ask\n      Exceeded", "end\n      Exceeded"
    )
    unproved = BEGIN.replace("next: ask", "next: device") + DEVICE
    page = (
        "  page:\n    activity: Page\n    next:\n"
        "      - when: \"${_initVars.channel == 'web'}\"\n        to: ask\n      - to: verify\n"
    )

    asked = problems_of(unasked + page)
    proved = remedy_of(SIGNED_IN.replace("Authentication: end", "Authentication: device"))

    assert [(p.rule, "through `ask` first" in p.remedy) for p in asked] == [("P106", True)]
    assert proved.endswith("takes User: lead that path through `verify` first, which leaves it so")
    assert remedy_of(unproved).endswith("takes User")


def gate_behind(first: str, read: str) -> str:
    gate = f'  gate:\n    gateway: exclusive\n    next:\n      - when: "${{{read}}}"\n'
    return first + gate + "        to: end\n      - to: end\n"


PROFILE = (
    "  first:\n    activity: Custom Data Form\n    inputs:\n      dataFormName: profile\n"
    "      formDataKey: birth\n    next: gate\n"
)


@pytest.mark.parametrize(
    ("read", "rule", "remedy"),
    [
        ("birth.city == 'x'", "X109", "answers are read as `${_customFormData.birth.city}`"),
        (
            "device1.day == 'x'",
            "X108",
            "such as `_cdfContinue`, `birth`, `_initVars`, `_customFormData`",
        ),
    ],
)
def test_a_wrong_name_is_answered_with_names_that_are_there(
    read: str, rule: str, remedy: str
) -> None:
    (problem,) = problems_of(gate_behind(PROFILE, read))

    assert problem.rule == rule
    assert problem.remedy.endswith(remedy)


def test_at_most_five_names_are_named_and_none_that_nothing_writes_here() -> None:
    names = "".join(f"      v{n}: {n}\n" for n in range(8))
    first = f"  first:\n    activity: Set Variables\n    outputs:\n{names}    next: gate\n"
    late = "  late:\n    activity: Set Variables\n    outputs:\n      a: 1\n    next: end\n"

    found = problems_of(
        gate_behind(first, "unknown == 1").replace("- to: end", "- to: late") + late
    )

    assert [p.remedy.partition("such as ")[2] for p in found] == ["`v0`, `v1`, `v2`, `v3`, `v4`"]


@pytest.mark.parametrize(("code", "expected"), [("Broken", []), ("Shrugged", ["P110"])])
def test_a_failed_check_is_a_check_on_the_path_behind_it(code: str, expected: list[str]) -> None:
    other = {"Broken": "Shrugged", "Shrugged": "Broken"}[code]
    tries = "  first:\n    activity: Try It\n    errors:\n"
    tries += f"      {code}: over\n      {other}: end\n    next: end\n"

    assert rules(tries + "  over:\n    activity: End\n") == expected


def test_the_region_of_a_language_is_told_where_the_language_is_missing() -> None:
    form = Source(
        path="visit.v1.json",
        text=b'{"version": "1", "components": [{"id": "a", "type": "checkbox",'
        b' "label": {"values": {"en": "A", "pt-PT": "A"}}}]}',
    )
    flow = PAGE.format(to="end").replace(
        "Page", "Custom Data Form\n    inputs:\n      dataFormName: visit"
    )
    text = HEAD.replace("title: Sample", "title: Sample\nlanguages: [en, pt]") + flow

    (problem,) = check_definition(
        Source(path="t.yaml", text=text.encode()), KNOWN, {"visit.v1": form}
    ).problems

    assert problem.rule == "P116"
    assert problem.remedy == "there is `pt-PT`: did you mean that under `languages:`?"
