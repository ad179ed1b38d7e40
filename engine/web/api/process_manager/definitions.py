"""Process definitions by API: checked, kept for good, read, drawn; and the forms they name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from engine.compile import Source, check_definition, check_form, mermaid
from engine.errors import ActivityMissing
from engine.model.definition import Definition
from engine.model.names import Digest
from engine.records.deployments import Deployment
from engine.run.paging import every
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    B,
    Call,
    Nothing,
    Operation,
    Q,
    Stopped,
    exists,
)
from engine.web.api.frame.pages import Number, Size, SpringPage, page_query, spring_page
from engine.web.api.frame.values import Answer, Length, Moment, Sent, length_or_none, moment
from engine.web.api.process_manager.common import (
    PROCESS_MANAGER,
    ProblemShown,
    ProcessName,
    TextName,
    needs,
    problem_shown,
    refused,
)

DEFINITIONS: Final = f"{PROCESS_MANAGER}/processDefinitions"
DEFINITION: Final = f"{DEFINITIONS}/{{processDefinitionId}}"
FORMS: Final = f"{PROCESS_MANAGER}/customDataForms"
BODY_BYTES: Final = 1024 * 1024
"""Of a definition with its forms; what each text may be is the compiler's to say (G1, G2)."""
MOST_TEXTS: Final = 200
SOURCE: Final = "definition.yaml"

Text = Annotated[str, Meta(max_length=256 * 1024)]
Texts = Annotated[
    dict[TextName, Text],
    Meta(max_length=MOST_TEXTS),
]
Sort = Literal["name", "name,asc", "name,desc"]
ORDERS: Final = {"name": "by_version"}


class NewDefinition(Sent, kw_only=True, frozen=True):
    """A definition with all that it names.

    Attributes:
        source: The YAML text.
        forms: `<name>.v<version>` -> the JSON text.
        parts: `<name>.v<version>` -> the YAML text of a part.
    """

    source: Text
    forms: Texts = {}
    parts: Texts = {}


class NewForm(Sent, kw_only=True, frozen=True):
    """A form's JSON text."""

    source: Text


class ListWords(Sent, kw_only=True, frozen=True):
    """Which definitions, by name and version.

    Attributes:
        sort: `desc` from the end.
        name: The versions of one process alone.
    """

    page: Number = 0
    size: Size = 20
    sort: Sort | None = None
    name: ProcessName | None = None


class FormWords(Sent, kw_only=True, frozen=True):
    """Which forms."""

    name: Annotated[str, Meta(max_length=64, description="Of one form alone.")] | None = None


class DefinitionShown(Answer, kw_only=True, frozen=True):
    """A version of a process, as it was kept. Each that is kept can be run: `DEPLOYED_ACTIVE`."""

    id: str
    name: str
    version: int
    title: dict[str, str]
    process_definition_type: str
    languages: list[str]
    max_duration: Length | None
    retention: Length | None
    status: Literal["DEPLOYED_ACTIVE"]
    forms: list[str]
    parts: list[str]
    created_dtm: Moment
    created_by: str


class DefinitionMade(DefinitionShown, kw_only=True, frozen=True):
    """What was kept; `new` is false where it was there already, to the letter."""

    new: bool
    warnings: list[ProblemShown]


class DefinitionFile(Answer, kw_only=True, frozen=True):
    """The texts as they were sent."""

    source: str
    forms: dict[str, str]
    parts: dict[str, str]


class DefinitionPicture(Answer, kw_only=True, frozen=True):
    """A picture in text."""

    mermaid: str


class CheckedShown(Answer, kw_only=True, frozen=True):
    """What a check has found. `valid`: it could be kept; there may be warnings."""

    valid: bool
    problems: list[ProblemShown]


class FormShown(Answer, kw_only=True, frozen=True):
    """A form, and the definitions that were kept with it."""

    name: str
    version: int
    source: str
    process_definitions: list[str]


class FormsShown(Answer, kw_only=True, frozen=True):
    """Forms by name and version."""

    content: list[FormShown]


def _facts(row: Deployment, head: Definition | None) -> dict[str, Any]:
    bundle = row.bundle
    return {
        "id": bundle.digest,
        "name": bundle.process,
        "version": bundle.version,
        "title": {} if head is None else dict(head.title),
        "process_definition_type": "" if head is None else head.type,
        "languages": [] if head is None else list(head.languages),
        "max_duration": None if head is None else length_or_none(head.max_duration),
        "retention": None if head is None else length_or_none(head.retention),
        "status": "DEPLOYED_ACTIVE",
        "forms": sorted(bundle.forms),
        "parts": sorted(bundle.parts),
        "created_dtm": moment(row.deployed_at),
        "created_by": row.deployed_by,
    }


