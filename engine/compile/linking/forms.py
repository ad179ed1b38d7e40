"""The forms a node shows: there, with what its activity reads; and words for its buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from engine.compile.findings import Findings
from engine.compile.forms.form import FormReading
from engine.compile.linking.inputs import Inputs
from engine.compile.linking.site import Button, Formula, NodeForm, Site
from engine.model.definition import FormRef
from engine.model.form import Form
from engine.model.problem import Words
from engine.model.signature import FormUse

SPOKEN = frozenset({"back", "resend", "skip", "other", "forgot", "cancel", "decline"})
"""Buttons that have words of ours in every language."""


Forms = Mapping[FormRef, FormReading]


def link_form(
    site: Site, use: FormUse, inputs: Inputs, forms: Forms, findings: Findings
) -> NodeForm | None:
    """Find the form of a node, with its own problems; None where it cannot be used."""
    shown = _find(site, use, inputs, forms, findings)
    return shown and _usable(site, use, use.name_input, shown, findings)


def link_chosen(
    site: Site, use: FormUse, names: Sequence[str], findings: Findings, *, named: NodeForm
) -> tuple[NodeForm, ...]:
    """Find the further forms that a node's expression may name, each with its own problems.

    Each must hold what the one `named` outright must, also words for the buttons.
    """
    forms = site.choosable or {}
    found: list[NodeForm] = []
    for name in dict.fromkeys(names):
        ref = FormRef(name=name, version=named.ref.version)
        if ref == named.ref:
            continue
        if ref not in forms:
            _not_there(site, use, ref, forms, findings, input=use.choice_input)
            continue
        spot = site.value_spot("inputs", use.choice_input)
        shown = NodeForm(ref=ref, reading=forms[ref], spot=spot)
        if _usable(site, use, use.choice_input, shown, findings) is not None:
            worded(site, site.buttons, shown, findings)
            found.append(shown)
    return tuple(found)


def _usable(
    site: Site, use: FormUse, input: str, shown: NodeForm, findings: Findings
) -> NodeForm | None:
    """Note a form's own problems, and what its activity misses; None where it cannot be used."""
    for problem in shown.reading.problems:
        findings.keep(problem)
    if shown.reading.compiled is None:
        return None
    _components(site, use, input, shown, shown.reading.compiled.form, findings)
    return shown


def _ref(use: FormUse, inputs: Inputs) -> FormRef | None:
    """Read which form a node names; None where the inputs do not say it."""
    name, version = inputs.get(use.name_input), inputs.get(use.version_input)
    if isinstance(name, str) and isinstance(version, int):
        return FormRef(name=name, version=version)
    return None


def _find(
    site: Site, use: FormUse, inputs: Inputs, forms: Forms, findings: Findings
) -> NodeForm | None:
    for name in (use.name_input, use.version_input):
        if isinstance(inputs.get(name), Formula):
            message = f"`{name}` names the form, which must be known before anything runs"
            remedy, key = "write it out, without ${...}", site.path("inputs", name)
            findings.add("L111", site.value_spot("inputs", name), message, remedy, key=key)
    ref = _ref(use, inputs)
    if ref is None:
        return None
    if ref in forms:
        spot = site.value_spot("inputs", use.name_input)
        return NodeForm(ref=ref, reading=forms[ref], spot=spot)
    _not_there(site, use, ref, forms, findings, input=use.name_input)
    return None


def _not_there(
    site: Site, use: FormUse, ref: FormRef, forms: Forms, findings: Findings, *, input: str
) -> None:
    versions = sorted(other.version for other in forms if other.name == ref.name)
    if versions:
        findings.add(
            "L113", site.value_spot("inputs", use.version_input),
            f"there is no version {ref.version} of the form `{ref.name}`",
            "there are: " + ", ".join(map(str, versions)),
            key=site.path("inputs", use.version_input),
        )  # fmt: skip
        return
    names = (other.name for other in forms)
    findings.add(
        "L113", site.value_spot("inputs", input), f"there is no form `{ref.name}`",
        f"put {ref.name}.v{ref.version}.json into forms/ beside the definition, or send it along",
        nearest=findings.nearest(ref.name, names),
        key=site.path("inputs", input),
    )  # fmt: skip


def _components(
    site: Site, use: FormUse, input: str, shown: NodeForm, form: Form, findings: Findings
) -> None:
    held = {component.id: component for component in form.components}
    for id, types in use.components.items():
        there = held.get(id)
        wanted = (
            f"{site.name_of_activity} reads a component `{id}` of the type {' or '.join(types)}"
        )
        if there is None:
            said = f"no component `{id}`"
        elif there.type not in types:
            said = f"`{id}` with the type {there.type}"
        elif id in use.transient and not there.transient:
            said, wanted = f"`{id}` kept for good", f"write `transient: true` under `{id}`"
        else:
            continue
        findings.add(
            "L114", shown.spot, f"the form `{shown.ref.name}` has {said}", wanted,
            key=site.path("inputs", input),
        )  # fmt: skip


def worded(
    site: Site, buttons: Mapping[str, Button], shown: NodeForm | None, findings: Findings
) -> Mapping[str, Button]:
    """Give every button its words: ours, or those under `actions` of the form.

    None where the form is chosen at run time: its own words are looked up with it.
    """
    compiled = shown.reading.compiled if shown else None
    words = compiled.form.actions if compiled else {}
    found: dict[str, Button] = {}
    for name, button in buttons.items():
        own = words.get(name)
        if own is None and name not in SPOKEN:
            findings.add(
                "L115", site.spot_of("actions", name), f"the button `{name}` has no words",
                "write them under `actions` of the form, or use one of: "
                + ", ".join(sorted(SPOKEN)),
                key=site.path("actions", name), nearest=findings.nearest(name, [*SPOKEN, *words]),
            )  # fmt: skip
        is_sure = own is not None and site.choosable is None
        found[name] = replace(button, label=Words(values=own) if own and is_sure else None)
    return found
