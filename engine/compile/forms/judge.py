"""The rules of a form that a schema cannot say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import cast

from engine.compile.findings import Findings
from engine.compile.forms.fields import field_check
from engine.compile.forms.patterns import compiled, matches
from engine.compile.reading.document import Document, Spot, Step, Written
from engine.model.form import INPUT_TYPES, PUT_IN, SECRET_TYPES, Component, Form, Refused
from engine.model.names import Localised

_READING = frozenset({"paragraph", "notification", "image"})
_BELONGS: Mapping[str, frozenset[str]] = {
    "hint": INPUT_TYPES,
    "default": INPUT_TYPES,
    "readOnly": INPUT_TYPES - SECRET_TYPES,
    "transient": INPUT_TYPES,
    "validate": INPUT_TYPES,
    "autocomplete": INPUT_TYPES - {"checkbox", "radio"},
    "values": _READING,
    "options": frozenset({"select", "radio"}),
    "defaultCountry": frozenset({"phone"}),
    "dateOrder": frozenset({"date"}),
    "src": frozenset({"image"}),
    "alt": frozenset({"image"}),
    "width": frozenset({"image"}),
    "fileType": frozenset({"image"}),
    "subtype": frozenset({"notification"}),
    "subType": frozenset({"notification"}),
    "closeButton": frozenset({"notification"}),
    "setTimer": frozenset({"notification"}),
}
_WRITTEN = frozenset({"text", "password", "email", "phone", "code"})
_VALIDATED: Mapping[str, frozenset[str]] = {
    "minLength": _WRITTEN,
    "maxLength": _WRITTEN,
    "invalidLengthMessage": _WRITTEN,
    "pattern": _WRITTEN - {"code"},
    "example": _WRITTEN - SECRET_TYPES,
    "min": frozenset({"number", "date"}),
    "max": frozenset({"number", "date"}),
    "whole": frozenset({"number"}),
    "invalidMessage": INPUT_TYPES - {"checkbox"},
}
"""Property -> the types of component that it means something for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """A path into process variables that a default names."""

    path: str
    written: Written
    offset: int
    key: str


def components(form: Form, findings: Findings) -> None:
    """Note what is wrong with each component by itself, and ids that stand twice."""
    seen: dict[str, Spot] = {}
    for position, component in enumerate(form.components):
        written = findings.document.find(["components", position])
        spot = written.entries["id"].spot
        if component.id in seen:
            line, column = seen[component.id]
            findings.add(
                "F101", spot, f"another component is called `{component.id}`",
                f"give each its own id; the first is at {line}:{column}",
                key=f"components.{position}.id", also=[seen[component.id]],
            )  # fmt: skip
        seen.setdefault(component.id, spot)
        for rule in _RULES:
            rule(component, written, position, findings)


def _labelled(component: Component, written: Written, position: int, findings: Findings) -> None:
    if component.type in INPUT_TYPES and not component.label:
        findings.add(
            "F103", written.entries["id"].spot, f"the question `{component.id}` has no label",
            'write "label": {"values": {...}}', key=f"components.{position}.label",
        )  # fmt: skip


def _belonging(component: Component, written: Written, position: int, findings: Findings) -> None:
    validate = written.entries.get("validate")
    places = [(written, _BELONGS, ""), *([(validate, _VALIDATED, "validate.")] if validate else [])]
    for place, table, prefix in places:
        if prefix and component.type not in INPUT_TYPES:
            continue
        for name, spot in place.keys.items():
            if component.type in table.get(name, {component.type}) or _is_idle(place, name):
                continue
            types = ", ".join(sorted(table[name]))
            findings.add(
                "F104", spot, f"`{name}` means nothing for the type {component.type}",
                f"remove it; it belongs to: {types}", key=f"components.{position}.{prefix}{name}",
            )  # fmt: skip


def _is_idle(place: Written, name: str) -> bool:
    """Say whether a property holds what visual editors write everywhere."""
    return place.entries[name].value in ("", False, {})


def _patterned(component: Component, written: Written, position: int, findings: Findings) -> None:
    if component.pattern is None or component.type not in _VALIDATED["pattern"]:
        return
    steps: list[Step] = ["validate", "pattern"]
    place = _under(written, steps)
    key = f"components.{position}.validate.pattern"
    try:
        compiled(component.pattern)
    except ValueError:
        findings.add(
            "F102", place.spot, "this pattern is no regular expression that RE2 takes",
            "write it without lookaround, backreferences and possessive signs, and close every "
            "bracket", key=key,
        )  # fmt: skip
        return
    if component.example is not None and not matches(component.pattern, component.example):
        example = _under(written, ["validate", "example"])
        findings.add(
            "F106", example.spot, "the example does not match the pattern",
            "write an answer that is accepted", key=f"components.{position}.validate.example",
        )  # fmt: skip


