"""Waits: an activity's panels become a step's page, with title, words, buttons and times."""

from __future__ import annotations

from datetime import timedelta
from re import Match
from typing import Final

from msgspec.structs import replace

from engine.interpret import checks
from engine.interpret.submission import kept
from engine.model.event import Finished, Shown
from engine.model.form import PUT_IN, CompiledForm
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import STATUS_OF, Awaited, KeySlot, ProcessInstance, Wait
from engine.model.names import FORM_DATA, JsonObject, JsonValue
from engine.model.problem import Text, Words
from engine.model.screen import Action, FormPanel, Panel, Progress, RedirectPanel, Screen

WORKING: Final = "working"
"""Step and screen of a page that goes on by itself."""


def waits(
    graph: ProcessGraph,
    node: ActivityNode,
    instance: ProcessInstance,
    event: Finished,
    shown: Shown,
) -> ProcessInstance:
    """Let the instance stand still at `node`. The timer starts with this commit."""
    length = node.timeout.after if node.timeout is not None else None
    awaits: Awaited = "answer" if shown.asks else node.signature.awaits
    screen = _page(graph, node, instance, shown.screen)
    asks = awaits in ("answer", "signal")
    wait = Wait(
        node=node.id,
        visit=event.visit,
        screen=screen if asks else _leading_on(screen, instance.leads_to),
        since=event.at,
        awaits=awaits,
        key=shown.wait_key,
        due=event.at + length if length is not None else None,
        expires=shown.expires,
        length_seconds=(length or timedelta()).total_seconds(),
    )
    keys = _revalued(node, instance, shown) if shown.keys else instance.keys
    left = instance.left if instance.left == node.id else None
    return replace(
        instance,
        status=STATUS_OF[awaits],
        wait=wait,
        keys=keys,
        checks=checks.shown(node, instance, event.at),
        notices=(),
        left=left,
        leads_to=instance.leads_to if asks else None,
        pending=None,
        last_at=event.at,
        rested=None,
    )


def stands(
    graph: ProcessGraph, node: ActivityNode, instance: ProcessInstance, event: Finished
) -> ProcessInstance:
    """Let the instance stand still at `node` until the result of what it handed over is there."""
    nothing_asked = Shown(screen=Screen(step_id=WORKING, screen_id=WORKING, screens=(WORKING,)))
    return waits(graph, node, instance, event, nothing_asked)


def _leading_on(screen: Screen, url: str | None) -> Screen:
    """Let a page that asks nothing lead the person on."""
    return (
        screen if url is None else replace(screen, panels=(*screen.panels, RedirectPanel(url=url)))
    )


def _revalued(node: ActivityNode, instance: ProcessInstance, shown: Shown) -> dict[str, KeySlot]:
    """Give slots their new values; a page that is shown changes no state."""
    named = {node.slots[input]: value for input, value in shown.keys.items()}
    return {
        name: replace(slot, value=named.get(name, slot.value))
        for name, slot in instance.keys.items()
    }


def _page(
    graph: ProcessGraph, node: ActivityNode, instance: ProcessInstance, screen: Screen
) -> Screen:
    step = graph.steps.get(node.id)
    panels: tuple[Panel, ...] = tuple(
        _filled(graph, node, instance, panel) if isinstance(panel, FormPanel) else panel
        for panel in screen.panels
    )
    return replace(
        screen,
        title=screen.title or _title(graph, screen),
        panels=instance.notices + panels,
        actions=screen.actions + _buttons(node, instance),
        progress=Progress(step=step[0], total=step[1]) if step is not None else None,
    )


def _title(graph: ProcessGraph, screen: Screen) -> Text | None:
    form = graph.forms.get(screen.form.form) if screen.form is not None else None
    return Words(values=form.form.title) if form is not None and form.form.title else None


def _buttons(node: ActivityNode, instance: ProcessInstance) -> tuple[Action, ...]:
    """Offer each button until it was pressed as often as it may be."""
    return tuple(
        Action(name=name, label=action.label)
        for name, action in node.actions.items()
        if instance.presses.get(f"{node.id}/{name}", 0) < action.limit
    )


def _filled(
    graph: ProcessGraph, node: ActivityNode, instance: ProcessInstance, panel: FormPanel
) -> FormPanel:
    """Show earlier answers of this form, else its defaults; secrets never."""
    form: CompiledForm = graph.forms[panel.form]
    data = instance.variables.get(FORM_DATA)
    earlier = data.get(panel.form_data_key) if isinstance(data, dict) else None
    answers = earlier if isinstance(earlier, dict) else {}
    values = {
        part.id: answers[part.id]
        if part.id in answers
        else _prefilled(part.default, node, instance)
        for part in form.shown
        if part.id in answers or part.default
    }
    if not values:
        return _without_untaken(panel, form)
    return _without_untaken(replace(panel, values={**values, **panel.values}), form)


def _without_untaken(panel: FormPanel, form: CompiledForm) -> FormPanel:
    """Leave out what a read-only part would show and not record: both are always the same."""
    untaken = {
        part.id
        for part in (form.inputs if panel.read_only else form.fixed)
        if part.id in panel.values and kept(panel, form, part) is None
    }
    if not untaken:
        return panel
    values = {id: value for id, value in panel.values.items() if id not in untaken}
    return replace(panel, values=values)


def _prefilled(default: str, node: ActivityNode, instance: ProcessInstance) -> str:
    def read(found: Match[str]) -> str:
        path = node.puts_in.get(found[1]) or tuple(found[1].split("."))
        return _text(_at(instance.variables, path))

    return PUT_IN.sub(read, default)


def _at(variables: JsonObject, path: tuple[str, ...]) -> JsonValue:
    found: JsonValue = variables
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, dict | list) else str(value)
