"""A form that an expression names: every one that it can be is known, proved and bundled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.compile import Report, Source, check_definition, load
from engine.model.definition import FormRef
from engine.model.names import NodeId
from tests.compile.palette import KNOWN

HEAD = """\
process: sample
version: 1
title: {{en: Sample, pt-PT: Amostra}}
languages: [{languages}]
maxDuration: PT1H
parameters:
  kind: {{enum: [person, company], required: true}}
  wish: {{enum: [person, company]}}
  word: {{type: string, required: true}}
flow:
  start:
    activity: Start
    next: {first}
{nodes}  end:
    activity: End
    result: REVIEW
"""
CHOICE = """\
  which:
    activity: Custom Data Form
    inputs: {{dataFormName: which, formDataKey: which}}
    next: ask
  ask:
    activity: Custom Data Form
    inputs:
      dataFormName: person
      dynamicDataFormName: {chosen}
      formDataKey: about
{more}{behind}  use:
    activity: Set Variables
    outputs: {{told: {told}}}
    next: end
"""
KIND = '"${_initVars.kind}"'


def said(text: str, *languages: str) -> dict[str, Any]:
    return {"values": dict.fromkeys(languages or ("en",), text)}


def asks(id_: str, type_: str = "text", *, required: bool = True, **more: Any) -> dict[str, Any]:
    validate = {"required": required}
    return {"id": id_, "type": type_, "label": said(id_), "validate": validate, **more}


def form(*components: dict[str, Any], **more: Any) -> str:
    return json.dumps({"version": "1", "components": list(components), **more})


FORMS = {
    "person.v1": form(asks("name"), asks("age", "number"), asks("nick")),
    "company.v1": form(asks("name"), asks("age", required=False), asks("vat")),
    "which.v1": form(
        asks("form", "select", options=[
            {"value": "person", "label": said("Person")},
            {"value": "company", "label": said("Company")},
        ])
    ),
}  # fmt: skip


def report(
    chosen: str = KIND,
    *,
    told: str = '"${_customFormData.about.name}"',
    more: str = "",
    behind: str = "    next: use\n",
    languages: str = "en",
    forms: dict[str, str] | None = None,
) -> Report:
    nodes = CHOICE.format(chosen=chosen, told=told, more=more, behind=behind)
    text = HEAD.format(languages=languages, first="which", nodes=nodes)
    texts = FORMS | (forms or {})
    sources = {k: Source(path=f"{k}.json", text=v.encode()) for k, v in texts.items()}
    return check_definition(Source(path="sample.yaml", text=text.encode()), KNOWN, sources)


def found(made: Report) -> list[tuple[str, str]]:
    return [(problem.rule, problem.place.file) for problem in made.problems]


@pytest.mark.parametrize(
    "chosen",
    [
        KIND,
        '"${_initVars.wish}"',
        '"${_customFormData.which.form}"',
        "\"${_initVars.kind == 'person' ? 'person' : 'company'}\"",
        "\"${has(_initVars.wish) ? _initVars.wish : 'company'}\"",
        "company",
    ],
)
def test_every_form_that_can_be_named_is_bundled_and_compiled(chosen: str) -> None:
    made = report(chosen)

    assert found(made) == []
    assert made.bundle is not None
    assert made.graph is not None
    assert sorted(made.bundle.forms) == ["company.v1", "person.v1", "which.v1"]
    company = FormRef(name="company", version=1)
    assert company in made.graph.forms
    again = load(made.bundle, KNOWN)
    assert again.forms.keys() == made.graph.forms.keys()
    assert again.nodes[NodeId("ask")].forms == made.graph.nodes[NodeId("ask")].forms  # type: ignore[union-attr]  # an activity


@pytest.mark.parametrize(
    ("chosen", "rule"),
    [
        ('"${_initVars.word}"', "L119"),
        ('"the-${_initVars.kind}"', "L119"),
        ("\"${_initVars.kind == 'person' ? 'person' : _initVars.word}\"", "L119"),
        ('"${_initVars.kimd}"', "X109"),
        ("\"${_initVars.kind == 'person' ? 'person' : 'firm'}\"", "L113"),
        ("firm", "L113"),
    ],
)
def test_a_name_that_is_no_known_few_is_a_problem_where_it_stands(chosen: str, rule: str) -> None:
    made = report(chosen)

    (problem,) = made.problems
    assert problem.rule == rule
    assert problem.place.line == 22
    assert problem.remedy


@pytest.mark.parametrize(
    ("told", "rules"),
    [
        ('"${_customFormData.about.name}"', []),
        ('"${_customFormData.about.nick}"', ["X112"]),
        ('"${_customFormData.about.vat}"', ["X112"]),
        ("\"${has(_customFormData.about.vat) ? _customFormData.about.vat : ''}\"", []),
        ('"${_customFormData.about.nothing}"', ["X109"]),
    ],
)
def test_only_what_all_forms_have_is_read_without_asking(told: str, rules: list[str]) -> None:
    assert [rule for rule, _ in found(report(told=told))] == rules


def test_an_optional_name_falls_back_to_the_one_written_out_and_so_both_are_read() -> None:
    made = report('"${_initVars.wish}"', told='"${_customFormData.about.nick}"')

    assert [rule for rule, _ in found(made)] == ["X112"]


def test_each_of_the_forms_speaks_every_language_has_words_and_no_problem_of_its_own() -> None:
    silent = report(languages="en, pt-PT")
    mute = report(
        more="    actions: {later: end}\n",
        forms={"person.v1": form(asks("name"), actions={"later": said("Later")})},
    )
    wrong = report(forms={"company.v1": form(asks("name"), asks("name"))})

    assert {file for rule, file in found(silent) if rule == "P116"} == {
        "person.v1.json", "company.v1.json", "which.v1.json",
    }  # fmt: skip
    assert found(mute) == [("L115", "sample.yaml")]
    assert found(wrong) == [("F101", "company.v1.json")]


def test_a_default_of_any_of_the_forms_puts_in_only_what_is_there() -> None:
    lost = form(asks("name", default="{{processvar.nowhere.there}}"))

    assert [file for _, file in found(report(forms={"company.v1": lost}))] == ["company.v1.json"]


def test_answers_of_a_chosen_form_are_not_written_over() -> None:
    shared = HEAD.format(
        languages="en",
        first="which",
        nodes=CHOICE.format(chosen=KIND, told="x", more="", behind="    next: use\n").replace(
            "formDataKey: which", "formDataKey: about"
        ),
    )
    sources = {k: Source(path=f"{k}.json", text=v.encode()) for k, v in FORMS.items()}
    other = check_definition(Source(path="s.yaml", text=shared.encode()), KNOWN, sources)

    assert [rule for rule, _ in found(other)] == ["P117"]


def test_buttons_of_a_chosen_form_have_its_own_words() -> None:
    later = {"later": said("Later")}
    made = report(
        more="    actions: {later: end}\n",
        forms={
            "person.v1": form(asks("name"), actions=later),
            "company.v1": form(asks("name"), actions={"later": said("Another day")}),
        },
    )

    assert found(made) == []
    assert made.graph is not None
    node = made.graph.nodes[NodeId("ask")]
    assert node.actions["later"].label is None  # type: ignore[union-attr]  # an activity


PART = """\
process: about
version: 1
title: About
type: part
languages: [en]
parameters:
  kind: {enum: [person, company], required: true}
  answers: {type: key}
