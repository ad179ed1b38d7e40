"""The inputs of one node: known, complete, of the right type; keys as names of slots."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import timedelta

from engine.compile.durations import duration
from engine.compile.findings import Findings
from engine.compile.linking.literals import fits, wanted
from engine.compile.linking.site import Entries, Formula, Given, Site
from engine.compile.reading.document import Written
from engine.expressions import EnumOf, MapOf, Mixed, Type, Whole, parse_template
from engine.model.names import FORM_DATA, INIT_VARS, JsonValue
from engine.model.signature import Input, Signature

_SLOT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
RESERVED = frozenset({INIT_VARS, FORM_DATA, "errorCode", "errorMessage", "execution"})


Inputs = Mapping[str, Given]
"""Input -> what is given: a value, an expression, or a mapping of them."""


def link_inputs(site: Site, declared: Mapping[str, Input], findings: Findings) -> Inputs:
    """Look at what the node gives to its activity, and fill in what it leaves out."""
    written = site.written.entries.get("inputs")
    given = written.entries if written else {}
    slips = _unknown(site, given, declared, findings)
    _lacking(site, given, declared, findings, slips=slips)
    inputs: dict[str, Given] = {
        name: one.default for name, one in declared.items() if one.default is not None
    }
    for name, value in given.items():
        if name in declared:
            linked = _given(site, declared[name], value, findings)
            if linked is not None:
                inputs[name] = linked
    return inputs


def link_slots(
    site: Site, signature: Signature, inputs: Inputs, findings: Findings
) -> Mapping[str, str]:
    """Give the slot that each key input names."""
    slots = {use.input: str(inputs[use.input]) for use in signature.keys if use.input in inputs}
    for name, slot in slots.items():
        if not _SLOT.fullmatch(slot) or slot in RESERVED:
            findings.add(
                "L112", site.value_spot("inputs", name), f"`{name}` must be the name of a key",
                "a letter or _, then letters, digits and _, and no name of the engine's own",
                key=site.path("inputs", name),
            )  # fmt: skip
    return slots


def _unknown(
    site: Site, given: Mapping[str, Written], declared: Mapping[str, Input], findings: Findings
) -> Collection[str]:
    """Note inputs that are not known; give those that were probably meant by them."""
    meant: set[str] = set()
    known = ", ".join(sorted(declared)) or "none at all"
    for name in given:
        if name in declared:
            continue
        near = findings.nearest(name, declared)
        meant.update([near] if near else [])
        findings.add(
            "L103", site.spot_of("inputs", name), f"{site.name_of_activity} has no input `{name}`",
            f"its inputs are: {known}", key=site.path("inputs", name), nearest=near,
        )  # fmt: skip
    return meant


def _lacking(
    site: Site, given: Mapping[str, Written], declared: Mapping[str, Input], findings: Findings,
    *, slips: Collection[str],
) -> None:  # fmt: skip
    for name, one in declared.items():
        if one.required and one.default is None and name not in given and name not in slips:
            findings.add(
                "L104", site.spot_of("inputs"), f"{site.name_of_activity} needs the input `{name}`",
                f"write `{name}:` under inputs ({wanted(one.type)})", key=site.path("inputs", name),
            )  # fmt: skip


def _given(site: Site, declared: Input, written: Written, findings: Findings) -> Given:
    """Link one value; None where it is wrong."""
    key = site.path("inputs", declared.name)
    value = written.value
    if isinstance(value, str) and "${" in value:
        return _expression(declared, written, key, findings)
    if isinstance(declared.type, MapOf) and isinstance(value, dict) and not declared.literal:
        return _entries(declared.type.value, written, key, findings)
    if _holds_expression(value):
        message = "an expression stands inside a list or mapping"
        findings.add(
            "L112", written.spot, message, 'write the whole value as one "${...}"', key=key
        )
        return None
    return value if _is_fitting(declared, written, key, findings) else None


def _entries(item: Type, written: Written, key: str, findings: Findings) -> Entries | None:
    """Link a mapping value by value; None where one of them is wrong."""
    linked: dict[str, JsonValue | Formula] = {}
    for name, one in written.entries.items():
        path = f"{key}.{name}"
        if isinstance(one.value, str) and "${" in one.value:
            found = formula(one, path, findings, expected=item, optional=True)
            if found is not None:
                linked[name] = found
        elif fits(one.value, item):
            linked[name] = one.value
        else:
            message = f"`{name}` has not the type it must have"
            findings.add("L112", one.spot, message, f"expected: {wanted(item)}", key=path)
    return Entries(values=linked) if len(linked) == len(written.entries) else None


def _expression(declared: Input, written: Written, key: str, findings: Findings) -> Formula | None:
    if declared.literal or declared.refers:
        message = f"`{declared.name}` names something that must be known before anything runs"
        findings.add("L111", written.spot, message, "write the name out, without ${...}", key=key)
        return None
    optional = not declared.required and declared.default is None
    return formula(written, key, findings, expected=declared.type, optional=optional)


def formula(
    written: Written,
    key: str,
    findings: Findings,
    *,
    expected: Type | None = None,
    optional: bool = False,
) -> Formula | None:
    """Parse a text with `${...}` in it; None, and its problems, if it cannot be parsed."""
    read = parse_template(str(written.value))
    if isinstance(read, Whole | Mixed):
        whole = isinstance(read, Whole)
        return Formula(
            tree=read.tree,
            written=written,
            key=key,
            is_whole=whole,
            expected=expected,
            optional=optional and whole,
        )
    if isinstance(read, tuple):
        findings.expression(written, read, key=key)
    return None


def _holds_expression(value: JsonValue) -> bool:
    if isinstance(value, list):
        return any(_holds_expression(item) for item in value)
    if isinstance(value, dict):
        return any(_holds_expression(item) for item in value.values())
    return isinstance(value, str) and "${" in value


def _is_fitting(declared: Input, written: Written, key: str, findings: Findings) -> bool:
    value = written.value
    choices = declared.type.values if isinstance(declared.type, EnumOf) else declared.choices
    if choices and isinstance(value, str) and value not in choices:
        findings.add(
            "L112",
            written.spot,
            f"`{declared.name}` takes other values",
            "one of: " + ", ".join(choices),
            key=key,
            nearest=findings.nearest(value, choices),
        )
        return False
    if not fits(value, declared.type):
        said = "has no value" if value is None else "has not the type it must have"
        message = f"`{declared.name}` {said}"
        findings.add("L112", written.spot, message, f"expected: {wanted(declared.type)}", key=key)
        return False
    if declared.refers == "duration" and not _is_length(str(value)):
        message = f"`{declared.name}` is no length of time"
        remedy = "write ISO 8601 with weeks, days, hours, minutes and seconds, such as PT15M"
        findings.add("L112", written.spot, message, remedy, key=key)
        return False
    return _is_within(declared, written, key, findings)


def _is_length(text: str) -> bool:
    try:
        return duration(text) > timedelta()
    except ValueError:
        return False


def _is_within(declared: Input, written: Written, key: str, findings: Findings) -> bool:
    value, low, high = written.value, declared.at_least, declared.at_most
    if not isinstance(value, int | float):
        return True
    if (low is None or value >= low) and (high is None or value <= high):
        return True
    bounds = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    message = f"`{declared.name}` is out of range"
    findings.add("L112", written.spot, message, "expected: " + ", ".join(bounds), key=key)
    return False
