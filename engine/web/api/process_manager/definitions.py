"""Process definitions by API: checked, kept for good, read, drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from engine.compile import Source, check_definition, mermaid
from engine.errors import ActivityMissing
from engine.model.definition import Definition
from engine.model.names import Digest
from engine.model.problem import Place, Problem
from engine.ports.paging import every
from engine.records.deployments import Deployment
from engine.run.oversight.needs import Need, unmet
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
from engine.web.api.frame.pages import (
    Number,
    Size,
    SpringPage,
    page_query,
    spring_page,
    spring_rows,
)
from engine.web.api.frame.values import Answer, Length, Moment, Sent, length_or_none, moment
from engine.web.api.process_manager.problems import (
    CheckedShown,
    ProblemShown,
    problem_shown,
    refused,
)
from engine.web.api.process_manager.service import PROCESS_MANAGER, needs
from engine.web.api.process_manager.versions import (
    ProcessName,
    Text,
    TextName,
    VersionWords,
    page_of_versions,
)

DEFINITIONS: Final = f"{PROCESS_MANAGER}/processDefinitions"
DEFINITION: Final = f"{DEFINITIONS}/{{processDefinitionId}}"
BODY_BYTES: Final = 1024 * 1024
"""Of a definition with its forms; what each text may be is the compiler's to say (G1, G2)."""
MOST_TEXTS: Final = 200
SOURCE: Final = "definition.yaml"

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
        forms: `<name>.v<version>` -> the JSON text. Those that were created by themselves need not
            be sent along; one that is sent takes the place of its namesake.
        parts: `<name>.v<version>` -> the YAML text of a part.
    """

    source: Text
    forms: Texts = {}
    parts: Texts = {}


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


class DefinitionVersion(DefinitionShown, kw_only=True, frozen=True):
    """A version of a process, with its id by the name that TrustX gives it here as well."""

    process_definition_id: str


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


async def _forms(call: Call[NewDefinition, Nothing]) -> dict[str, Source]:
    """Give the forms that a definition can name: those sent along, and those that are here."""
    return await call.offices.library.forms(call.tenant) | _sources(call.body.forms, "json")


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


async def list_versions(call: Call[Nothing, VersionWords]) -> Answered | Stopped:
    """List the versions of a process."""
    name = call.path["processDefnName"]
    rows = [
        row async for row in every(call.offices.store, call.tenant, Deployment, "process", name)
    ]
    if not rows:
        return MISSING
    page = page_of_versions(call.query, rows, lambda row: row.bundle.version)
    shown = [
        DefinitionVersion(**_facts(row, await _head(call, row)), process_definition_id=row.id)
        for row in page
    ]
    return Answered(body=spring_rows(call.query.page, call.query.size, shown, len(rows)))


async def create_definition(call: Call[NewDefinition, Nothing]) -> Answered | Stopped:
    """Check a definition and keep it."""
    asked = call.body
    source = Source(path=SOURCE, text=asked.source.encode())
    done = await call.offices.library.stage(
        call.unit,
        source,
        await _forms(call),
        by=call.actor,
        parts=_sources(asked.parts, "yaml"),
    )
    if isinstance(done, tuple):
        return refused(done)
    row = await call.unit.get(Deployment, done.bundle.digest)
    assert row is not None  # noqa: S101 - it was staged a moment ago, or was there before
    needs = await unmet(call.offices.store, call.tenant, done.graph)
    warnings = [problem_shown(one) for one in (*done.warnings, *map(_unmet, needs))]
    return Answered(
        body=DefinitionMade(**_facts(row, done.graph.definition), new=done.new, warnings=warnings),
        status=201 if done.new else 200,
    )


def _unmet(need: Need) -> Problem:
    return Problem(
        rule="D103",
        place=Place(file=SOURCE, line=1, column=1),
        message=f"the definition {need.told}",
        remedy="create it before anybody comes by",
        severity="warning",
    )


async def check_one(call: Call[NewDefinition, Nothing]) -> Answered | Stopped:
    """Check a definition, and keep nothing."""
    asked = call.body
    report = await asyncio.to_thread(
        check_definition,
        Source(path=SOURCE, text=asked.source.encode()),
        call.offices.library.catalogue.signatures,
        await _forms(call),
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
            409: "The version is there with another text.",
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
        name="listProcessDefinitionVersions", method="GET",
        path=f"{DEFINITIONS}/{{processDefnName}}/versions", needs=needs("listProcessDefinitions"),
        summary="List the versions of a process definition", answer=list_versions,
        body=Nothing, query=VersionWords, result=SpringPage[DefinitionVersion],
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
)  # fmt: skip
