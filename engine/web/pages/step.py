"""One step of a journey as a page: thread, notices, problems, title, time limit, form, buttons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from engine.errors import ProcessFault
from engine.model.form import CompiledForm, Form
from engine.model.instance import ProcessInstance, Wait
from engine.model.names import JsonValue
from engine.model.problem import FieldProblem, Message, Text, Words
from engine.model.screen import (
    Action,
    FormPanel,
    Panel,
    Progress,
    TextPanel,
    TimeLimit,
)
from engine.run.current import Current
from engine.web.pages.devices import WORDS, Listening, Panelled, panelled
from engine.web.pages.fields import Field, Filling, FormView, drawn_field, view
from engine.web.pages.frame import Frame, Notice, noticed, render, script_words, titled
from engine.web.pages.parts import Part, parts_of
from engine.web.texts import Speech
from engine.web.wording import WordedForm, action_text, named_in, submit_text

MOST_NODES = 8
"""Of the thread; beyond it the words say it alone."""
_EMPTY = FormView(fields=(), has_secret=False, asks_passcode=False, says_required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """The nodes of the line: `done`, `now` or plain. `open`: how many follow is not known."""

    nodes: tuple[str, ...]
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Until when, in the forms the page and its script need."""

    now: str
    due: str
    clock: Markup
    extendable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A way out besides the main button."""

    name: str
    words: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What one step shows: its form, if it has one, filled in."""

    panel: FormPanel | None
    form: Form | None
    view: FormView
    problems: tuple[Field, ...]
    notices: tuple[Notice, ...]


def step(
    frame: Frame,
    current: Current,
    *,
    action: str,
    form_token: str,
    problems: Sequence[FieldProblem] = (),
    values: Mapping[str, JsonValue] | None = None,
    notice: Message | None = None,
    limit: TimeLimit | None,
    listening: Listening | None = None,
) -> str:
    """Show the step where an instance stands.

    Args:
        frame: What the page stands in; its path is the step's own, for GET.
        current: The instance, which must wait.
        action: Where the form posts to.
        form_token: The hidden `_token`; `_step` and `_revision` are the instance's own.
        problems: What was wrong with the last answers, to be shown beside them.
        values: What was typed, component id -> text (of a date three, day first); then it alone
            fills the boxes. Secrets are emptied whatever it holds.
        notice: A sentence above the title; by default what `current` says of a late answer.
        limit: Until when the step must be answered.
        listening: What a screen that waits for a device is made with.

    Raises:
        ProcessFault: The instance waits nowhere, or shows a form its graph does not have.
    """
    say, wait = frame.speech, _wait(current.instance)
    content = _content(frame, current, wait, problems, values, notice or _late(current))
    panel = panelled(wait, current.now, listening, frame.path, say)
    heading = _heading(current, wait, content.form, panel, say)
    progress = _progress(wait.screen.progress, say.plain)
    wrong = bool(content.problems) or any(each.tone == "bad" for each in content.notices)
    main_button = Markup() if panel is not None else _main_button(content, say)
    ledes = _lede(content, problems, say) if panel is None else Markup(" ").join(panel.ledes)
    return render(
        "step.html",
        frame,
        title=titled(
            frame, f"{progress} \N{EN DASH} {heading}" if progress else heading, wrong=wrong
        ),
        heading=heading,
        lede=ledes,
        progress=_progress(wait.screen.progress, say),
        thread=_thread(wait.screen.progress),
        notices=content.notices,
        summary=content.problems,
        limit=None if panel is not None else _limit(limit, current, say),
        fields=[drawn_field(field, say) for field in content.view.fields]
        + ([] if panel is None else [panel.markup]),
        listening=listening,
        panelled=panel is not None,
        main_button=main_button,
        actions=_actions(wait.screen.actions, content.form, say),
        link=wait.screen.redirect.url if wait.screen.redirect is not None else None,
        forgotten=content.view.asks_passcode and not _offers(wait.screen.actions, "forgot"),
        action=action,
        step=wait.step,
        revision=current.instance.revision,
        form_token=form_token,
        words=_words(content.view, limit, panel, say),
    )


def _wait(instance: ProcessInstance) -> Wait:
    if instance.asked is None:
        raise ProcessFault(instance=instance.id, missing="wait")
    return instance.asked


def _late(current: Current) -> Message | None:
    if current.still_checking:
        return Message(id="again.busy")
    return Message(id="again.notice") if current.already_answered else None


def _content(
    frame: Frame,
    current: Current,
    wait: Wait,
    problems: Sequence[FieldProblem],
    values: Mapping[str, JsonValue] | None,
    notice: Message | None,
) -> _Content:
    panel = wait.screen.form
    form = _compiled(current, panel).form if panel is not None else None
    shown = _EMPTY
    if panel is not None and form is not None:
        parts = parts_of(WordedForm(current.graph.digest, panel.form, frame.speech, form))
        filling = Filling(panel=panel, typed=values, problems=_worded(form, problems, frame.speech))
        shown = view(parts, filling, frame.speech)
    named = tuple(field for field in shown.fields if field.problem is not None)
    return _Content(
        panel=panel,
        form=form,
        view=shown,
        problems=named,
        notices=tuple(_notices(frame, wait.screen.panels, notice, _unnamed(problems, shown))),
    )


