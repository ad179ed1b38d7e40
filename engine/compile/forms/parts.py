"""Form JSON that has the right shape, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from engine.model.form import Component, Form, Option
from engine.model.names import JsonObject, JsonValue, Localised


def form_of(name: str, version: int, written: JsonObject) -> Form:
    """Make the form from its JSON; what visual editors leave behind is dropped."""
    components = cast("list[JsonObject]", written["components"])
    actions = cast("dict[str, JsonObject]", written.get("actions", {}))
    return Form(
        name=name,
        version=version,
        title=_words(written.get("title")),
        subtitle=_words(written.get("subtitle")),
        components=tuple(_component(component) for component in components),
        submit=_words(written.get("submitButton")),
        actions={action: _words(words) for action, words in actions.items()},
    )


_PLAIN: Mapping[str, str] = {
    "id": "id", "type": "type", "default": "default", "readOnly": "read_only",
    "transient": "transient", "autocomplete": "autocomplete", "visibleWhen": "visible_when",
    "defaultCountry": "default_country", "dateOrder": "date_order", "src": "source",
    "subtype": "subtype", "subType": "subtype", "closeButton": "close_button",
    "setTimer": "set_timer",
}  # fmt: skip
_WORDS: Mapping[str, str] = {"label": "label", "hint": "hint", "alt": "alt"}
_VALIDATE: Mapping[str, str] = {
    "required": "required", "whole": "whole", "pattern": "pattern", "example": "example",
}  # fmt: skip
_VALIDATE_WORDS: Mapping[str, str] = {
    "missingMessage": "missing", "invalidMessage": "invalid",
    "invalidLengthMessage": "invalid_length",
}  # fmt: skip


def _component(written: JsonObject) -> Component:
    validate = cast("JsonObject", written.get("validate", {}))
    fields: dict[str, object] = {
        **_taken(written, _PLAIN),
        **{field: _words(written.get(key)) for key, field in _WORDS.items()},
        **_taken(validate, _VALIDATE),
        **{field: _words(validate.get(key)) for key, field in _VALIDATE_WORDS.items()},
        "min_length": _length(validate.get("minLength")),
        "max_length": _length(validate.get("maxLength")),
        "min": _bound(validate.get("min")),
        "max": _bound(validate.get("max")),
        "text": _texts(written.get("values")),
        "width": _pixels(written.get("width")),
        "options": tuple(_option(option) for option in _objects(written.get("options"))),
    }
    return Component(**fields)  # type: ignore[arg-type]  # the schema has looked at every value


def _taken(written: JsonObject, names: Mapping[str, str]) -> dict[str, object]:
    return {field: written[key] for key, field in names.items() if key in written}


def _objects(written: JsonValue) -> list[JsonObject]:
    return cast("list[JsonObject]", written or [])


def _option(written: JsonObject) -> Option:
    return Option(value=str(written["value"]), label=_words(written["label"]))


def _words(written: JsonValue) -> Localised:
    return _texts(cast("JsonObject", written).get("values")) if written else {}


def _texts(written: JsonValue) -> Localised:
    """Give texts by language; one without any letter is none."""
    texts = cast("dict[str, str]", written or {})
    return dict(texts) if any(text.strip() for text in texts.values()) else {}


def _length(written: JsonValue) -> int | None:
    return int(written) if isinstance(written, int | float) else None


def _bound(written: JsonValue) -> str | None:
    if isinstance(written, float) and written.is_integer():
        written = int(written)
    return str(written) if written not in (None, "") else None


def _pixels(written: JsonValue) -> int | None:
    if written is None:
        return None
    return int(str(written).removesuffix("px").removesuffix(".0"))
