"""Custom data forms by API: checked, kept for definitions to come, read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta
from msgspec.structs import replace

from engine.compile import Source, check_form
from engine.ports.paging import every
from engine.records.deployments import CustomDataForm, Deployment
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    B,
    Call,
    Nothing,
    Operation,
    Q,
    Stopped,
)
from engine.web.api.frame.pages import Number, Size, SpringPage, spring_rows
from engine.web.api.frame.values import Answer, Moment, Sent, moment
from engine.web.api.process_manager.problems import (
    CheckedShown,
    ProblemShown,
    problem_shown,
    refused,
)
from engine.web.api.process_manager.service import PROCESS_MANAGER, needs
from engine.web.api.process_manager.versions import Text, VersionWords, page_of_versions

FORMS: Final = f"{PROCESS_MANAGER}/customDataForms"
FORM: Final = f"{FORMS}/{{formId}}"
BODY_BYTES: Final = 1024 * 1024
MOST_VERSIONS: Final = 999_999
"""The compiler takes six digits."""

FormName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$",
        description="A letter, then letters, digits, _ and -, 64 in all.",
        examples=["contact-details"],
    ),
]


class NewForm(Sent, kw_only=True, frozen=True):
    """A form to keep.

    Attributes:
        name: What definitions call it.
        resource: Its JSON, as a text.
        description: What it is for.
        version: Without it: the newest, if that has this text already; else the next one.
        status, creation_option: Taken because programs that were written for TrustX send them; a
            form that is kept can be named at once, and its version never changes.
    """

    name: FormName
    resource: Text
    description: Annotated[str, Meta(max_length=1000)] = ""
    version: Annotated[int, Meta(ge=1, le=MOST_VERSIONS)] | None = None
    status: Literal["EDITABLE", "DEPLOYED_ACTIVE"] = "DEPLOYED_ACTIVE"
    creation_option: Literal["Save & Deploy"] = "Save & Deploy"


class FormText(Sent, kw_only=True, frozen=True):
    """A form's JSON, as a text."""

    resource: Text


class FormWords(Sent, kw_only=True, frozen=True):
    """Which page of the forms, by name and version.

    Attributes:
        sort: By name; `desc` from the end.
        name: The versions of one form alone.
    """

    page: Number = 0
    size: Size = 20
    sort: Literal["name", "name,asc", "name,desc"] | None = None
    name: Annotated[str, Meta(max_length=64)] | None = None


class FormShown(Answer, kw_only=True, frozen=True):
    """A version of a form, and the definitions that were kept with this text.

    One that came along with a definition is shown as of then.
    """

    id: str
    name: str
    version: int
    description: str
    status: Literal["DEPLOYED_ACTIVE"]
    resource: str
    process_definitions: list[str]
    created_dtm: Moment
    created_by: str


class FormMade(FormShown, kw_only=True, frozen=True):
    """What was kept; `new` is false where it was there already, to the letter."""

    new: bool
    warnings: list[ProblemShown]


async def create_form(call: Call[NewForm, Nothing]) -> Answered | Stopped:
    """Check a form and keep it."""
    asked = call.body
    done = await call.offices.library.stage_form(
        call.unit,
        asked.name,
        asked.resource,
        number=asked.version,
        description=asked.description,
        by=call.actor,
    )
    if isinstance(done, tuple):
        return refused(done)
    users = [one for one in await _forms(call) if one.id == done.row.id]
    ids = [id for one in users for id in one.process_definitions if one.resource == done.row.text]
    body = FormMade(
        **_facts(done.row),
        process_definitions=ids,
        new=done.new,
        warnings=[problem_shown(problem) for problem in done.warnings],
    )
    return Answered(body=body, status=201 if done.new else 200)


async def check_one(call: Call[FormText, Nothing]) -> Answered | Stopped:
    """Check a form, and keep nothing."""
    source = Source(path="form.v1.json", text=call.body.resource.encode())
    report = await asyncio.to_thread(check_form, source)
    shown = [problem_shown(problem) for problem in report.problems]
    return Answered(body=CheckedShown(valid=report.form is not None, problems=shown))


async def list_forms(call: Call[Nothing, FormWords]) -> Answered | Stopped:
    """List the forms there are."""
    words = call.query
    found = [one for one in await _forms(call) if words.name in (None, one.name)]
    if words.sort is not None and words.sort.endswith(",desc"):
        found.reverse()
    page = found[words.page * words.size :][: words.size]
    return Answered(body=spring_rows(words.page, words.size, page, len(found)))


