"""The form a node shows: there, with what its activity reads; and words for its buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.compile.findings import Findings
from engine.compile.forms.form import FormReading
from engine.compile.linking.site import Button, Formula, Shown, Site
from engine.compile.nearest import nearest
from engine.model.definition import FormRef
from engine.model.form import Form
from engine.model.problem import Words
from engine.model.signature import FormUse, Signature

SPOKEN = frozenset({"back", "resend", "skip", "other", "forgot", "cancel", "decline"})
"""Buttons that have words of ours in every language."""


def link_form(
    site: Site, signature: Signature, forms: Mapping[FormRef, FormReading], findings: Findings
) -> Site:
    """Find the form of a node, and the words of its buttons."""
    if signature.form is None:
        return _worded(site, None, findings)
    shown = _find(site, signature.form, forms, findings)
    if shown is None:
        return site
    for problem in shown.reading.problems:
        findings.keep(problem)
    compiled = shown.reading.compiled
    if compiled is None:
        return site
    _components(site, signature.form, shown, findings)
    return _worded(replace(site, form=shown), compiled.form, findings)


def form_ref(site: Site, use: FormUse) -> FormRef | None:
    """Read which form a node names; None where the inputs do not say it."""
    name, version = site.inputs.get(use.name_input), site.inputs.get(use.version_input)
    if isinstance(name, str) and isinstance(version, int):
        return FormRef(name=name, version=version)
    return None


def _find(
    site: Site, use: FormUse, forms: Mapping[FormRef, FormReading], findings: Findings
) -> Shown | None:
    for name in (use.name_input, use.version_input):
        if isinstance(site.inputs.get(name), Formula):
            message = f"`{name}` names the form, which must be known before anything runs"
            findings.add("L111", site.value_spot("inputs", name), message,
                         "write it out, without ${...}", key=site.path("inputs", name))  # fmt: skip
    ref = form_ref(site, use)
    if ref is None:
        return None
    spot = site.value_spot("inputs", use.name_input)
    if ref in forms:
        return Shown(ref=ref, reading=forms[ref], spot=spot)
    _not_there(site, use, ref, forms, findings)
    return None


def _not_there(
    site: Site, use: FormUse, ref: FormRef, forms: Mapping[FormRef, FormReading], findings: Findings
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
    names = {other.name for other in forms}
    findings.add(
        "L113", site.value_spot("inputs", use.name_input), f"there is no form `{ref.name}`",
        f"write forms/{ref.name}.v{ref.version}.json", nearest=nearest(ref.name, names),
        key=site.path("inputs", use.name_input),
    )  # fmt: skip


def _components(site: Site, use: FormUse, shown: Shown, findings: Findings) -> None:
    compiled = shown.reading.compiled
    held = {c.id: c.type for c in compiled.form.components} if compiled else {}
    for id, type_ in use.components.items():
        if held.get(id) == type_:
            continue
        said = f"no component `{id}`" if id not in held else f"`{id}` with the type {held[id]}"
        findings.add(
            "L114", shown.spot, f"the form `{shown.ref.name}` has {said}",
            f"{site.name_of_activity} reads a component `{id}` of the type {type_}",
            key=site.path("inputs", use.name_input),
        )  # fmt: skip


def _worded(site: Site, form: Form | None, findings: Findings) -> Site:
    """Give every button its words: ours, or those under `actions` of the form."""
    words = form.actions if form else {}
    buttons: dict[str, Button] = {}
    for name, button in site.buttons.items():
        own = words.get(name)
        if own is None and name not in SPOKEN:
            known = [*SPOKEN, *words]
            findings.add(
                "L115", site.spot_of("actions", name), f"the button `{name}` has no words",
                "write them under `actions` of the form, or use one of: "
                + ", ".join(sorted(SPOKEN)),
                key=site.path("actions", name), nearest=nearest(name, known),
            )  # fmt: skip
        buttons[name] = replace(button, label=Words(values=own) if own else None)
    return replace(site, buttons=buttons)