async def _shown(call: Call[B, Q], row: Deployment) -> DefinitionShown:
    return DefinitionShown(**_facts(row, await _head(call, row)))


async def _head(call: Call[B, Q], row: Deployment) -> Definition | None:
    """Read what a definition says about itself; None where an activity of it is not installed."""
    try:
        graph = await call.offices.library.graph(call.tenant, Digest(row.id))
    except ActivityMissing:
        return None
    return graph.definition


async def _deployment(call: Call[B, Q]) -> Deployment | None:
    return await call.unit.get(Deployment, call.path["processDefinitionId"])


def _sources(texts: Mapping[str, str], ending: str) -> dict[str, Source]:
    return {
        name: Source(path=f"{name}.{ending}", text=text.encode()) for name, text in texts.items()
    }


async def list_definitions(call: Call[Nothing, ListWords]) -> Answered | Stopped:
    """List what was kept."""
    words = call.query
    query = page_query(
        words.page, words.size, words.sort, orders=ORDERS,
        by=None if words.name is None else ("process", words.name),
    )  # fmt: skip
    page = await call.offices.store.page(call.tenant, Deployment, query)
    heads = {row.id: await _head(call, row) for row in page.rows}
    return Answered(
        body=spring_page(query, page, lambda row: DefinitionShown(**_facts(row, heads[row.id])))
    )


async def create_definition(call: Call[NewDefinition, Nothing]) -> Answered | Stopped:
    """Check a definition and keep it."""
    asked = call.body
    source = Source(path=SOURCE, text=asked.source.encode())
    done = await call.offices.library.stage(
        call.unit,
        source,
        _sources(asked.forms, "json"),
        by=call.actor,
        parts=_sources(asked.parts, "yaml"),
    )
    if isinstance(done, tuple):
        return refused(done)
    row = await call.unit.get(Deployment, done.bundle.digest)
    assert row is not None  # noqa: S101 - it was staged a moment ago, or was there before
    warnings = [problem_shown(problem) for problem in done.warnings]
    return Answered(
        body=DefinitionMade(**_facts(row, done.definition), new=done.new, warnings=warnings),
        status=201 if done.new else 200,
    )


async def check_one(call: Call[NewDefinition, Nothing]) -> Answered | Stopped:
    """Check a definition, and keep nothing."""
    asked = call.body
    report = await asyncio.to_thread(
        check_definition,
        Source(path=SOURCE, text=asked.source.encode()),
        call.offices.library.catalogue.signatures,
        _sources(asked.forms, "json"),
        _sources(asked.parts, "yaml"),
    )
    shown = [problem_shown(problem) for problem in report.problems]
    return Answered(body=CheckedShown(valid=report.graph is not None, problems=shown))


