"""What a call gives to its part: every parameter known, complete, and of the right type."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from engine.compile.findings import Findings
from engine.compile.linking.catalogue import Labels
from engine.compile.linking.inputs import RESERVED, formula
from engine.compile.linking.literals import fits, parameter_type, wanted
from engine.compile.linking.site import Formula, Site
from engine.compile.parts.volumes import with_entries
from engine.compile.reading.document import Written
from engine.expressions import NUMBER, Binding, EnumOf
from engine.model.definition import Definition, Parameter
from engine.model.names import JsonValue
from engine.model.signature import Input

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_GIVEN = re.compile(r"\s*\$\{\s*_initVars\.([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\s*")
"""An input that is nothing but a parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a part is given, by parameter.

    Attributes:
        keys: Parameter of type `key` -> the caller's key, as the caller writes it.
        values: Every other one that is given or has a default.
        promised: All that are not keys -> what a part knows of them, whoever calls it.
    """

    keys: Mapping[str, str]
    values: Mapping[str, JsonValue | Formula]
    promised: Mapping[str, Binding]


def link_arguments(site: Site, part: Definition, findings: Findings) -> Arguments:
    """Look at what a call gives to its part, and fill in what it leaves out."""
    block = site.written.entries.get("with")
    given = block.entries if block else {}
    slips = _unknown(site, given, part, findings)
    _lacking(site, given, part, findings, slips=slips)
    keys: dict[str, str] = {}
    values: dict[str, JsonValue | Formula] = {}
    for name, parameter in part.parameters.items():
        value = _given(site, parameter, given[name], findings) if name in given else None
        if parameter.type == "key":
            keys |= {name: value} if isinstance(value, str) else {}
            continue
        value = parameter.default if value is None else value
        if value is not None:
            values[name] = _exact(parameter, value)
    promised = {
        name: Binding(parameter_type(one), "always" if _is_sure(one) else "maybe")
        for name, one in part.parameters.items()
        if one.type != "key"
    }
    return Arguments(keys=keys, values=values, promised=promised)


def by_itself(part: Definition) -> Arguments:
    """Give a part what it is checked with when nobody calls it: its defaults, or any name."""
    values = {
        name: _PLACEHOLDERS.get(one.type, "name") if one.default is None else one.default
        for name, one in part.parameters.items()
    }
    return Arguments(keys={}, values=values, promised={})


_PLACEHOLDERS: Mapping[str, JsonValue] = {
    "integer": 1, "number": 1.0, "boolean": False, "list<string>": [],
}  # fmt: skip
"""What stands for a name that only a call will give."""


def _is_sure(parameter: Parameter) -> bool:
    return parameter.required or parameter.default is not None


def _exact(parameter: Parameter, value: JsonValue | Formula) -> JsonValue | Formula:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole and parameter_type(parameter) == NUMBER else value  # type: ignore[arg-type]  # mypy does not follow `is_whole`


def _unknown(
    site: Site, given: Mapping[str, Written], part: Definition, findings: Findings
) -> Collection[str]:
    """Note parameters that are not known; give those that were probably meant by them."""
    meant: set[str] = set()
    known = ", ".join(sorted(part.parameters)) or "none at all"
    for name in given:
        if name in part.parameters:
            continue
        near = findings.nearest(name, part.parameters)
        meant.update([near] if near else [])
        findings.add(
            "C103", site.spot_of("with", name), f"the part `{part.process}` takes no `{name}`",
            f"its parameters are: {known}", key=site.path("with", name), nearest=near,
        )  # fmt: skip
    return meant


def _lacking(
    site: Site, given: Mapping[str, Written], part: Definition, findings: Findings,
    *, slips: Collection[str],
) -> None:  # fmt: skip
    for name, one in part.parameters.items():
        if one.required and name not in given and name not in slips:
            what = "the name of a key" if one.type == "key" else wanted(parameter_type(one))
            findings.add(
                "C104", site.spot_of("with"), f"the part `{part.process}` needs `{name}`",
                f"write `{name}:` under with ({what})", key=site.path("with", name),
            )  # fmt: skip


def _given(
    site: Site, parameter: Parameter, written: Written, findings: Findings
) -> JsonValue | Formula:
    """Link one value; None where it is wrong."""
    key, value = site.path("with", parameter.name), written.value
    if parameter.type == "key":
        return _key(parameter, written, key, findings)
    type_ = parameter_type(parameter)
    if isinstance(value, str) and "${" in value:
        optional = not _is_sure(parameter)
        return formula(written, key, findings, expected=type_, optional=optional)
    if fits(value, type_):
        return value
    near = findings.nearest(str(value), type_.values) if isinstance(type_, EnumOf) else None
    findings.add(
        "C105", written.spot, f"`{parameter.name}` has not the type that the part asks for",
        f"expected: {wanted(type_)}", key=key, nearest=near,
    )  # fmt: skip
    return None


def _key(parameter: Parameter, written: Written, key: str, findings: Findings) -> str | None:
    value = written.value
    if isinstance(value, str) and _KEY.fullmatch(value) and value not in RESERVED:
        return value
    findings.add(
        "C105", written.spot, f"`{parameter.name}` must be the name of a key",
        "write the name of one of this definition's keys, without ${...}", key=key,
    )  # fmt: skip
    return None


# values where they are read --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Puts what a call writes out where a part reads it as a whole input of an activity.

    Some inputs want a name written out (a store, a form); the others are judged the better by it.

    Attributes:
        site: The call; None where a part is checked by itself.
        findings: Of the caller; takes what is no name.
    """

    labels: Labels
    parameters: Mapping[str, Parameter]
    arguments: Arguments
    site: Site | None
    findings: Findings

    def filled(self, root: Written) -> Written:
        """Fill the inputs of every node of a part."""
        flow = root.entries["flow"]
        nodes = {name: self._node(written) for name, written in flow.entries.items()}
        if all(nodes[name] is written for name, written in flow.entries.items()):
            return root
        return with_entries(root, {**root.entries, "flow": with_entries(flow, nodes)})

    def unnamed(self, root: Written) -> frozenset[str]:
        """Note expressions where a name is wanted; give the nodes that cannot be judged for it."""
        found = set()
        for name, node in root.entries["flow"].entries.items():
            for declared, written in self._given(node):
                parameter = self._parameter(written)
                value = parameter and self.arguments.values.get(parameter.name)
                is_name = declared.literal or declared.refers is not None
                if parameter is not None and is_name and isinstance(value, Formula):
                    self._no_name(parameter, value, written)
                    found.add(name)
        return frozenset(found)

    def unknown_forms(self, root: Written) -> frozenset[str]:
        """Give the nodes whose form only a call will tell."""
        found = set()
        for name, node in root.entries["flow"].entries.items():
            for declared, written in self._given(node):
                parameter = self._parameter(written)
                is_form = declared.refers in ("form-name", "form-version")
                if is_form and parameter is not None and parameter.default is None:
                    found.add(name)
        return frozenset(found)

    def _given(self, node: Written) -> Iterator[tuple[Input, Written]]:
        label, inputs = node.entries.get("activity"), node.entries.get("inputs")
        signature = self.labels.get(str(label.value)) if label else None
        known = self.labels.inputs(signature) if signature else {}
        for name, written in inputs.entries.items() if inputs else ():
            if name in known:
                yield known[name], written

    def _node(self, node: Written) -> Written:
        filled = {one.name: self._input(one, written) for one, written in self._given(node)}
        inputs = node.entries.get("inputs")
        if inputs is None or all(filled[name] is inputs.entries[name] for name in filled):
            return node
        everything: dict[str, Written | None] = {**inputs.entries, **filled}
        kept = {name: written for name, written in everything.items() if written is not None}
        return with_entries(node, {**node.entries, "inputs": with_entries(inputs, kept)})

    def _input(self, declared: Input, written: Written) -> Written | None:
        """Fill one input; None where it is not given."""
        parameter = self._parameter(written)
        is_name = declared.literal or declared.refers is not None
        if parameter is None or not (is_name or self.site):
            return written
        value = self.arguments.values.get(parameter.name)
        if value is not None and not isinstance(value, Formula):
            return Written(value, written.spot)
        return written if isinstance(value, Formula) or not is_name else None

    def _parameter(self, written: Written) -> Parameter | None:
        """Give the parameter that an input is nothing but."""
        found = _GIVEN.fullmatch(str(written.value))
        parameter = self.parameters.get(found[1]) if found else None
        return None if parameter is None or parameter.type == "key" else parameter

    def _no_name(self, parameter: Parameter, value: Formula, where: Written) -> None:
        self.findings.add(
            "C105", value.written.spot,
            f"the part needs `{parameter.name}` before anything runs",
            "write the value out, without ${...}",
            key=self.site.path("with", parameter.name) if self.site else "", also=[where.spot],
        )  # fmt: skip
