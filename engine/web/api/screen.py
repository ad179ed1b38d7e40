"""A screen as JSON for apps: words, fields, bounds and buttons, in the person's language."""

from __future__ import annotations

from engine.model.form import Component, Form
from engine.model.problem import FieldProblem
from engine.model.screen import (
    DEVICE_ANSWERS,
    DevicePanel,
    FormPanel,
    LivePanel,
    Panel,
    RedirectPanel,
    Screen,
    TextPanel,
)
from engine.run.current import Current, Invalid, time_limit
from engine.web.api.components import components_json
from engine.web.api.frame.values import moment
from engine.web.pages import Listening
from engine.web.request import WebConfig
from engine.web.texts import Speech, speech
from engine.web.wording import WordedForm, action_text, named_in, submit_text

Shown = dict[str, object]
"""An object to be written as JSON, some of whose values have been (`msgspec.Raw`)."""


def speech_of(current: Current, config: WebConfig) -> Speech:
    """Give the speaker of an instance's language."""
    languages = current.graph.definition.languages
    return speech(current.instance.language, config.app_name, languages[0])


def screen_json(current: Current, config: WebConfig, heard: Listening | None = None) -> Shown:
    """Describe where an instance stands.

    Args:
        current: The instance.
        config: How the surface is set up.
        heard: What a screen that waits for a device is made with.

    Returns:
        `processInstanceId`, `status`, `language`, `revision`, `stepKey` (None once nothing waits),
        and of the screen `stepId`, `screenId`, `screens`, `title`, `progress`, `panels`, `actions`;
        `due` (ISO 8601) and `extendable` of a step that waits.
    """
    instance, say = current.instance, speech_of(current, config)
    shown: Shown = {
        "processInstanceId": instance.id,
        "status": instance.status,
        "language": instance.language,
        "revision": instance.revision,
        "stepKey": instance.step,
    }
    if instance.screen is not None:
        shown |= _screen(current, instance.screen, say)
        shown["panels"] = [
            _panel(current, panel, say, heard, config) for panel in instance.screen.panels
        ]
    limit = time_limit(current)
    if limit is not None:
        shown |= {
            "due": moment(limit.due),
            "extendable": limit.extendable,
        }
    return shown


def problems_json(found: Invalid, config: WebConfig) -> list[dict[str, str]]:
    """Say per field how to make it right: `field` (empty for the whole form) and `message`."""
    say = speech_of(found.current, config)
    parts = {part.id: part for part in _parts(found.current)}
    return [
        {"field": problem.field, "message": _worded(problem, parts.get(problem.field), say)}
        for problem in found.problems
    ]


def _parts(current: Current) -> tuple[Component, ...]:
    screen = current.instance.screen
    panel = screen.form if screen is not None else None
    return _form(current, panel).components if panel is not None else ()


def _worded(problem: FieldProblem, part: Component | None, say: Speech) -> str:
    return say.plain_text(problem.text, **(named_in(part, say) if part is not None else {}))


def _screen(current: Current, screen: Screen, say: Speech) -> Shown:
    asked, progress = screen.form, screen.progress
    form = _form(current, asked) if asked is not None else None
    return {
        "stepId": screen.step_id,
        "screenId": screen.screen_id,
        "screens": list(screen.screens),
        "title": say.plain_text(screen.title) if screen.title is not None else None,
        "progress": {"step": progress.step, "total": progress.total} if progress else None,
        "actions": [
            {"name": action.name, "label": say.plain_text(action_text(action, form, say))}
            for action in screen.actions
        ],
    }


def _form(current: Current, panel: FormPanel) -> Form:
    return current.graph.forms[panel.form].form


def _panel(
    current: Current, panel: Panel, say: Speech, heard: Listening | None, config: WebConfig
) -> Shown:
    match panel:
        case LivePanel():
            return _live(panel, heard, config)
        case DevicePanel():
            return {
                "type": "device",
                "device": panel.device,
                "answers": {"device": list(DEVICE_ANSWERS)},
                "endsAt": moment(panel.ends_at),
            }
        case TextPanel():
            return {"type": "text", "kind": panel.kind, "text": say.plain_text(panel.text)}
        case RedirectPanel():
            return {"type": "redirect", "url": panel.url, "afterSeconds": panel.after_seconds}
        case FormPanel():
            form = _form(current, panel)
            return {
                "type": "form",
                "form": {"name": panel.form.name, "version": panel.form.version},
                "formDataKey": panel.form_data_key,
                "subtitle": say.pick(form.subtitle),
                "submit": say.plain_text(submit_text(form, say)),
                "hideButtons": panel.hide_buttons,
                "components": components_json(
                    WordedForm(current.graph.digest, panel.form, say, form), panel
                ),
            }


def _live(panel: LivePanel, heard: Listening | None, config: WebConfig) -> Shown:
    """Give what an app listens with, by rtas-ui or any client of SignalR, and what it shows."""
    return {
        "type": "live",
        "flow": panel.flow,
        "link": None if heard is None else heard.link,
        "hub": None if heard is None else f"{config.origin}{heard.hub}",
        "token": None if heard is None else heard.token,
        "endsAt": moment(panel.ends_at),
        "action": panel.action,
        "message": panel.message,
        "parameters": panel.parameters,
    }