async def read_definition(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read what was kept."""
    row = await _deployment(call)
    return MISSING if row is None else Answered(body=await _shown(call, row))


async def read_file(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Give the texts."""
    row = await _deployment(call)
    if row is None:
        return MISSING
    bundle = row.bundle
    return Answered(
        body=DefinitionFile(source=bundle.definition, forms=bundle.forms, parts=bundle.parts)
    )


async def read_picture(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Draw a definition."""
    row = await _deployment(call)
    if row is None:
        return MISSING
    try:
        graph = await call.offices.library.graph(call.tenant, Digest(row.id))
    except ActivityMissing:
        return exists("processDefinitionId", "an activity that it needs is not installed here")
    return Answered(body=DefinitionPicture(mermaid=mermaid(graph)))


async def list_forms(call: Call[Nothing, FormWords]) -> Answered | Stopped:
    """List the forms that were kept with definitions."""
    found = await _forms(call)
    wanted = call.query.name
    return Answered(body=FormsShown(content=[one for one in found if wanted in (None, one.name)]))


async def read_form(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read a form; of several texts under one name and version, the one that was kept last."""
    name, version = call.path["formName"], call.path["formVersion"]
    found = [one for one in await _forms(call) if (one.name, str(one.version)) == (name, version)]
    return Answered(body=found[-1]) if found else MISSING


async def check_a_form(call: Call[NewForm, Nothing]) -> Answered | Stopped:
    """Check a form, and keep nothing: forms are kept with the definitions that name them."""
    source = Source(path="form.v1.json", text=call.body.source.encode())
    report = await asyncio.to_thread(check_form, source)
    shown = [problem_shown(problem) for problem in report.problems]
    return Answered(body=CheckedShown(valid=report.form is not None, problems=shown))


async def _forms(call: Call[B, Q]) -> list[FormShown]:
    """Gather forms by name, version and text, in the order in which they were kept."""
    users: dict[tuple[str, int, str], list[str]] = {}
    rows = [row async for row in every(call.offices.store, call.tenant, Deployment)]
    for row in sorted(rows, key=lambda one: one.deployed_at):
        for key, text in row.bundle.forms.items():
            name, _, version = key.rpartition(".v")
            users.setdefault((name, int(version), text), []).append(row.id)
    return [
        FormShown(name=name, version=version, source=text, process_definitions=ids)
        for (name, version, text), ids in sorted(users.items(), key=lambda pair: pair[0][:2])
    ]


_EXAMPLE: Final = """process: hello
version: 1
title: Hello
maxDuration: PT1H
retention: P30D
flow:
  start: {activity: Start, next: end}
  end: {activity: End, result: REVIEW}
"""
OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listProcessDefinitions", method="GET", path=DEFINITIONS,
        needs=needs("listProcessDefinitions"), summary="List process definitions",
        answer=list_definitions, body=Nothing, query=ListWords,
        result=SpringPage[DefinitionShown],
    ),
    Operation(
        name="createProcessDefinition", method="POST", path=DEFINITIONS,
        needs=needs("createProcessDefinition"), summary="Check a process definition and keep it",
        description="A version never changes: another text under it is refused. The same text"
        " again is answered with 200. Mistakes are told as details, each with its remedy.",
        answer=create_definition, makes=True,
        example={"source": _EXAMPLE},
        links={"getProcessDefinition": {"processDefinitionId": "$response.body#/id"}},
        body=NewDefinition, query=Nothing,
        result=DefinitionMade, status=201, body_bytes=BODY_BYTES,
        others={
            200: "It was there already, to the letter.",
            409: "There is another text of this version.",
        },
    ),
    Operation(
        name="checkProcessDefinition", method="POST", path=f"{DEFINITIONS}/check",
        needs=needs("checkProcessDefinition"), answer=check_one,
        summary="Check a process definition and keep nothing",
        example={"source": _EXAMPLE},
        body=NewDefinition,
        query=Nothing, result=CheckedShown, body_bytes=BODY_BYTES,
    ),
    Operation(
        name="getProcessDefinition", method="GET", path=DEFINITION,
        needs=needs("getProcessDefinition"), summary="Read a process definition",
        answer=read_definition, body=Nothing, query=Nothing, result=DefinitionShown,
    ),
    Operation(
        name="activateProcessDefinition", method="POST",
        path=f"{DEFINITION}/status/DEPLOYED_ACTIVE", needs=needs("createProcessDefinition"),
        answer=read_definition,
        summary="Activate a process definition",
        description="Whatever is kept here is active at once: this changes nothing, and is there"
        " for programs that were written for TrustX.",
        body=Nothing, query=Nothing, result=DefinitionShown,
    ),
    Operation(
        name="getProcessDefinitionFile", method="GET", path=f"{DEFINITION}/file",
        needs=needs("getProcessDefinitionFile"), summary="Read the texts of a definition",
        answer=read_file, body=Nothing, query=Nothing, result=DefinitionFile,
    ),
    Operation(
        name="getProcessDefinitionPicture", method="GET", path=f"{DEFINITION}/picture",
        needs=needs("getProcessDefinition"), summary="Draw a process definition",
        answer=read_picture, body=Nothing, query=Nothing, result=DefinitionPicture,
        others={409: "An activity that it needs is not installed."},
    ),
    Operation(
        name="listCustomDataForms", method="GET", path=FORMS,
        needs=needs("listCustomDataForms"), answer=list_forms,
        summary="List the forms that were kept with definitions",
        body=Nothing, query=FormWords, result=FormsShown,
    ),
    Operation(
        name="checkCustomDataForm", method="POST", path=f"{FORMS}/check",
        needs=needs("checkProcessDefinition"), answer=check_a_form,
        summary="Check a form and keep nothing",
        example={"source": "{}"},
        body=NewForm, query=Nothing,
        result=CheckedShown, body_bytes=BODY_BYTES,
    ),
    Operation(
        name="getCustomDataForm", method="GET", path=f"{FORMS}/{{formName}}/{{formVersion}}",
        needs=needs("getCustomDataFormByNameAndVersion"), summary="Read a form",
        answer=read_form, body=Nothing, query=Nothing, result=FormShown,
    ),
)  # fmt: skip