def _compiled(current: Current, panel: FormPanel) -> CompiledForm:
    form = current.graph.forms.get(panel.form)
    if form is None:
        raise ProcessFault(form=panel.form.name, version=panel.form.version)
    return form


def _worded(form: Form, problems: Sequence[FieldProblem], say: Speech) -> dict[str, Markup]:
    """Word the first problem of each field, in its own words for `{label}` and `{example}`."""
    worded: dict[str, Markup] = {}
    parts = {part.id: part for part in form.components}
    for problem in problems:
        part = parts.get(problem.field)
        if part is not None and problem.field not in worded:
            worded[part.id] = say.text(problem.text, **named_in(part, say))
    return worded


def _unnamed(problems: Sequence[FieldProblem], shown: FormView) -> list[FieldProblem]:
    return [problem for problem in problems if shown.named(problem.field) is None]


def _notices(
    frame: Frame, panels: Iterable[Panel], notice: Message | None, problems: Iterable[FieldProblem]
) -> Iterable[Notice]:
    if notice is not None:
        yield noticed(frame, notice)
    for problem in problems:
        yield noticed(frame, problem.text, "error")
    for panel in panels:
        if isinstance(panel, TextPanel):
            yield noticed(frame, panel.text, panel.kind)


def _heading(
    current: Current, wait: Wait, form: Form | None, panel: Panelled | None, say: Speech
) -> str:
    """Choose the title: the screen's, the panel's, the form's, the journey's."""
    text = wait.screen.title or (None if panel is None else panel.heading)
    own = say.plain_text(text) if text is not None else ""
    return own or (say.pick(form.title) if form else "") or say.pick(current.graph.definition.title)


def _lede(content: _Content, problems: Sequence[FieldProblem], say: Speech) -> Markup:
    told: list[str] = [say.pick(content.form.subtitle)] if content.form else []
    if content.view.says_required:
        told.append(say("form.required"))
    if _emptied(content.view, problems):
        told.append(say("passcode.emptied"))
    return Markup(" ").join(each for each in told if each)


def _emptied(shown: FormView, problems: Sequence[FieldProblem]) -> bool:
    """Whether a secret may have been typed and is gone: not where every one was found missing."""
    told = {problem.field: problem.text for problem in problems}
    secrets = (field.part for field in shown.fields if field.part.kind == "secret")
    return bool(told) and any(not _is_missing(told.get(part.id), part) for part in secrets)


def _is_missing(text: Text | None, part: Part) -> bool:
    match text:
        case Message(id=id_):
            return id_.endswith("missing")
        case Words(values=words):
            return words == part.component.missing
        case None:
            return False


def _progress(progress: Progress | None, say: Callable[..., str]) -> str:
    if progress is None or progress.total == 1:  # of one step there is nothing to count
        return ""
    if progress.total is None:
        return say("frame.step", n=progress.step)
    return say("frame.step.of", n=progress.step, m=progress.total)


def _thread(progress: Progress | None) -> Thread | None:
    """Draw the line, as long as it is short enough to be read at a glance."""
    if progress is None:
        return Thread(nodes=("now",), open=True)
    last = progress.total or progress.step
    if last > MOST_NODES:
        return None
    before, behind = progress.step - 1, last - progress.step
    nodes = ("done",) * before + ("now",) + ("",) * behind
    return Thread(nodes=nodes, open=progress.total is None)


def _limit(limit: TimeLimit | None, current: Current, say: Speech) -> Limit | None:
    if limit is None:
        return None
    return Limit(
        now=current.now.isoformat(timespec="milliseconds"),
        due=limit.due.isoformat(timespec="milliseconds"),
        clock=say.clock(limit.due),
        extendable=limit.extendable,
    )


def _main_button(content: _Content, say: Speech) -> Markup:
    """Word the filled button, `""` where the screen hides its buttons."""
    if content.panel is not None and content.panel.hide_buttons:
        return Markup()
    return say.text(submit_text(content.form, say))


def _actions(actions: Sequence[Action], form: Form | None, say: Speech) -> tuple[Button, ...]:
    return tuple(
        Button(name=action.name, words=say.text(action_text(action, form, say)))
        for action in actions
    )


def _offers(actions: Sequence[Action], name: str) -> bool:
    return any(action.name == name for action in actions)


def _words(shown: FormView, limit: TimeLimit | None, panel: Panelled | None, say: Speech) -> str:
    ids = ["frame.sending", "say.sending"]
    if shown.has_secret:
        ids += ["passcode.shown", "passcode.hidden", "passcode.count"]
    if panel is not None:
        ids += WORDS
    elif limit is not None:
        ids += ["limit.soon.minute", "limit.soon.seconds", "limit.over.title"]
    return script_words(say, *ids)
