"""The parts of a form as JSON for apps: written once in each language, cut where a value goes.

What only a request can tell - values, bounds, answers, read only - is put in when it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from msgspec import Raw
from msgspec.json import encode

from engine.model.form import INPUT_TYPES, SECRET_TYPES, Component, Limits, Option
from engine.model.names import JsonObject, JsonValue
from engine.model.screen import FormPanel
from engine.web.texts import Speech
from engine.web.wording import WordedForm

_NOTHING: Final[tuple[JsonValue, ...]] = (None, "", [])
_SHOWN: Final = INPUT_TYPES - SECRET_TYPES
"""Types of parts whose value may be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One part as JSON: whole, without a value, and the two sides of one."""

    component: Component
    whole: bytes
    before: bytes
    after: bytes


def components_json(worded: WordedForm, panel: FormPanel) -> Raw:
    """Describe the parts of a form, in order; what does not apply to a part is left out."""
    told = [_told(part, panel, worded.speech) for part in _parts(worded)]
    return Raw(b"[" + b",".join(told) + b"]")


def _told(part: _Part, panel: FormPanel, say: Speech) -> bytes:
    component = part.component
    bounds = (panel.limits, panel.options, panel.same)
    if panel.read_only or any(component.id in known for known in bounds):
        part = _part(component, panel, say)
    value = panel.values.get(component.id)
    if value in _NOTHING or component.type not in _SHOWN:
        return part.whole
    return part.before + encode(value) + part.after


@lru_cache(maxsize=256)
def _parts(worded: WordedForm) -> tuple[_Part, ...]:
    """Write the parts as a panel shows them that bounds nothing; they never change."""
    panel = FormPanel(form=worded.ref, form_data_key="")
    return tuple(_part(each, panel, worded.speech) for each in worded.form.components)


def _part(component: Component, panel: FormPanel, say: Speech) -> _Part:
    described = _words(component, say)
    options: JsonObject = {}
    if component.type in INPUT_TYPES:
        described |= _bounds(component, panel)
        options["options"] = _options(panel.options.get(component.id, component.options), say)
    head, tail = _members(described), _members(options)
    return _Part(
        component=component,
        whole=b"{" + b",".join(filter(None, (head, tail))) + b"}",
        before=b"{" + head + b',"value":',
        after=b"".join((b"," if tail else b"", tail, b"}")),
    )


def _members(told: JsonObject) -> bytes:
    """Write what applies, without the braces."""
    return encode({name: value for name, value in told.items() if value not in _NOTHING})[1:-1]


def _words(component: Component, say: Speech) -> JsonObject:
    return {
        "id": component.id,
        "type": component.type,
        "label": say.pick(component.label),
        "hint": say.pick(component.hint),
        "text": say.pick(component.text),
        "alt": say.pick(component.alt),
        "source": component.source,
        "subtype": component.subtype if component.type == "notification" else None,
        "visibleWhen": component.visible_when,
    }


def _bounds(component: Component, panel: FormPanel) -> JsonObject:
    limits = panel.limits.get(component.id, Limits())
    return {
        "required": component.required,
        "readOnly": component.read_only or panel.read_only,
        "minLength": limits.min_length or component.min_length,
        "maxLength": limits.max_length or component.max_length,
        "characters": None if limits.characters == "ANY" else limits.characters,
        "sameAs": panel.same.get(component.id),
        "min": component.min,
        "max": component.max,
        "whole": component.whole or None,
        "pattern": component.pattern,
        "example": component.example,
        "autocomplete": component.autocomplete,
    }


def _options(options: Sequence[Option], say: Speech) -> list[JsonValue]:
    return [{"value": each.value, "label": say.pick(each.label) or each.value} for each in options]