async def list_versions(call: Call[Nothing, VersionWords]) -> Answered | Stopped:
    """List the versions of a form."""
    found = [one for one in await _forms(call) if one.name == call.path["formName"]]
    if not found:
        return MISSING
    page = page_of_versions(call.query, found, lambda one: one.version)
    return Answered(body=spring_rows(call.query.page, call.query.size, page, len(found)))


async def read_form(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read a form."""
    found = [one for one in await _forms(call) if one.id == call.path["formId"]]
    return Answered(body=found[0]) if found else MISSING


async def _forms(call: Call[B, Q]) -> list[FormShown]:
    """Gather forms by name and version.

    Definitions bring their own copies. Where their texts differ under one name and version, the one
    is shown that was kept by itself, else the one that came last.
    """
    store, tenant = call.offices.store, call.tenant
    kept = [row async for row in every(store, tenant, CustomDataForm)]
    found = {row.id: FormShown(**_facts(row), process_definitions=[]) for row in kept}
    deployed = [row async for row in every(store, tenant, Deployment)]
    for row in sorted(deployed, key=lambda one: one.deployed_at):
        for key, text in row.bundle.forms.items():
            shown = found.get(key)
            if shown is not None and shown.resource == text:
                ids = [*shown.process_definitions, row.id]
                found[key] = replace(shown, process_definitions=ids)
            elif shown is None or key not in {one.id for one in kept}:
                found[key] = FormShown(**_facts(_as_of(row, key)), process_definitions=[row.id])
    return sorted(found.values(), key=lambda one: (one.name, one.version))


def _as_of(row: Deployment, key: str) -> CustomDataForm:
    """Give a definition's own copy of a form as if it had been kept that day."""
    name, _, number = key.rpartition(".v")
    return CustomDataForm(
        id=key,
        name=name,
        number=int(number),
        text=row.bundle.forms[key],
        deployed_at=row.deployed_at,
        deployed_by=row.deployed_by,
    )


def _facts(row: CustomDataForm) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "version": row.number,
        "description": row.description,
        "status": "DEPLOYED_ACTIVE",
        "resource": row.text,
        "created_dtm": moment(row.deployed_at),
        "created_by": row.deployed_by,
    }


_EXAMPLE: Final = """{
  "version": "1",
  "title": {"values": {"en": "Your name"}},
  "components": [
    {"type": "text", "id": "name", "label": {"values": {"en": "Name"}}}
  ]
}
"""
OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listCustomDataForms", method="GET", path=FORMS,
        needs=needs("listCustomDataForms"), answer=list_forms,
        summary="List forms",
        description="Those that were created by themselves, and those that came along with"
        " definitions.",
        body=Nothing, query=FormWords, result=SpringPage[FormShown],
    ),
    Operation(
        name="createCustomDataForm", method="POST", path=FORMS,
        needs=needs("createCustomDataForm"), answer=create_form, makes=True,
        summary="Check a form and keep it",
        description="Definitions that are created from then on can name it. A version never"
        " changes: another text under it is refused. The same text again is answered with 200."
        " Mistakes are told as details, each with its remedy.",
        example={"name": "your-name", "resource": _EXAMPLE},
        links={"getCustomDataForm": {"formId": "$response.body#/id"}},
        body=NewForm, query=Nothing,
        result=FormMade, status=201, body_bytes=BODY_BYTES,
        others={
            200: "It was there already, to the letter.",
            409: "The version is there with another text.",
        },
    ),
    Operation(
        name="checkCustomDataForm", method="POST", path=f"{FORMS}/check",
        needs=needs("checkProcessDefinition"), answer=check_one,
        summary="Check a form and keep nothing",
        example={"resource": _EXAMPLE},
        body=FormText, query=Nothing,
        result=CheckedShown, body_bytes=BODY_BYTES,
    ),
    Operation(
        name="getCustomDataForm", method="GET", path=FORM,
        needs=needs("getCustomDataFormByNameAndVersion"), summary="Read a form",
        answer=read_form, body=Nothing, query=Nothing, result=FormShown,
    ),
    Operation(
        name="listCustomDataFormVersions", method="GET", path=f"{FORMS}/{{formName}}/versions",
        needs=needs("listCustomDataForms"), answer=list_versions,
        summary="List the versions of a form",
        body=Nothing, query=VersionWords, result=SpringPage[FormShown],
    ),
    Operation(
        name="activateCustomDataForm", method="POST", path=f"{FORM}/status/DEPLOYED_ACTIVE",
        needs=needs("createCustomDataForm"), answer=read_form,
        summary="Activate a form",
        description="Whatever is kept here is active at once: this changes nothing, and is there"
        " for programs that were written for TrustX.",
        body=Nothing, query=Nothing, result=FormShown,
    ),
)  # fmt: skip
