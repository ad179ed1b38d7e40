"""Nodes that wait: each ends, each form speaks every language, none shares a form data key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from engine.compile.dataflow.scope import answer_key
from engine.compile.dataflow.state import State
from engine.compile.durations import duration_text
from engine.compile.findings import Findings
from engine.compile.linking.site import Linked, NodeForm
from engine.languages import base_of, serving
from engine.model.names import Localised, NodeId


def prove_ends(linked: Linked, findings: Findings) -> None:
    """Note waits that may last forever, and timers that the whole instance never waits for."""
    longest = linked.definition.max_duration
    if longest is not None:
        _late_timers(linked, longest, findings)
        return
    for site in linked.sites.values():
        if site.is_page and site.timer is None:
            findings.add(
                "P115", site.spot, f"nothing ends the wait at `{site.id}`",
                "give it a `timeout:`, or the definition a `maxDuration:`",
                key=site.path("timeout"),
            )  # fmt: skip


def _late_timers(linked: Linked, longest: timedelta, findings: Findings) -> None:
    for site in linked.sites.values():
        if site.timer is not None and site.timer.after >= longest:
            findings.add(
                "P121", site.value_spot("timeout", "after"),
                f"this timer never fires: an instance is over after {duration_text(longest)}",
                "write a shorter time here, or a longer `maxDuration:`",
                key=site.path("timeout", "after"),
            )  # fmt: skip


def prove_languages(linked: Linked, findings: Findings) -> None:
    """Note texts that are missing in a language of the definition: its title's, its forms'."""
    title = findings.document.root.entries.get("title")
    if title is not None and isinstance(title.value, dict):
        missing = [
            language
            for language in linked.definition.languages
            if not _speaks(linked.definition.title, language)
        ]
        if missing:
            findings.add(
                "P116", title.spot, "this text is missing in: " + ", ".join(missing),
                "write it in every language of the definition", key="title",
            )  # fmt: skip
    _spoken(linked, (site.form for site in linked.sites.values() if site.form), findings)


def prove_chosen_languages(linked: Linked, findings: Findings) -> None:
    """Note the same of the forms that expressions may name."""
    chosen = (form for site in linked.sites.values() for form in site.chosen)
    _spoken(linked, chosen, findings)


def _spoken(linked: Linked, forms: Iterable[NodeForm], findings: Findings) -> None:
    for form in {form.ref: form for form in forms}.values():
        _languages(form, linked.definition.languages, findings)


def _languages(form: NodeForm, languages: tuple[str, ...], findings: Findings) -> None:
    inside = Findings(form.reading.written)
    for spot, words in form.reading.texts:
        missing = [language for language in languages if not _speaks(words, language)]
        if missing:
            inside.add(
                "P116", spot, "this text is missing in: " + ", ".join(missing),
                _remedy(words, missing),
            )  # fmt: skip
    for problem in inside.problems:
        findings.keep(problem)


def _remedy(words: Localised, missing: list[str]) -> str:
    """Say what to do about missing languages: perhaps a region of one was meant."""
    regions = [tag for tag in words if base_of(tag) in missing]
    if not regions:
        return "write it in every language of the definition"
    told = ", ".join(f"`{tag}`" for tag in regions)
    return f"there is {told}: did you mean that under `languages:`?"


def _speaks(words: Localised, language: str) -> bool:
    """Say whether there is a text in a language; `pt` serves `pt-PT`."""
    return any(words.get(tag, "").strip() for tag in serving(language))


def prove_answers(
    linked: Linked, states: Mapping[NodeId, State], order: Mapping[NodeId, int], findings: Findings
) -> None:
    """Note waits that write over the answers of another one before them on some path."""
    for node, state in states.items():
        site = linked.sites[node]
        use = site.signature.form if site.signature else None
        key = answer_key(site)
        if use is None or key is None:
            continue
        before = [asker for asker in state.askers.get(key, ()) if order[asker] < order[node]]
        if not before:
            continue
        other = linked.sites[min(before, key=order.__getitem__)]
        findings.add(
            "P117", site.value_spot("inputs", use.key_input),
            f"`{key}` already holds the answers of `{other.id}`", "use another form data key",
            key=site.path("inputs", use.key_input), also=[other.spot],
        )  # fmt: skip