flow:
  start:
    activity: Start
    next: ask
  ask:
    activity: Custom Data Form
    inputs:
      dataFormName: person
      dynamicDataFormName: "${_initVars.kind}"
      formDataKey: answers
    next: asked
  asked:
    activity: End
"""
CALLER = """\
process: sample
version: 1
title: Sample
languages: [en]
maxDuration: PT1H
parameters:
  kind: {enum: [person, company], required: true}
flow:
  start:
    activity: Start
    next: about
  about:
    call: about
    version: 1
    with: {kind: "${_initVars.kind}", answers: about}
    ends: {asked: use}
  use:
    activity: Set Variables
    outputs: {told: "${_customFormData.about.name}"}
    next: end
  end:
    activity: End
    result: REVIEW
"""


def test_a_part_may_let_its_caller_choose() -> None:
    sources = {k: Source(path=f"{k}.json", text=v.encode()) for k, v in FORMS.items()}
    parts = {"about.v1": Source(path="about.yaml", text=PART.encode())}

    made = check_definition(Source(path="s.yaml", text=CALLER.encode()), KNOWN, sources, parts)

    assert found(made) == []
    assert made.bundle is not None
    assert sorted(made.bundle.forms) == ["company.v1", "person.v1"]
    alone = check_definition(parts["about.v1"], KNOWN, sources, {})
    assert found(alone) == []