def _under(written: Written, steps: Sequence[Step]) -> Written:
    for step in steps:
        written = written.items[step] if isinstance(step, int) else written.entries[step]
    return written


def _optioned(component: Component, written: Written, position: int, findings: Findings) -> None:
    seen: set[str] = set()
    for number, option in enumerate(component.options):
        if option.value in seen:
            place = _under(written, ["options", number, "value"])
            findings.add(
                "F105", place.spot, "another option has this value", "give each its own value",
                key=f"components.{position}.options.{number}.value",
            )  # fmt: skip
        seen.add(option.value)


def _bounded(component: Component, written: Written, position: int, findings: Findings) -> None:
    key = f"components.{position}.validate."
    low, high = component.min_length, component.max_length
    if low is not None and high is not None and low > high:
        spot = _under(written, ["validate", "minLength"]).spot
        findings.add(
            "F106", spot, "the shortest length is above the longest", "exchange the two",
            key=f"{key}minLength",
        )  # fmt: skip
    if component.type not in ("number", "date"):
        return
    bounds = {}
    for name, text in (("min", component.min), ("max", component.max)):
        if text is None:
            continue
        bounds[name] = _bound(component, text)
        if bounds[name] is None:
            what = "a number" if component.type == "number" else "a date such as 2026-01-31"
            findings.add(
                "F106", _under(written, ["validate", name]).spot,
                f"`{name}` is not written as a {component.type}", f"write {what}", key=key + name,
            )  # fmt: skip
    lowest, highest = bounds.get("min"), bounds.get("max")
    if lowest is not None and highest is not None and lowest > highest:
        spot = _under(written, ["validate", "min"]).spot
        findings.add("F106", spot, "`min` is above `max`", "exchange the two", key=f"{key}min")


def _bound(component: Component, text: str) -> Decimal | None:
    """Read a bound as something that can be compared with its fellow."""
    try:
        if component.type == "date":
            return Decimal(date.fromisoformat(text).toordinal()) if len(text) == 10 else None
        number = Decimal(text)
    except (ValueError, InvalidOperation):
        return None
    return number if number.is_finite() else None


_RULES: tuple[Callable[[Component, Written, int, Findings], None], ...] = (
    _labelled, _belonging, _patterned, _optioned, _bounded,
)  # fmt: skip


def defaults(form: Form, findings: Findings) -> tuple[Default, ...]:
    """Note defaults that cannot stand; give the paths that the others put in."""
    found: list[Default] = []
    for position, component in enumerate(form.components):
        if not component.default:
            continue
        key = f"components.{position}.default"
        written = findings.document.find(["components", position, "default"])
        wrong = None if findings.has_errors else _wrong_default(component)
        if wrong:
            findings.add("F107", written.spot, *wrong, key=key)
            continue
        found += [
            Default(path=put[1], written=written, offset=put.start(1), key=key)
            for put in PUT_IN.finditer(component.default)
        ]
    return tuple(found)


def _wrong_default(component: Component) -> tuple[str, str] | None:
    if component.type in SECRET_TYPES:
        return "a secret has no default", "remove it"
    literal = PUT_IN.sub("", component.default)
    if "{{" in literal or "}}" in literal:
        return "only {{processvar.<path>}} can stand in a default", "write it like this"
    if literal != component.default or component.type not in INPUT_TYPES:
        return None
    sent = field_check(component)([component.default], None, component.options)
    if isinstance(sent, Refused):
        return "this default is an answer that is not accepted", "write one that is"
    return None


def texts(document: Document) -> tuple[tuple[Spot, Localised], ...]:
    """List every localised text of a form, and where it begins."""
    return tuple(_texts(document.root))


def _texts(written: Written) -> Iterator[tuple[Spot, Localised]]:
    for name, inner in written.entries.items():
        if name == "values":
            words = cast("Localised", inner.value)
            if any(text.strip() for text in words.values()):
                yield inner.spot, words
        elif name not in ("validate", "label") or inner.entries:
            yield from _texts(inner)
    for item in written.items:
        yield from _texts(item)
