"""Sample visits for the tests of the pages: forms of every kind, places where one may stand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from engine.model.definition import Definition, FormRef, ProcessType
from engine.model.form import CompiledForm, Component, Form, Option
from engine.model.graph import ProcessGraph
from engine.model.instance import ProcessInstance, Status, Wait
from engine.model.names import MAIN_TENANT, Digest, InstanceId, JsonValue, NodeId
from engine.model.problem import FieldProblem, Message
from engine.model.screen import Action, FormPanel, Panel, Progress, Screen, TimeLimit
from engine.records.tokens import ProcessToken
from engine.run.current import Current
from engine.run.entry.answers import Landing
from engine.web import pages

TOKEN = "t0ken"  # noqa: S105 - a sample, good for nothing
NOW = datetime(2026, 11, 21, 14, 26, tzinfo=UTC)
DUE = TimeLimit(due=NOW + timedelta(minutes=4, seconds=30), extendable=True)
LANGUAGES = ("en", "pt-PT")
VOID = {"meta", "link", "input", "img", "path", "circle", "rect", "br"}


def two(en: str, pt: str) -> dict[str, str]:
    return {"en": en, "pt-PT": pt}


def option(value: str, en: str, pt: str) -> Option:
    return Option(value=value, label=two(en, pt))


PASSCODE = Form(
    name="passcode",
    version=1,
    title=two("Enter your passcode", "Introduza a sua palavra-passe"),
    components=(
        Component(id="passcode", type="password", required=True,
                  label=two("Passcode", "Palavra-passe")),
    ),
)  # fmt: skip

CHOOSE = Form(
    name="choose",
    version=1,
    title=two("Choose a passcode", "Escolha uma palavra-passe"),
    components=tuple(
        Component(id=id, type="password", required=True, autocomplete="new-password", label=label)
        for id, label in (
            ("newPasscode", two("New passcode", "Nova palavra-passe")),
            ("confirmPasscode", two("New passcode again", "Repita a nova palavra-passe")),
        )
    ),
)

EVERYTHING = Form(
    name="everything",
    version=1,
    title=two("Your details", "Os seus dados"),
    subtitle=two("Please check what we know.", "Verifique o que sabemos."),
    submit=two("Save and continue", "Guardar e continuar"),
    components=(
        Component(id="bill", type="notification", close_button=True, set_timer=True,
                  text=two("Have a bill at hand.", "Tenha uma fatura à mão.")),
        Component(id="customer", type="text", read_only=True,
                  label=two("Customer number", "Número de cliente")),
        Component(id="name", type="text", required=True, autocomplete="name",
                  label=two("Full name", "Nome completo")),
        Component(id="email", type="email", required=True, label=two("E-mail", "E-mail")),
        Component(id="phone", type="phone", required=True, default_country="PT",
                  label=two("Mobile number", "Telemóvel")),
        Component(id="born", type="date", required=True, autocomplete="bday",
                  label=two("Date of birth", "Data de nascimento")),
        Component(id="height", type="number", required=True, min="0.5", max="2.5",
                  label=two("Height in metres", "Altura em metros")),
        Component(id="country", type="select", required=True,
                  label=two("Country you live in", "País onde vive"),
                  options=(option("PT", "Portugal", "Portugal"), option("ES", "Spain", "Espanha"))),
        Component(id="reach", type="radio", required=True,
                  label=two("How may we reach you?", "Como podemos contactar?"),
                  options=(option("app", "In the app", "Na aplicação"),
                           option("post", "By letter", "Por carta"))),
        Component(id="street", type="text", required=True, visible_when="${reach == 'post'}",
                  label=two("Street and number", "Rua e número")),
        Component(id="card", type="image", source="/web/static/card.png", width=120,
                  alt=two("A bank card", "Um cartão"), text=two("The back.", "O verso.")),
        Component(id="member", type="code", required=True, min_length=6, max_length=6,
                  label=two("Member code", "Código de membro")),
        Component(id="kept", type="paragraph", text=two("Kept 30 days.", "Guardado 30 dias.")),
        Component(id="note", type="text", max_length=500,
                  label=two("Anything else?", "Mais alguma coisa?")),
        Component(id="secret", type="password", required=True,
                  label=two("Passcode", "Palavra-passe")),
        Component(id="agree", type="checkbox", required=True,
                  label=two("These details are right", "Estes dados estão certos")),
    ),
)  # fmt: skip


def frame(language: str = "en", **changed: object) -> pages.Frame:
    given: dict[str, object] = {
        "app": "Farol Mutual",
        "language": language,
        "languages": LANGUAGES,
        "assets": pages.prepare(),
        "nonce": "n0nce",
        "path": "/web/instances/X",
        "help_url": "https://farol.example/help",
        "privacy_url": "https://farol.example/privacy",
    }
    return pages.Frame(**(given | changed))  # type: ignore[arg-type]  # one value may be changed


def definition(type_: ProcessType = "authentication") -> Definition:
    return Definition(
        process="sign-in",
        version=1,
        title=two("Sign in with a passcode", "Entrar com palavra-passe"),
        type=type_,
        languages=LANGUAGES,
        max_duration=timedelta(hours=1),
        retention=timedelta(days=30),
    )


def current(
    form: Form | None = PASSCODE,
    *,
    panels: tuple[Panel, ...] = (),
    actions: tuple[Action, ...] = (),
    progress: Progress | None = None,
    status: Status = "ACTIVE",
    type_: ProcessType = "authentication",
    **panel: object,
) -> Current:
    """An instance that waits at `form`, or is over where there is none."""
    forms = {}
    wait = None
    if form is not None:
        ref = FormRef(name=form.name, version=form.version)
        forms[ref] = CompiledForm(form=form, checks={}, visible={})
        own = FormPanel(form=ref, form_data_key="form1", **panel)  # type: ignore[arg-type]  # as given
        screen = Screen(
            step_id="s", screen_id="s", panels=(*panels, own), actions=actions, progress=progress
        )
        wait = Wait(node=NodeId("ask"), visit=1, screen=screen, since=NOW)
    # A form's parts are kept by digest: forms that differ may not share one.
    digest = Digest(f"{hash(repr(form)) & (2**256 - 1):064x}")
    graph = ProcessGraph(
        definition=definition(type_), digest=digest, start=NodeId("start"), nodes={}, forms=forms
    )
    return Current(instance=instance(wait, status, digest), graph=graph, now=NOW)


def instance(wait: Wait | None, status: Status, digest: Digest) -> ProcessInstance:
    return ProcessInstance(
        tenant=MAIN_TENANT,
        id=InstanceId("ABCDEFGHIJKLMNOPQR7K2M94QX"),
        bundle=digest,
        process="sign-in",
        version=1,
        revision=3,
        status=status,
        language="en",
        node=NodeId("ask"),
        created_at=NOW,
        deadline=NOW + timedelta(hours=1),
        last_at=NOW,
        wait=wait,
        ended_at=None if wait else NOW,
    )


def landing(**token: object) -> Landing:
    given: dict[str, object] = {
        "id": "T" * 26, "name": "n", "secret_hash": "0" * 64, "prefix": "000000",
        "process": "sign-in", "not_after": NOW + timedelta(days=1),
        "created_at": NOW, "created_by": "x",
    }  # fmt: skip
    made = ProcessToken(**(given | token))  # type: ignore[arg-type]  # one value may be changed
    return Landing(token=made, definition=definition(), begin_key="bk", now=NOW)


def step(
    now: Current,
    language: str = "en",
    *,
    problems: Sequence[FieldProblem] = (),
    values: Mapping[str, JsonValue] | None = None,
    notice: Message | None = None,
    limit: TimeLimit | None = None,
    **framed: object,
) -> str:
    return pages.step(
        frame(language, **framed),
        now,
        action="/web/instances/X",
        form_token=TOKEN,
        problems=problems,
        values=values,
        notice=notice,
        limit=limit,
    )


def wrong(field: str, id: str, *, count: int | None = None, **values: str) -> FieldProblem:
    return FieldProblem(field=field, text=Message(id=id, count=count, values=values))


EVERY_PROBLEM = (
    wrong("name", "form.missing"),
    wrong("email", "form.email"),
    wrong("phone", "form.phone"),
    wrong("born", "form.date.part", label="form.date.month"),
    wrong("height", "form.number.max", max="2.5"),
    wrong("country", "form.missing.choice"),
    wrong("reach", "form.choice"),
    wrong("street", "form.short", count=3),
    wrong("member", "code.length", count=6),
    wrong("note", "form.long", count=500),
    wrong("secret", "passcode.failed"),
    wrong("agree", "form.missing.check"),
)


def every_page(language: str) -> dict[str, str]:
    """One page of every kind and state."""
    shown = {
        "landing": pages.landing(
            frame(language, path="/web/trustweb?pt=pt_x"),
            landing(),
            action="/web/trustweb?pt=pt_x",
            ready=("landing.ready.passcode", "landing.ready.phone"),
        ),
        "passcode": step(current(progress=Progress(step=1, total=2)), language, limit=DUE),
        "choose": step(current(CHOOSE, progress=Progress(step=12)), language),
        "everything": step(current(EVERYTHING), language),
        "problems": step(
            current(EVERYTHING), language, problems=EVERY_PROBLEM, values={"name": ""}
        ),
        "read only": step(
            current(EVERYTHING, read_only=True, values={"born": "1985-03-27"}), language
        ),
        "error": pages.stop(frame(language), "error", again="/", reference="0HNQ", at=NOW),
    }
    over: tuple[Status, ...] = (
        "COMPLETED_ENDED_SUCCESS", "COMPLETED_ENDED_ERROR", "COMPLETED_TERMINATED",
        "COMPLETED_PROCESS_ERROR", "REVIEW", "PAUSED",
    )  # fmt: skip
    for status in over:
        shown[status] = pages.ending(frame(language), current(None, status=status))
    for kind in pages.STOPS:
        shown[kind] = pages.stop(frame(language), kind, again="/x", at=NOW, retry_after=3)
    return shown


@dataclass(slots=True)
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    inside: list[Element] = field(default_factory=list)


class Page(HTMLParser):
    """A page taken apart: its elements in order, every one closed where it must be."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.wrong: list[str] = []
        self.feed(html)
        self.close()
        self.wrong += [f"<{element.tag}> is never closed" for element in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.wrong.append(f"an attribute stands twice: {self.get_starttag_text()}")
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        for outer in self.open:
            outer.inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            self.wrong.append(f"</{tag}> closes nothing that is open")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.strip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.elements
            if element.tag == tag and wanted.items() <= element.attributes.items()
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        (found,) = self.all(tag, **attributes)
        return found

    def by_id(self, id: str) -> Element:
        (found,) = (each for each in self.elements if each.attributes.get("id") == id)
        return found

    def words(self) -> dict[str, str]:
        """What the script may say."""
        words = self.by_id("_form").attributes["data-words"]
        return dict(json.loads(words or "{}"))
